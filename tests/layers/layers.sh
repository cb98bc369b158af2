#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The house rules of lib/README.md that a reader of the listing relies on: who
# includes whom, what is included in one place only, what is never called, how
# long a file may be. Prints each breach; exits 1 if there is one.
set -u
cd "$(dirname "$0")/../.."
breaches=0
breach() { echo "layers: $*" >&2; breaches=$((breaches + 1)); }

# room: rooms and public headers it may include
allowed() {
	case $1 in
	base) echo "base rheo/status.h rheo/version.h" ;;
	port) echo "base port rheo/clock.h" ;;
	counter) echo "base port counter rheo/counter.h" ;;
	bucket) echo "base port counter bucket rheo/bucket.h" ;;
	breaker) echo "base port counter breaker rheo/breaker.h" ;;
	guard) echo "base counter rheo/guard.h" ;;
	*) echo "" ;;
	esac
}

checked=0
for f in lib/*/*.[ch]; do
	room=$(echo "$f" | cut -d/ -f2)
	for inc in $(sed -n 's/^#include "\(.*\)"/\1/p' "$f"); do
		checked=$((checked + 1))
		case $inc in
		rheo/*) target=$inc ;;
		../*) target=$(echo "$inc" | cut -d/ -f2) ;;
		*) target=$room ;;
		esac
		case " $(allowed "$room") " in
		*" $target "*) ;;
		*) breach "$f includes $inc, which $room may not" ;;
		esac
	done
done

for f in include/rheo/*.h; do
	for inc in $(sed -n 's/^#include <\(.*\)>/\1/p' "$f"); do
		checked=$((checked + 1))
		case $inc in rheo/*.h | stddef.h | stdint.h) ;; *) breach "$f includes <$inc>" ;; esac
	done
	grep -q '^#include "' "$f" && breach "$f includes with quotes"
done

# Pure headers: integers in, integers out.
for f in lib/bucket/curve.h lib/breaker/state.h lib/breaker/transition.h lib/base/wide.h; do
	for inc in $(sed -n 's/^#include [<"]\(.*\)[>"]/\1/p' "$f"); do
		checked=$((checked + 1))
		case $inc in
		stdint.h | stddef.h | stdbool.h | ../base/* | rheo/breaker.h | state.h) ;;
		*) breach "$f is pure and includes $inc" ;;
		esac
	done
	grep -nE 'rh_(load|cas|swap|store)_|rh_add_(rlx|sc)' "$f" >/dev/null && breach "$f is pure and touches an atomic"
done

# One place only.
only() { # pattern, the place
	for f in $(grep -lE "$1" lib/*/*.[ch] include/rheo/*.h); do
		[ "$f" = "$2" ] || breach "$f: only $2 may have '$1'"
	done
}
only '<stdatomic\.h>|\batomic_[a-z_]+\(|__atomic_|__sync_|_Atomic' lib/base/atomic.h
only '<ck_|\bck_pr_' lib/base/ck.h
only 'clock_gettime\(|timespec_get\(|[^_]time\(NULL|gettimeofday' lib/port/clock.c

# Nowhere.
never='atomic_thread_fence|__asm__|\basm\b|\bmalloc\(|\bcalloc\(|\bfree\(|\bprintf\(|\babort\(|pthread_|\bdouble\b|\bfloat\b|rheo_now_ns\(\)'
if grep -nE "$never" lib/*/*.[ch] | grep -vE '^lib/port/(clock.c|own.h):|:[0-9]+:( \*|\s*/\*)'; then
	breach "the lines above use what the library never uses"
fi

# Every public declaration has a comment that names it.
for h in include/rheo/*.h; do
	for fn in $(grep -oE '\brheo_[a-z_]+\(' "$h" | tr -d '(' | sort -u); do
		if grep -qE "^RHEO_API.*\b$fn\(" "$h"; then
			grep -qE "^ ?/?\*+ $fn:" "$h" || breach "$h: $fn has no comment of its own"
		fi
	done
done

# Length.
for f in lib/*/*.c; do
	[ "$(wc -l < "$f")" -le 600 ] || breach "$f has more than 600 lines"
done
median=$(for f in lib/*/*.[ch] include/rheo/*.h; do wc -l < "$f"; done | sort -n | awk '{ n[NR] = $1 } END { print n[int((NR + 1) / 2)] }')
[ "$median" -le 150 ] || breach "the median file has $median lines"

echo "layers: $checked includes checked, median file $median lines, $breaches breaches"
[ "$checked" -gt 50 ] || { echo "layers: too few includes seen, is this the tree?" >&2; exit 1; }
[ "$breaches" -eq 0 ]
