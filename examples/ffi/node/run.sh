#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	run.sh test|package|bench
#
# NODE, NPM: others than those on PATH. All that is made is in $B/ffi/node.
set -eu
cd "$(dirname "$0")/../../.."
B=${B:-$PWD/build}
CC=${CC:-cc}
MAKE=${MAKE:-make}
NODE=${NODE:-node}
NPM=${NPM:-npm}
here=$PWD/examples/ffi/node
out=$B/ffi/node
verb=${1:-test}
mkdir -p "$out"
export CC npm_config_fund=false npm_config_audit=false npm_config_update_notifier=false
unset RHEO_NATIVE RHEO_LIBRARY RHEO_LINK RHEO_INCLUDE NODE_OPTIONS NODE_PATH || :

# modules FOLDER FROM: what FROM's lock file names, fetched by npm once and checked against its hashes.
modules() {
	if ! cmp -s "$2/package-lock.json" "$1/node_modules/.fetched"; then
		mkdir -p "$1"
		cp "$2/package.json" "$2/package-lock.json" "$1"
		(cd "$1" && "$NPM" ci --ignore-scripts --silent)
		cp "$2/package-lock.json" "$1/node_modules/.fetched"
	fi
}

# stage FOLDER: the sources as a package has them.
stage() {
	mkdir -p "$1/lib" "$1/native"
	cp "$here"/*.js "$here"/*.d.ts "$here/README.md" LICENSE "$1"
	cp "$here"/lib/*.js "$1/lib"
	cp "$here"/native/*.[ch] "$1/native"
	version=$(sed -n 's/^#define RHEO_VERSION_[A-Z]* \([0-9]*\)/\1/p' include/rheo/version.h | paste -sd. -)
	sed "s/\"version\": \"0.0.0\"/\"version\": \"$version\"/" "$here/package.json" > "$1/package.json"
	/usr/bin/python3 examples/ffi/generate/generate.py node > "$out/generated"
	awk -v folder="$1" '/^\/\/ file: / { file = folder "/" $3; printf "" > file; next } { print > file }' "$out/generated"
}
stage_c() {
	"$MAKE" -s --no-print-directory B="$B" amalgamation
	mkdir -p "$1/native/rheo"
	cp "$B/amalgamation/rheo.c" "$B/amalgamation/rheo.h" "$1/native/rheo"
}

# tested: runs all tests; how many passed. FOLDER LOG
tested() {
	status=0
	(cd "$1" && "$NODE" --test --test-reporter=tap test/*.test.js) > "$2" 2>&1 || status=$?
	[ "$status" = 0 ] || { cat "$2"; exit "$status"; }
	passed=$(sed -n 's/^# pass //p' "$2")
	[ "$passed" -gt 40 ]
}

case $verb in
test)
	[ -e "$B/ffi/layout.tsv" ] || "$MAKE" -s --no-print-directory B="$B" ffi-prepare
	modules "$out/modules" "$here"
	stage "$out/src"
	rm -rf "$out/src/test" "$out/src/node_modules"
	cp -r "$here/test" "$out/src/test"
	ln -s "$out/modules/node_modules" "$out/src/node_modules"
	RHEO_LINK=$B RHEO_INCLUDE=$PWD/include CFLAGS="-O2 -Wall -Wextra -Wpedantic -Werror" "$NODE" "$out/src/build.js"
	export RHEO_TEST_CASES="$PWD/examples/ffi/cases.tsv" RHEO_TEST_LAYOUT="$B/ffi/layout.tsv"
	tested "$out/src" "$out/addon.tap"
	addon=$passed
	RHEO_NATIVE=koffi RHEO_LIBRARY=$B/librheo.so
	export RHEO_NATIVE RHEO_LIBRARY
	tested "$out/src" "$out/koffi.tap"
	koffi=$passed
	unset RHEO_NATIVE RHEO_LIBRARY
	(cd "$out/src" && "$NODE" node_modules/typescript/bin/tsc --project test)
	"$NODE" "$out/src/example.js"
	cases=$(grep -c '^[^#]' "$RHEO_TEST_CASES")
	layouts=$(wc -l < "$RHEO_TEST_LAYOUT")
	echo "node: $addon tests by the addon, $koffi by koffi, $cases cases, $layouts layouts: all as in C; types checked"
	;;
package)
	rm -rf "$out/package"
	stage "$out/package/source"
	stage_c "$out/package/source"
	(cd "$out/package/source" && "$NPM" pack --silent --pack-destination ..)
	mkdir "$out/package/empty"
	(
		cd "$out/package/empty"
		echo '{ "name": "empty", "private": true }' > package.json
		"$NPM" install --offline --no-package-lock ../rheo-*.tgz
		cp "$here"/test/smoke.* .
		"$NODE" smoke.js
		"$NODE" smoke.mjs
		! CC=no-such-compiler "$NODE" node_modules/rheo/build.js 2> told
		grep -q "no C compiler" told
	)
	# shellcheck disable=SC2012 # a name of our own making
	echo "node: $(cd "$out/package" && ls ./*.tgz), $(wc -c < "$(ls "$out"/package/*.tgz)") bytes, installed into an empty project, smoke test passed"
	;;
bench)
	modules "$out/modules" "$here"
	modules "$out/bench" "$here/bench"
	stage "$out/bench/node_modules/rheo"
	stage_c "$out/bench/node_modules/rheo"
	"$NODE" "$out/bench/node_modules/rheo/build.js"
	ln -sfn "$out/modules/node_modules/koffi" "$out/modules/node_modules/@koromix" "$out/bench/node_modules"
	cp "$here/bench/bench.js" "$out/bench"
	"$NODE" "$out/bench/bench.js"
	RHEO_NATIVE=koffi RHEO_LIBRARY=$B/librheo.so "$NODE" "$out/bench/bench.js"
	;;
*)
	echo "run.sh: test, package or bench" >&2
	exit 2
	;;
esac
