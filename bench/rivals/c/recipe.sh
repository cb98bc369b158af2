# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2034
rivals="rheo, by hand"
packages="gcc"

tools() { command -v "$CC"; }

build() {
	# shellcheck disable=SC2086
	"$CC" $CFLAGS -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wconversion -Wshadow -I"$top/include" $LDFLAGS -o "$out/rivals" \
		"$here"/*.c "$ARCHIVE" -pthread -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc
}

current() { [ "$out/built" -nt "$ARCHIVE" ]; }

run() { "$out/rivals"; }
