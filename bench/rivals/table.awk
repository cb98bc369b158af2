# SPDX-License-Identifier: BSD-2-Clause
#
# The programs' rows of all rounds (second file) and what is absent (first file)
# to one table, and to the files tsv and json. A row: language, library, version,
# mode, case, threads, ns a call, bytes an object, garbage a call, clock read.

BEGIN { FS = "\t" }

FILENAME ~ /absent$/ { missing[++absents] = $1; why[absents] = $2; next }

NF != 10 { print "not a row: " $0 > "/dev/stderr"; bad = 1; next }

{
	line = $1 FS $2 FS $3 FS $4
	row = line FS $5 FS $6
	if (!(line in known)) { known[line] = 1; lines[++n_lines] = line }
	if (!(row in count)) rows[++n_rows] = row
	i = ++count[row]
	ns[row, i] = $7
	bytes[row, i] = $8
	garbage[row, i] = $9
	clock[row] = $10
}

# Sorts the values of a row into s; the k-th of them that are numbers.
function sort(values, row,    i, j, k, m) {
	m = 0
	for (i = 1; i <= count[row]; i++) {
		if (values[row, i] !~ /^-?[0-9.]+$/) continue
		k = values[row, i] + 0
		for (j = m++; j > 0 && s[j] > k; j--) s[j + 1] = s[j]
		s[j + 1] = k
	}
	return m
}

function least(values, row) { return sort(values, row) > 0 ? s[1] : "-" }

function median(values, row,    m) {
	m = sort(values, row)
	if (m == 0) return "-"
	return m % 2 ? s[(m + 1) / 2] : (s[m / 2] + s[m / 2 + 1]) / 2
}

function shown(x) { return x == "-" || x == "" ? "-" : sprintf(x < 1000 ? "%.1f" : "%.0f", x) }

function whole(x) { return x == "-" ? "-" : sprintf("%.0f", x) }

# minimum and median with one thread and with two, and calls of two threads together to calls of one
function times(line, outcome,    one, two) {
	one = line FS outcome FS 1
	two = line FS outcome FS 2
	if (!(one in count)) return sprintf(" %8s %8s %8s %8s %6s", "-", "-", "-", "-", "-")
	if (!(two in count)) return sprintf(" %8s %8s %8s %8s %6s", shown(least(ns, one)), shown(median(ns, one)), "-", "-", "-")
	return sprintf(" %8s %8s %8s %8s %6.2f", shown(least(ns, one)), shown(median(ns, one)), shown(least(ns, two)),
		shown(median(ns, two)), 2 * median(ns, one) / median(ns, two))
}

function both(a, b) { return b == "" || a == b ? a : a "/" b }

function section(title, passes, refuses,    i, f, p, r) {
	printf "%-64s %-43s %s\n", title, "        " passes, "        " refuses
	printf "%-64s", "nanoseconds a call and thread"
	for (i = 0; i < 2; i++) printf " %8s %8s %8s %8s %6s", "1: min", "median", "2: min", "median", "scale"
	printf " %7s %9s %7s\n", "bytes", "garbage", "clock"
	for (i = 1; i <= n_lines; i++) {
		p = lines[i] FS passes FS 1
		r = lines[i] FS refuses FS 1
		if (!(p in count)) continue
		split(lines[i], f, FS)
		printf "%-6s %-24s %-33s%s%s %7s %9s %7s\n", f[1], f[2] (f[3] == "-" ? "" : " " f[3]), f[4], times(lines[i], passes),
			times(lines[i], refuses), whole(median(bytes, p)),
			both(whole(median(garbage, p)), r in count ? whole(median(garbage, r)) : ""),
			both(clock[p], r in count ? clock[r] : "")
	}
	print ""
}

function quoted(x) { gsub(/\\/, "\\\\", x); gsub(/"/, "\\\"", x); return "\"" x "\"" }

function value(x) { return x == "-" ? "null" : x }

function files(    i, f, sep) {
	print "language\tlibrary\tversion\tmode\tcase\tthreads\tns_min\tns_median\tbytes_per_object\tgarbage_per_call\treads_clock" > tsv
	printf "{\"rows\": [" > json
	for (i = 1; i <= n_rows; i++) {
		split(rows[i], f, FS)
		lo = least(ns, rows[i]); mid = median(ns, rows[i]); b = whole(median(bytes, rows[i])); g = whole(median(garbage, rows[i]))
		printf "%s\t%.2f\t%.2f\t%s\t%s\t%s\n", rows[i], lo, mid, b, g, clock[rows[i]] > tsv
		printf "%s\n{\"language\": %s, \"library\": %s, \"version\": %s, \"mode\": %s, \"case\": %s, \"threads\": %d, ", \
			sep, quoted(f[1]), quoted(f[2]), quoted(f[3]), quoted(f[4]), quoted(f[5]), f[6] > json
		printf "\"ns_min\": %.2f, \"ns_median\": %.2f, \"bytes_per_object\": %s, \"garbage_per_call\": %s, \"reads_clock\": %s}", \
			lo, mid, value(b), value(g), (clock[rows[i]] == "yes" ? "true" : "false") > json
		sep = ","
	}
	printf "],\n\"absent\": [" > json
	for (i = 1; i <= absents; i++)
		printf "%s\n{\"name\": %s, \"why\": %s}", (i > 1 ? "," : ""), quoted(missing[i]), quoted(why[i]) > json
	print "]}" > json
}

END {
	if (n_rows == 0) { print "no row came"; exit 1 }
	section("limiters", "accept", "refuse")
	section("breakers", "closed", "open")
	for (i = 1; i <= absents; i++) printf "absent: %s, %s\n", missing[i], why[i]
	files()
	exit bad
}
