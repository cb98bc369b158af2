// SPDX-License-Identifier: BSD-2-Clause
"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");
const rheo = require("rheo");
const { Bucket, RateLimited, NeverPasses, InvalidArgument } = rheo;

const SECOND = 1e9;
const bucketOf = (settings) => new Bucket({ rate: 10, burst: 5, ...settings }, { nowNs: 0 });

test("tryAcquire says whether, acquire throws when to come back", () => {
	const bucket = bucketOf();
	for (let i = 0; i < 5; i++) assert.equal(bucket.tryAcquire(1, 0), true);
	assert.equal(bucket.tryAcquire(1, 0), false);
	assert.equal(bucket.tryAcquire(6, 0), false);
	assert.throws(() => bucket.acquire(1, 0), { name: "RateLimited", code: "REJ_RATE", status: 1, retryAfterNs: 1e8, message: /; retry after 0\.100 s$/ });
	assert.throws(() => bucket.acquire(6, 0), { name: "NeverPasses", status: 4, retryAfterNs: Infinity });
	assert.throws(() => bucket.acquire(1, 99_999_999), RateLimited);
	bucket.acquire(1, 100_000_000);
});

test("without a time C reads the clock that process.hrtime reads", () => {
	const bucket = new Bucket({ rate: 1e9, burst: 1 });
	const before = process.hrtime.bigint();
	const now = rheo.nowNs();
	const { timeNs } = bucket.quota();
	const after = process.hrtime.bigint();
	assert.ok(before <= now && now <= after && timeNs >= Number(now) - 1000 && timeNs <= Number(after) + 1000);
	assert.ok(bucket.tryAcquire());
	while (!bucket.tryAcquire());
	const slow = new Bucket({ rate: 1, periodNs: 3600 * SECOND, burst: 1 });
	slow.acquire();
	assert.throws(
		() => slow.acquire(),
		(error) => error.retryAfterNs > 3599 * SECOND && error.retryAfterNs <= 3600 * SECOND,
	);
});

test("numbers and BigInts go to C with all their bits", () => {
	const big = 2n ** 58n;
	const bucket = new Bucket({ rate: 1e12, burst: big }, { nowNs: 2n ** 63n });
	assert.equal(bucket.acquireUpto(big - 1n, 2n ** 63n), big - 1n);
	assert.equal(bucket.acquireUpto(5n, 2n ** 63n), 1n);
	assert.equal(bucket.acquireUpto(5n, 2n ** 63n + 2n), 5n);
	assert.equal(bucket.available(2n ** 63n + 2n), 1995);
	for (const [n, now] of [
		[2 ** 31, 1],
		[2 ** 32 - 1, 2 ** 32],
		[2 ** 32, 2 ** 40 + 1],
		[2 ** 53 - 1, 2 ** 52 + 3],
	]) {
		const number = new Bucket({ rate: 1, burst: 2 ** 57 }, { nowNs: now });
		const bigint = new Bucket({ rate: 1n, burst: 2n ** 57n }, { nowNs: BigInt(now) });
		assert.equal(number.tryAcquire(n, now), true);
		assert.equal(bigint.tryAcquire(BigInt(n), BigInt(now)), true);
		assert.equal(number.available(now), 2 ** 57 - n);
		assert.deepEqual(number.quota(now), bigint.quota(now));
		assert.equal(number.quota(now).timeNs, now);
	}
});

test("what is no integer of 64 bits is refused, by its name, and changes nothing", () => {
	const bucket = bucketOf();
	const wrong = [0.5, -1, NaN, -Infinity, 2 ** 64, -1n, 2n ** 64n, "1", null, {}, [1], Symbol("x"), true, () => 1];
	for (const value of wrong) {
		assert.throws(
			() => bucket.tryAcquire(value, 0),
			(error) => error instanceof InvalidArgument && error.field === "n",
		);
		assert.throws(
			() => bucket.tryAcquire(1, value),
			(error) => error instanceof InvalidArgument && error.field === "nowNs",
		);
		assert.throws(() => bucket.reserve(1, value, 0), { field: "maxWaitNs" });
		assert.throws(() => new Bucket({ rate: 1, burst: value }), { name: "InvalidArgument", field: "burst" });
		assert.throws(() => new Bucket({ rate: 1, burst: 1, lanes: value }), { name: "InvalidArgument", field: "lanes" });
	}
	assert.throws(() => bucket.tryAcquire(0, 0), { name: "InvalidArgument", status: -1, code: "ERR_INVAL", field: "n" });
	assert.equal(bucket.available(0), 5);
});

