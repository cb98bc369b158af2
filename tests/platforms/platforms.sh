#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	platforms.sh run FOLDER default | all | NAME...
#	platforms.sh deps
#
# Same calls and times, same verdicts, whatever compiles the library and
# whatever runs it (P16): builds library and trace for each variant of table.txt
# that this machine has the tools for, and compares what the trace prints with
# golden.txt. JOBS (2) variants at a time; HISTORIES overrides the table's.
set -u
cd "$(dirname "$0")/../.."
here=tests/platforms
golden=$here/golden.txt

rows() { grep -v '^#' $here/table.txt; }

# Debian's packages for a compiler or an emulator.
packages_of() {
	case $1 in
	gcc) echo gcc g++ ;;
	clang) echo clang libclang-rt-14-dev ;;
	musl-gcc) echo musl-tools ;;
	qemu-*) echo qemu-user ;;
	i686-*) echo gcc-i686-linux-gnu libc6-dev-i386-cross ;;
	aarch64-*) echo gcc-aarch64-linux-gnu libc6-dev-arm64-cross ;;
	arm-*) echo gcc-arm-linux-gnueabihf libc6-dev-armhf-cross ;;
	riscv64-*) echo gcc-riscv64-linux-gnu libc6-dev-riscv64-cross ;;
	s390x-*) echo gcc-s390x-linux-gnu libc6-dev-s390x-cross ;;
	powerpc64le-*) echo gcc-powerpc64le-linux-gnu libc6-dev-ppc64el-cross ;;
	esac
}

# --- one variant -------------------------------------------------------------

# What became of it, and of a failure the end of the log; one write, for two run at a time.
say() {
	echo "$1" > "$dir/result"
	printf 'platforms: %-16s %s\n' "$name" "$*"
}

broken() {
	say "BROKEN $1$(printf '\n'; tail -n 20 "$dir/log")"
	exit 0
}

skipped() {
	say "SKIPPED $1"
	exit 0
}

installed() {
	command -v "$1" > /dev/null ||
		skipped "$1 is not installed (Debian: $(packages_of "$1"); make platforms-deps)"
}

# Builds and runs an empty program by the same flags: where that fails the machine lacks something, not the library.
probe() {
	installed "$cc"
	[ "$kind" != c++ ] || installed "$cxx"
	[ -z "$runner" ] || installed "$runner"
	printf 'int main(void) { return 0; }\n' > "$dir/empty.c"
	$cc $flags "$dir/empty.c" -o "$dir/empty" > "$dir/log" 2>&1 ||
		skipped "an empty program does not build by $cc $flags: $(grep -m 1 -E 'error|cannot' "$dir/log")"
	$runner "$dir/empty" > "$dir/log" 2>&1 || skipped "an empty program does not run: $(tail -n 1 "$dir/log")"
	printf '#include <ck_pr.h>\n' | $cc $flags -E - > /dev/null 2>&1 || flags="$flags -DRHEO_NO_CK"
}

# The library, with the port that the flags ask for.
sources() {
	case $flags in
	*-U__linux__*) printf '%s\n' lib/*/*.c | grep -v cpu_linux ;;
	*) printf '%s\n' lib/*/*.c | grep -v cpu_generic ;;
	esac
}

build_trace() {
	std="-D_GNU_SOURCE -Iinclude -Ilib -Itests"
	strict="-std=c11 $std -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
	trace="$here/trace.c $here/bucket.c $here/breaker.c $here/guard.c"
	hint="-include $here/hint.h"
	case $kind in
	file)
		sh lib/amalgamate.sh "$dir" &&
			$cc $strict $flags $hint -Wno-unused-function -c "$dir/rheo.c" -o "$dir/rheo.o" &&
			$cc $strict $flags $trace "$dir/rheo.o" -o "$dir/trace"
		;;
	c++)
		for s in $(sources); do
			$cc $strict $flags $hint -c "$s" -o "$dir/$(echo "$s" | tr / _).o" || return 1
		done
		$cxx -std=c++11 $std -Wall -Wextra -Wpedantic -Wconversion -Werror $flags -x c++ $trace \
			-x none "$dir"/lib_*.o -o "$dir/trace"
		;;
	*) $cc $strict $flags $hint $trace $(sources) -o "$dir/trace" ;;
	esac
}

compare() {
	others=$(diff $golden "$dir/trace.out" | awk '/^[<>]/ && $2 != "total" { print $2 }' | sort -u | tr '\n' ' ')
	all=$(grep -vc '^total' $golden)
	: > "$dir/log"
	if [ "$kind" = broken ]; then
		[ "$(echo $others | wc -w)" -eq "$all" ] ||
			broken "one answer is altered in each of $all sections, but only these show it: $others"
		checked="an altered answer shows in each of $all sections"
		return
	fi
	cmp -s $golden "$dir/trace.out" || broken "not the verdicts of $golden: $others(see $dir/trace.out)"
	checked="$(awk '/^total/ { print $2 }' $golden) calls"
}

