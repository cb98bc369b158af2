#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	headers.sh FOLDER
#
# Every public header compiles alone, without a warning, by every compiler that
# is there, as C99 to C23 and C++11 to C++20.
set -u
cd "$(dirname "$0")/../.."
mkdir -p "$1"
compiled=0
faults=0
try() { # compiler, language, standard
	for h in include/rheo/*.h; do
		if printf '#include <%s>\nint rheo_headers_unused(void);\n' "${h#include/}" |
			"$1" -x "$2" -std="$3" -Wall -Wextra -Wpedantic -Werror -Iinclude -c -o "$1.o" - 2> "$1.err"; then
			compiled=$((compiled + 1))
		else
			echo "headers: $h with $1 -std=$3:" >&2
			cat "$1.err" >&2
			faults=1
		fi
	done
}
for cc in gcc clang; do
	command -v $cc > /dev/null || { echo "headers: SKIPPED $cc, which is not installed"; continue; }
	for std in c99 c11 c17 c2x; do try $cc c $std; done
done
for cxx in g++ clang++; do
	command -v $cxx > /dev/null || { echo "headers: SKIPPED $cxx, which is not installed"; continue; }
	for std in c++11 c++14 c++17 c++20; do try $cxx c++ $std; done
done
rm -f gcc.o clang.o g++.o clang++.o gcc.err clang.err g++.err clang++.err
echo "headers: $compiled compilations of $(ls include/rheo/*.h | wc -l) headers, each alone"
[ "$compiled" -gt 0 ] && [ "$faults" -eq 0 ]
