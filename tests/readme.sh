#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	readme.sh ARCHIVE FOLDER
#
# What the documents say is there: README's program compiles without a warning
# and does what it says, every file that is linked exists, and every `make verb`.
set -u
cd "$(dirname "$0")/.."
faults=0
fault() { echo "readme: $*" >&2; faults=1; }
mkdir -p "$2"

awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' README.md > "$2/hello.c"
${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -Iinclude "$2/hello.c" "$1" -o "$2/hello" ||
	fault "the program does not compile"
out=$("$2/hello") || fault "the program failed"
[ "$(echo "$out" | head -n 5 | tr '\n' ' ')" = "200 200 200 200 200 " ] && [ "$(echo "$out" | wc -l)" -eq 8 ] ||
	fault "the program printed $out"

languages=$(ls examples/ffi/*/run.sh | sed 's|examples/ffi/\(.*\)/run.sh|test-ffi-\1|')
targets=$languages\ $(cat Makefile examples/*/*.mk pkgconfig/*.mk bench/*.mk bench/*/*.mk tests/*/*.mk | grep -oE '^[a-z-]+( [a-z-]+)*:' | tr -d ':')
links=0
verbs=0
for doc in $(git ls-files '*.md' 2> /dev/null || find . -name '*.md' -not -path './build/*'); do
	for link in $(grep -oE '\]\([^)#:]+\)' "$doc" | sed 's/^](//; s/)$//'); do
		[ -e "$(dirname "$doc")/$link" ] || fault "$doc: there is no $link"
		links=$((links + 1))
	done
	for verb in $(grep -oE '(`|^    |&& |; )make [a-z]+(-[a-z]+)*' "$doc" | sed 's/.*make //'); do
		echo "$targets" | grep -qwE -- "$verb" || fault "$doc: there is no make $verb"
		verbs=$((verbs + 1))
	done
done
echo "readme: its program works; $links links and $verbs make verbs in the documents are there"
[ "$faults" -eq 0 ] && [ "$links" -gt 10 ] && [ "$verbs" -gt 20 ]
