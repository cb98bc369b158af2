// SPDX-License-Identifier: BSD-2-Clause

// limiter, opossum and cockatiel, each case in a process of its own so that none
// is compiled for the sake of another. Garbage is measured in yet another, with a
// young generation so large that nothing is collected meanwhile.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { CircuitState, ConsecutiveBreaker, SamplingBreaker, circuitBreaker, handleAll } from "cockatiel";
import { RateLimiter, TokenBucket } from "limiter";
import CircuitBreaker from "opossum";

const MS = Number(process.env.RIVAL_MS ?? 100);
const BATCH = 1000;
const lock = JSON.parse(readFileSync(new URL("package-lock.json", import.meta.url)));
const version = (name) => lock.packages[`node_modules/${name}`].version;

// --- limiter ---

const limiterOf = (tokens, interval) => new RateLimiter({ tokensPerInterval: tokens, interval });

function bucketOf(tokens, interval) {
	const bucket = new TokenBucket({ bucketSize: tokens, tokensPerInterval: tokens, interval });
	bucket.content = tokens;
	return bucket;
}

function usedUp(limiter) {
	while (limiter.tryRemoveTokens(1));
	return limiter;
}

const removing = (wanted) => (limiter, calls) => {
	let right = 0;
	for (let i = 0; i < calls; i++) if (limiter.tryRemoveTokens(1) === wanted) right++;
	return right;
};

// --- opossum, cockatiel: a function that returns a promise that is kept ---

const kept = Promise.resolve(1);
const nothing = () => kept;
const failing = () => Promise.reject(new Error("fails"));
const cheapest = { timeout: false, rollingPercentilesEnabled: false, enableSnapshots: false, resetTimeout: 3600e3 };

const passing = (method) => async (breaker, calls) => {
	let right = 0;
	for (let i = 0; i < calls; i++) if ((await breaker[method](nothing)) === 1) right++;
	return right;
};

const refused = (method) => async (breaker, calls) => {
	let right = 0;
	for (let i = 0; i < calls; i++) {
		try {
			await breaker[method](nothing);
		} catch {
			right++;
		}
	}
	return right;
};

const opossum = () => new CircuitBreaker((action) => action(), cheapest);

async function openOpossum() {
	const breaker = opossum();
	while (!breaker.opened) await breaker.fire(failing).catch(() => {});
	return breaker;
}

const policy = (breaker) => circuitBreaker(handleAll, { halfOpenAfter: 3600e3, breaker });
const consecutive = () => policy(new ConsecutiveBreaker(5));
const sampling = () => policy(new SamplingBreaker({ threshold: 0.5, duration: 10e3, minimumRps: 1 }));

const opened = (make) => async () => {
	const breaker = make();
	while (breaker.state === CircuitState.Closed) await breaker.execute(failing).catch(() => {});
	return breaker;
};

const contenders = [
	["limiter", "RateLimiter", "accept", "yes", () => limiterOf(1e12, 1000), removing(true)],
	["limiter", "RateLimiter", "refuse", "yes", () => usedUp(limiterOf(1, 86400e3)), removing(false)],
	["limiter", "TokenBucket", "accept", "yes", () => bucketOf(1e12, 1000), removing(true)],
	["limiter", "TokenBucket", "refuse", "yes", () => usedUp(bucketOf(1, 86400e3)), removing(false)],
	["opossum", "fire, fewest statistics", "closed", "yes", opossum, passing("fire")],
	["opossum", "fire, fewest statistics", "open", "yes", openOpossum, refused("fire")],
	["cockatiel", "execute, consecutive", "closed", "no", consecutive, passing("execute")],
	["cockatiel", "execute, consecutive", "open", "yes", opened(consecutive), refused("execute")],
	["cockatiel", "execute, sampling", "closed", "yes", sampling, passing("execute")],
	["cockatiel", "execute, sampling", "open", "yes", opened(sampling), refused("execute")],
];

function heap() {
	globalThis.gc();
	globalThis.gc();
	return process.memoryUsage().heapUsed;
}

async function bytesOf(make) {
	const many = 200;
	const kept = [];
	const sizes = [];
	for (let round = 0; round < 4; round++) {
		const before = heap();
		for (let i = 0; i < many; i++) kept.push(await make());
		sizes.push(Math.round((heap() - before) / many));
	}
	return sizes.slice(1).sort((a, b) => a - b)[1]; // the first compiled the code
}

async function garbageOf(run, object) {
	const calls = 5000;
	await run(object, calls);
	globalThis.gc();
	const before = process.memoryUsage().heapUsed;
	await run(object, calls);
	const bytes = Math.round((process.memoryUsage().heapUsed - before) / calls);
	return bytes < 0 ? "-" : bytes < 2 ? 0 : bytes;
}

async function timeOf(run, object, outcome) {
	let wrong = 0;
	const callFor = async (ms) => {
		const begin = process.hrtime.bigint();
		for (let calls = 0; ; ) {
			wrong += BATCH - (await run(object, BATCH));
			calls += BATCH;
			const ns = Number(process.hrtime.bigint() - begin);
			if (ns >= ms * 1e6) return ns / calls;
		}
	};
	await callFor(2 * MS); // the optimising compiler comes late
	const ns = await callFor(MS);
	if (wrong !== 0) throw new Error(`${wrong} calls did not come to: ${outcome}`);
	return ns.toFixed(2);
}

function inAnother(flags, what, i) {
	const args = ["--expose-gc", ...flags, process.argv[1], what, i];
	const { status, stdout } = spawnSync(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });
	if (status !== 0) process.exitCode = 1;
	return status === 0 ? stdout.trim() : undefined;
}

function measure([library, mode, outcome, clock], i) {
	const timed = inAnother([], "time", i);
	const garbage = inAnother(["--min-semi-space-size=128", "--max-semi-space-size=128"], "garbage", i);
	if (timed === undefined || garbage === undefined) return;
	console.log(["Node", library, version(library), mode, outcome, 1, timed, garbage, clock].join("\t"));
}

const [, , what, which] = process.argv;
if (what === undefined) {
	contenders.forEach(measure);
} else {
	const [, , outcome, , make, run] = contenders[which];
	const object = await make();
	if (what === "time") console.log(`${await timeOf(run, object, outcome)}\t${await bytesOf(make)}`);
	else console.log(await garbageOf(run, object));
	process.exit();
}
