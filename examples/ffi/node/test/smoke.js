// SPDX-License-Identifier: BSD-2-Clause
"use strict";

// Of the package as installed: no C library but its own.

const assert = require("node:assert/strict");
const rheo = require("rheo");

assert.equal(rheo.backend, "addon");
assert.equal(rheo.VERSION, require("rheo/package.json").version);
const bucket = new rheo.Bucket({ rate: 1, periodNs: 3600e9, burst: 2 });
assert.deepEqual([bucket.tryAcquire(), bucket.tryAcquire(), bucket.tryAcquire()], [true, true, false]);
assert.throws(() => bucket.acquire(), rheo.RateLimited);
const breaker = new rheo.Breaker({ minimumCalls: 2 });
const guard = new rheo.Guard({ breaker, buckets: [new rheo.Bucket({ rate: 1, burst: 10 })] });
guard.acquire().failure();
guard.acquire().failure();
assert.throws(() => guard.acquire(), rheo.BreakerOpen);
assert.equal(rheo.stateName(breaker.state), "OPEN");
console.log(`rheo ${rheo.VERSION} on node ${process.version}: acquired, refused, tripped`);
