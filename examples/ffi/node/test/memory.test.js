// SPDX-License-Identifier: BSD-2-Clause
"use strict";

const assert = require("node:assert/strict");
const { fork } = require("node:child_process");
const { once } = require("node:events");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { test } = require("node:test");
const { setImmediate: turn } = require("node:timers/promises");
const v8 = require("node:v8");
const vm = require("node:vm");
const { Worker } = require("node:worker_threads");
const rheo = require("rheo");
const { Breaker, Bucket, Counter, Guard } = rheo;

v8.setFlagsFromString("--expose-gc");
const gc = vm.runInNewContext("gc");
const at = { nowNs: 0 };

test("one memory holds several objects, each at a multiple of 128", () => {
	const settings = { rate: 1, burst: 3 };
	const bytes = Bucket.bytes(settings);
	const memory = new SharedArrayBuffer(3 * bytes);
	const made = [0, 1, 2].map((i) => new Bucket(settings, { memory, offset: i * bytes, ...at }));
	made[0].acquire(3, 0);
	made[1].acquire(1, 0);
	const attached = [0, 1, 2].map((i) => Bucket.attach(memory, i * bytes));
	assert.deepEqual(
		attached.map((bucket) => bucket.available(0)),
		[0, 2, 3],
	);
	assert.equal(attached[2].memory, memory);
	assert.equal(
		new Uint8Array(memory).subarray(3 * bytes - 1).every((byte) => byte === 0),
		true,
	);
});

test("what holds no object, or not a whole one, is refused", () => {
	const settings = { rate: 1, burst: 3 };
	const memory = new SharedArrayBuffer(8000);
	new Bucket(settings, { memory });
	assert.throws(() => Bucket.attach(new SharedArrayBuffer(8000)), { name: "Corrupt", code: "ERR_CORRUPT" });
	assert.throws(() => Breaker.attach(memory), { name: "Corrupt" });
	assert.throws(() => Bucket.attach(memory, memory.byteLength), { name: "NoSpace" });
	assert.throws(() => Bucket.attach(memory, 2 ** 52), { name: "NoSpace" });
	assert.throws(() => Bucket.attach(new SharedArrayBuffer(0)), { name: "NoSpace" });
	assert.throws(() => new Bucket(settings, { memory: new SharedArrayBuffer(200) }), { name: "NoSpace", status: -2 });
	for (const wrong of [
		undefined,
		null,
		new ArrayBuffer(2000),
		Buffer.alloc(2000),
		7,
		{},
		Object.create(Object.getPrototypeOf(memory)),
	]) {
		assert.throws(() => Bucket.attach(wrong), { name: "InvalidArgument", field: "memory" });
	}
	for (const offset of [-1, 0.5, NaN, "0", null, 1n]) {
		assert.throws(() => Bucket.attach(memory, offset), { name: "InvalidArgument", field: "offset" });
	}
});

test("methods want an object of their own class", () => {
	const { tryAcquire, stats } = Bucket.prototype;
	for (const wrong of [undefined, {}, Object.create(Bucket.prototype), new Breaker()]) {
		assert.throws(() => tryAcquire.call(wrong), TypeError);
		assert.throws(() => stats.call(wrong), TypeError);
	}
	assert.throws(() => Guard.prototype.tryAcquire.call(new Bucket({ rate: 1, burst: 1 })), TypeError);
});

test("a guard keeps its parts, and lets them go with it", async () => {
	const make = () => {
		const breaker = new Breaker({ minimumCalls: 2 });
		const bucket = new Bucket({ rate: 1, periodNs: 3600e9, burst: 1000 });
		const guard = new Guard({ breaker, buckets: [bucket] });
		return { guard, memories: [new WeakRef(breaker.memory), new WeakRef(bucket.memory)] };
	};
	let made = Array.from({ length: 50 }, make);
	for (let round = 0; round < 10; round++) {
		await turn();
		gc();
		for (let i = 0; i < 50; i++) new Uint8Array(new SharedArrayBuffer(4000)).fill(0xff);
		for (const { guard } of made) guard.acquire().success();
	}
	for (const { guard, memories } of made) {
		assert.equal(guard.tryAcquire(990).admitted, true);
		assert.equal(guard.tryAcquire(1).admitted, false);
		assert.ok(memories.every((memory) => memory.deref() !== undefined));
	}
	const weak = made.flatMap(({ memories }) => memories);
	made = undefined;
	await turn();
	gc();
	assert.ok(weak.filter((memory) => memory.deref() === undefined).length > 90);
});

test("permits and verdicts keep what they are reported to", async () => {
	const permits = Array.from({ length: 50 }, () => [
		new Breaker().acquire(),
		new Guard({ breaker: new Breaker() }).acquire(),
	]).flat();
	await turn();
	gc();
	for (let i = 0; i < 200; i++) new Uint8Array(new SharedArrayBuffer(4000)).fill(0xff);
	for (const permit of permits) assert.equal(permit.success(), true);
});

const worker = (source, workerData) => {
	const head = `const { workerData, parentPort } = require("node:worker_threads"); const rheo = require(workerData.rheo);`;
	return new Worker(`${head}${source}`, { eval: true, workerData: { rheo: require.resolve("rheo"), ...workerData } });
};
const answers = (workers) => Promise.all(workers.map(async (one) => (await once(one, "message"))[0]));

