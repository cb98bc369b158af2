// SPDX-License-Identifier: BSD-2-Clause
"use strict";

const { i32, u32, u64, wide, put, put32, putNow, getFields, invalid, VerdictFields } = require("./box");
const { putBreaker } = require("./breaker");
const { putBucket } = require("./bucket");
const { ERR_INVAL, GUARD_BUCKETS, STALE, SUCCESS, FAILURE, IGNORED } = require("./constants");
const { error } = require("./errors");
const { STRUCT, VERDICT_PERMIT, structs } = require("./layout");
const { create } = require("./memory").internal;
const { calls } = require("./native");
const { guarded } = require("./run");

const { guard_try_acquire, guard_record } = calls;
const at = Object.fromEntries(structs.guard_config.fields.map(([name, offset]) => [name, STRUCT + offset / 8]));

function check(status, field) {
	if (status < 0) throw error(status, status === ERR_INVAL ? { field } : undefined);
}

let putGuard;

/** What a guard decided; of an admission also what it is reported with, once. */
class Verdict extends VerdictFields {
	#guard;
	#a = u32[2 * VERDICT_PERMIT];
	#b = u32[2 * VERDICT_PERMIT + 1];
	#due;

	constructor(guard) {
		super();
		this.#guard = guard;
		this.#due = this.status === 0;
	}

	get admitted() {
		return this.status === 0;
	}

	/** Whether the report had an effect. */
	record(outcome, nowNs) {
		if (!this.#due) return false;
		this.#begin();
		put32(3, outcome, "outcome");
		putNow(4, nowNs);
		guard_record();
		return this.#done("outcome");
	}

	success(nowNs) {
		return this.record(SUCCESS, nowNs);
	}

	failure(nowNs) {
		return this.record(FAILURE, nowNs);
	}

	ignored(nowNs) {
		return this.record(IGNORED, nowNs);
	}

	/** Gives back permit and tokens of a call that was never made. */
	cancel(nowNs) {
		if (!this.#due) return false;
		this.#begin();
		put(3, this.cost);
		putNow(4, nowNs);
		calls.guard_cancel();
		return this.#done();
	}

	get bits() {
		u32[4] = this.#a;
		u32[5] = this.#b;
		return u64[2];
	}

	#begin() {
		putGuard(this.#guard, 1);
		u32[4] = this.#a;
		u32[5] = this.#b;
	}

	#done(field) {
		check(i32[0], field);
		this.#due = false;
		return i32[0] !== STALE;
	}
}

class Guard {
	#a;
	#b;
	// What C only points at: its own memory and its parts.
	#held;

	constructor({ breaker, buckets = [], ...settings } = {}, { nowNs } = {}) {
		const held = Array.isArray(buckets) ? [...buckets] : undefined;
		if (held === undefined || held.length > GUARD_BUCKETS) throw invalid("buckets");
		const parts = () => {
			u64.fill(0n, at.breaker, at.bucket + GUARD_BUCKETS);
			if (breaker !== undefined) putPart(putBreaker, breaker, at.breaker, "breaker");
			held.forEach((bucket, i) => putPart(putBucket, bucket, at.bucket + i, "buckets"));
		};
		const made = create("guard", settings, { nowNs }, parts);
		this.#a = made.a;
		this.#b = made.b;
		this.#held = [made.memory, breaker, ...held];
	}

	static {
		putGuard = (guard, slot) => {
			u32[2 * slot] = guard.#a;
			u32[2 * slot + 1] = guard.#b;
		};
	}

	tryAcquire(cost = 1, nowNs = undefined) {
		u32[2] = this.#a;
		u32[3] = this.#b;
		put(2, cost, "cost");
		putNow(3, nowNs);
		guard_try_acquire();
		check(i32[0], "cost");
		return new Verdict(this);
	}

	acquire(cost, nowNs) {
		const verdict = this.tryAcquire(cost, nowNs);
		if (verdict.status === 0) return verdict;
		throw error(verdict.status, { retryAfterNs: verdict.retryAfterNs, verdict });
	}

	run(call, options = {}) {
		return guarded(this, options.cost, call, options);
	}

	get breaker() {
		return this.#held[1];
	}

	get buckets() {
		return this.#held.slice(2);
	}

	tick(nowNs) {
		putGuard(this, 1);
		putNow(2, nowNs);
		calls.guard_tick();
		check(i32[0]);
		return wide(6);
	}

	stats() {
		putGuard(this, 1);
		put(3, structs.guard_stats.size);
		calls.guard_stats();
		check(i32[0]);
		return getFields("guard_stats");
	}
}

/** A part's handle into its slot; what is no part has no handle. */
function putPart(putHandle, part, slot, field) {
	try {
		putHandle(part, slot);
	} catch {
		throw invalid(field);
	}
}

exports.Guard = Guard;
