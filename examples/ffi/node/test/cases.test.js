// SPDX-License-Identifier: BSD-2-Clause
"use strict";

// Every line of cases.tsv, through the classes: RHEO_TEST_CASES names the file.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const { test } = require("node:test");
const { Breaker, Bucket, Guard, STALE, REJ_RATE } = require("rheo");

const lines = fs
	.readFileSync(process.env.RHEO_TEST_CASES, "utf8")
	.split("\n")
	.filter((line) => line !== "" && !line.startsWith("#"))
	.map((line) => line.split("\t"));

const OF_BUCKET = ["rate", "periodNs", "burst", "maxDebt"];
const OF_BREAKER = ["failureRateBp", "minimumCalls", "windowNs", "openNs", "halfOpenCalls", "probeTimeoutNs"];
const SMALL = ["failureRateBp", "minimumCalls", "halfOpenCalls"]; // 32 bits in C
let bucket, breaker, guard;
const permits = new Map();

function settings(names, values) {
	return Object.fromEntries(names.map((name, i) => [name, SMALL.includes(name) ? Number(values[i]) : values[i]]));
}
const only = (value) => [value];
const nothing = () => [];
const orStale = (effect) => (effect ? nothing() : { status: STALE, results: [] });
const orRate = (taken) => (taken ? nothing() : { status: REJ_RATE, results: [] });
const keep = (place, permit) => permits.set(place, permit) && permit;

// What each call answers: the results, or status and results; what it throws tells its status.
const calls = {
	"bucket.init": (...args) => {
		bucket = new Bucket(settings(OF_BUCKET, args), { nowNs: args[4] });
		return nothing();
	},
	"bucket.try_acquire_at": (n, now) => bucket.acquire(n, now) ?? nothing(),
	"bucket.try_acquire": (n) => orRate(bucket.tryAcquirePublished(n)),
	"bucket.wait_ns": (n, now) => only(bucket.waitNs(n, now)),
	"bucket.available": (now) => only(bucket.available(now)),
	"bucket.acquire_upto": (n, now) => {
		const taken = bucket.acquireUpto(n, now);
		assert.equal(typeof taken, "bigint");
		return { status: taken === 0n ? REJ_RATE : 0, results: [taken] };
	},
	"bucket.refund": (n) => bucket.refund(n) ?? nothing(),
	"bucket.charge": (n, now) => bucket.charge(n, now) ?? nothing(),
	"bucket.refill": (now) => bucket.refill(now) ?? nothing(),
	"bucket.next_refill_ns": (now) => only(bucket.nextRefillNs(now)),
	"bucket.reserve": (n, now, most) => {
		try {
			return only(bucket.reserve(n, most, now));
		} catch (error) {
			return { status: error.status, results: [error.retryAfterNs] };
		}
	},
	"breaker.init": (...args) => {
		breaker = new Breaker(settings(OF_BREAKER, args), { nowNs: args[6] });
		return nothing();
	},
	"breaker.try_acquire": (place, now) => {
		permits.set(place, breaker.permit(0n));
		permits.set(place, breaker.acquire(now));
		return nothing();
	},
	"breaker.record": (place, outcome, now) => orStale(permits.get(place).record(Number(outcome), now)),
	"breaker.cancel": (place, now) => orStale(permits.get(place).cancel(now)),
	"breaker.retry_after_ns": (now) => only(breaker.retryAfterNs(now)),
	"breaker.force": (mode, now) => breaker.force(Number(mode), now) ?? nothing(),
	"breaker.snapshot": (now) => {
		const is = breaker.snapshot(now);
		assert.equal(breaker.state, is.state);
		assert.equal(breaker.mode, is.mode);
		return [is.state, is.mode, is.generation, is.windowCalls, is.windowFailures];
	},
	"guard.init": (now) => {
		guard = new Guard({ breaker, buckets: [bucket] }, { nowNs: now });
		return nothing();
	},
	"guard.try_acquire": (place, cost, now) => {
		const v = keep(place, guard.tryAcquire(cost, now));
		const results = [v.status, v.refusedBy, v.cost, v.retryAfterNs, v.limit, v.remaining, v.resetNs];
		return { status: v.status, results };
	},
	"guard.record": (place, outcome, now) => orStale(permits.get(place).record(Number(outcome), now)),
	"guard.cancel": (place, cost, now) => {
		assert.equal(permits.get(place).cost, Number(cost));
		return orStale(permits.get(place).cancel(now));
	},
};

function answer(call, args) {
	try {
		const told = calls[call](...args);
		return Array.isArray(told) ? { status: 0, results: told } : told;
	} catch (error) {
		if (error.status === undefined) throw error;
		return { status: error.status, results: [] };
	}
}

// All numbers of the file but FOREVER are below 2^53.
const number = (text) => (text === "18446744073709551615" ? Infinity : Number(text));

test(`each of the ${lines.length} cases is answered as in C`, () => {
	assert.ok(lines.length > 50);
	for (const [call, args, status, results] of lines) {
		const told = answer(call, args.split(" ").map(BigInt));
		assert.deepEqual(
			[told.status, ...told.results.map(Number)],
			[Number(status), ...(results === "-" ? [] : results.split(" ").map(number))],
			`${call} ${args}`,
		);
	}
});
