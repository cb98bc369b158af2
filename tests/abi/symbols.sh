#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	symbols.sh ARCHIVE SHARED
#
# Both libraries export exactly what the headers declare, and every function
# that can be misused is in the table of tests/unit/misuse_test.c.
set -u
cd "$(dirname "$0")/../.."
work=$(dirname "$1")/abi
mkdir -p "$work"
faults=0
fault() { echo "symbols: $*" >&2; faults=1; }

grep -hoE '^RHEO_API.*\brheo_[a-z_]+\(' include/rheo/*.h | grep -oE 'rheo_[a-z_]+\(' | tr -d '(' | sort > "$work/declared"
nm -g --defined-only "$1" | awk 'NF == 3 { print $3 }' | sort > "$work/archive"
nm -D --defined-only "$2" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | sort > "$work/shared"
nm -D --defined-only "$2" | awk '$2 !~ /^[TA]$/ { print $3 }' | grep . && fault "$2 exports data"

for of in archive shared; do
	cmp -s "$work/declared" "$work/$of" ||
		fault "the $of library differs from the headers: $(diff "$work/declared" "$work/$of" | grep '^[<>]' | tr '\n' ' ')"
done
for fn in $(grep -vE '_align$|^rheo_(version|version_string|[a-z]+_name|status_text|now_ns)$' "$work/declared"); do
	grep -qE "(BAD|ZERO|FAULT)\($fn\(" tests/unit/misuse_test.c || fault "$fn is not in the table of misuse"
done
n=$(wc -l < "$work/declared")
echo "symbols: $n functions declared, exported by both libraries, nothing else is"
[ "$n" -gt 40 ] && [ "$faults" -eq 0 ]
