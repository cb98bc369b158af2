#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# all.sh EXPLORER [OPTION...]: every scenario that is not broken on purpose, each
# in a process of its own, as many at once as there are CPUs. Says at the end
# what the explorer says of one process, and fails where one scenario does.
set -eu
explorer=$1
shift
"$explorer" --list | xargs -P "$(nproc 2> /dev/null || echo 1)" -n 1 "$explorer" "$@" |
	awk -v wanted="$("$explorer" --list | wc -l)" '
		/^explore: / { good += $4; executions += $9; next }
		{ print; fflush() }
		END {
			printf "explore: %d scenarios, %d as they should be, %.0f executions\n", wanted, good, executions
			exit good != wanted
		}'
