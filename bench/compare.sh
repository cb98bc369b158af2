#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	compare.sh REVISION ARCHIVE OUT
#
# Builds the library of another revision (from git, below OUT; the tree is not
# touched) and one program that has this tree's cases twice: with this tree's
# library, and with that one. Runs it to OUT/compare.{list,csv,json} and prints
# the table. A file of cases that does not compile with the other's headers is
# left out there, aloud. Wants CC, CXX, CFLAGS, LDFLAGS, MAKE.
set -eu

revision=$1 archive=$2 out=$3
commit=$(git rev-parse --verify --quiet "$revision^{commit}") || {
	echo "bench-compare: no such revision here: $revision (a shallow clone has few)" >&2
	exit 2
}
other=$out/$commit
warn="-std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror=implicit-function-declaration -Ibench"

library_of() { # COMMIT DIR: the archive by that revision's own Makefile
	rm -rf "$2" && mkdir -p "$2" && git archive "$1" | tar -x -C "$2"
	env -u MAKEFLAGS -u MFLAGS "$MAKE" --no-print-directory -C "$2" B=build CC="$CC" CFLAGS="$CFLAGS" LDFLAGS="$LDFLAGS" build/librheo.a \
		> "$2/make.log" 2>&1 || { cat "$2/make.log" >&2; return 1; }
}

side() { # NAME INCLUDE ARCHIVE: one object with its cases and its library, all of it local but bench_cases_NAME
	dir=$out/$1-obj
	rm -rf "$dir" && mkdir -p "$dir"
	for c in bench/cases.c bench/objects.c bench/cases/*.c; do
		o=$dir/$(echo "$c" | tr / -).o
		# shellcheck disable=SC2086
		$CC $CFLAGS $warn -I"$2" -c "$c" -o "$o" 2> "$dir/log" && continue
		case $c in
		bench/cases/*) echo "bench-compare: LEFT OUT of $1: $c, which does not compile with its headers:" ;;
		*) cat "$dir/log" >&2; echo "bench-compare: $c does not compile with the headers of $1" >&2; return 1 ;;
		esac
		grep -m 1 error "$dir/log"
	done
	${LD:-ld} -r -o "$out/$1.o" "$dir"/*.o "$3"
	${OBJCOPY:-objcopy} --keep-global-symbol=bench_cases "$out/$1.o"
	${OBJCOPY:-objcopy} --redefine-sym bench_cases=bench_cases_"$1" "$out/$1.o"
}

library_of "$commit" "$other"
side this include "$archive"
side rev "$other/include" "$other/build/librheo.a"
# shellcheck disable=SC2086
$CXX $CFLAGS $LDFLAGS -std=c++17 -Wall -Wextra -DBENCH_COMPARE -o "$out/compare" bench/shim.cc bench/main.cc \
	"$out/this.o" "$out/rev.o" -lbenchmark -pthread
echo "this: the tree at $(git rev-parse --short HEAD)$(git diff --quiet HEAD -- lib include || echo ', changed')"
echo "rev:  $(git log -1 --format='%h %s' "$commit")"
sh bench/run.sh "$out/compare" "$out/compare"
awk -f bench/read.awk -f bench/compare.awk "$out/compare.list" "$out/compare.csv"
