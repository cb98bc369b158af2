# SPDX-License-Identifier: BSD-2-Clause
#
# What run.sh left, for the scripts after this one: awk -f read.awk -f X.awk OUT.list OUT.csv
# order[1..cases] are the names as listed, threads[1..widths] how many threads;
# least() and median() of all repetitions, in nanoseconds a call. 0: not run.
#
# One thread's time is processor time, which other processes of a busy machine
# stay out of. Several threads' is the wall clock's from the first's start to the
# last's end over all their calls, halved by perfect scaling with two; and only of
# repetitions in which they ran at once, to nine tenths by processor time: threads
# that take turns do not contend, and would look well for it.

function parse(text) {
	if (!match(text, /\/manual_time\/threads:[0-9]+/)) return 0
	name = substr(text, 1, RSTART - 1)
	width = substr(text, RSTART + 21, RLENGTH - 21) + 0
	return substr(text, RSTART + RLENGTH) == ""
}

FNR == NR {
	if (!parse($0)) next
	if (!(name in listed)) { listed[name] = 1; order[++cases] = name }
	if (!(width in known)) { known[width] = 1; threads[++widths] = width }
	next
}

/^"/ {
	split($0, field, "\",")
	if (!parse(substr(field[1], 2))) next
	if ($0 ~ /,true,/) { failed = failed "\n  " $0; next }
	split(field[2], value, ",")
	if (width > 1) {
		several++
		if (value[3] < 0.9 * width * value[2]) next
		at_once++
	}
	ns[name, width, ++count[name, width]] = value[width == 1 ? 3 : 2] + 0
}

function sorted(name, t,    i, j, k, m) {
	m = count[name, t]
	for (i = 1; i <= m; i++) a[i] = ns[name, t, i]
	for (i = 2; i <= m; i++) { k = a[i]; for (j = i - 1; j > 0 && a[j] > k; j--) a[j + 1] = a[j]; a[j + 1] = k }
	return m
}
function least(name, t) { return sorted(name, t) ? a[1] : 0 }
function median(name, t,    m) { m = sorted(name, t); return m ? (a[int((m + 1) / 2)] + a[int(m / 2) + 1]) / 2 : 0 }
function figure(x) { return x > 0 ? sprintf("%.2f", x) : "-" }
function ratio(x, y) { return x > 0 && y > 0 ? sprintf("%.2f", x / y) : "-" }
function finish() {
	printf "Of %d repetitions of several threads %d ran at once and count; \"-\": none did.\n", several, at_once
	if (failed != "") { print "failed:" failed; exit 1 }
	if (cases == 0) { print "no case was run"; exit 1 }
}
