#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	examples.sh FOLDER
#
# Each example is under 80 lines with its compile line on top, and exits 0 when
# what it shows came about.
set -u
cd "$(dirname "$0")/.."
run=0
for src in examples/*.c; do
	name=$(basename "$src" .c)
	[ "$(wc -l < "$src")" -lt 80 ] || { echo "examples: $src has 80 lines or more" >&2; exit 1; }
	head -n 1 "$src" | grep -q "^/\* cc .*-o $name $name\.c" || { echo "examples: $src does not begin with its compile line" >&2; exit 1; }
	out=$("$1/$name" 2>&1) || { printf '%s\nexamples: %s failed\n' "$out" "$name" >&2; exit 1; }
	run=$((run + 1))
done
echo "examples: $run compiled, run, and came out as they should"
[ "$run" -ge 6 ]
