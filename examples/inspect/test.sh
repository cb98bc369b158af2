#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	test.sh INSPECT SEGMENTS
#
# rheo-inspect from outside, on segments that SEGMENTS makes and on broken ones.
set -u
inspect=$1
segments=$2
tests=$(dirname "$0")/tests
python=/usr/bin/python3
[ -x "$python" ] || python=python3
dir=$(mktemp -d)
holder=
trap 'rm -rf "$dir"; [ -z "$holder" ] || kill "$holder"' EXIT
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
	echo "rheo-inspect: FAILED: $name" >&2
	sed 's/^/    | /' "$dir/out" "$dir/err" >&2
}
# run STATUS ARGUMENT...: its output in out and err
run() {
	want=$1
	shift
	"$inspect" "$@" > "$dir/out" 2> "$dir/err"
	got=$?
	[ "$got" -eq "$want" ] || { echo "rheo-inspect $*: exit status $got, not $want" >&2; return 1; }
}
says() { grep -qE -- "$1" "$dir/out"; }
grumbles() { grep -qE -- "$1" "$dir/err"; }
same() { cmp -s "$dir/seg" "$dir/seg.sound"; }
now=1006200000000

"$segments" known "$dir/seg.sound" || exit 1
cp "$dir/seg.sound" "$dir/seg"
: > "$dir/out"
: > "$dir/err"

# --- the table -----------------------------------------------------------------
chmod 444 "$dir/seg"
check 'a segment that may only be read' run 0 --now $now "$dir/seg"
check 'objects' says '/seg: 64 KiB, 5 objects; at 1006\.200000 s$'
check 'a bucket' says '^#0  bucket at 128, 768 bytes$'
check 'its limit' says '^  limit     100 per 1s, burst 50$'
check 'its level' says '^  level     50 of 50, published 6\.20s ago$'
check 'its counts' says '^  calls     refused rate          1  refused never         1$'
check 'lanes' says '^#1  bucket at 4096, 1152 bytes, 4 lanes$'
check 'debt' says 'debt up to 7, a call costs at most [0-9]+$'
check 'a breaker' says '^  state     HALF_OPEN, generation 2$'
check 'its probes' says '^  probes    2 given, 1 good, 0 bad, 0 ignored, 0 slow$'
check 'its settings' says '^  opens at  50% failures of 4 calls or more in 10s$'
check 'its latest event' says '^         2   200ms  OPEN -> HALF_OPEN  .* OPEN_TIME_OVER$'
check 'its first one' says '^         1   5\.20s  CLOSED -> OPEN           5\.00s     4     2  FAILURE_RATE$'
check 'a forced one' says '^  state     CLOSED, FORCED_CLOSED, generation 1$'
check 'its settings' says '50% failures or 25% slower than 10ms of the last 100 calls \(at least 20\) or 9 failures in a row$'
check 'a counter' says '^            6                    61  7                    71$'
check 'no colour where there is no terminal' test "$(tr -d '\033' < "$dir/out" | wc -c)" -eq "$(wc -c < "$dir/out")"
check 'an earlier time' run 0 --now 1000100000000 "$dir/seg"
check 'a lower level' says '^  level     35 of 50, full in 150ms, published 100ms ago$'
check 'and events that are still to come' says '^         2   ahead  '
check 'nothing was written' same

# --- JSON ----------------------------------------------------------------------
check 'JSON, value by value' "$python" "$tests/known.py" "$inspect" "$dir/seg"
check 'nothing was written' same

# --- names ---------------------------------------------------------------------
cp "$dir/seg.sound" "/dev/shm/rheo-inspect-test-$$"
check 'a name of shm_open' run 0 "/rheo-inspect-test-$$"
check 'without its slash' run 0 "rheo-inspect-test-$$"
rm -f "/dev/shm/rheo-inspect-test-$$"
check 'gone' run 1 "/rheo-inspect-test-$$"
check 'and says so' grumbles 'No such file'
"$python" -c '
import fcntl, os, sys, time
content = open(sys.argv[1], "rb").read()
open_one, sealed = (os.memfd_create("segment", os.MFD_ALLOW_SEALING) for _ in range(2))
os.write(open_one, content)
os.write(sealed, content)
fcntl.fcntl(sealed, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE)
print(open_one, sealed, flush=True)
time.sleep(60)' "$dir/seg.sound" > "$dir/fds" &
holder=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -s "$dir/fds" ] && break; sleep 0.2; done
read -r memfd sealed < "$dir/fds"
check 'a memfd of another process' run 0 --now $now "/proc/$holder/fd/$memfd"
check 'has it all' says '5 objects'
check 'and can be acted on' run 0 --now $now --force-open '#2' "/proc/$holder/fd/$memfd"
check 'one that is sealed' run 0 --now $now "/proc/$holder/fd/$sealed"
check 'has it all' says '5 objects'
check 'and cannot be acted on' run 1 --now $now --force-open '#2' "/proc/$holder/fd/$sealed"
check 'for a reason' grumbles 'Operation not permitted$'
kill "$holder"
wait "$holder" 2> /dev/null
holder=

# --- acting --------------------------------------------------------------------
if [ "$(id -u)" -ne 0 ]; then
	check 'no right to write' run 1 --now $now --force-open '#2' "$dir/seg"
	check 'and says so' grumbles 'Permission denied'
	check 'nothing was written' same