# Random histories against the oracles, by the port as it is shipped. Some oracles need a 128-bit type.
play_histories() {
	some="tests/property/*.c"
	echo __SIZEOF_INT128__ | $cc $flags -E -P - 2> /dev/null | grep -q '^[0-9]' ||
		some="tests/property/property.c tests/property/harness.c tests/property/breaker_history.c
			tests/property/batch_history.c tests/property/guard_history.c $here/no_oracle.c"
	$cc -std=c11 $std $flags $some $(sources) -o "$dir/property" > "$dir/log" 2>&1 ||
		broken "tests/property does not build:"
	$runner "$dir/property" "$histories" > "$dir/log" 2>&1
	{ [ $? -le 1 ] && grep -q 'as the oracle says' "$dir/log" &&
		! grep -vqE 'as the oracle says|SKIPPED' "$dir/log"; } || broken "property $histories:"
	checked="$checked, $(awk '/as the oracle says/ { h += $3 } END { print h }' "$dir/log") histories$(
		sed -n 's/^property: \([a-z]*\),.*SKIPPED, \(.*\)/, SKIPPED \1: \2/p' "$dir/log" | tr -d '\n')"
}

one() {
	name=$1
	dir=$B/platforms/$name
	mkdir -p "$dir"
	rm -f "$dir"/*.o "$dir"/*.out "$dir/result"
	: > "$dir/log"
	row=$(rows | awk -F'\t' -v n="$name" '$1 == n')
	[ -n "$row" ] || broken "no such variant in table.txt"
	field() { echo "$row" | cut -f "$1" | sed 's/^-$//'; }
	cc=$(field 3) runner=$(field 4) kind=$(field 5) histories=$(field 6) flags=$(field 7)
	cxx=$(echo "$cc" | sed 's/gcc$/g++/; s/clang$/clang++/')
	begin=$(date +%s)
	probe
	build_trace > "$dir/log" 2>&1 || broken "does not build by $cc $flags:"
	$runner "$dir/trace" > "$dir/trace.out" 2> "$dir/log" || [ "$kind" = broken ] ||
		broken "the trace does not end as it should:"
	compare
	histories=${histories:+${HISTORIES:-$histories}}
	[ -z "$histories" ] || play_histories
	say "ok, $checked; $cc $flags; $(($(date +%s) - begin)) s"
}

# --- all of them -------------------------------------------------------------

# Says whether the verdicts have changed, or differ from one platform to another.
summary() {
	ok=0 bad=0 skip=0 traces=""
	for name in $names; do
		case $(cat "$B/platforms/$name/result" 2> /dev/null) in
		ok*) ok=$((ok + 1)) ;;
		SKIPPED*) skip=$((skip + 1)) ;;
		*) bad=$((bad + 1)) ;;
		esac
		[ "$name" = broken ] || traces="$traces $(ls "$B/platforms/$name/trace.out" 2> /dev/null)"
	done
	echo "platforms: $ok as $golden has it, $bad broken, $skip skipped"
	[ "$bad" -ne 0 ] || { [ "$ok" -gt 0 ]; return; }
	set -- $traces
	[ $# -gt 1 ] || return 1
	kinds=$(for t in "$@"; do md5sum < "$t"; done | sort -u | wc -l)
	if [ "$kinds" -gt 1 ]; then
		echo "platforms: $kinds different traces: verdicts depend on the platform (P16)"
	elif ! cmp -s "$1" $golden; then
		echo "platforms: all variants agree, and not with $golden: the library's verdicts have changed. Where that"
		echo "platforms: is meant: cp $1 $golden, and name what changed in CHANGELOG.md."
	fi
	return 1
}

# As .ci/deps: says what it installs, asks nothing, and takes nothing away (gcc-multilib stands in the way of these).
deps() {
	missing=""
	for t in $(rows | cut -f 3,4 | tr '\t' '\n' | sort -u | grep -v '^-$'); do
		command -v "$t" > /dev/null || missing="$missing $(packages_of "$t")"
	done
	[ -n "$missing" ] || { echo "platforms-deps: nothing is missing"; return; }
	missing=$(echo "$missing" | tr ' ' '\n' | sort -u | tr '\n' ' ')
	root="" log=$(mktemp)
	[ "$(id -u)" -eq 0 ] || root="sudo -n"
	echo "platforms-deps: installing with apt-get:$missing"
	{ $root apt-get update -q && DEBIAN_FRONTEND=noninteractive $root apt-get install -q -y --no-install-recommends \
		--no-remove $missing; } > "$log" 2>&1 || { tail -n 20 "$log" >&2; rm -f "$log"; return 1; }
	rm -f "$log"
}

case ${1:-} in
run)
	export B=$2
	shift 2
	case $* in
	default) names=$(rows | awk -F'\t' '$2 == "default" { print $1 }') ;;
	all) names=$(rows | cut -f 1) ;;
	*) names=$* ;;
	esac
	printf '%s\n' $names | xargs -P "${JOBS:-2}" -n 1 sh $here/platforms.sh one
	summary
	;;
one) one "$2" ;;
deps) deps ;;
*)
	echo "usage: platforms.sh run FOLDER default|all|NAME..., or platforms.sh deps" >&2
	exit 2
	;;
esac
