// SPDX-License-Identifier: BSD-2-Clause
"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");
const { setTimeout: later } = require("node:timers/promises");
const rheo = require("rheo");
const { Breaker, BreakerOpen, CLOSED, OPEN, HALF_OPEN, SUCCESS, FAILURE, IGNORED } = rheo;

const settings = { minimumCalls: 2, openNs: 1000, halfOpenCalls: 2 };
const breakerOf = () => new Breaker(settings, { nowNs: 0 });
const counts = ({ successes, failures, ignored }) => [successes, failures, ignored];

function tripped() {
	const breaker = breakerOf();
	breaker.acquire(0).failure(0);
	breaker.acquire(0).failure(0);
	assert.equal(breaker.state, OPEN);
	return breaker;
}

test("it opens, probes and closes, and tells so", () => {
	const breaker = tripped();
	assert.equal(breaker.tryAcquire(1), null);
	assert.throws(() => breaker.acquire(1), { name: "BreakerOpen", code: "REJ_OPEN", retryAfterNs: 999 });
	const probes = [breaker.acquire(1000), breaker.acquire(1000)];
	assert.equal(breaker.state, HALF_OPEN);
	assert.throws(
		() => breaker.acquire(1000),
		(error) => error instanceof BreakerOpen && error.code === "REJ_PROBE",
	);
	assert.deepEqual(
		probes.map(({ generation, probe }) => [generation, probe]),
		[
			[2, true],
			[2, true],
		],
	);
	assert.deepEqual(
		probes.map((probe) => probe.success(1001)),
		[true, true],
	);
	assert.equal(rheo.stateName(breaker.state), "CLOSED");
	const events = breaker.events();
	assert.deepEqual(
		events.map((event) => [event.fromState, event.toState]),
		[
			[CLOSED, OPEN],
			[OPEN, HALF_OPEN],
			[HALF_OPEN, CLOSED],
		],
	);
	assert.deepEqual([events[0].calls, events[0].failures, events[0].openNs, events[2].atNs], [2, 2, 1000, 1001]);
	assert.equal(rheo.causeName(events[0].cause), "FAILURE_RATE");
	assert.deepEqual(breaker.events(2), events.slice(2));
	for (let i = 0; i < 20; i++) breaker.force(i % 2 === 0 ? rheo.FORCED_OPEN : rheo.FORCED_CLOSED, 2000 + i);
	assert.deepEqual(
		breaker.events().map(({ generation }) => generation),
		Array.from({ length: 16 }, (_, i) => 8 + i),
	);
});

test("a permit is reported once", () => {
	const breaker = breakerOf();
	const permit = breaker.acquire(0);
	assert.throws(() => permit.record(7, 0), { name: "InvalidArgument", field: "outcome" });
	assert.equal(permit.success(0), true);
	assert.deepEqual(
		[permit.success(0), permit.failure(0), permit.ignored(0), permit.cancel(0)],
		[false, false, false, false],
	);
	assert.deepEqual(counts(breaker.snapshot(0)), [1, 0, 0]);
	const stale = breaker.acquire(0);
	breaker.force(rheo.FORCED_OPEN, 1);
	assert.equal(stale.success(2), false);
	assert.equal(breaker.snapshot(2).stale, 1);
});

test("a probe that is cancelled is another's", () => {
	const breaker = tripped();
	const probe = breaker.acquire(1000);
	breaker.acquire(1000);
	assert.equal(breaker.tryAcquire(1000), null);
	assert.equal(probe.cancel(1000), true);
	assert.notEqual(breaker.tryAcquire(1000), null);
});

test("a permit's bits stand for it, all 64 of them", () => {
	const breaker = new Breaker(settings, { nowNs: 2n ** 63n });
	const permit = breaker.acquire(2n ** 63n);
	assert.equal(breaker.permit(permit.bits).bits, permit.bits);
	assert.equal(breaker.permit(2n ** 64n - 1n).bits, 2n ** 64n - 1n);
	assert.equal(breaker.permit(permit.bits).failure(2n ** 63n), true);
	assert.deepEqual(counts(breaker.snapshot(2n ** 63n)), [0, 1, 0]);
});

