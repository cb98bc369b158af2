#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	cmake.sh FOLDER
#
# A user's CMake project against an installed copy that was moved elsewhere:
# both targets, in C and C++; what must not be found is not; uninstall takes
# all out again.
set -eu
cd "$(dirname "$0")/../.."
if ! command -v cmake > /dev/null; then
	echo "cmake: SKIPPED, cmake is not installed"
	exit 0
fi
src=$PWD
rm -rf "$1"
mkdir -p "$1/user"
root=$(cd "$1" && pwd)
programs=0
refused=0
cmake() { env -u MAKE -u MAKEFLAGS -u MFLAGS cmake "$@"; } # the make it runs is another
fail() { echo "cmake: $*" >&2; exit 1; }

cp tests/abi/user.c tests/abi/cmake/CMakeLists.txt "$root/user/"
cp tests/abi/user.c "$root/user/user.cc"

# Two places, one of them as deep as Debian's.
for lib in lib lib/some-machine; do
	prefix=$root/first
	${MAKE:-make} -s install PREFIX="$prefix" LIBDIR="$prefix/$lib" > /dev/null
	rm -rf "$root/moved"
	cp -R "$prefix" "$root/moved"
	${MAKE:-make} -s uninstall PREFIX="$prefix" LIBDIR="$prefix/$lib" > /dev/null
	left=$(find "$prefix" -type f -o -type l | wc -l)
	[ "$left" -eq 0 ] || fail "uninstall left $left files"
	[ ! -e "$prefix/$lib/cmake/rheo" ] || fail "uninstall left the folder of CMake's files"
	rm -rf "$prefix"

	version=$(sed -n 's/^Version: //p' "$root/moved/$lib/pkgconfig/rheo.pc")
	rm -rf "$root/build"
	cmake -S "$root/user" -B "$root/build" -Drheo_DIR="$root/moved/$lib/cmake/rheo" -DWANTED="${version%.*}" > "$root/log" 2>&1 ||
		{ cat "$root/log" >&2; fail "the project does not configure"; }
	grep -qx -- "-- rheo $version" "$root/log" || fail "rheo_VERSION is not $version"
	cmake --build "$root/build" > "$root/log" 2>&1 || { cat "$root/log" >&2; fail "the project does not build"; }
	grep -qF "$root/first" -r "$root/build" --include='*.make' --include='*.txt' && fail "$root/first was moved, and is still named"
	for program in shared archive shared-cxx archive-cxx; do
		out=$("$root/build/$program") || fail "$program: $out"
		programs=$((programs + 1))
	done
	for kind in shared shared-cxx; do
		readelf -d "$root/build/$kind" | grep -q 'NEEDED.*librheo\.so\.[0-9]*\]' || fail "$kind does not need librheo.so.N"
	done
	for kind in archive archive-cxx; do
		readelf -d "$root/build/$kind" | grep -q 'NEEDED.*librheo' && fail "$kind needs the shared library"
	done
done
cd "$root"

# asks what the words after find_package(rheo find; the first word says whether it is to be
ask() {
	expected=$1
	shift
	mkdir -p "$root/ask"
	printf 'cmake_minimum_required(VERSION 3.13)\nproject(ask %s)\nfind_package(rheo %s)\n%s\n' "${languages:-NONE}" "$*" \
		'file(WRITE "${CMAKE_BINARY_DIR}/answer" "${rheo_FOUND}\n")' > "$root/ask/CMakeLists.txt"
	rm -rf "$root/ask/b"
	cmake -S "$root/ask" -B "$root/ask/b" -Drheo_DIR="$root/moved/lib/some-machine/cmake/rheo" > "$root/log" 2>&1 ||
		{ cat "$root/log" >&2; fail "find_package(rheo $*)"; }
	case $(cat "$root/ask/b/answer") in 1 | TRUE) found=yes ;; *) found=no ;; esac
	[ "$found" = "$expected" ] || { cat "$root/log" >&2; fail "find_package(rheo $*): found: $found, expected: $expected"; }
	[ "$expected" = yes ] || refused=$((refused + 1))
}

major=${version%%.*}
minor=${version#*.}
minor=${minor%.*}
patch=${version##*.}
ask yes
ask yes "$version"
ask yes "$version EXACT"
ask yes "$major.0.0"
ask no "$major.$minor.$((patch + 1))"
ask no "$major.$((minor + 1))"
ask no "$((major + 1))"
ask no "$major.$minor.$((patch + 1)) EXACT"
ask no "COMPONENTS lanes"
ask yes "OPTIONAL_COMPONENTS lanes"
if printf 'if(CMAKE_VERSION VERSION_LESS 3.19)\nmessage(FATAL_ERROR "")\nendif()\n' > "$root/range.cmake" &&
	cmake -P "$root/range.cmake" 2> /dev/null; then
	ask yes "$major.0...<$((major + 1))"
	ask yes "$version...$version"
	ask no "$major.0...<$version"
	ask no "$major.$((minor + 1))...<$((major + 1))"
fi

# The same of another major version, and of another machine.
file=$root/moved/lib/some-machine/cmake/rheo/rheoConfigVersion.cmake
cp "$file" "$root/whole"
sed "s/\"$version\"/\"$((major + 1)).2.0\"/; s/EQUAL \"$major\"/EQUAL \"$((major + 1))\"/" "$root/whole" > "$file"
ask yes "$((major + 1)).1"
ask no "$version"
sed 's/EQUAL "[48]")/EQUAL "2")/' "$root/whole" > "$file"
languages=C ask no "$version"
cp "$root/whole" "$file"
rm "$root/moved/lib/some-machine/librheo.a"
ask no "$version"
grep -q 'is not installed whole' "$root/log" || fail "it is not said that librheo.a is missing"

cd "$src"
echo "cmake: $programs programs built against a moved copy and run; $refused requests refused, as they must be; uninstall left nothing"