test("a fault in the settings is named", () => {
	const faults = [
		[{}, "rate"],
		[{ rate: 1 }, "burst"],
		[{ rate: 1, burst: 1, periodNs: 0 }, "periodNs"],
		[{ rate: 1, burst: 1, brust: 1 }, "brust"],
		[{ rate: 1, burst: 1, structSize: 8 }, "structSize"],
		[null, "settings"],
		[7, "settings"],
	];
	for (const [settings, field] of faults) {
		assert.throws(() => new Bucket(settings), { name: "InvalidArgument", field });
	}
	assert.throws(() => bucketOf().reconfigure({ burst: 0 }), { field: "burst" });
	assert.throws(() => bucketOf().reconfigure({}, 9), { name: "InvalidArgument" });
});

test("reconfigure changes what is named and leaves the rest", () => {
	const bucket = bucketOf({ maxDebt: 3 });
	bucket.reconfigure({ rate: 20 }, rheo.BUCKET_KEEP, 0);
	assert.deepEqual(
		{ ...bucket.config(), counterLanes: 0 },
		{ ...bucketOf({ maxDebt: 3, rate: 20 }).config(), counterLanes: 0 },
	);
	bucket.acquire(5, 0);
	assert.equal(bucket.waitNs(1, 0), 5e7);
});

test("settings that call C while they are read do no harm", () => {
	const other = bucketOf();
	const settings = {
		rate: 10,
		get burst() {
			other.config();
			return 3;
		},
	};
	assert.equal(new Bucket(settings).config().burst, 3);
	const bucket = bucketOf();
	bucket.reconfigure(settings);
	assert.equal(bucket.config().burst, 3);
});

test("refund, charge and reservations", () => {
	const bucket = bucketOf({ maxDebt: 5 });
	bucket.acquire(5, 0);
	bucket.refund(2);
	assert.equal(bucket.available(0), 2);
	bucket.charge(7, 0);
	assert.equal(bucket.waitNs(1, 0), 6e8);
	bucket.refund(7);
	assert.equal(bucket.tryReserve(4, Infinity, 0), 2e8);
	assert.equal(bucket.tryReserve(1, 1e8, 0), null);
	assert.equal(bucket.tryReserve(9, Infinity, 0), null);
	assert.throws(() => bucket.reserve(1, 1e8, 0), { name: "RateLimited", retryAfterNs: 3e8 });
	assert.throws(() => bucket.reserve(11, Infinity, 0), NeverPasses);
	const { charged, refunded, admitted } = bucket.stats();
	assert.deepEqual([charged, refunded, admitted], [7, 9, 9]);
});

test("wait resolves when the tokens are there, not before", async () => {
	for (const maxDebt of [0, 5]) {
		const bucket = new Bucket({ rate: 100, burst: 1, maxDebt });
		const begin = process.hrtime.bigint();
		await bucket.wait();
		await Promise.all([bucket.wait(), bucket.wait(), bucket.wait()]);
		const ns = Number(process.hrtime.bigint() - begin);
		assert.ok(ns >= 30e6 - 1000, `${ns} ns for three tokens at one each 10 ms`);
		assert.equal(bucket.stats().admitted, 4);
	}
});

test("wait gives up when it would take too long, or never comes", async () => {
	for (const maxDebt of [0, 5]) {
		const bucket = new Bucket({ rate: 1, burst: 1, maxDebt });
		await bucket.wait();
		await assert.rejects(bucket.wait(1, { maxWaitNs: 1e6 }), { name: "RateLimited" });
		await assert.rejects(bucket.wait(9), { name: "NeverPasses" });
		assert.equal(bucket.stats().admitted, 1);
	}
});

test("a wait that is aborted has taken nothing", async () => {
	for (const maxDebt of [0, 5]) {
		const bucket = new Bucket({ rate: 1, burst: 1, maxDebt });
		bucket.acquire();
		const reason = new Error("enough");
		const controller = new AbortController();
		const waiting = bucket.wait(1, { signal: controller.signal });
		setTimeout(() => controller.abort(reason), 5);
		await assert.rejects(waiting, reason);
		await assert.rejects(bucket.wait(1, { signal: controller.signal }), reason);
		const { admitted, refunded } = bucket.stats();
		assert.equal(admitted - refunded, 1);
	}
});
