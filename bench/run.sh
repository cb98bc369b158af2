#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	run.sh PROGRAM OUT
#
# Runs a program of benchmarks: many short repetitions, of all cases in turn, so
# that a busy moment spoils a little of each and the minima stand. As many as fit
# BENCH_SECONDS, or BENCH_REPETITIONS. OUT.list, OUT.csv, OUT.json.
set -eu

"$1" --benchmark_list_tests > "$2.list"
least=${BENCH_MIN_TIME:-0.005}
repetitions=${BENCH_REPETITIONS:-$(awk -v s="${BENCH_SECONDS:-30}" -v t="$least" \
	'END { n = int(s / (NR * t * 1.5)); print n < 3 ? 3 : n }' "$2.list")}
echo "$(wc -l < "$2.list") cases by threads, $repetitions repetitions of $least s each" >&2
"$1" --benchmark_min_time="$least" --benchmark_repetitions="$repetitions" --benchmark_format=csv \
	--benchmark_enable_random_interleaving=true --benchmark_out="$2.json" --benchmark_out_format=json \
	> "$2.csv" 2> "$2.log" || { cat "$2.log" >&2; exit 1; }
