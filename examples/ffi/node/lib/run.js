// SPDX-License-Identifier: BSD-2-Clause
"use strict";

const { invalid } = require("./box");
const { SUCCESS, FAILURE, IGNORED } = require("./constants");

/** Settles as the promise does, or rejects as soon as the signal is aborted. */
function unlessAborted(promise, signal) {
	return new Promise((resolve, reject) => {
		const abort = () => reject(signal.reason);
		const settled = () => signal.removeEventListener("abort", abort);
		if (signal.aborted) abort();
		else signal.addEventListener("abort", abort, { once: true });
		Promise.resolve(promise).then(resolve, reject).finally(settled);
	});
}

/** Who gives up says nothing of the other side; whose time is up does. */
function outcomeOf(signal) {
	return signal?.aborted && signal.reason?.name !== "TimeoutError" ? IGNORED : FAILURE;
}

/** Reports the outcome that classify tells, or else the usual one. */
function report(permit, usual, classify, error, value) {
	let outcome = FAILURE;
	try {
		outcome = classify?.(error, value) ?? usual;
		if (outcome !== SUCCESS && outcome !== FAILURE && outcome !== IGNORED) {
			outcome = FAILURE;
			throw invalid("outcome");
		}
	} finally {
		permit.record(outcome);
	}
}

/** Makes the call if the breaker or guard admits it, and reports how it ended, whatever happens. */
exports.guarded = async (part, cost, call, { signal, classify }) => {
	signal?.throwIfAborted();
	if (typeof call !== "function") throw invalid("call");
	const permit = part.acquire(cost);
	let value;
	try {
		value = await (signal === undefined ? call() : unlessAborted(call(signal), signal));
	} catch (error) {
		report(permit, outcomeOf(signal), classify, error);
		throw error;
	}
	report(permit, SUCCESS, classify, undefined, value);
	return value;
};
