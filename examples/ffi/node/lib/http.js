// SPDX-License-Identifier: BSD-2-Clause
"use strict";

const { BY_BREAKER, SUCCESS, FAILURE, IGNORED } = require("./constants");
const { invalid } = require("./box");
const { statusText } = require("./native");

const secondsUp = (ns) => Math.ceil(ns / 1e9);

function quoted(name) {
	if (!/^[\x20-\x7e]*$/.test(name)) throw invalid("names");
	return `"${name.replace(/["\\]/g, "\\$&")}"`;
}

/** The IETF's RateLimit and RateLimit-Policy fields, of the bucket that the verdict is about. */
function setFields(res, verdict, names) {
	const name = names[verdict.bucket];
	if (name === undefined) return;
	res.setHeader("RateLimit-Policy", `${name};q=${verdict.limit};w=${secondsUp(verdict.windowNs)}`);
	res.setHeader("RateLimit", `${name};r=${verdict.remaining};t=${secondsUp(verdict.moreNs)}`);
}

function refuse(req, res, verdict) {
	const problem = { title: statusText(verdict.status) };
	if (verdict.refusedBy !== BY_BREAKER) problem.type = "https://iana.org/assignments/http-problem-types#quota-exceeded";
	res.setHeader("Content-Type", "application/problem+json");
	res.end(JSON.stringify({ ...problem, status: res.statusCode }));
}

const byStatus = (req, res) => (res.statusCode >= 500 ? FAILURE : SUCCESS);

/**
 * A function (req, res, next) that lets a request pass to next, or answers 429 or 503 itself, and
 * reports to the breaker how the answer went. A client that leaves before the answer is whole says
 * nothing of the other side, unless classify says that it does.
 */
exports.limit = (guard, options = {}) => {
	const { cost = 1, classify = byStatus, abandoned = IGNORED, refused = refuse } = options;
	const names = (options.names ?? ["default", "second", "third", "fourth"]).map(quoted);
	const guardOf = typeof guard === "function" ? guard : () => guard;
	const costOf = typeof cost === "function" ? cost : () => cost;

	return (req, res, next) => {
		if (res.destroyed) return undefined; // nobody is left to answer
		const verdict = guardOf(req).tryAcquire(costOf(req));
		setFields(res, verdict, names);
		if (!verdict.admitted) {
			res.statusCode = verdict.refusedBy === BY_BREAKER ? 503 : 429;
			if (verdict.retryAfterNs !== Infinity) {
				res.setHeader("Retry-After", String(Math.max(1, secondsUp(verdict.retryAfterNs))));
			}
			return refused(req, res, verdict);
		}
		res.once("finish", () => verdict.record(classify(req, res)));
		res.once("close", () => verdict.record(abandoned));
		try {
			return next();
		} catch (error) {
			verdict.failure();
			throw error;
		}
	};
};
