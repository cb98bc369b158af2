// SPDX-License-Identifier: BSD-2-Clause
"use strict";

// Every line of layout.tsv: RHEO_TEST_LAYOUT names the file. And what C writes is read from there.

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const { Breaker, Bucket, Guard } = require("rheo");

const root = path.dirname(require.resolve("rheo"));
const { structs } = require(path.join(root, "lib/layout"));
const { getFields } = require(path.join(root, "lib/box"));

const lines = fs.readFileSync(process.env.RHEO_TEST_LAYOUT, "utf8").trimEnd().split("\n");

test(`each of the ${lines.length} offsets and sizes is as in C`, () => {
	assert.ok(lines.length > 100);
	const seen = [];
	for (const [name, { size, fields }] of Object.entries(structs)) {
		seen.push(`rheo_${name}_t\t\t0\t${size}`);
		for (const [, offset, bytes, , , field] of fields) seen.push(`rheo_${name}_t\t${field}\t${offset}\t${bytes}`);
	}
	assert.deepEqual(seen.sort(), lines.sort());
});

test("a verdict is read by straight code and by the layout alike", () => {
	const guard = new Guard({ breaker: new Breaker(), buckets: [new Bucket({ rate: 3, burst: 2 ** 40 })] });
	for (const cost of [1, 2 ** 39, 2 ** 40]) {
		const verdict = guard.tryAcquire(cost);
		const { permit, ...fields } = getFields("verdict");
		assert.deepEqual({ ...verdict }, fields);
		assert.equal(Number(verdict.bits), permit);
	}
});

test("settings come back as they were given", () => {
	const bucket = { rate: 7, periodNs: 11n ** 9n, burst: 2 ** 33, maxDebt: 5, lanes: 1, counterLanes: 2, flags: 1 };
	assert.deepEqual(new Bucket(bucket).config(), { ...bucket, periodNs: 11 ** 9 });
	const breaker = {
		flags: 1,
		failureRateBp: 1234,
		slowCallRateBp: 2345,
		slowCallNs: 2 ** 40,
		consecutiveFailures: 3,
		minimumCalls: 4,
		windowNs: 6e9,
		windowSlices: 6,
		windowCalls: 0,
		openNs: 7e9,
		openMaxNs: 8e9,
		openBackoffBp: 9,
		openJitterBp: 10,
		jitterSeed: 11,
		halfOpenCalls: 12,
		halfOpenSuccesses: 11,
		halfOpenFailures: 10,
		lanes: 2,
		probeTimeoutNs: 15e9,
	};
	assert.deepEqual(new Breaker(breaker).config(), breaker);
});

test("the calls of Node-API are declared as in node_api.h", () => {
	const include = path.join(root, "node_modules", "node-api-headers", "include");
	assert.ok(fs.existsSync(path.join(include, "node_api.h")), "npm ci");
	const source = "#include <node_api.h>\n#include <node_calls.h>\n";
	const args = ["-std=c11", "-Werror", "-fsyntax-only", `-I${include}`, `-I${path.join(root, "native")}`, "-xc", "-"];
	const { status, stderr } = spawnSync(process.env.CC ?? "cc", args, { input: source, encoding: "utf8" });
	assert.equal(status, 0, stderr);
});
