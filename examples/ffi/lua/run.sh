#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	run.sh test|package|bench
#
# LuaJIT's binding: tested, packed as a rock, measured. B is the build folder.
set -eu
cd "$(dirname "$0")/../../.."
here=examples/ffi/lua
B=${B:-$PWD/build}
out=$B/ffi/lua
mkdir -p "$out/rheo"
/usr/bin/python3 examples/ffi/generate/generate.py lua > "$out/rheo/generated.lua.new"
mv "$out/rheo/generated.lua.new" "$out/rheo/generated.lua"

case $1 in
test | bench)
	export LUA_PATH="$PWD/$here/?.lua;$out/?.lua;;" RHEO_LIBRARY="$B/librheo.so"
	;;
esac

case $1 in
test)
	mkdir -p "$out/tests"
	luajit $here/example.lua > "$out/example.txt"
	luajit $here/tests/run.lua examples/ffi/cases.tsv "$B/ffi/layout.tsv" "$out/tests"
	;;
package) exec sh $here/package.sh "$B" ;;
bench) luajit -O3 $here/bench.lua ;;
*)
	echo "run.sh: test, package or bench" >&2
	exit 2
	;;
esac
