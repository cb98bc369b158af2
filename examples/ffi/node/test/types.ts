// SPDX-License-Identifier: BSD-2-Clause

// Compiled, not run: what is right has to pass and what is wrong has to be found.

import * as http from "node:http";
import * as rheo from "rheo";
import { Breaker, Bucket, Guard, RateLimited, limit } from "rheo";

const bucket: Bucket = new Bucket({ rate: 100, burst: 5n });
const taken: number = bucket.acquireUpto(5);
const exact: bigint = bucket.acquireUpto(5n, process.hrtime.bigint());
const breaker = new Breaker({ openNs: 1e9 });
const guard = new Guard({ breaker, buckets: [bucket], flags: rheo.GUARD_SHADOW });
const verdict = guard.tryAcquire(1);
const told: [boolean, number, number] = [verdict.admitted, verdict.retryAfterNs, verdict.windowNs];
const limited = limit(guard, { cost: (req) => req.url!.length });
http.createServer((req, res) => limited(req, res, () => res.end()));

export async function run(signal: AbortSignal): Promise<number> {
	try {
		await bucket.wait(1, { signal });
		return await guard.run(async () => taken + Number(exact), { signal, cost: 2, classify: () => rheo.SUCCESS });
	} catch (error) {
		if (error instanceof RateLimited) return error.retryAfterNs + told.length;
		if (error instanceof rheo.InvalidArgument) return error.field!.length;
		throw error;
	}
}

// @ts-expect-error burst is missing
new Bucket({ rate: 1 });
// @ts-expect-error no such setting
new Breaker({ openMs: 1 });
// @ts-expect-error a breaker is no bucket
new Guard({ buckets: [breaker] });
// @ts-expect-error a permit may be null
breaker.tryAcquire().success();
// @ts-expect-error constants are constant
rheo.SUCCESS = 1;
// @ts-expect-error not memory that can be shared
Bucket.attach(new ArrayBuffer(8));
