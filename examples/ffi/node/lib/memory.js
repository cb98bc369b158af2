// SPDX-License-Identifier: BSD-2-Clause
"use strict";

// Where objects lie: in a SharedArrayBuffer, whose bytes never move and which other threads of the
// process can hold as well, or in a file that processes map.

const { getSystemErrorName, types } = require("node:util");
const { u64, i32, u32, put, putNow, pairs, setFields, text, invalid } = require("./box");
const { ERR_INVAL, ERR_NOSPC } = require("./constants");
const { error } = require("./errors");
const { structs } = require("./layout");
const { calls } = require("./native");

const ALIGN = 128;

/** A file's bytes in memory, mapped for as long as this or an object in them is held. */
class MappedFile {
	#held;
	#begin;
	#bytes;

	constructor(path, bytes) {
		if (typeof path !== "string" || path.includes("\0")) throw invalid("path");
		put(1, bytes, "bytes");
		this.#held = calls.map_file(path);
		if (this.#held === undefined) throw systemError(i32[0], path);
		this.#begin = u64[0];
		this.#bytes = Number(u64[1]);
	}

	get byteLength() {
		return this.#bytes;
	}

	static begin(memory) {
		return #begin in memory ? memory.#begin : undefined;
	}
}

function systemError(errno, path) {
	const code = getSystemErrorName(-errno);
	return Object.assign(new Error(`${code}: mmap '${path}'`), { errno: -errno, code, syscall: "mmap", path });
}

function begin(memory) {
	if (memory instanceof MappedFile) return MappedFile.begin(memory);
	if (!types.isSharedArrayBuffer(memory)) throw invalid("memory");
	calls.address(Buffer.from(memory));
	return u64[0];
}

/** Slots 1 and 2: the first aligned byte of memory from offset on, and how many follow. */
function place(memory, offset) {
	if (!Number.isSafeInteger(offset) || offset < 0) throw invalid("offset");
	const first = begin(memory);
	const at = (first + BigInt(offset + ALIGN - 1)) & ~BigInt(ALIGN - 1);
	const left = BigInt(memory.byteLength) - (at - first);
	if (left <= 0n) throw error(ERR_NOSPC);
	u64[1] = at;
	u64[2] = left;
}

/** A new object's or an attached one's memory, and the two words of its handle. */
class Place {
	constructor(memory, slot) {
		this.memory = memory;
		this.a = u32[2 * slot];
		this.b = u32[2 * slot + 1];
	}
}

function fault(kind) {
	const check = calls[`${kind}_config_fault`];
	check?.();
	const name = check === undefined ? undefined : text();
	const field = structs[`${kind}_config`].fields.find((one) => one[5] === name);
	return error(ERR_INVAL, { field: field?.[0] });
}

/** Puts a configuration into the box. */
function configure(kind, settings) {
	const values = pairs(settings);
	put(2, structs[`${kind}_config`].size);
	calls[`${kind}_config_init`]();
	setFields(`${kind}_config`, values);
}

function sizeOf(kind) {
	calls[`${kind}_size`]();
	if (u64[0] === 0n) throw fault(kind);
	return Number(u64[0]);
}

/** How many bytes to have for an object wherever they begin. */
function bytesFor(kind, settings) {
	configure(kind, settings);
	return sizeOf(kind) + ALIGN;
}

function create(kind, settings, { memory, offset = 0, nowNs } = {}, more = undefined) {
	configure(kind, settings);
	more?.();
	const needs = sizeOf(kind);
	const where = memory ?? new SharedArrayBuffer(needs + ALIGN);
	place(where, offset);
	putNow(4, nowNs);
	calls[`${kind}_init`]();
	if (i32[0] !== 0) throw error(i32[0]);
	return new Place(where, 5);
}

function attach(kind, memory, offset) {
	place(memory, offset);
	calls[`${kind}_attach`]();
	if (i32[0] !== 0) throw error(i32[0]);
	return new Place(memory, 3);
}

exports.mapFile = (path, bytes = 0) => new MappedFile(path, bytes);
exports.internal = { Place, fault, bytesFor, create, attach };
