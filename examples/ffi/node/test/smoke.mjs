// SPDX-License-Identifier: BSD-2-Clause

import { Bucket, RateLimited, SUCCESS, limit } from "rheo";

if (!new Bucket({ rate: 1, burst: 1 }).tryAcquire() || SUCCESS !== 0 || !RateLimited || !limit) process.exit(1);
