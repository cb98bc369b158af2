# SPDX-License-Identifier: BSD-2-Clause
#
# After read.awk: cases named this|NAME and rev|NAME side by side, for each number of
# threads. What is no rheo call, the floors and the clock, says how much is noise.

END {
	printf "%-37s %7s %17s %17s %17s\n", "", "", "this", "rev", "this / rev"
	printf "%-37s %7s %8s %8s %8s %8s %8s %8s\n", "nanoseconds a call", "threads", "minimum", "median",
		"minimum", "median", "minimum", "median"
	for (c = 1; c <= cases; c++) {
		split(order[c], part, "|")
		if (part[1] == "rev" && ("this|" part[2]) in listed) continue
		for (i = 1; i <= widths; i++) line(part[2], threads[i])
	}
	finish()
}

function line(name, t,    this, rev) {
	this = "this|" name
	rev = "rev|" name
	printf "%-37s %7d %8s %8s %8s %8s %8s %8s\n", name, t, figure(least(this, t)), figure(median(this, t)),
		figure(least(rev, t)), figure(median(rev, t)), ratio(least(this, t), least(rev, t)),
		ratio(median(this, t), median(rev, t))
}
