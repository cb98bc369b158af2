#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	install.sh FOLDER
#
# Installs to a folder of its own, builds a user's program outside the tree
# against the installed copy through pkg-config, in C and C++, shared and
# static, runs it, installs again under DESTDIR, and takes everything out again.
set -eu
cd "$(dirname "$0")/../.."
src=$PWD
rm -rf "$1"
mkdir -p "$1"
root=$(cd "$1" && pwd)
prefix=$root/prefix
programs=0

${MAKE:-make} -s install PREFIX="$prefix" > /dev/null
mkdir "$root/user"
cp tests/abi/user.c "$root/user/"
awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' README.md > "$root/user/hello.c"
cd "$root/user"
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
flags=$(pkg-config --cflags rheo)
shared=$(pkg-config --libs rheo)
static=$(pkg-config --static --libs rheo)

run() { # name, how it was built
	out=$(LD_LIBRARY_PATH="$prefix/lib" "./$1") || { echo "install: $2: $out" >&2; exit 1; }
	programs=$((programs + 1))
}

for cc in gcc clang; do
	command -v $cc > /dev/null || { echo "install: SKIPPED $cc, which is not installed"; continue; }
	$cc -std=c11 -Wall -Wextra -Werror $flags user.c $shared -o c-shared
	run c-shared "$cc, shared"
	$cc -std=c11 $flags user.c "$prefix/lib/librheo.a" -o c-archive
	run c-archive "$cc, archive"
	$cc -std=c11 -static $flags user.c $static -o c-static
	run c-static "$cc, all static"
	$cc -std=c11 hello.c $flags $shared -o hello-shared
	run hello-shared "README's program, $cc, shared"
	$cc -std=c11 -static hello.c $flags $static -o hello-static
	run hello-static "README's program, $cc, static"
done
for cxx in g++ clang++; do
	command -v $cxx > /dev/null || { echo "install: SKIPPED $cxx, which is not installed"; continue; }
	$cxx -std=c++17 -x c++ -Wall -Wextra -Werror $flags user.c -x none $shared -o cxx-shared
	run cxx-shared "$cxx, shared"
	$cxx -std=c++17 -x c++ $flags user.c -x none "$prefix/lib/librheo.a" -o cxx-archive
	run cxx-archive "$cxx, archive"
done
# The shared program really uses the shared library, by its versioned name.
readelf -d c-shared | grep -q 'NEEDED.*librheo\.so\.[0-9]' || { echo "install: c-shared does not need librheo.so.N" >&2; exit 1; }
[ "$(pkg-config --modversion rheo)" = "$("./c-archive" | awk '{ print $2 }')" ] || { echo "install: versions differ" >&2; exit 1; }

cd "$src"
${MAKE:-make} -s uninstall PREFIX="$prefix" > /dev/null
left=$(find "$prefix" -type f -o -type l | wc -l)
[ "$left" -eq 0 ] || { echo "install: uninstall left $left files" >&2; exit 1; }
${MAKE:-make} -s install DESTDIR="$root/dest" PREFIX=/usr > /dev/null
[ -f "$root/dest/usr/lib/librheo.a" ] && grep -q '^prefix=/usr$' "$root/dest/usr/lib/pkgconfig/rheo.pc"
echo "install: $programs programs built outside the tree and run; uninstall left nothing"
[ "$programs" -gt 0 ]
