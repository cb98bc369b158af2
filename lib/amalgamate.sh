#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Writes rheo.h and rheo.c to the folder given: the whole library in two files.
# Headers and sources are put one after the other in the order of their
# dependence. What is static in a source keeps its name there and gets its file's
# in front of it for the compiler, since the files share names.
set -eu

out=$1
here=$(cd "$(dirname "$0")/.." && pwd)
cd "$here"
mkdir -p "$out"

version=$(sed -n 's/^#define RHEO_VERSION_[A-Z]* \([0-9]*\)/\1/p' include/rheo/version.h | paste -sd.)

# A file without the includes of our own and without its SPDX line.
body() {
	grep -vE '^#include (<rheo/|"|<ck_)|^/\* SPDX' "$1" | sed '/./,$!d'
}

{
	echo "/* SPDX-License-Identifier: BSD-2-Clause */"
	echo "/* rheo $version, all public headers in one; made by make amalgamation. */"
	for h in export status version clock counter bucket breaker guard rheo; do
		body "include/rheo/$h.h"
	done
} > "$out/rheo.h"

headers="lib/base/internal.h lib/base/ck.h lib/base/atomic.h lib/base/inject.h lib/base/align.h lib/base/wide.h
	lib/base/object.h lib/base/record.h lib/base/config.h lib/port/own.h lib/port/cpu.h lib/counter/lines.h
	lib/bucket/curve.h lib/bucket/word.h lib/bucket/lanes.h
	lib/breaker/state.h lib/breaker/window.h lib/breaker/transition.h lib/breaker/self.h"
for h in lib/*/*.h; do
	case " $(echo $headers) " in *" $h "*) ;; *) echo "amalgamate: $h is in no order" >&2; exit 1 ;; esac
done

{
	echo "/* SPDX-License-Identifier: BSD-2-Clause */"
	echo "/* rheo $version, the whole library in one file; made by make amalgamation. */"
	echo "/* Needs C11 and rheo.h beside it, and libck's headers unless RHEO_NO_CK is defined. */"
	echo "#ifndef _GNU_SOURCE"
	echo "#define _GNU_SOURCE"
	echo "#endif"
	echo '#include "rheo.h"'
	echo "#define RH_INTERNAL static"
	for h in $headers; do
		# The kit's headers are the only foreign ones that are not the C library's.
		if [ "$h" = lib/base/ck.h ]; then
			grep -vE '^/\* SPDX' "$h" | sed '/./,$!d'
		else
			body "$h"
		fi
	done
	for c in lib/*/*.c; do
		name=$(echo "$c" | sed 's|lib/||; s|/|_|; s|\.c$||')
		statics=$(awk 'prev ~ /^(RH_COLD |RH_NOINLINE )?static|^RH_INLINE/ && match($0, /^[a-z_0-9]+\(/) { print substr($0, 1, RLENGTH - 1) }
			{ prev = $0 }' "$c")
		macros=$(sed -n 's/^#define \([A-Za-z_0-9]*\).*/\1/p' "$c" | grep -vE '^_(GNU|POSIX)' || true)
		printf '\n/* %s */\n\n' "$c"
		for s in $statics; do echo "#define $s(...) rh_${name}_$s(__VA_ARGS__)"; done
		body "$c" | grep -vE '^#define _(GNU|POSIX)_'
		for s in $statics $macros; do echo "#undef $s"; done
	done
} > "$out/rheo.c"