test("run reports a value as success, an error as failure", async () => {
	const breaker = new Breaker({ ...settings, openNs: 60e9 });
	const error = new Error("ill");
	assert.equal(await breaker.run(() => 1), 1);
	assert.equal(await breaker.run(async () => 2), 2);
	await assert.rejects(
		breaker.run(() => Promise.reject(error)),
		error,
	);
	await assert.rejects(
		breaker.run(() => {
			throw error;
		}),
		error,
	);
	assert.deepEqual(counts(breaker.snapshot()), [2, 2, 0]);
	assert.equal(breaker.state, OPEN);
	let called = false;
	await assert.rejects(
		breaker.run(() => (called = true)),
		BreakerOpen,
	);
	assert.equal(called, false);
	await assert.rejects(new Breaker().run("no function"), { field: "call" });
});

test("classify decides, and a fault in it is a failure", async () => {
	const breaker = new Breaker({ ...settings, minimumCalls: 100 });
	const missing = Object.assign(new Error("404"), { status: 404 });
	const classify = (error, value) => (error?.status === 404 ? SUCCESS : value === "ill" ? FAILURE : undefined);
	await assert.rejects(
		breaker.run(() => Promise.reject(missing), { classify }),
		missing,
	);
	await breaker.run(() => "ill", { classify });
	await breaker.run(() => "well", { classify });
	await breaker.run(() => 1, { classify: () => IGNORED });
	assert.deepEqual(counts(breaker.snapshot()), [2, 1, 1]);
	const fault = new Error("classify");
	await assert.rejects(
		breaker.run(() => 1, {
			classify: () => {
				throw fault;
			},
		}),
		fault,
	);
	await assert.rejects(
		breaker.run(() => 1, { classify: () => "fine" }),
		{ name: "InvalidArgument", field: "outcome" },
	);
	assert.deepEqual(counts(breaker.snapshot()), [2, 3, 1]);
});

test("an abort is ignored, a time-out a failure, and run ends at once", async () => {
	const breaker = new Breaker({ ...settings, minimumCalls: 100 });
	const never = () => new Promise(() => {});
	const controller = new AbortController();
	const running = breaker.run(
		(signal) => {
			assert.equal(signal, controller.signal);
			return never();
		},
		{ signal: controller.signal },
	);
	controller.abort();
	await assert.rejects(running, { name: "AbortError" });
	assert.deepEqual(counts(breaker.snapshot()), [0, 0, 1]);
	const timed = assert.rejects(breaker.run(never, { signal: AbortSignal.timeout(5) }), { name: "TimeoutError" });
	await Promise.all([timed, later(50)]); // such a timer does not keep node alive
	assert.deepEqual(counts(breaker.snapshot()), [0, 1, 1]);
	await assert.rejects(breaker.run(never, { signal: controller.signal }), { name: "AbortError" });
	const within = new AbortController();
	await assert.rejects(
		breaker.run(() => within.abort(new Error("own")) ?? never(), { signal: within.signal }),
		/own/,
	);
	assert.deepEqual(counts(breaker.snapshot()), [0, 1, 2]);
	assert.equal(await breaker.run(() => later(2, "kept"), { signal: new AbortController().signal }), "kept");
	const { successes, failures, ignored, windowCalls } = breaker.snapshot();
	assert.deepEqual([successes, failures, ignored, windowCalls], [1, 1, 2, 2]);
});

test("what fails after an abort is not an unhandled rejection", async () => {
	const breaker = new Breaker(settings);
	const controller = new AbortController();
	const running = breaker.run(() => later(5).then(() => Promise.reject(new Error("late"))), {
		signal: controller.signal,
	});
	controller.abort();
	await assert.rejects(running, { name: "AbortError" });
	await later(10);
});

test("force, reset, reconfigure and tick", () => {
	const breaker = breakerOf();
	breaker.force(rheo.FORCED_OPEN, 1);
	assert.equal(rheo.modeName(breaker.mode), "FORCED_OPEN");
	assert.equal(breaker.retryAfterNs(1), Infinity);
	assert.throws(() => breaker.force(9, 1), { name: "InvalidArgument", field: "mode" });
	assert.throws(() => breaker.force(-1, 1), { name: "InvalidArgument", field: "mode" });
	breaker.reset(2);
	assert.deepEqual([breaker.state, breaker.mode], [CLOSED, rheo.AUTO]);
	breaker.reconfigure({ openNs: 77 }, 3);
	assert.deepEqual(breaker.config(), { ...breakerOf().config(), openNs: 77, jitterSeed: breaker.config().jitterSeed });
	assert.throws(() => breaker.reconfigure({ halfOpenCalls: 99 }), { field: "halfOpenCalls" });
	const open = tripped();
	assert.equal(open.tick(400), 600);
	open.tick(1000);
	assert.equal(open.state, HALF_OPEN);
});
