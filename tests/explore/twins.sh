#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	twins.sh FOLDER [NAME...]
#
# Each twin is the library with one thing broken. Its scenarios must catch it
# within the executions that twins.tsv gives it.
set -u
self=$(basename "$0")
cd "$(dirname "$0")/../.."
work=$1
shift
caught=0
missed=""
mkdir -p "$work"

# What includes nothing of lib/ is the same in every twin, and is compiled once.
flags="-std=c11 -D_GNU_SOURCE -O1 -w -DRHEO_NO_CK -Iinclude -Itests"
own=$(grep -lE '#include "(base|bucket|breaker|counter|guard)/' tests/explore/*.c)
common() {
	rm -rf "$work/common"
	mkdir -p "$work/common"
	for f in tests/explore/*.c; do
		case "$own tests/explore/litmus.c tests/explore/program.c tests/explore/outcomes.c" in *"$f"*) continue ;; esac
		echo "$f"
	done | xargs -n 1 -P "$(nproc)" sh -c '${CC:-cc} '"$flags"' -Ilib -include tests/explore/atomic.h \
		-c -o "$0/common/$(basename "$1" .c).o" "$1"' "$work"
}

twin() { # name, file, substitution, scenarios, executions
	dir=$work/$1
	rm -rf "$dir"
	mkdir -p "$dir"
	cp -r lib "$dir/"
	[ "$2" = - ] || perl -0pi -e "$3" "$dir/lib/$2"
	[ "$2" = - ] || ! cmp -s "lib/$2" "$dir/lib/$2" || { echo "twins: $1: nothing in lib/$2 was replaced" >&2; return 1; }
	${CC:-cc} $flags -I"$dir/lib" -include tests/explore/atomic.h -o "$dir/explore" $own "$work"/common/*.o \
		$(find "$dir/lib" -name '*.c' -not -path '*/port/*') || return 1
	"$dir/explore" --catch "$5" $4 > "$dir/log" 2>&1
	status=$?
	if [ $status -eq 0 ]; then
		printf '%-34s %s\n' "$1" "$(grep -m 1 caught "$dir/log" | tr -s ' ')"
		rm -rf "$dir"
	else
		printf '%-34s NOT CAUGHT (%s)\n' "$1" "$dir/log"
	fi
	return $status
}

# All of them: one process each, as many at once as there are CPUs.
if [ $# -eq 0 ]; then
	common || exit 1
	grep -v '^#' tests/explore/twins.tsv | cut -f 1 | xargs -n 1 -P "$(nproc)" sh "tests/explore/$self" "$work" > "$work/all" 2>&1
	grep -v '^twins: [01] caught' "$work/all"
	caught=$(grep -c '^twins: 1 caught' "$work/all")
	all=$(grep -vc '^#' tests/explore/twins.tsv)
	echo "twins: $caught of $all caught"
	[ "$caught" -eq "$all" ] && [ "$all" -gt 30 ]
	exit
fi

[ -f "$work/common/search.o" ] || common || exit 1
tab=$(printf '\t')
while IFS=$tab read -r name file substitution scenarios executions; do
	case " $* " in *" $name "*) ;; *) continue ;; esac
	if twin "$name" "$file" "$substitution" "$scenarios" "$executions"; then
		caught=$((caught + 1))
	else
		missed="$missed $name"
	fi
done < tests/explore/twins.tsv
echo "twins: $caught caught,$(echo "$missed" | wc -w) not$missed"
[ -z "$missed" ] && [ "$caught" -gt 0 ]
