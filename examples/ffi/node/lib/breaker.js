// SPDX-License-Identifier: BSD-2-Clause
"use strict";

const { i32, u32, u64, wide, put, put32, putNow, pairs, setFields, getFields } = require("./box");
const { ERR_INVAL, STALE, SUCCESS, FAILURE, IGNORED } = require("./constants");
const { error } = require("./errors");
const { EVENTS, structs } = require("./layout");
const { Place, fault, bytesFor, create, attach } = require("./memory").internal;
const { calls } = require("./native");
const { guarded } = require("./run");

const { breaker_try_acquire, breaker_record } = calls;

function check(status, field) {
	if (status < 0) throw error(status, status === ERR_INVAL ? { field } : undefined);
}

/** What an admitted call is reported with, once; a second report has no effect. */
class Permit {
	#breaker;
	#a;
	#b;
	#due = true;

	constructor(breaker, slot) {
		this.#breaker = breaker;
		this.#a = u32[2 * slot];
		this.#b = u32[2 * slot + 1];
	}

	/** Whether the report had an effect. */
	record(outcome, nowNs) {
		if (!this.#due) return false;
		this.#begin();
		put32(3, outcome, "outcome");
		putNow(4, nowNs);
		breaker_record();
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

	cancel(nowNs) {
		if (!this.#due) return false;
		this.#begin();
		putNow(3, nowNs);
		calls.breaker_cancel();
		return this.#done();
	}

	/** As a number, for another thread or process to report with: breaker.permit(bits). */
	get bits() {
		u32[4] = this.#a;
		u32[5] = this.#b;
		return u64[2];
	}

	get generation() {
		this.#told();
		return wide(6);
	}

	/** Whether it was given while half-open. */
	get probe() {
		this.#told();
		return u32[8] === 1;
	}

	#told() {
		this.#begin();
		calls.breaker_permit();
		check(i32[0], "permit");
	}

	#begin() {
		putBreaker(this.#breaker, 1);
		u32[4] = this.#a;
		u32[5] = this.#b;
	}

	#done(field) {
		check(i32[0], field);
		this.#due = false;
		return i32[0] !== STALE;
	}
}

let putBreaker;

class Breaker {
	#a;
	#b;
	#memory;

	constructor(settings = {}, options = undefined) {
		const at = settings instanceof Place ? settings : create("breaker", settings, options);
		this.#a = at.a;
		this.#b = at.b;
		this.#memory = at.memory;
	}

	static attach(memory, offset = 0) {
		return new this(attach("breaker", memory, offset));
	}

	static bytes(settings = {}) {
		return bytesFor("breaker", settings);
	}

	static {
		putBreaker = (breaker, slot) => {
			u32[2 * slot] = breaker.#a;
			u32[2 * slot + 1] = breaker.#b;
		};
	}

	get memory() {
		return this.#memory;
	}

	tryAcquire(nowNs) {
		const status = this.#ask(nowNs);
		if (status === 0) return new Permit(this, 3);
		check(status);
		return null;
	}

	acquire(nowNs) {
		const status = this.#ask(nowNs);
		if (status === 0) return new Permit(this, 3);
		check(status);
		u32[0] = 0; // by the same time, which is still in its slot
		calls.breaker_retry_after_ns();
		throw error(status, { retryAfterNs: wide(6) });
	}

	#ask(nowNs) {
		u32[2] = this.#a;
		u32[3] = this.#b;
		putNow(2, nowNs);
		breaker_try_acquire();
		return i32[0];
	}

	permit(bits) {
		put(3, bits, "bits");
		return new Permit(this, 3);
	}

	run(call, options = {}) {
		return guarded(this, undefined, call, options);
	}

	get state() {
		this.#call(calls.breaker_state);
		return u32[4];
	}

	get mode() {
		this.#call(calls.breaker_state);
		return u32[6];
	}

	retryAfterNs(nowNs) {
		this.#timed(calls.breaker_retry_after_ns, nowNs);
		return wide(6);
	}

	tick(nowNs) {
		this.#timed(calls.breaker_tick, nowNs);
		return wide(6);
	}

	reset(nowNs) {
		this.#timed(calls.breaker_reset, nowNs);
	}

	force(mode, nowNs) {
		put32(2, mode, "mode");
		putNow(3, nowNs);
		this.#call(calls.breaker_force, "mode");
	}

	snapshot(nowNs) {
		put(4, structs.breaker_snapshot.size);
		this.#timed(calls.breaker_snapshot, nowNs);
		return getFields("breaker_snapshot");
	}

	events(since = 0) {
		put(2, since, "since");
		u32[8] = EVENTS;
		this.#call(calls.breaker_events);
		return Array.from({ length: u32[10] }, (_, i) => getFields("breaker_event", i));
	}

	reconfigure(settings, nowNs) {
		const values = pairs(settings);
		this.#struct();
		setFields("breaker_config", values);
		putNow(3, nowNs);
		calls.breaker_reconfigure();
		if (i32[0] === ERR_INVAL) throw fault("breaker");
		check(i32[0]);
	}

	config() {
		this.#struct();
		return getFields("breaker_config");
	}

	#struct() {
		put(3, structs.breaker_config.size);
		this.#call(calls.breaker_config);
	}

	#timed(call, nowNs) {
		putNow(2, nowNs);
		this.#call(call);
	}

	#call(call, field) {
		putBreaker(this, 1);
		call();
		check(i32[0], field);
	}
}

exports.Breaker = Breaker;
exports.putBreaker = putBreaker;
