// SPDX-License-Identifier: BSD-2-Clause
"use strict";

const assert = require("node:assert/strict");
const { once } = require("node:events");
const http = require("node:http");
const { test } = require("node:test");
const { setTimeout: later } = require("node:timers/promises");
const { Breaker, Bucket, Guard, FAILURE, OPEN, limit } = require("rheo");

/** A server whose handler is behind limit(); get(path) asks it. */
async function serve(t, guard, options, handler) {
	const limited = limit(guard, options);
	const server = http.createServer((req, res) => {
		try {
			limited(req, res, () => handler(req, res));
		} catch {
			res.statusCode = 500;
			res.end();
		}
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	t.after(() => server.closeAllConnections() ?? server.close());
	const get = async (path, more) => {
		const answer = await fetch(`http://127.0.0.1:${server.address().port}${path}`, more);
		return { status: answer.status, headers: answer.headers, body: await answer.text() };
	};
	return get;
}
const fields = ({ status, headers }) =>
	["ratelimit", "ratelimit-policy", "retry-after"].map((name) => headers.get(name)).concat(status);
const slow = () => new Bucket({ rate: 1, periodNs: 10e9, burst: 2 });
const says = (status) => (req, res) => {
	res.statusCode = status;
	res.end("own");
};
async function until(holds) {
	for (let i = 0; i < 200 && !holds(); i++) await later(5);
	assert.ok(holds());
}

test("what passes is told how much is left, what does not when to come back", async (t) => {
	const get = await serve(t, new Guard({ buckets: [slow()] }), {}, says(200));
	assert.deepEqual(fields(await get("/")), ['"default";r=1;t=10', '"default";q=2;w=20', null, 200]);
	assert.deepEqual(fields(await get("/")), ['"default";r=0;t=10', '"default";q=2;w=20', null, 200]);
	const refused = await get("/");
	assert.deepEqual(fields(refused), ['"default";r=0;t=10', '"default";q=2;w=20', "10", 429]);
	assert.equal(refused.headers.get("content-type"), "application/problem+json");
	assert.equal(JSON.parse(refused.body).status, 429);
});

test("costs, names and an answer of one's own", async (t) => {
	const options = {
		cost: (req) => Number(req.headers["x-cost"]),
		names: ['a "quoted\\ one'],
		refused: (req, res, verdict) => res.end(`no: ${verdict.remaining}`),
	};
	const get = await serve(t, () => guard, options, says(200));
	const guard = new Guard({ buckets: [slow()] });
	const answers = [await get("/", { headers: { "x-cost": "3" } }), await get("/", { headers: { "x-cost": "2" } })];
	assert.deepEqual(fields(answers[0]), ['"a \\"quoted\\\\ one";r=2;t=0', '"a \\"quoted\\\\ one";q=2;w=20', null, 429]);
	assert.equal(answers[0].body, "no: 2");
	assert.equal(answers[1].body, "own");
	assert.throws(() => limit(guard, { names: ["a\r\nb"] }), { field: "names" });
});

test("failing answers open the breaker: 503", async (t) => {
	const breaker = new Breaker({ minimumCalls: 3, openNs: 60e9 });
	let status = 404;
	const get = await serve(t, new Guard({ breaker }), {}, (req, res) => says(status)(req, res));
	assert.deepEqual(fields(await get("/")), [null, null, null, 404]);
	status = 500;
	await get("/");
	await get("/");
	await until(() => breaker.state === OPEN);
	const refused = await get("/");
	assert.deepEqual(fields(refused), [null, null, "60", 503]);
	assert.equal(JSON.parse(refused.body).status, 503);
	const { successes, failures } = breaker.snapshot();
	assert.deepEqual([successes, failures], [1, 2]);
});

test("a handler that throws is a failure", async (t) => {
	const breaker = new Breaker({ minimumCalls: 1 });
	const get = await serve(t, new Guard({ breaker }), {}, () => {
		throw new Error("ill");
	});
	assert.equal((await get("/")).status, 500);
	const { successes, failures } = breaker.snapshot();
	assert.deepEqual([successes, failures], [0, 1]);
});

test("a client that leaves is reported, as ignored or as told", async (t) => {
	for (const [options, wanted] of [
		[{}, [0, 0, 1]],
		[{ abandoned: FAILURE }, [0, 1, 0]],
	]) {
		const breaker = new Breaker({ minimumCalls: 100 });
		const arrived = new EventTarget();
		const get = await serve(t, new Guard({ breaker }), options, (req, res) => {
			res.write("begun");
			arrived.dispatchEvent(new Event("one"));
		});
		const controller = new AbortController();
		const begun = once(arrived, "one");
		const asked = get("/", { signal: controller.signal });
		await begun;
		controller.abort();
		await assert.rejects(asked, { name: "AbortError" });
		const counts = () =>
			Object.values((({ successes, failures, ignored }) => [successes, failures, ignored])(breaker.snapshot()));
		await until(() => counts().some((count) => count > 0));
		assert.deepEqual(counts(), wanted);
	}
});

test("a request whose client has left is not asked for", () => {
	const guard = new Guard({ buckets: [slow()] });
	limit(guard)({}, { destroyed: true }, assert.fail);
	assert.equal(guard.buckets[0].available(), 2);
});
