// SPDX-License-Identifier: BSD-2-Clause
"use strict";

const { RheoError, Refused } = require("./lib/errors");
const { backend, statusName, statusText, stateName, modeName, causeName, nowNs } = require("./lib/native");
const { mapFile } = require("./lib/memory");
const { Bucket } = require("./lib/bucket");
const { Breaker } = require("./lib/breaker");
const { Guard } = require("./lib/guard");
const { Counter } = require("./lib/counter");
const { limit } = require("./lib/http");

module.exports = {
	...require("./lib/constants"),
	RheoError,
	Refused,
	Bucket,
	Breaker,
	Guard,
	Counter,
	limit,
	mapFile,
	nowNs,
	backend,
	statusName,
	statusText,
	stateName,
	modeName,
	causeName,
};
