#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	rivals.sh build     what can be built, in $OUT/LANGUAGE; why not in $OUT/LANGUAGE/absent
#	rivals.sh run       each program in turn, RIVAL_ROUNDS times; then the table
#
# A language is a folder with a recipe.sh: which rivals it has, Debian's packages
# of its tools, tools (are they there?), build and run. Wants OUT, CC, CFLAGS,
# LDFLAGS and ARCHIVE in the environment; RIVAL_LANGUAGES chooses some of them.
set -u

top=$(pwd)
languages=${RIVAL_LANGUAGES:-c rust go java node python}
rounds=${RIVAL_ROUNDS:-5}

current() { :; } # a recipe may know more than that its own files are unchanged

enter() { # language: its recipe, in a subshell
	language=$1
	here=$top/bench/rivals/$language
	out=$OUT/$language
	# shellcheck source=/dev/null
	. "$here/recipe.sh"
}

absent() { # why
	echo "$rivals" | tr ',' '\n' | sed 's/^ *//' | while read -r name; do
		printf '%s\t%s\n' "$name" "$1"
	done > "$out/absent"
	rm -f "$out/built"
}

install_tools() {
	root=""
	[ "$(id -u)" -eq 0 ] || root="sudo -n"
	command -v apt-get > /dev/null || return 1
	echo "rivals: installing with apt-get: $packages"
	# shellcheck disable=SC2086
	{ DEBIAN_FRONTEND=noninteractive $root apt-get update -q &&
		DEBIAN_FRONTEND=noninteractive $root apt-get install -q -y --no-install-recommends $packages; } > "$out/log" 2>&1
}

first_error() {
	{ grep -iE 'error|fail|requires|not found|mismatch' "$out/log" || tail -n 1 "$out/log"; } | head -n 1 |
		tr '\t"\\' "  '/" | cut -c 1-160
}

build_one() {
	mkdir -p "$out"
	if [ -e "$out/built" ] && [ -z "$(find "$here" -newer "$out/built")" ] && current; then
		return
	fi
	rm -f "$out/built" "$out/absent"
	if ! tools > /dev/null 2>&1 && { ! install_tools || ! tools > /dev/null 2>&1; }; then
		absent "lacks $packages, and apt-get did not install it"
	elif (build) > "$out/log" 2>&1; then
		: > "$out/built"
	else
		absent "did not build: $(first_error)"
	fi
	if [ -e "$out/built" ]; then
		echo "  $out"
		return
	fi
	sed 's/\t/, /; s/^/absent: /' "$out/absent"
	[ "$language" != c ] # ours is not to be absent
}

# shellcheck disable=SC2059
say() { [ ! -t 2 ] || printf "$@" >&2; }

run_one() {
	[ -e "$out/built" ] || return 0
	if ! run >> "$OUT/rows" 2> "$out/run.log"; then
		grep -v SLF4J "$out/run.log" | head -n 20 >&2
		echo "rivals: the program in bench/rivals/$language failed" >&2
		return 1
	fi
}

case ${1:-} in
build)
	for l in $languages; do
		(enter "$l" && build_one) || exit 1
	done
	;;
run)
	: > "$OUT/rows"
	failed=0
	round=1
	while [ "$round" -le "$rounds" ]; do
		for l in $languages; do
			say '\rround %d of %d: %-8s' "$round" "$rounds" "$l"
			(enter "$l" && run_one) || failed=1
		done
		round=$((round + 1))
	done
	say '\r%-30s\r' ''
	for l in $languages; do
		[ ! -e "$OUT/$l/absent" ] || cat "$OUT/$l/absent"
	done > "$OUT/absent"
	awk -v tsv="$OUT/rivals.tsv" -v json="$OUT/rivals.json" -f bench/rivals/table.awk "$OUT/absent" "$OUT/rows" || exit 1
	exit "$failed"
	;;
*)
	echo "usage: rivals.sh build|run" >&2
	exit 2
	;;
esac
