# SPDX-License-Identifier: BSD-2-Clause
#
# After read.awk: a line a case. "scale" is how many times more calls two threads
# make together than one.

END {
	floor = least("floor: own CAS", 1)
	middle = median("floor: own CAS", 1)
	printf "%-37s %26s %26s\n", "", "one thread (CPU)", "two, one object (wall)"
	printf "%-37s %8s %8s %8s %8s %8s %8s\n", "nanoseconds a call", "minimum", "median", "x floor", "minimum", "median",
		"scale"
	for (c = 1; c <= cases; c++) {
		one = least(order[c], 1)
		two = least(order[c], 2)
		printf "%-37s %8.2f %8.2f %8s %8s %8s %8s\n", order[c], one, median(order[c], 1),
			ratio(one, floor), figure(two), figure(median(order[c], 2)), ratio(one, two)
	}
	printf "\"x floor\" and \"scale\" are of minima; of medians the floor is %.2f.\n", middle
	finish()
}
