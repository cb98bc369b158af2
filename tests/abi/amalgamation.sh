#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	amalgamation.sh FOLDER COUNT
#
# The two files are all a user needs: they compile alone, as strictly as the
# library itself, with and without libck, export what the library exports, and
# behave as it does (COUNT random histories against the oracles).
set -eu
cd "$(dirname "$0")/../.."
dir=$1
flags="-std=c11 -O2 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fvisibility=hidden -I$dir"
built=0
for cc in gcc clang; do
	command -v $cc > /dev/null || { echo "amalgamation: SKIPPED $cc, which is not installed"; continue; }
	for ck in "" -DRHEO_NO_CK; do
		$cc $flags $ck -c "$dir/rheo.c" -o "$dir/rheo.o"
		built=$((built + 1))
		grep -hoE '^RHEO_API.*\brheo_[a-z_]+\(' "$dir/rheo.h" | grep -oE 'rheo_[a-z_]+\(' | tr -d '(' | sort > "$dir/declared"
		nm -g --defined-only "$dir/rheo.o" | awk 'NF == 3 { print $3 }' | sort > "$dir/exported"
		cmp "$dir/declared" "$dir/exported"
	done
done
printf '#include "rheo.h"\nint main() { return rheo_version() == 0; }\n' > "$dir/user.cc"
if command -v g++ > /dev/null; then
	g++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -I"$dir" "$dir/user.cc" "$dir/rheo.o" -o "$dir/user"
	"$dir/user"
fi
${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 -Iinclude -Ilib tests/property/*.c "$dir/rheo.o" -o "$dir/property"
"$dir/property" "$2"
echo "amalgamation: built $built ways"
[ "$built" -gt 0 ]
