// SPDX-License-Identifier: BSD-2-Clause
"use strict";

const { i32, u32, u64, wide, put, put32, putNow, pairs, setFields, getFields } = require("./box");
const { ERR_INVAL, BUCKET_KEEP } = require("./constants");
const { error } = require("./errors");
const { structs } = require("./layout");
const { Place, fault, bytesFor, create, attach } = require("./memory").internal;
const { calls } = require("./native");
const { sleep } = require("./sleep");

const { bucket_try_acquire_at, bucket_wait_ns } = calls;

/** Of a status that is not 0: false where a policy said no. */
function no(status, field) {
	if (status > 0) return false;
	throw error(status, status === ERR_INVAL ? { field } : undefined);
}

class Bucket {
	#a;
	#b;
	#memory;

	constructor(settings, options) {
		const at = settings instanceof Place ? settings : create("bucket", settings, options);
		this.#a = at.a;
		this.#b = at.b;
		this.#memory = at.memory;
	}

	static attach(memory, offset = 0) {
		return new this(attach("bucket", memory, offset));
	}

	static bytes(settings) {
		return bytesFor("bucket", settings);
	}

	/** The words of a bucket's handle, to the slot given. */
	static {
		exports.putBucket = (bucket, slot) => {
			u32[2 * slot] = bucket.#a;
			u32[2 * slot + 1] = bucket.#b;
		};
	}

	get memory() {
		return this.#memory;
	}

	tryAcquire(n = 1, nowNs = undefined) {
		const status = this.#ask(n, nowNs);
		return status === 0 || no(status, "n");
	}

	acquire(n = 1, nowNs = undefined) {
		const status = this.#ask(n, nowNs);
		if (status === 0 || no(status, "n")) return;
		u32[0] = 0; // by the same time, which is still in its slot
		bucket_wait_ns();
		throw error(status, { retryAfterNs: wide(8) });
	}

	#ask(n, nowNs) {
		u32[2] = this.#a;
		u32[3] = this.#b;
		put(2, n, "n");
		putNow(3, nowNs);
		bucket_try_acquire_at();
		return i32[0];
	}

	tryAcquirePublished(n = 1) {
		this.#begin();
		put(2, n, "n");
		calls.bucket_try_acquire();
		return i32[0] === 0 || no(i32[0], "n");
	}

	acquireUpto(n, nowNs) {
		this.#begin();
		put(2, n, "n");
		putNow(3, nowNs);
		calls.bucket_acquire_upto();
		if (i32[0] < 0) no(i32[0], "n");
		return typeof n === "bigint" ? u64[4] : wide(8);
	}

	tryReserve(n = 1, maxWaitNs = Infinity, nowNs = undefined) {
		return this.#reserve(n, maxWaitNs, nowNs) === 0 ? wide(10) : null;
	}

	reserve(n = 1, maxWaitNs = Infinity, nowNs = undefined) {
		const status = this.#reserve(n, maxWaitNs, nowNs);
		if (status !== 0) throw error(status, { retryAfterNs: wide(10) });
		return wide(10);
	}

	/** Slot 5: how long to wait. */
	#reserve(n, maxWaitNs, nowNs) {
		this.#begin();
		put(2, n, "n");
		putNow(3, nowNs);
		put(4, maxWaitNs, "maxWaitNs");
		u64[5] = 2n ** 64n - 1n;
		calls.bucket_reserve();
		if (i32[0] < 0) no(i32[0], "n");
		return i32[0];
	}

	async wait(n = 1, { signal, maxWaitNs = Infinity } = {}) {
		signal?.throwIfAborted();
		for (let left = maxWaitNs; ;) {
			const status = this.#reserve(n, left, undefined);
			const waitNs = wide(10);
			const begin = process.hrtime.bigint();
			if (status === 0) {
				if (waitNs === 0) return;
				try {
					return await sleep(Math.max(waitNs, 1), signal);
				} catch (reason) {
					this.refund(n);
					throw reason;
				}
			}
			// Not to be had from the future: when it would pass, ask again.
			if (waitNs === Infinity || waitNs > left) throw error(status, { retryAfterNs: waitNs });
			await sleep(Math.max(waitNs, 1), signal);
			left = Math.max(0, Number(left) - Number(process.hrtime.bigint() - begin));
		}
	}

	refund(n = 1) {
		this.#begin();
		put(2, n, "n");
		calls.bucket_refund();
		if (i32[0] !== 0) no(i32[0], "n");
	}

	charge(n, nowNs) {
		this.#begin();
		put(2, n, "n");
		putNow(3, nowNs);
		calls.bucket_charge();
		if (i32[0] !== 0) no(i32[0], "n");
	}

	refill(nowNs) {
		this.#timed(calls.bucket_refill, nowNs);
	}

	nextRefillNs(nowNs) {
		this.#timed(calls.bucket_next_refill_ns, nowNs);
		return wide(6);
	}

	waitNs(n = 1, nowNs = undefined) {
		this.#begin();
		put(2, n, "n");
		putNow(3, nowNs);
		bucket_wait_ns();
		if (i32[0] < 0) no(i32[0], "n");
		return wide(8);
	}

	available(nowNs) {
		this.#timed(calls.bucket_available, nowNs);
		return wide(6);
	}

	quota(nowNs) {
		this.#timed(calls.bucket_quota, nowNs);
		return getFields("bucket_quota");
	}

	reconfigure(settings, mode = BUCKET_KEEP, nowNs = undefined) {
		const values = pairs(settings);
		this.#struct(calls.bucket_config, "bucket_config");
		setFields("bucket_config", values);
		putNow(3, nowNs);
		put32(4, mode, "mode");
		calls.bucket_reconfigure();
		if (i32[0] === ERR_INVAL) throw fault("bucket");
		if (i32[0] !== 0) no(i32[0]);
	}

	config() {
		return this.#struct(calls.bucket_config, "bucket_config");
	}

	stats() {
		return this.#struct(calls.bucket_stats, "bucket_stats");
	}

	#begin() {
		u32[2] = this.#a;
		u32[3] = this.#b;
	}

	#timed(call, nowNs) {
		this.#begin();
		putNow(2, nowNs);
		call();
		if (i32[0] !== 0) no(i32[0]);
	}

	#struct(call, name) {
		this.#begin();
		put(3, structs[name].size);
		call();
		if (i32[0] !== 0) no(i32[0]);
		return getFields(name);
	}
}

exports.Bucket = Bucket;
