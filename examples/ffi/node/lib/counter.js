// SPDX-License-Identifier: BSD-2-Clause
"use strict";

const { i32, u32, u64, put, put32 } = require("./box");
const { ERR_INVAL } = require("./constants");
const { error } = require("./errors");
const { Place, bytesFor, create, attach } = require("./memory").internal;
const { calls } = require("./native");

/** Up to eight 64-bit counts that threads add to without getting in each other's way. */
class Counter {
	#a;
	#b;
	#memory;

	constructor(settings = {}, options = undefined) {
		const at = settings instanceof Place ? settings : create("counter", settings, options);
		this.#a = at.a;
		this.#b = at.b;
		this.#memory = at.memory;
	}

	static attach(memory, offset = 0) {
		return new this(attach("counter", memory, offset));
	}

	static bytes(settings = {}) {
		return bytesFor("counter", settings);
	}

	get memory() {
		return this.#memory;
	}

	add(index, n = 1) {
		put(3, n, "n");
		this.#call(calls.counter_add, index);
	}

	/** All 64 bits. */
	read(index) {
		this.#call(calls.counter_read, index);
		return u64[3];
	}

	#call(call, index) {
		u32[2] = this.#a;
		u32[3] = this.#b;
		put32(2, index, "index");
		call();
		if (i32[0] !== 0) throw error(i32[0], i32[0] === ERR_INVAL ? { field: "index" } : undefined);
	}
}

exports.Counter = Counter;
