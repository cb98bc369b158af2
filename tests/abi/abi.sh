#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	abi.sh SHARED [add]
#
# Compares the ABI that SHARED and the headers have with the one that was
# released, tests/abi/librheo.abi: what is removed or moved fails, what is new is
# allowed and said. `add` writes what is new into that file. Exported symbols
# must besides all be in pkgconfig/debian/librheo0.symbols.
set -eu
cd "$(dirname "$0")/../.."
export LC_ALL=C
released=tests/abi/librheo.abi
symbols=pkgconfig/debian/librheo0.symbols
python=${PYTHON3:-python3}
work=$(dirname "$1")/abi
mkdir -p "$work"
faults=0
fault() { echo "abi: $*" >&2; faults=1; }

nm -D --defined-only --with-symbol-versions "$1" | awk '$2 == "T" { sub(/@@/, "@", $3); print $3 }' | sort > "$work/symbols"
{
	readelf -d "$1" | sed -n 's/.*(SONAME).*\[\(.*\)\]/soname\t\1/p'
	sed 's/^/symbol	/' "$work/symbols"
} > "$work/now.part"
kinds='soname|symbol'
pointer=$(echo __SIZEOF_POINTER__ | ${CC:-cc} -E -P -)
if ! command -v "$python" > /dev/null; then
	echo "abi: SKIPPED calls, constants and structs: there is no $python"
elif [ "$pointer" != 8 ]; then
	echo "abi: SKIPPED calls, constants and structs: what was released is of 64-bit machines"
else
	"$python" -B tests/abi/abi.py >> "$work/now.part"
	kinds="$kinds|call|constant|size|field"
fi
sort "$work/now.part" > "$work/now"
[ "$(wc -l < "$work/now")" -gt 40 ] || fault "only $(wc -l < "$work/now") lines found"

if [ "${2:-}" = add ] && [ "$kinds" = "soname|symbol" ]; then
	echo "abi: not all is known here: nothing is added" >&2
	exit 1
fi
touch "$work/none"
before=$released
[ -e "$before" ] || before=$work/none
grep -E "^($kinds)	" "$before" | sort > "$work/released" || true
comm -23 "$work/released" "$work/now" > "$work/gone"
comm -13 "$work/released" "$work/now" > "$work/new"
# A struct that may grow has grown: not gone, and said with what is new.
awk -F'\t' 'NR == FNR { if ($1 == "size" && $4 == "grows") size[$2] = $3; next }
	!($1 == "size" && $4 == "grows" && $2 in size && size[$2] + 0 > $3 + 0)' "$work/new" "$work/gone" > "$work/broken"

if [ -s "$work/broken" ]; then
	fault "released, and not so any more (removed, moved or changed):"
	sed 's/^/  /' "$work/broken" >&2
	echo "abi: programs built before would break. Put it back as it was; what is new goes to the end of a struct, or into a" >&2
	echo "abi: call of a new name. If it has to break: another RHEO_VERSION_MAJOR, and rm $released && make add-abi." >&2
elif [ "${2:-}" = add ]; then
	{
		echo "# SPDX-License-Identifier: BSD-2-Clause"
		echo "# The ABI as released: 64-bit machines. tests/abi/abi.sh compares; \`make add-abi\` adds to it; nothing is"
		echo "# taken out or changed while the major number stays. What the columns are: tests/abi/abi.py."
		sort -u "$work/released" "$work/now" | awk -F'\t' 'NR == FNR { if ($1 == "size") now[$2] = $3; next }
			!($1 == "size" && now[$2] != $3)' "$work/now" -
	} > "$work/abi"
	mv "$work/abi" "$released"
	echo "abi: $(wc -l < "$work/new") lines added to $released"
elif [ -s "$work/new" ]; then
	echo "abi: new, and not in $released yet (before a release: \`make add-abi\`):"
	sed 's/^/  /' "$work/new"
fi

sed -n 's/^ \([^ ]*\) .*/\1/p' "$symbols" | grep '^rheo_' | sort > "$work/debian"
for symbol in $(comm -13 "$work/debian" "$work/symbols"); do
	fault "$symbol is exported and not in $symbols. Add the line, with the version that has it first:" "' $symbol X.Y.Z'"
done
for symbol in $(comm -23 "$work/debian" "$work/symbols"); do
	fault "$symbol is in $symbols and not exported"
done

echo "abi: $(wc -l < "$work/released") facts of the released ABI hold, $(wc -l < "$work/new") are new"
[ "$faults" -eq 0 ]
