#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	each.sh test|package|bench LANGUAGE...
#
# Runs each language's run.sh and prints its last line; of one that fails, all it
# said. A language that cannot be had here is skipped aloud.
set -u
cd "$(dirname "$0")/../.."
verb=$1
shift
mkdir -p "$B/ffi"
failed=""
[ "$verb" = bench ] && : > "$B/ffi/bench.tsv"
for language in "$@"; do
	log=$B/ffi/$language.$verb.log
	if ! .ci/deps "$language" > "$log" 2>&1; then
		echo "$language: SKIPPED, $(tail -n 1 "$log")"
		continue
	fi
	if ! sh "examples/ffi/$language/run.sh" "$verb" > "$log" 2>&1; then
		cat "$log"
		echo "$language: $verb FAILED"
		failed="$failed $language"
		continue
	fi
	if [ "$verb" = bench ]; then
		grep "^$language	" "$log" | tee -a "$B/ffi/bench.tsv"
	fi
	tail -n 1 "$log"
done
[ -z "$failed" ]
