// SPDX-License-Identifier: BSD-2-Clause
"use strict";

// By status: C's name, C's text and the class, as constants.js says.
const known = new Map();

/** What goes wrong; `status` is C's, `code` its name. */
class RheoError extends Error {
	constructor(status, details) {
		const [code, text] = known.get(status);
		const wait = details?.retryAfterNs;
		const when = Number.isFinite(wait) ? `; retry after ${(wait / 1e9).toFixed(3)} s` : "";
		super((details?.field === undefined ? text : `${details.field}: ${text}`) + when);
		this.status = status;
		this.code = code;
		Object.assign(this, details);
	}

	get name() {
		return this.constructor.name;
	}
}

/** A policy said no: retryAfterNs, and of a guard the verdict. */
class Refused extends RheoError {}

/** The error of a status. */
function error(status, details) {
	const [, , kind] = known.get(status);
	return new kind(status, details);
}

exports.known = known;
exports.RheoError = RheoError;
exports.Refused = Refused;
exports.error = error;
