#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	test.sh PREFORK
#
# Workers are killed for some seconds and the limit holds; where they cheat the
# checks notice; nothing is left behind.
set -u
prefork=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
ran=0
failed=0

# check NAME COMMAND...
check() {
	name=$1
	shift
	ran=$((ran + 1))
	"$@" && return
	failed=$((failed + 1))
	echo "prefork: FAILED: $name" >&2
	sed 's/^/    | /' "$dir/out" "$dir/err" >&2
}
# run STATUS OPTION...: its output in out and err
run() {
	want=$1
	shift
	"$prefork" "$@" > "$dir/out" 2> "$dir/err"
	got=$?
	[ "$got" -eq "$want" ] || { echo "prefork: $*: exit status $got, not $want" >&2; return 1; }
}
says() { grep -qE -- "$1" "$dir/out"; }
grumbles() { grep -qE -- "$1" "$dir/err"; }
# How many processes of this name and segment there are: master and workers.
children() {
	n=0
	for f in /proc/[0-9]*/cmdline; do
		case $({ tr '\0' ' ' < "$f"; } 2> /dev/null) in "$prefork "*"$dir/seg"*) n=$((n + 1)) ;; esac
	done
	echo $n
}

check 'killed every 50 ms' run 0 --seconds 5 --kill-every-ms 50 --seed 7 --segment "$dir/seg"
check 'six findings, all ok' test "$(grep -c ' ok: ' "$dir/out")" -eq 6
check 'more than 40 were killed' test "$(sed -n 's/.* \([0-9]*\) killed.*/\1/p' "$dir/out")" -gt 40
check 'the breaker turned' says 'transitions ok: [0-9]{1,4}, '
check 'it was used to the full' says 'used (19[0-9]|200) of 200 burst'
check 'no worker is left' test "$(children)" -eq 0
check 'the segment is kept' test -s "$dir/seg"
check 'and replaced the next time; lanes' run 0 --seconds 1 --kill-every-ms 20 --burst 400 --lanes 2 --segment "$dir/seg"
check 'the memfd is named' run 0 --seconds 1 --workers 3 --rate 100 --burst 5
check 'under /proc' says '^prefork: the segment is /proc/[0-9]+/fd/[0-9]+$'
check 'a cheat is found out' run 1 --seconds 1 --cheat 20
check 'by the limit' says 'limit BROKEN'
check 'and by the counts' says 'counts BROKEN'

echo 'somebody else'\''s' > "$dir/theirs"
check 'a file that is no segment' run 1 --segment "$dir/theirs"
check 'says so' grumbles 'no segment of prefork'
check 'and leaves it' grep -q 'somebody' "$dir/theirs"
check 'a folder that is not there' run 1 --segment "$dir/none/seg"
check 'help' run 0 --help
check 'explains itself' says '--kill-every-ms'
check 'version' run 0 --version
check 'no worker' run 2 --workers 0
check 'too much' run 2 --rate 100000 --seconds 3600
check 'not a number' run 2 --seconds 1x
check 'no such option' run 2 --what
check 'one argument too many' run 2 more

# Killed itself, a master takes its workers with it; told to end, it checks what there is.
"$prefork" --seconds 60 --segment "$dir/seg" > "$dir/out" 2> "$dir/err" &
master=$!
sleep 0.5
check 'workers are there' test "$(children)" -gt 1
kill -KILL "$master"
wait "$master" 2> /dev/null
sleep 0.2
check 'and go with their master' test "$(children)" -eq 0
"$prefork" --seconds 60 --segment "$dir/seg" > "$dir/out" 2> "$dir/err" &
master=$!
sleep 0.5
kill -TERM "$master"
wait "$master"
check 'ended early' test $? -eq 0
check 'and checked' says 'limit ok'

echo "prefork: $ran checks, $failed failed"
[ "$failed" -eq 0 ]
