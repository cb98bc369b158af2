#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	package.sh B
#
# Makes rheo-VERSION-1.src.rock from what run.sh has generated, and installs it
# into an empty tree. Called by run.sh.
set -eu
B=$1
here=examples/ffi/lua
out=$B/ffi/lua
work=$out/package
version=$(sed -n 's/^#define RHEO_VERSION_[A-Z]* \([0-9]*\)/\1/p' include/rheo/version.h | paste -sd.)

${MAKE:-make} -s amalgamation B="$B"
rm -rf "$work"
mkdir -p "$work/rheo-$version/rheo" "$work/rheo-$version/doc" "$work/home"
cp "$B/amalgamation/rheo.c" "$B/amalgamation/rheo.h" $here/rheo.lua LICENSE "$work/rheo-$version/"
cp $here/rheo/*.lua "$out/rheo/generated.lua" "$work/rheo-$version/rheo/"
cp $here/README.md LICENSE "$work/rheo-$version/doc/"
sed "s/@VERSION@/$version/" $here/rheo.rockspec.in > "$work/rheo-$version-1.rockspec"
smoke=$PWD/$here/tests/smoke.lua

# Nothing of this machine's: no library beside the rock, no settings but the system's.
unset RHEO_LIBRARY LD_LIBRARY_PATH LUA_PATH LUA_CPATH LUA_INIT || true
export HOME="$work/home"
cd "$work"
tar -czf "rheo-$version.tar.gz" "rheo-$version"
# What `luarocks pack` makes where the sources can be fetched from the place the rockspec names.
zip -q "rheo-$version-1.src.rock" "rheo-$version-1.rockspec" "rheo-$version.tar.gz"
luarocks --lua-version 5.1 --tree "$work/tree" install "$work/rheo-$version-1.src.rock"
cd "$work/home"
LUA_PATH="$work/tree/share/lua/5.1/?.lua" LUA_CPATH="$work/tree/lib/lua/5.1/?.so" luajit "$smoke" "$work/tree"
