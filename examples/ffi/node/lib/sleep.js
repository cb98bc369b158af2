// SPDX-License-Identifier: BSD-2-Clause
"use strict";

const LONGEST_MS = 2 ** 31 - 1;

/** Resolves once so many nanoseconds have passed, not before, as a timer alone may; rejects with the signal's reason. */
exports.sleep = (ns, signal) =>
	new Promise((resolve, reject) => {
		const begin = process.hrtime.bigint();
		let timer;
		const abort = () => {
			clearTimeout(timer);
			reject(signal.reason);
		};
		const look = () => {
			const left = ns - Number(process.hrtime.bigint() - begin);
			if (left > 0) {
				timer = setTimeout(look, Math.min(Math.ceil(left / 1e6), LONGEST_MS));
				return;
			}
			signal?.removeEventListener("abort", abort);
			resolve();
		};
		if (signal?.aborted) {
			abort();
			return;
		}
		signal?.addEventListener("abort", abort, { once: true });
		look();
	});
