// SPDX-License-Identifier: BSD-2-Clause
"use strict";

// A limiter in front of a function, and a guard in front of a server: node example.js

const http = require("node:http");
const { Breaker, Bucket, Guard, RateLimited, limit } = require("rheo");

const bucket = new Bucket({ rate: 100, burst: 5 }); // 100 a second, 5 at once

function greet(name) {
	bucket.acquire();
	return `hello, ${name}`;
}

for (let i = 0; i < 8; i++) {
	try {
		console.log(greet(i));
	} catch (error) {
		if (!(error instanceof RateLimited)) throw error;
		console.log(`retry after ${(error.retryAfterNs / 1e6).toFixed(1)} ms`);
	}
}

const guard = new Guard({ breaker: new Breaker({ minimumCalls: 4 }), buckets: [new Bucket({ rate: 10, burst: 6 })] });
const limited = limit(guard);
const server = http.createServer((req, res) => {
	limited(req, res, () => {
		res.statusCode = req.url === "/ill" ? 500 : 200;
		res.end();
	});
});

server.listen(0, "127.0.0.1", async () => {
	for (const path of ["/", "/", "/ill", "/ill", "/"]) {
		const { status, headers } = await fetch(`http://127.0.0.1:${server.address().port}${path}`);
		console.log(path, status, headers.get("ratelimit") ?? `retry after ${headers.get("retry-after")} s`);
	}
	server.closeAllConnections();
	server.close();
});
