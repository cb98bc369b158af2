#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	man.sh FOLDER
#
# The manual pages, installed to a folder of their own: every function has one
# that shows its prototype, whatever a page refers to is there, mandoc and groff
# have nothing to say, and they say what clang reads in the headers.
set -eu
cd "$(dirname "$0")/../.."
rm -rf "$1"
mkdir -p "$1"
root=$(cd "$1" && pwd)
faults=0
fault() { echo "man: $*" >&2; faults=1; }

python=${PYTHON3:-python3}
if ! command -v "$python" > /dev/null; then
	echo "man: SKIPPED, there is no $python"
	exit 0
fi
${MAKE:-make} -s install PREFIX="$root" > /dev/null
pages=$root/share/man


# name, prototype: what RHEO_API declares, found another way than the pages are.
one_space() { tr -s '[:space:]' ' ' | sed -E 's/\* /*/g; s/^ | $//g'; }
awk '/^RHEO_API/ { on = 1 } on { printf "%s ", $0 } on && /;/ { on = 0; print "" }' include/rheo/*.h |
	while read -r _ prototype; do
		echo "$(echo "$prototype" | sed -E 's/^[^(]*(rheo_[a-z0-9_]+)\(.*/\1/')	$(echo "$prototype" | one_space)"
	done > "$root/declared"
functions=$(wc -l < "$root/declared")
[ "$functions" -gt 40 ] || fault "only $functions functions found"

if command -v man > /dev/null && man -V 2> /dev/null | grep -q '^man '; then
	while IFS='	' read -r name prototype; do
		MANWIDTH=200 LC_ALL=C.UTF-8 man -M "$pages" 3 "$name" 2> /dev/null | col -b |
			awk '/^[A-Z]/ { on = $1 == "SYNOPSIS" } on' | one_space | grep -qF -- "$prototype" ||
			fault "man 3 $name does not show $prototype"
	done < "$root/declared"
	man -M "$pages" 7 rheo 2> /dev/null | grep -q 'rheo_bucket_try_acquire_at' || fault "man 7 rheo shows no program"
	for page in $(find "$pages" -type f); do
		said=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 > /dev/null)
		[ -z "$said" ] || fault "groff, on $page: $said"
	done
	shown=", each shown by man"
else
	echo "man: SKIPPED showing them: man-db is not installed"
	shown=""
	for page in $(cut -f1 "$root/declared"); do [ -e "$pages/man3/$page.3" ] || fault "$page has no page"; done
fi

# What is referred to is there; no link leads nowhere; no page is left of a function that is gone.
grep -hoE '^\.(It )?Xr [a-z_0-9]+ [0-9]' "$pages"/man*/* | sed 's/^\.It /./' | sort -u | while read -r _ name section; do
	[ -f "$pages/man$section/$name.$section" ] || echo "$name($section)"
done > "$root/dead"
[ ! -s "$root/dead" ] || fault "referred to and not there: $(cat "$root/dead")"
for page in "$pages"/man*/*; do
	[ -e "$page" ] || fault "$page leads nowhere"
	name=$(basename "${page%.*}")
	grep -q "^\.Nm $name\( ,\)\?$" "$page" || fault "NAME of $page does not have $name"
done

if command -v mandoc > /dev/null; then
	mandoc -T lint -W warning $(find "$pages" -type f) || fault "mandoc has something to say"
else
	echo "man: SKIPPED mandoc, which is not installed"
fi
if command -v "${CLANG:-clang}" > /dev/null; then
	"$python" -B tests/abi/headers_agree.py || fault "the pages' reader and clang do not agree"
else
	echo "man: SKIPPED comparing with clang, which is not installed"
fi

# The same sources make the same pages, wherever and whenever.
mkdir "$root/one"
(umask 022 && TZ=UTC LC_ALL=C "$python" -B pkgconfig/man.py "$root/one")
mkdir -m 700 "$root/two"
(umask 077 && TZ=EAST-14 LC_ALL=C.UTF-8 "$python" -B pkgconfig/man.py "$root/two")
diff -r "$root/one" "$root/two" > /dev/null || fault "made twice, they differ"

written=$(find "$pages" -type f | wc -l)
${MAKE:-make} -s uninstall PREFIX="$root" > /dev/null
left=$(find "$pages" -type f -o -type l | wc -l)
[ "$left" -eq 0 ] || fault "uninstall left $left pages"
echo "man: $functions functions in $written pages$shown"
[ "$faults" -eq 0 ]
