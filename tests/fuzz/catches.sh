#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	catches.sh DIRECTORY
#
# Does each target catch what it is for? The library is copied to DIRECTORY/lib,
# broken there by one edit at a time (broken.txt), and the target run on it:
# over its corpus and, where there is libFuzzer, RUNS inputs in all, or with
# CORPUS=none from nothing. It has to fail. So has sanitize-integer, as a target
# named integer.
set -u
export ASAN_OPTIONS="detect_leaks=0:quarantine_size_mb=16:${ASAN_OPTIONS:-}"
dir=$1
lib=$dir/lib
from=${FUZZ_LIB:-lib}
runs=${RUNS:-2000}
seed=${SEED:-1}
missed=0
caught=0
mkdir -p "$lib" "$dir/log"

refresh() { # file: as it is in lib/, newer than what was built from the broken one
	mkdir -p "$lib/$(dirname "$1")"
	cmp -s "$from/$1" "$lib/$1" || cp "$from/$1" "$lib/$1"
}

for f in $(cd "$from" && ls ./*/*.[ch]); do
	refresh "$f"
done
tab=$(printf '\t')
while IFS="$tab" read -r target file what edit; do
	case $target in '' | '#'*) continue ;; esac
	case " ${ONLY:-$target} " in *" $target "*) ;; *) continue ;; esac
	sed "$edit" "$from/$file" > "$lib/$file"
	if cmp -s "$from/$file" "$lib/$file"; then
		echo "catches: $target: $what: the edit of lib/$file changes nothing any more"
		missed=$((missed + 1))
		continue
	fi
	log=$dir/log/$target.$((caught + missed)).log
	if [ "$target" = integer ]; then
		${MAKE:-make} --no-print-directory B="$dir" FUZZ_LIB="$lib" sanitize-integer > "$log" 2>&1
		how=$(grep -E '(unlisted|stale):' "$log" | head -n 1 | sed 's/sanitize-integer: //' | cut -c 1-90)
		if grep SKIPPED "$log"; then
			:
		elif [ -n "$how" ]; then
			caught=$((caught + 1))
			echo "catches: $target: $what: caught: $how"
		else
			echo "catches: $target: $what: NOT CAUGHT"
			missed=$((missed + 1))
		fi
		refresh "$file"
		continue
	fi
	if ! ${MAKE:-make} --no-print-directory B="$dir" FUZZ_LIB="$lib" "$dir/fuzz/$target" "$dir/fuzz/pack" > "$log" 2>&1; then
		echo "catches: $target: $what: does not compile, see $log"
		missed=$((missed + 1))
		refresh "$file"
		continue
	fi
	rm -rf "$dir/corpus"
	mkdir -p "$dir/corpus"
	[ "${CORPUS:-}" = none ] || "$dir/fuzz/pack" "tests/fuzz/corpus/$target.hex" "$dir/corpus"
	if grep -q fsanitize=fuzzer "$dir/fuzz/flags"; then
		set -- -runs="$runs" -seed="$seed" -max_len=1024 -len_control=0 -timeout=300 -detect_leaks=0 -print_final_stats=1 \
			-artifact_prefix="$dir/log/" "$dir/corpus"
	else
		set -- "tests/fuzz/corpus/$target.hex"
	fi
	# A neighbour's writes race with the calls, so on a busy machine one run may miss: a few more then.
	tries=1
	[ "$target" != neighbour ] || tries=5
	while "$dir/fuzz/$target" "$@" > "$log" 2>&1 && tries=$((tries - 1)) && [ "$tries" -gt 0 ]; do :; done
	if [ "$tries" -eq 0 ]; then
		echo "catches: $target: $what: NOT CAUGHT"
		missed=$((missed + 1))
	else
		caught=$((caught + 1))
		at=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
		how=$(grep -E 'BROKEN|ERROR: AddressSanitizer|runtime error|ERROR: libFuzzer' "$log" | head -n 1 |
			sed 's/.*BROKEN: //; s/==[0-9]*==//; s/ on \(unknown \)*address.*//; s/.*runtime error: //' | cut -c 1-90)
		echo "catches: $target: $what: caught${at:+ at run $at of at most $runs}: $how"
	fi
	refresh "$file"
done < tests/fuzz/broken.txt
echo "catches: $caught caught, $missed missed"
[ "$missed" -eq 0 ]
