#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	wraps.sh DIRECTORY PROGRAM [ARGUMENT...]
#
# Which unsigned operations in lib/ wrap, and which conversions change a number?
# PROGRAM is built with clang's -fsanitize=integer in lib/, told to go on after
# a report; several may be given, each ended by a lone `;`. What they report has
# to be what wraps.txt allows, function by function and kind by kind: no more, so
# that a wrap nobody thought of is found, and no less, so that the list stays true.
set -u
dir=$1
shift
list=tests/fuzz/wraps.txt
lib=${FUZZ_LIB:-lib}
reports=$dir/wraps.reports
tab=$(printf '\t')
: > "$reports"

run() {
	UBSAN_OPTIONS=halt_on_error=0:print_stacktrace=0 "$@" > "$dir/wraps.log" 2>&1 || {
		grep -E 'BROKEN|ERROR|property:' "$dir/wraps.log" | head -n 3
		echo "sanitize-integer: $*: failed, see $dir/wraps.log"
		exit 1
	}
	sed -n "s|^\($lib/[^ ]*:[0-9]*:[0-9]*\): runtime error: \(.*\)|\1$tab$*$tab\2|p" "$dir/wraps.log" >> "$reports"
}

while [ $# -gt 0 ]; do
	program=
	while [ $# -gt 0 ] && [ "$1" != ";" ]; do
		program="$program $1"
		shift
	done
	[ $# -eq 0 ] || shift
	# shellcheck disable=SC2086
	run $program
done

# file, function, kind, then the first report of it. The function is the last one begun before the line.
awk -F '\t' '
function kind(text) {
	if (text ~ /implicit conversion/) return "convert"
	if (text ~ /left shift/) return "<<"
	if (text ~ /negation/) return "neg"
	if (match(text, / [-+*] /)) return substr(text, RSTART + 1, 1)
	return "other"
}
function function_at(file, line,   at, text, name) {
	if (!(file in read)) {
		read[file] = 1
		for (at = 1; (getline text < file) > 0; at++) {
			if (match(text, /^[a-z_0-9]+\(/)) name = substr(text, 1, RLENGTH - 1)
			owner[file, at] = name
		}
		close(file)
	}
	return owner[file, line]
}
{
	split($1, at, ":")
	while (sub(/[^\/]+\/\.\.\//, "", at[1])) ;
	key = at[1] "\t" function_at(at[1], at[2]) "\t" kind($3)
	if (!(key in seen)) {
		seen[key] = 1
		print key "\t" at[1] ":" at[2] ": " $3 " (" $2 ")"
	}
}' "$reports" | sed "s|^$lib/||" | sort > "$dir/wraps.seen"

awk -F '\t' '
FNR == NR {
	if ($0 ~ /^#/ || $0 == "") next
	n = split($3, kinds, " ")
	for (i = 1; i <= n; i++) allowed[$1 "\t" $2 "\t" kinds[i]] = 0
	listed += n
	if ($4 == "") { print "sanitize-integer: " $1 " " $2 ": no reason given"; bad++ }
	next
}
{
	key = $1 "\t" $2 "\t" $3
	if (key in allowed) { allowed[key] = 1; next }
	print "sanitize-integer: unlisted: " $2 ", " $3 ": " $4
	bad++
}
END {
	for (key in allowed) if (!allowed[key]) {
		split(key, k, "\t")
		print "sanitize-integer: stale: " k[1] " " k[2] " " k[3] " is in the list and does not happen"
		bad++
	}
	print "sanitize-integer: " listed " intended wraps, each seen; " bad + 0 " wrong"
	exit bad > 0
}' "$list" "$dir/wraps.seen"
