// SPDX-License-Identifier: BSD-2-Clause
"use strict";

// C's functions without their prefix, called as () => undefined: arguments and results lie in the box.
// From the addon; or, where it is not built and the package koffi is there, from an installed librheo.

const path = require("node:path");
const { buffer, u32, u64, text } = require("./box");
const { ERR_VERSION, VERSION } = require("./constants");
const { error } = require("./errors");

const ADDON = path.join(__dirname, "..", "rheo.node");

function load() {
	if (process.env.RHEO_NATIVE !== "koffi") {
		try {
			return ["addon", require(ADDON).bind(buffer)];
		} catch (reason) {
			if (reason.code !== "MODULE_NOT_FOUND") throw reason;
		}
	}
	try {
		return ["koffi", require("./koffi")()];
	} catch (reason) {
		const build = path.join(__dirname, "..", "build.js");
		throw new Error(`rheo: no ${ADDON}; make it with a C compiler: node ${build}`, { cause: reason });
	}
}

const [backend, calls] = load();

calls.version();
if (Math.floor(u32[0] / 1e6) !== Number.parseInt(VERSION, 10)) throw error(ERR_VERSION);

/** What C calls a status, a state, a mode or a cause. */
function namer(call) {
	return (value) => {
		u32[2] = value;
		call();
		return text();
	};
}

exports.backend = backend;
exports.statusName = namer(calls.status_name);
exports.statusText = namer(calls.status_text);
exports.stateName = namer(calls.state_name);
exports.modeName = namer(calls.mode_name);
exports.causeName = namer(calls.cause_name);
exports.nowNs = () => {
	calls.now_ns();
	return u64[0];
};
exports.calls = calls;