fi
chmod 644 "$dir/seg"
check 'force open, by number' run 0 --now $now --force-open '#2' "$dir/seg"
check 'says what it did' says '#2, breaker at 8192: was HALF_OPEN, AUTO, generation 2; is OPEN, FORCED_OPEN, generation 3$'
check 'it is so' run 0 --now $now "$dir/seg"
check 'with an event' says '^         3     0ns  HALF_OPEN -> FORCED_OPEN|^         3     0s  '
check 'never again by itself' says 'OPEN, FORCED_OPEN, generation 3, admits never$'
check 'once more changes nothing' run 0 --now $now --force-open 2 "$dir/seg"
check 'and says so' says 'was OPEN, FORCED_OPEN, generation 3; is OPEN, FORCED_OPEN, generation 3$'
check 'force closed, by offset' run 0 --now $now --force-closed 8192 "$dir/seg"
check 'says what it did' says 'is CLOSED, FORCED_CLOSED, generation 4$'
check 'auto, by offset in hexadecimal' run 0 --now $now --auto 0x2000 "$dir/seg"
check 'says what it did' says 'is CLOSED, AUTO, generation 5$'
check 'reset' run 0 --now $now --reset '#3' "$dir/seg"
check 'says what it did' says '#3, breaker at 16384: was CLOSED, FORCED_CLOSED, generation 1; is CLOSED, AUTO, generation 2$'
cp "$dir/seg.sound" "$dir/seg"
check 'a bucket cannot be forced' run 1 --now $now --force-open '#0' "$dir/seg"
check 'and says so' grumbles '#0 at 128 is a bucket: only breakers are acted on'
check 'no such number' run 1 --now $now --reset '#5' "$dir/seg"
check 'no such offset' run 1 --now $now --reset 0x80000 "$dir/seg"
check 'nothing that could be meant' run 1 --now $now --reset two "$dir/seg"
check "a time before the segment's" run 1 --now 1000000000 --force-open '#2' "$dir/seg"
check 'says whose time it is not' grumbles "its users' time is .* ahead of 1000000000 ns"
check 'nothing was written' same
"$segments" clash "$dir/clash"
check 'a number that is an offset as well' run 1 --now $now --reset 128 "$dir/clash"
check 'says how to say it' grumbles 'say #128 or 0x80$'
check 'by number' run 0 --now $now --reset '#128' "$dir/clash"
check 'is one' says '#128, breaker at 195584: '
check 'by offset' run 0 --now $now --reset 0x80 "$dir/clash"
check 'is the other' says '#0, breaker at 128: '

# --- what is no segment --------------------------------------------------------
mkfifo "$dir/fifo"
: > "$dir/empty"
check 'a pipe' run 1 "$dir/fifo"
check 'a folder' run 1 "$dir"
check 'a device' run 1 /dev/zero
check 'says what it takes' grumbles 'not a file, a name of shm_open or a memfd$'
check 'an empty file' run 1 "$dir/empty"
check 'a text' run 1 "$0"
check "nothing of rheo's" grumbles "nothing of rheo's is in it$"
check 'a name that would move the cursor' run 1 "$(printf '\033[2Jx')"
check 'is shown without' grumbles '^rheo-inspect: \?\[2Jx: No such'
check 'damaged ones' "$python" "$tests/damaged.py" "$inspect" "$dir/seg.sound" "$dir"

# --- options -------------------------------------------------------------------
check 'help' run 0 --help
check 'names every option' test "$(grep -cE -- '--(json|watch|now|force-open|force-closed|auto|reset|help|version)\b' "$dir/out")" -ge 9
check 'version' run 0 --version
check 'names it' says '^rheo-inspect: rheo [0-9]+\.[0-9]+\.[0-9]+$'
check 'no segment' run 2
check 'two of them' run 2 a b
check 'no such option' run 2 --what a
check 'two actions' run 2 --auto 1 --reset 1 a
check 'JSON again and again' run 2 --json --watch a
check 'too often' run 2 --watch=0 a
check 'not a time' run 2 --now 1s a
check 'not a negative one' run 2 --now -1 a
if [ -w /dev/full ]; then
	check 'a full disk' sh -c '"$1" --json "$2" > /dev/full 2> "$3"; test $? -eq 1' sh "$inspect" "$dir/seg" "$dir/err"
fi

# --- the manual page -----------------------------------------------------------
if command -v mandoc > /dev/null; then
	# Which other pages this machine has is not its fault.
	mandoc -T lint "$(dirname "$0")/rheo-inspect.1" 2>&1 | grep -vE 'referenced manual not found|outdated mandoc.db' > "$dir/out"
	check 'mandoc has nothing to say' test ! -s "$dir/out"
else
	echo 'rheo-inspect: SKIPPED the manual page: mandoc is not installed'
fi
for option in json watch now force-open force-closed auto reset help version; do
	check "--$option is in the manual page" grep -q -- "Fl Fl $option" "$(dirname "$0")/rheo-inspect.1"
done

# --- watching ------------------------------------------------------------------
check 'watched' "$python" "$tests/watched.py" "$inspect" "$dir/seg"
check 'nothing was written' same

echo "rheo-inspect: $ran checks, $failed failed"
[ "$failed" -eq 0 ]
