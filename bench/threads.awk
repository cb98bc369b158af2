# SPDX-License-Identifier: BSD-2-Clause
#
# After read.awk, with -v out=PREFIX: PREFIX-limiters.dat and PREFIX-rest.dat for
# threads.gp, a block a case: threads, and the minimum and the median that a
# thread's own call costs (of several, wall clock times threads): flat is perfect
# scaling.

function put(file, name,    i, t) {
	if (blocks[file]++) printf "\n\n" > file
	printf "\"%s\"\n", name > file
	for (i = 1; i <= widths; i++) {
		t = threads[i]
		if (count[name, t]) printf "%d %.3f %.3f\n", t, t * least(name, t), t * median(name, t) > file
	}
}

END {
	for (c = 1; c <= cases; c++) {
		if (order[c] ~ /^(floor|bucket)/) put(out "-limiters.dat", order[c])
		if (order[c] !~ /^bucket|shared/) put(out "-rest.dat", order[c])
	}
}
