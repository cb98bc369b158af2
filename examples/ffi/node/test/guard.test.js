// SPDX-License-Identifier: BSD-2-Clause
"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");
const rheo = require("rheo");
const { Breaker, Bucket, Guard, BY_BREAKER, BY_BUCKET } = rheo;

const at = { nowNs: 0 };
function guardOf(more, settings) {
	const breaker = new Breaker({ minimumCalls: 2, openNs: 1000, ...settings }, at);
	const buckets = [new Bucket({ rate: 1, burst: 3 }, at), new Bucket({ rate: 1, burst: 10 }, at)];
	return new Guard({ breaker, buckets, ...more }, at);
}
const left = (guard) => guard.buckets.map((bucket) => bucket.available(0));

test("a refusal says who and when, and has spent nothing", () => {
	const guard = guardOf();
	assert.equal(guard.tryAcquire(3, 0).admitted, true);
	const refused = guard.tryAcquire(2, 0);
	assert.deepEqual(
		[refused.admitted, refused.status, refused.refusedBy, refused.bucket, refused.retryAfterNs, refused.limit],
		[false, rheo.REJ_RATE, BY_BUCKET, 0, 2e9, 3],
	);
	assert.deepEqual(left(guard), [0, 7]);
	assert.deepEqual([refused.success(0), refused.cancel(0)], [false, false]);
	assert.throws(
		() => guard.acquire(2, 0),
		(error) => error instanceof rheo.RateLimited && error.retryAfterNs === 2e9 && error.verdict.limit === 3,
	);
	assert.throws(() => guard.acquire(4, 0), rheo.NeverPasses);
	assert.throws(() => guard.tryAcquire(0, 0), { name: "InvalidArgument", field: "cost" });
	assert.deepEqual(guard.stats(), { refusedByBreaker: 0, refusedByBucket: [3, 0, 0, 0], shadowed: 0, cancelled: 0 });
});

test("reports reach the breaker, once", () => {
	const guard = guardOf();
	const first = guard.acquire(1, 0);
	assert.deepEqual([first.failure(0), first.failure(0), first.cancel(0)], [true, false, false]);
	guard.acquire(1, 0).failure(0);
	assert.equal(guard.breaker.state, rheo.OPEN);
	assert.equal(guard.tryAcquire(1, 1).refusedBy, BY_BREAKER);
	assert.throws(() => guard.acquire(1, 1), { name: "BreakerOpen", retryAfterNs: 999 });
	assert.deepEqual(left(guard), [1, 8]);
});

test("cancel gives back permit and tokens", () => {
	const guard = guardOf();
	const verdict = guard.acquire(3, 0);
	assert.deepEqual(left(guard), [0, 7]);
	assert.deepEqual([verdict.cancel(0), verdict.cancel(0), verdict.success(0)], [true, false, false]);
	assert.deepEqual(left(guard), [3, 10]);
	assert.equal(guard.stats().cancelled, 1);
});

test("run asks for the cost and reports", async () => {
	const guard = guardOf({}, { openNs: 3600e9 });
	assert.equal(await guard.run(() => "value", { cost: 2 }), "value");
	await assert.rejects(
		guard.run(() => Promise.reject(new Error("ill")), { cost: 1 }),
		/ill/,
	);
	let called = false;
	await assert.rejects(
		guard.run(() => (called = true)),
		{ name: "BreakerOpen" },
	);
	assert.equal(called, false);
	const { successes, failures } = guard.breaker.snapshot();
	assert.deepEqual([successes, failures], [1, 1]);
});

test("shadow admits and says what it would have done; lean tells less", () => {
	const shadow = guardOf({ flags: rheo.GUARD_SHADOW });
	const verdict = shadow.tryAcquire(4, 0);
	assert.deepEqual([verdict.admitted, verdict.shadowStatus, verdict.refusedBy], [true, rheo.REJ_NEVER, BY_BUCKET]);
	const lean = guardOf({ flags: rheo.GUARD_LEAN }).tryAcquire(1, 0);
	assert.deepEqual([lean.admitted, lean.limit, lean.remaining], [true, 0, 0]);
});

test("what is no part is refused, by its name", () => {
	const bucket = new Bucket({ rate: 1, burst: 1 });
	for (const breaker of [null, {}, bucket, 1, Object.create(Breaker.prototype)]) {
		assert.throws(() => new Guard({ breaker }), { name: "InvalidArgument", field: "breaker" });
	}
	for (const buckets of [null, {}, bucket, [null], [new Breaker()], [1], Array(5).fill(bucket)]) {
		assert.throws(() => new Guard({ buckets }), { name: "InvalidArgument", field: "buckets" });
	}
	assert.throws(() => new Guard({ buckets: [bucket, bucket] }), { name: "InvalidArgument" });
	assert.throws(() => new Guard({}), { name: "InvalidArgument" });
	assert.throws(() => new Guard({ buckets: [bucket], bucket: 1 }), { name: "InvalidArgument" });
	assert.throws(() => new Guard({ buckets: [bucket], flags: 1024 }), { name: "InvalidArgument" });
});

test("tick drives every part", () => {
	const guard = guardOf();
	guard.acquire(1, 0).failure(0);
	guard.acquire(1, 0).failure(0);
	assert.ok(guard.tick(10) <= 990);
	guard.tick(1000);
	assert.equal(guard.breaker.state, rheo.HALF_OPEN);
});
