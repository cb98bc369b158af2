#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	run.sh DIRECTORY TARGET...
#
# Runs fuzz targets built in DIRECTORY over their committed corpora, then for
# RUNS inputs or SECONDS_EACH of libFuzzer's making, from SEED. In the latter
# case what is new goes to DIRECTORY/new and is gone on from; with RUNS nothing
# but the corpus and SEED matter. What fails goes to DIRECTORY/failed, and the
# command that replays it is printed.
set -u
export ASAN_OPTIONS="detect_leaks=0:quarantine_size_mb=16:${ASAN_OPTIONS:-}"
dir=$1
shift
failed=0
mkdir -p "$dir/failed"

broken() { # target
	failed=1
	again=""
	if [ "$1" = neighbour ]; then # how its threads meet is not in the input
		again="-n 1000 "
		[ -n "${ENGINE:-}" ] && again="-runs=1000 "
	fi
	grep -E 'BROKEN|ERROR: AddressSanitizer|runtime error|ERROR: libFuzzer' "$dir/$1.log" | head -n 3
	grep -E '^ +#[0-9]+ .* (rh|rheo)_' "$dir/$1.log" | head -n 6
	input=$(sed -n 's/.*Test unit written to //p' "$dir/$1.log" | tail -n 1)
	echo "fuzz: $1: replay with: $dir/$1 $again${input:-tests/fuzz/corpus/$1.hex}"
	[ -z "$input" ] || "$dir/pack" -t "$input" | sed "s|^|fuzz: $1: for tests/fuzz/corpus/$1.hex: |"
}

for t in "$@"; do
	table=tests/fuzz/corpus/$t.hex
	lines=$(grep -c '^[0-9a-f]' "$table")
	if [ -z "${ENGINE:-}" ]; then
		if "$dir/$t" "$table" > "$dir/$t.log" 2>&1; then
			echo "fuzz: $t: $lines inputs of the corpus, nothing broken"
		else
			broken "$t"
		fi
		continue
	fi
	rm -rf "$dir/corpus/$t"
	mkdir -p "$dir/corpus/$t"
	"$dir/pack" "$table" "$dir/corpus/$t" || exit 1
	case $t in
	attach) share=4 ;;     # a call on rubbish tries long before it gives up
	neighbour) share=20 ;; # three threads a run
	*) share=1 ;;
	esac
	limit="-runs=$((${RUNS:-0} / share + lines))"
	into=""
	if [ -n "${SECONDS_EACH:-}" ]; then
		limit="-max_total_time=$SECONDS_EACH"
		into=$dir/new/$t
		mkdir -p "$into"
	fi
	if "$dir/$t" -seed="$SEED" "$limit" -max_len=1024 -len_control=0 -timeout=300 -detect_leaks=0 -print_final_stats=1 \
		-artifact_prefix="$dir/failed/$t-" ${into:+"$into"} "$dir/corpus/$t" > "$dir/$t.log" 2>&1; then
		sed -n "s/^#\([0-9]*\).*DONE *cov: \([0-9]*\).*/fuzz: $t: $lines inputs of the corpus, \1 runs from seed $SEED, \2 edges, nothing broken/p" \
			"$dir/$t.log"
		grep "^$t: " "$dir/$t.log"
	else
		broken "$t"
	fi
done
[ -n "${ENGINE:-}" ] || echo "fuzz: SKIPPED new inputs, no compiler that links libFuzzer (clang, libclang-rt-14-dev); corpora replayed"
exit $failed
