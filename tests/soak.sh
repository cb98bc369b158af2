#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The long runs, one after the other; goes on after a failure. What each says at
# its end goes to build/soak.log, with the date and the commit, for
# tests/README.md. SOAK="name ..." runs those alone.
set -u
cd "$(dirname "$0")/.."
log=${B:-build}/soak.log
make=${MAKE:-make}
failed=""
mkdir -p "${B:-build}"

run() { # name, verb and variables
	name=$1
	shift
	case " ${SOAK:-$name} " in *" $name "*) ;; *) return ;; esac
	begin=$(date +%s)
	$make --no-print-directory "$@" > "${B:-build}/soak-$name.log" 2>&1 || failed="$failed $name"
	echo "$name ($*): $(($(date +%s) - begin)) s" | tee -a "$log"
	tail -n 8 "${B:-build}/soak-$name.log" | sed 's/^/    /' | tee -a "$log"
}

echo "soak: $(date -u +%Y-%m-%d), commit $(git rev-parse --short HEAD 2> /dev/null || echo unknown), $(nproc) CPUs" | tee -a "$log"
run torture soak-torture
run property test-property HISTORIES=10000000
run litmus test-litmus LITMUS_PROGRAMS=1000000
run fuzz fuzz FUZZ_SECONDS=600
run platforms test-platforms PLATFORMS=all
run mutation mutation MUTANTS=all
run explore test-explore EXPLORE_LIMIT=100000000 EXPLORE_PREEMPTIONS=2
[ -z "$failed" ] || { echo "soak: failed:$failed" | tee -a "$log"; exit 1; }
echo "soak: nothing failed" | tee -a "$log"
