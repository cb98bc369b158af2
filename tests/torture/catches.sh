#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	catches.sh DIR STEPS
#
# DIR has the torture programs built with -DTORTURE_BROKEN. Each passes without a
# fault, and with each fault made for one of its oracles it fails by the promise
# that the fault breaks (torture.h has the list).
set -u

dir=$1
steps=$2
failed=0

run() { # program fault
	BROKEN=$2 timeout 300 "$dir/$1" "$steps" > "$dir/$1.out" 2>&1
}

catches() { # program, then fault:promise ...
	program=$1
	shift
	if ! run "$program" 0; then
		echo "$program: fails without a fault:"
		tail -n 3 "$dir/$program.out"
		failed=1
		return
	fi
	for pair in "$@"; do
		if run "$program" "${pair%:*}"; then
			echo "$program: fault ${pair%:*} is NOT caught"
			failed=1
		elif ! grep -q "BROKEN: ${pair#*:}:" "$dir/$program.out"; then
			echo "$program: fault ${pair%:*} is caught, but not by ${pair#*:}:"
			tail -n 3 "$dir/$program.out"
			failed=1
		else
			echo "$program: fault ${pair%:*} is caught by ${pair#*:}"
		fi
	done
}

all="1:P1 2:P1 3:P9 4:P9 5:P8 6:P10 7:P15 8:P4"
catches bucket_torture 1:P1
catches breaker_torture 3:P9 7:P15
for program in affinity_torture kill_torture signal_torture fork_torture; do
	# shellcheck disable=SC2086
	catches $program $all
done
exit $failed
