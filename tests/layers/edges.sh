#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Synchronising edges: every acquire, release and seq_cst operation in lib/
# carries a label on its line or the two before it,
#
#	X-A1 <- X-R1, X-R2: what is acquired        X-R1 -> X-A1: what is released
#
# and every label named as a partner is the label of an operation that names it
# back. Fails on an order without a label and on a label without its partner.
set -u
cd "$(dirname "$0")/../.."
awk '
FNR == 1 { p1 = p2 = "" }
{
	near = p2 " " p1 " " $0
	if ($0 !~ /^static inline/ && match($0, /rh_(load_acq|load_sc|add_sc|swap_rel|cas_rel|cas_ar|cas_sc|own_cas)\(/)) {
		ops++
		if (near !~ /[A-Z]-[AR][0-9]+ (<-|->) /) {
			printf "edges: %s:%d: an order without a label\n", FILENAME, FNR
			bad++
		}
	}
	line = $0
	while (match(line, /[A-Z]-[AR][0-9]+ (<-|->) [A-Z]-[AR][0-9]+(, [A-Z]-[AR][0-9]+)*/)) {
		label = substr(line, RSTART, RLENGTH)
		line = substr(line, RSTART + RLENGTH)
		split(label, side, / (<-|->) /)
		n = split(side[2], partner, /, /)
		acquires = label ~ /<-/
		if (acquires != (side[1] ~ /-A/)) { printf "edges: %s:%d: %s points the wrong way\n", FILENAME, FNR, label; bad++ }
		for (i = 1; i <= n; i++) {
			if ((side[1] ~ /-A/) == (partner[i] ~ /-A/)) { printf "edges: %s:%d: %s\n", FILENAME, FNR, label; bad++ }
			edge[side[1] " " partner[i]] = FILENAME ":" FNR
			labels[side[1]] = 1
		}
	}
	p2 = p1; p1 = $0
}
END {
	for (e in edge) {
		split(e, s, " ")
		if (!((s[2] " " s[1]) in edge)) {
			printf "edges: %s: %s names %s, which does not name it back\n", edge[e], s[1], s[2]
			bad++
		}
		pairs++
	}
	for (l in labels) count++
	printf "edges: %d ordered operations, %d labels, %d pairs, %d faults\n", ops, count, pairs / 2, bad
	if (ops < 50) { print "edges: too few operations seen, is this the tree?"; exit 1 }
	exit bad > 0
}' lib/bucket/*.[ch] lib/breaker/*.[ch] lib/counter/*.[ch] lib/guard/*.[ch] lib/base/object.h lib/base/record.h
