#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	keep.sh DIRECTORY TARGET...
#
# Makes the committed corpora anew: of what is in them and what fuzzing has put
# into DIRECTORY/new, the inputs that together reach every edge of the code, and
# by a size that keeps a corpus readable. Lines with a comment stay as they are.
set -eu
export ASAN_OPTIONS="detect_leaks=0:quarantine_size_mb=16:${ASAN_OPTIONS:-}"
dir=$1
shift
[ -n "${ENGINE:-}" ] || { echo "fuzz-keep: SKIPPED, it needs libFuzzer (clang, libclang-rt-14-dev)"; exit 0; }
for t in "$@"; do
	table=tests/fuzz/corpus/$t.hex
	work=$dir/keep/$t
	rm -rf "$work"
	mkdir -p "$work/named" "$work/all" "$work/kept" "$dir/new/$t"
	grep '#' "$table" > "$work/table" || true
	"$dir/pack" "$work/table" "$work/named"
	"$dir/pack" "$table" "$work/all"
	# Named ones first, so that nothing is kept for what they reach.
	"$dir/$t" -merge=1 -use_counters=0 -max_len="${KEEP_MAX:-200}" -detect_leaks=0 "$work/named" \
		"$work/all" "$dir/new/$t" > "$dir/$t.keep.log" 2>&1
	"$dir/pack" "$work/table" "$work/kept"
	for f in "$work/named"/*; do
		[ -e "$work/kept/$(basename "$f")" ] || "$dir/pack" -t "$f"
	done | sort > "$work/rest"
	cat "$work/table" "$work/rest" > "$table"
	echo "fuzz-keep: $t: $(grep -c '^[0-9a-f]' "$table") inputs, $(wc -c < "$table") bytes"
done
