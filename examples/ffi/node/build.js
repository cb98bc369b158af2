// SPDX-License-Identifier: BSD-2-Clause
"use strict";

// Compiles the addon: node build.js, as npm install does. CC and CFLAGS are heeded. In the package
// the C library is in native/; RHEO_LINK names a folder with another librheo to link with instead,
// RHEO_INCLUDE the one of its headers.

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const { CC = "cc", CFLAGS = "-O2", RHEO_LINK, RHEO_INCLUDE } = process.env;
const native = path.join(__dirname, "native");
const words = (text) => text.split(/\s+/).filter(Boolean);

const args = [
	"-std=c11",
	"-D_DEFAULT_SOURCE",
	"-fPIC",
	"-fvisibility=hidden",
	...words(CFLAGS),
	...(process.platform === "darwin" ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared", "-Wl,-Bsymbolic"]),
	path.join(native, "addon.c"),
	...(RHEO_LINK === undefined
		? ["-DRHEO_NO_CK", `-I${native}`, path.join(native, "rheo", "rheo.c")]
		: [`-I${RHEO_INCLUDE}`, `-L${RHEO_LINK}`, `-Wl,-rpath,${RHEO_LINK}`, "-lrheo"]),
	"-o",
];

function fail(message) {
	console.error(`rheo: ${message}`);
	process.exit(1);
}

const target = path.join(__dirname, "rheo.node");
const made = `${target}.${process.pid}`;
const [cc, ...first] = words(CC);
const { error, status } = spawnSync(cc, [...first, ...args, made], { stdio: "inherit" });

if (error?.code === "ENOENT") {
	fail(
		`there is no C compiler "${cc}" to make the addon with. On Debian: apt-get install gcc libc6-dev; ` +
			"or set CC. Without one: npm install --ignore-scripts rheo koffi, and an installed librheo.",
	);
}
if (error !== undefined) fail(error.message);
if (status !== 0) fail(`${cc} could not make the addon (its messages are above)`);
fs.renameSync(made, target);
