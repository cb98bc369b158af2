#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Runs the Criterion program given (with a filter, if there is a second
# argument) and looks at the count: Criterion is content with no test at all.
set -u
log=$1.log
"$1" --short-filename ${2:+--filter "$2"} > "$log" 2>&1
status=$?
sed 's/\x1b\[[0-9;]*m//g' "$log" | grep -vE '^\[(RUN |PASS|====)'
synthesis=$(sed 's/\x1b\[[0-9;]*m//g' "$log" | grep 'Synthesis')
tested=$(echo "$synthesis" | sed -n 's/.*Tested: \([0-9]*\).*/\1/p')
passing=$(echo "$synthesis" | sed -n 's/.*Passing: \([0-9]*\).*/\1/p')
echo "unit: ${tested:-0} tests run, ${passing:-0} passed"
[ "$status" -eq 0 ] && [ "${tested:-0}" -gt 0 ] && [ "$tested" = "$passing" ]
