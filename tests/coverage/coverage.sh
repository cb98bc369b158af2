#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Runs the programs that coverage.mk built in the folder given, merges what they
# reached, and compares it with unreached.txt.
set -u
dir=$1
log=$dir/run.log
# gcov leaves these in the folder it runs in, should it be interrupted.
trap 'rm -f ./*.gcov' EXIT
trap 'exit 1' INT TERM
find "$dir" -name '*.gcda' -exec rm -f {} +
# What was compiled from a file that is gone.
find "$dir" -name '*.gcno' | while read -r notes; do
	file=${notes#"$dir"/}
	case $file in
	tests/*) file=${file%.gcno}.c ;;
	*) file=lib/${file#*/} && file=${file%.gcno}.c ;;
	esac
	[ -e "$file" ] || rm -f "$notes"
done
: > "$log"

# Not branches of the library's: injection points; an asm goto, whose two ways out are lines of their own.
not_ours='.*RHEO_INJECT\(.*|\tRH_OWN_RUN\(.*'

run() { # command: its output matters only if it fails
	"$@" >> "$log" 2>&1 && return
	tail -n 20 "$log"
	echo "coverage: $* failed"
	exit 1
}

run sh tests/unit/run.sh "$dir/unit"
# Where nobody has a CPU of his own (port/own.h).
run env GLIBC_TUNABLES=glibc.pthread.rseq=0 sh tests/unit/run.sh "$dir/unit"
for variant in property property-narrow property-portable; do
	run "$dir/$variant" "$HISTORIES"
done
# All but the suite of exactness over millions of calls, which would be most of the time.
mkdir -p "$dir/cases"
cp tests/conformance/cases/breaker.json "$dir/cases"
run python3 -c 'import json, sys
cases = json.load(open(sys.argv[1]))
cases["suites"] = [s for s in cases["suites"] if not s["id"].startswith("strict")]
json.dump(cases, open(sys.argv[2], "w"))' tests/conformance/cases/limiter.json "$dir/cases/limiter.json"
run "$dir/conformance" "$dir/cases"
run "$dir/neighbour"
for program in "$dir"/*_torture; do
	run "$program" "$STEPS"
done
# One tracefile a build: gcovr asks a function to be on the same line in all that it merges.
for build in lib narrow portable; do
	run gcovr --root . --object-directory "$dir" --filter lib/ --exclude-unreachable-branches --exclude-throw-branches \
		--exclude-branches-by-pattern "$not_ours" --json "$dir/$build.json" "$dir/$build" \
		$([ "$build" = lib ] && echo "$dir/tests")
done
check() { # list, builds
	list=$1
	shift
	python3 tests/coverage/check.py "$list" $(for build in "$@"; do echo "$dir/$build.json"; done)
}

# That it can fail: on what one build alone does not reach, and on an entry for what is reached.
check tests/coverage/unreached.txt portable > /dev/null
[ $? -eq 3 ] || { echo "coverage: an unreached branch is not noticed"; exit 1; }
printf 'lib/base/wide.h rh_less128 0: return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo;\n\tno reason\n' |
	cat tests/coverage/unreached.txt - > "$dir/stale.txt"
check "$dir/stale.txt" lib narrow portable > "$dir/stale.out"
grep -q 'listed, but reached.*rh_less128' "$dir/stale.out" || { echo "coverage: a stale entry is not noticed"; exit 1; }
check tests/coverage/unreached.txt lib narrow portable
