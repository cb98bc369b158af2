// SPDX-License-Identifier: BSD-2-Clause
"use strict";

// Nanoseconds a call, one thread, all accepting: each contender in turn for a few milliseconds, round
// after round. Each has a loop of its own, so that none is compiled for the sake of another.
// With RHEO_NATIVE=koffi only what that changes. (bottleneck is not here: each of its jobs waits for a timer.)

const rheo = require("rheo");
const { calls } = require("./node_modules/rheo/lib/native");
const { i32, u32 } = require("./node_modules/rheo/lib/box");
const { putBucket } = require("./node_modules/rheo/lib/bucket");

const ROUNDS = 9;
const WARM_MS = 300;
const ROUND_MS = 60;
const CALLS = 2000;
const koffi = rheo.backend === "koffi";
const version = (name) => (name === "rheo" ? rheo.VERSION : require(`./node_modules/${name}/package.json`).version);

const endless = { rate: 1e12, burst: 1e9 };
const bucket = new rheo.Bucket(endless);
const breaker = new rheo.Breaker();
const guard = new rheo.Guard({ breaker, buckets: [bucket] });
const lean = new rheo.Guard({ breaker, buckets: [bucket], flags: rheo.GUARD_LEAN });
const kept = Promise.resolve(1);
const nothing = () => kept;

// Each: kind, name, whose version, a loop of n calls that says how many went as they should.
const contenders = [];
const add = (kind, name, whose, loop) => contenders.push({ kind, name, whose, loop, ns: [] });

add("bare", "version", "rheo", (n) => {
	for (let i = 0; i < n; i++) calls.version();
	return u32[0] === 1000 ? n : 0;
});
add("bare", "now_ns", "rheo", (n) => {
	for (let i = 0; i < n; i++) calls.now_ns();
	return n;
});
add("rheo", "bucket_try_acquire_at, clock in C", "rheo", (n) => {
	let right = 0;
	putBucket(bucket, 1);
	for (let i = 0; i < n; i++) {
		u32[0] = 1;
		u32[4] = 1;
		u32[5] = 0;
		calls.bucket_try_acquire_at();
		if (i32[0] === 0) right++;
	}
	return right;
});
add("rheo", "Bucket.tryAcquire()", "rheo", (n) => {
	let right = 0;
	for (let i = 0; i < n; i++) if (bucket.tryAcquire()) right++;
	return right;
});
add("rheo", "Bucket.tryAcquirePublished()", "rheo", (n) => {
	let right = 0;
	bucket.refill();
	for (let i = 0; i < n; i++) if (bucket.tryAcquirePublished()) right++;
	return right;
});
add("rheo", "Breaker.tryAcquire(), success()", "rheo", (n) => {
	let right = 0;
	for (let i = 0; i < n; i++) if (breaker.tryAcquire().success()) right++;
	return right;
});
add("rheo", "Guard.tryAcquire(), success()", "rheo", (n) => {
	let right = 0;
	for (let i = 0; i < n; i++) if (guard.tryAcquire().success()) right++;
	return right;
});
add("rheo", "Guard.tryAcquire(), success(), lean", "rheo", (n) => {
	let right = 0;
	for (let i = 0; i < n; i++) if (lean.tryAcquire().success()) right++;
	return right;
});
add("rheo", "Breaker.run(), awaited", "rheo", async (n) => {
	let right = 0;
	for (let i = 0; i < n; i++) right += await breaker.run(nothing);
	return right;
});
add("batch", "Bucket.acquireUpto(100)", "rheo", (n) => {
	let right = 0;
	let tokens = 0;
	for (let i = 0; i < n; i++) {
		if (tokens === 0) tokens = bucket.acquireUpto(100);
		tokens--;
		right++;
	}
	return right;
});

function rivals() {
	const { RateLimiter, TokenBucket } = require("limiter");
	const limiter = new RateLimiter({ tokensPerInterval: 1e12, interval: 1000 });
	add("rival", "limiter RateLimiter.tryRemoveTokens", "limiter", (n) => {
		let right = 0;
		for (let i = 0; i < n; i++) if (limiter.tryRemoveTokens(1)) right++;
		return right;
	});
	const tokens = new TokenBucket({ bucketSize: 1e12, tokensPerInterval: 1e12, interval: 1000 });
	tokens.content = 1e12;
	add("rival", "limiter TokenBucket.tryRemoveTokens", "limiter", (n) => {
		let right = 0;
		for (let i = 0; i < n; i++) if (tokens.tryRemoveTokens(1)) right++;
		return right;
	});
	const { RateLimiterMemory } = require("rate-limiter-flexible");
	const flexible = new RateLimiterMemory({ points: 1e12, duration: 3600 });
	add("rival", "rate-limiter-flexible memory consume, awaited", "rate-limiter-flexible", async (n) => {
		let right = 0;
		for (let i = 0; i < n; i++) if ((await flexible.consume("key")).remainingPoints > 0) right++;
		return right;
	});
	const Opossum = require("opossum");
	const opossum = new Opossum(nothing, { timeout: false, rollingPercentilesEnabled: false, enableSnapshots: false });
	add("rival", "opossum fire, awaited", "opossum", async (n) => {
		let right = 0;
		for (let i = 0; i < n; i++) right += await opossum.fire();
		return right;
	});
	const { circuitBreaker, handleAll, SamplingBreaker } = require("cockatiel");
	const sampling = new SamplingBreaker({ threshold: 0.5, duration: 10e3, minimumRps: 1 });
	const policy = circuitBreaker(handleAll, { halfOpenAfter: 5e3, breaker: sampling });
	add("rival", "cockatiel execute, sampling, awaited", "cockatiel", async (n) => {
		let right = 0;
		for (let i = 0; i < n; i++) right += await policy.execute(nothing);
		return right;
	});
}

async function timed({ name, loop }, ms) {
	const begin = process.hrtime.bigint();
	for (let done = 0; ;) {
		if ((await loop(CALLS)) !== CALLS) throw new Error(`${name}: a call did not go as it should`);
		done += CALLS;
		const ns = Number(process.hrtime.bigint() - begin);
		if (ns >= ms * 1e6) return ns / done;
	}
}

async function main() {
	if (!koffi) rivals();
	for (const one of contenders) await timed(one, WARM_MS);
	for (let round = 0; round < ROUNDS; round++) {
		for (const one of contenders) one.ns.push(await timed(one, ROUND_MS));
	}
	for (const { kind, name, whose, ns } of contenders) {
		ns.sort((a, b) => a - b);
		const by = koffi ? `${name}, by koffi` : name;
		console.log(["node", kind, by, version(whose), ns[0].toFixed(1), ns[ROUNDS >> 1].toFixed(1)].join("\t"));
	}
	process.exit();
}

main();
