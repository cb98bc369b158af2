// SPDX-License-Identifier: BSD-2-Clause
"use strict";

// The addon's functions by way of koffi and an installed librheo: slower, and without mapFile.

const { buffer, bytes, i32, u32, u64 } = require("./box");
const { STRUCT, calls } = require("./layout");

const TYPES = { i32: "int32_t", u32: "uint32_t", u64: "uint64_t", text: "str" };
const LIBRARY = { linux: "librheo.so.0", darwin: "librheo.0.dylib" };

function bound(library, base, now, name, { now: nowAt, kinds }) {
	const [returned, ...taken] = kinds;
	const call = library.func(
		`rheo_${name}`,
		TYPES[returned],
		taken.map((kind) => TYPES[kind] ?? "uintptr_t"),
	);
	const argument = (kind, i) => {
		const slot = i + 1;
		if (kind === "i32") return () => i32[2 * slot];
		if (kind === "u32") return () => u32[2 * slot];
		if (kind === "u64" || kind === "address" || kind === "handle") return () => u64[slot];
		const pointer = base + 8n * BigInt(kind === "struct" ? STRUCT : slot);
		return () => pointer;
	};
	const values = taken.map(argument);
	return () => {
		if (nowAt !== 0 && u32[0] !== 0) u64[nowAt] = BigInt(now());
		const told = call(...values.map((value) => value()));
		if (returned === "i32") i32[0] = told;
		else if (returned === "u32") u32[0] = told;
		else if (returned === "u64") u64[0] = BigInt(told);
		else if (told === null) i32[0] = -1;
		else i32[0] = bytes.subarray(8 * STRUCT).set(Buffer.from(told, "latin1")) ?? told.length;
	};
}

module.exports = () => {
	const koffi = require("koffi");
	const library = koffi.load(process.env.RHEO_LIBRARY ?? LIBRARY[process.platform]);
	const base = BigInt(koffi.address(buffer));
	const now = library.func("rheo_now_ns", "uint64_t", []);
	const functions = {
		address: (view) => {
			u64[0] = BigInt(koffi.address(view));
		},
		map_file: () => {
			throw new Error("rheo: mapFile needs the addon");
		},
	};
	for (const [name, call] of Object.entries(calls)) functions[name] = bound(library, base, now, name, call);
	return functions;
};