test("threads at once keep the one bound", async () => {
	for (const lanes of [1, 4]) {
		const bucket = new Bucket({ rate: 1e6, burst: 256, lanes, counterLanes: 4 }, at);
		const clock = new SharedArrayBuffer(8);
		const source = `
			const bucket = rheo.Bucket.attach(workerData.memory);
			const clock = new BigUint64Array(workerData.clock);
			let admitted = 0;
			while (true) {
				const now = Atomics.add(clock, 0, 100n);
				if (now > 10000000n) break;
				if (bucket.tryAcquire(1, now)) admitted++;
			}
			parentPort.postMessage(admitted);`;
		const workers = Array.from({ length: 4 }, () => worker(source, { memory: bucket.memory, clock }));
		const admitted = (await answers(workers)).reduce((sum, one) => sum + one);
		const bound = 256 + Math.ceil((1e6 * 1e7) / 1e9);
		assert.ok(admitted <= bound, `${admitted} of ${bound}`);
		assert.ok(admitted > bound / 2, `${admitted} of ${bound}`);
		const { refunded, admitted: counted } = bucket.stats();
		assert.equal(counted - refunded, admitted);
	}
});

test("a worker reports a permit of the main thread, whose breaker opens", async () => {
	const breaker = new Breaker({ minimumCalls: 1 });
	const counter = new Counter({ counts: 2 });
	const permit = breaker.acquire();
	const source = `
		rheo.Counter.attach(workerData.counter).add(1, 2n ** 63n);
		parentPort.postMessage(rheo.Breaker.attach(workerData.memory).permit(workerData.bits).failure());`;
	const [effect] = await answers([
		worker(source, { memory: breaker.memory, counter: counter.memory, bits: permit.bits }),
	]);
	assert.equal(effect, true);
	assert.equal(breaker.state, rheo.OPEN);
	counter.add(1, 5);
	assert.deepEqual([counter.read(0), counter.read(1)], [0n, 2n ** 63n + 5n]);
	assert.throws(() => counter.add(8), { name: "InvalidArgument", field: "index" });
});

test("memory outlives the thread that made it", async () => {
	const [memory] = await answers([
		worker(`parentPort.postMessage(new rheo.Bucket({ rate: 1, burst: 3 }, { nowNs: 0 }).memory)`),
	]);
	await turn();
	gc();
	assert.equal(Bucket.attach(memory).available(0), 3);
});

function folderFor(t) {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rheo-"));
	t.after(() => fs.rmSync(folder, { recursive: true }));
	return folder;
}

const addon = { skip: rheo.backend !== "addon" && "mapFile needs the addon" };

test("processes share a bucket in a mapped file", addon, async (t) => {
	const folder = folderFor(t);
	const file = path.join(folder, "limit");
	const settings = { rate: 1, burst: 1000 };
	const bytes = Bucket.bytes(settings);
	const memory = rheo.mapFile(file, 2 * bytes);
	assert.equal(memory.byteLength, 2 * bytes);
	assert.equal(fs.statSync(file).mode & 0o777, 0o600);
	const bucket = new Bucket(settings, { memory, offset: bytes, ...at });
	const child = path.join(folder, "child.js");
	fs.writeFileSync(
		child,
		`const { Bucket, mapFile } = require(process.argv[2]);
		const bucket = Bucket.attach(mapFile(process.argv[3]), ${bytes});
		let taken = 0;
		while (bucket.tryAcquire(1, 0)) taken++;
		process.send(taken);`,
	);
	const children = [1, 2].map(() => fork(child, [require.resolve("rheo"), file], { execArgv: [] }));
	const taken = await answers(children);
	assert.equal(taken[0] + taken[1], 1000);
	assert.equal(bucket.stats().admitted, 1000);
	assert.equal(bucket.tryAcquire(1, 0), false);
});

test("a mapping lasts as long as what lies in it", addon, async (t) => {
	const folder = folderFor(t);
	const bucketIn = (name) =>
		new Bucket({ rate: 1, burst: 3 }, { memory: rheo.mapFile(path.join(folder, name), 65536), ...at });
	let buckets = Array.from({ length: 20 }, (_, i) => bucketIn(String(i)));
	await turn();
	gc();
	await turn();
	for (const bucket of buckets) bucket.acquire(3, 0);
	const mapped = () =>
		fs
			.readFileSync("/proc/self/maps", "utf8")
			.split("\n")
			.filter((line) => line.includes(folder)).length;
	if (process.platform === "linux") {
		assert.equal(mapped(), 20);
		buckets = undefined;
		for (let i = 0; i < 5 && mapped() > 2; i++) {
			gc();
			await turn();
		}
		assert.ok(mapped() <= 2, `${mapped()} still mapped`);
	}
});

test("a file that cannot be mapped is an error of the system", addon, (t) => {
	const folder = folderFor(t);
	assert.throws(() => rheo.mapFile("/nonexistent/limit", 100), {
		code: "ENOENT",
		syscall: "mmap",
		path: "/nonexistent/limit",
	});
	assert.throws(() => rheo.mapFile(path.join(folder, "not-there")), { code: "ENOENT" });
	assert.throws(() => rheo.mapFile(folder, 100), { code: "EISDIR" });
	for (const wrong of [undefined, 7, "a\0b"]) assert.throws(() => rheo.mapFile(wrong, 100), { field: "path" });
	assert.throws(() => rheo.mapFile("x", -1), { field: "bytes" });
});
