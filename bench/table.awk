# SPDX-License-Identifier: BSD-2-Clause
#
# google-benchmark's CSV to one table: minimum and median nanoseconds a call over
# the repetitions, per number of threads, and both as multiples of the floor's.
# With two threads real time per call is halved by perfect scaling: "scale" is
# how many times more calls two threads make together than one.

/^"/ {
	n = split($0, f, "\",")
	name = substr(f[1], 2)
	split(f[2], v, ",")
	if (name ~ /_(mean|median|stddev|cv)$/) next
	if (!match(name, /\/threads:[0-9]+$/)) next
	threads = substr(name, RSTART + 9) + 0
	name = substr(name, 1, RSTART - 1)
	sub(/\/real_time$/, "", name)
	if ($0 ~ /,true,/) { failed = failed name " "; next }
	if (!(name in seen)) { seen[name] = 1; order[++cases] = name }
	ns[name, threads, ++count[name, threads]] = v[2] + 0
}

function median(name, t,    i, j, m, a, k) {
	m = count[name, t]
	for (i = 1; i <= m; i++) a[i] = ns[name, t, i]
	for (i = 2; i <= m; i++) { k = a[i]; for (j = i - 1; j > 0 && a[j] > k; j--) a[j + 1] = a[j]; a[j + 1] = k }
	least = a[1]
	return a[int((m + 1) / 2)]
}

END {
	floor = median("floor: own CAS", 1)
	printf "%-36s %9s %9s %8s %8s\n", "nanoseconds a call", "minimum", "median", "x floor", "scale"
	for (c = 1; c <= cases; c++) {
		one = median(order[c], 1)
		min1 = least
		two = median(order[c], 2)
		printf "%-36s %9.2f %9.2f %8.2f %8.2f\n", order[c], min1, one, one / floor, (two > 0 ? one / two : 0)
	}
	if (failed != "") { printf "failed: %s\n", failed; exit 1 }
	if (cases == 0) { print "no case was run"; exit 1 }
}
