# SPDX-License-Identifier: BSD-2-Clause
#
# What a call costs against threads on one object. Needs `out`: what stands
# before -limiters.dat and -rest.dat, and before the pictures' .png and .svg.

ink = "#222222"
faint = "#777777"
pale = "#E4E4E4"
# After Okabe and Ito: told apart by everybody.
array colour[9] = ["#777777", "#E69F00", "#D55E00", "#0072B2", "#56B4E9", "#009E73", "#CC79A7", "#222222", "#F0E442"]

array file[2] = [out."-limiters.dat", out."-rest.dat"]
array panel[2] = ["buckets, and what else would limit", "breakers, guards, counters"]
stats file[1] using 1 nooutput
most = STATS_max
stats file[2] using 1 nooutput
most = STATS_max > most ? STATS_max : most

do for [picture in "png svg"] {
	if (picture eq "png") {
		set terminal pngcairo size 1500,700 font "DejaVu Sans,13" background "#ffffff" linewidth 1.4
	} else {
		set terminal svg size 1500,700 dynamic font "DejaVu Sans,Verdana,sans-serif,13" \
			background "#ffffff" linewidth 1.4
	}
	set output out.".".picture
	set multiplot layout 1,2 margins 0.06,0.985,0.38,0.85 spacing 0.08 title "{/:Bold=18 What a call costs, all threads on one object}\n" \
		."{/=13 nanoseconds of a thread's own time, minimum and (bar) median; a flat line is perfect scaling}" \
		textcolor rgb ink
	set border 3 lc rgb ink
	set logscale x 2
	set logscale y 10
	set xrange [0.9:most * 1.1]
	set yrange [1:*]
	set xtics 2 nomirror out scale 0.6 tc rgb ink
	set ytics (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000) nomirror out scale 0.6 tc rgb ink
	set grid ytics lt 1 lc rgb pale lw 0.8 back
	set key below left Left reverse samplen 2 tc rgb ink maxrows 9
	set xlabel "threads" tc rgb ink
	set ylabel "ns a call" offset 1 tc rgb ink
	do for [p = 1:2] {
		set title panel[p] tc rgb faint
		stats file[p] using 1 nooutput
		cases = STATS_blocks
		plot for [i = 0:cases - 1] file[p] index i using 1:2:2:3 with yerrorbars lw 1 pt 7 ps 0.3 \
				lc rgb colour[i % 9 + 1] notitle, \
			for [i = 0:cases - 1] file[p] index i using 1:2 with linespoints lw 1.6 pt 7 ps 0.8 \
				lc rgb colour[i % 9 + 1] title columnheader(1)
	}
	unset multiplot
	set output
}
