#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	quiet.sh PROGRAM CALLS
#
# Runs tests/abi/quiet.c under strace: no system call between its two marks.
set -u
log=$1.strace
if ! command -v strace > /dev/null || ! strace -o /dev/null true 2> /dev/null; then
	echo "quiet: SKIPPED the system calls: strace is not installed or may not trace here"
	exec "$1" "$2"
fi
out=$(strace -f -o "$log" "$1" "$2" 2> /dev/null) || { echo "quiet: $out" >&2; exit 1; }
grep -q 'quiet: begin' "$log" && grep -q 'quiet: end' "$log" || { echo "quiet: the marks are not in $log" >&2; exit 1; }
between=$(sed -n '/quiet: begin/,/quiet: end/p' "$log" | grep -vc 'quiet: ')
echo "quiet: $out, $between system calls"
[ "$between" -eq 0 ]
