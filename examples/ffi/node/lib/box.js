// SPDX-License-Identifier: BSD-2-Clause
"use strict";

// The memory through which this thread speaks to C; generate/node.py says what lies where.
// A slot is 64 bits; i32 and u32 are indexed by twice its number.

const { endianness } = require("node:os");
const { BOX_BYTES, STRUCT, structs, verdictFields } = require("./layout");
const { ERR_INVAL } = require("./constants");
const { error } = require("./errors");

const buffer = new ArrayBuffer(BOX_BYTES);
const bytes = new Uint8Array(buffer);
const i32 = new Int32Array(buffer);
const u32 = new Uint32Array(buffer);
const i64 = new BigInt64Array(buffer);
const u64 = new BigUint64Array(buffer);

const LOW = endianness() === "LE" ? 0 : 1;
const HIGH = 1 - LOW;
const TWO32 = 2 ** 32;
const ALL = TWO32 - 1;

/** 64 bits at an index of u32, as a number: exact to 2^53, Infinity for the largest. */
function wide(at) {
	const high = u32[at + HIGH];
	const low = u32[at + LOW];
	if (high === 0) return low;
	return high === ALL && low === ALL ? Infinity : high * TWO32 + low;
}

const isUint32 = (value) => typeof value === "number" && value >>> 0 === value;
const invalid = (field) => error(ERR_INVAL, { field });

function putOther(slot, value, name) {
	if (Number.isInteger(value) && value >= 0 && value < 2 ** 64) {
		const high = Math.floor(value / TWO32);
		u32[2 * slot + HIGH] = high;
		u32[2 * slot + LOW] = value - high * TWO32;
	} else if (typeof value === "bigint" && BigInt.asUintN(64, value) === value) {
		u64[slot] = value;
	} else if (value === Infinity) {
		u64[slot] = 2n ** 64n - 1n;
	} else {
		throw invalid(name);
	}
}

/** Puts a number or a BigInt into a slot. */
function put(slot, value, name) {
	if (isUint32(value)) {
		u32[2 * slot + LOW] = value;
		u32[2 * slot + HIGH] = 0;
	} else {
		putOther(slot, value, name);
	}
}

/** Puts a time; where there is none, C reads the clock. */
function putNow(slot, nowNs) {
	if (nowNs === undefined) {
		u32[0] = 1;
	} else {
		u32[0] = 0;
		put(slot, nowNs, "nowNs");
	}
}

function put32(slot, value, name) {
	if (!isUint32(value)) throw invalid(name);
	u32[2 * slot] = value;
}

const visible = ([name, , , type]) => name !== "structSize" && name !== "reserved" && !type.includes("*");
const places = new Map(
	Object.entries(structs).map(([struct, { fields }]) => [
		struct,
		new Map(fields.filter(visible).map((field) => [field[0], field])),
	]),
);

/** Settings as pairs, taken before the box is touched: they may be got by code that calls C as well. */
function pairs(settings) {
	if (settings === null || typeof settings !== "object") throw invalid("settings");
	return Object.entries(settings);
}

/** Sets fields of the struct in the box; a name it has not is an error. */
function setFields(struct, values) {
	const fields = places.get(struct);
	for (const [name, value] of values) {
		if (value === undefined) continue;
		const place = fields.get(name);
		if (place === undefined) throw invalid(name);
		const [, offset, size] = place;
		if (size === 8) put(STRUCT + offset / 8, value, name);
		else if (isUint32(value)) u32[2 * STRUCT + offset / 4] = value;
		else throw invalid(name);
	}
}

function valueAt(offset, type) {
	const at = 2 * STRUCT + offset / 4;
	if (type === "uint64_t") return wide(at);
	if (type === "int64_t") return Number(i64[at / 2]);
	return type === "int32_t" ? i32[at] : u32[at];
}

/** The struct in the box, or the i-th of several, as an object. */
function getFields(struct, i = 0) {
	const is = {};
	for (const [name, offset, size, type, count] of places.get(struct).values()) {
		const at = i * structs[struct].size + offset;
		is[name] =
			count === 0 ? valueAt(at, type) : Array.from({ length: count }, (_, k) => valueAt(at + (k * size) / count, type));
	}
	return is;
}

/** The text in the box, whose length slot 0 tells; undefined for NULL. */
function text() {
	return i32[0] < 0 ? undefined : Buffer.from(buffer, 8 * STRUCT, i32[0]).toString("latin1");
}

exports.buffer = buffer;
exports.bytes = bytes;
exports.i32 = i32;
exports.u32 = u32;
exports.u64 = u64;
exports.LOW = LOW;
exports.HIGH = HIGH;
exports.invalid = invalid;
exports.wide = wide;
exports.put = put;
exports.put32 = put32;
exports.putNow = putNow;
exports.pairs = pairs;
exports.setFields = setFields;
exports.getFields = getFields;
exports.text = text;
exports.VerdictFields = verdictFields({ i32, u32, wide });
