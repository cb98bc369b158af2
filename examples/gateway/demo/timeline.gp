# The demo's picture: what was offered and what became of it, the breaker's
# state, the latency. Needs `dir`, which has timeline.tsv and run.gp.

load dir."/run.gp"
data = dir."/timeline.tsv"

# After Okabe and Ito: told apart by everybody. What an open breaker refuses has its colour.
well = "#56B4E9"
slow = "#0072B2"
failed = "#D55E00"
refused_rate = "#E69F00"
refused_open = "#B784A7"
closed = "#009E73"
half_open = "#F0E442"
array state_colour[3] = [closed, refused_open, half_open]
ink = "#222222"
faint = "#777777"
pale = "#E4E4E4"

left = 0.072
right = 0.983
narrow = 0.06

do for [picture in "png svg"] {
	if (picture eq "png") {
		set terminal pngcairo size 1500,1000 font "DejaVu Sans,13" background "#ffffff" linewidth 1.4
	} else {
		set terminal svg size 1500,1000 dynamic font "DejaVu Sans,Verdana,sans-serif,13" \
			background "#ffffff" linewidth 1.4
	}
	set output dir."/timeline.".picture
	set multiplot
	set border 3 lc rgb ink
	set xrange [0:end_s]
	set xtics 1 nomirror out scale 0.6 tc rgb ink
	set lmargin at screen left
	set rmargin at screen right
	set style fill solid 1.0 noborder
	# A little wider than a bucket, or the seams show.
	set boxwidth bucket_s * 1.12 absolute

	# --- what became of each request ------------------------------------------
	set tmargin at screen 0.815
	set bmargin at screen 0.45
	set yrange [0:1300<*]
	set ytics 200 nomirror out scale 0.6 tc rgb ink
	set grid ytics lt 1 lc rgb pale lw 0.8 back
	set format x ""
	set ylabel "requests per second" offset 0.5 tc rgb ink
	set label 1 "{/:Bold=20 A rate limit and a circuit breaker at work}" at screen left,0.968 tc rgb ink
	set label 2 sprintf("One route behind the gateway: limit %d/s with a burst of %d, and a breaker that opens when half of a second's calls fail or are slow.", limit, burst) \
		at screen left,0.932 tc rgb faint
	do for [i = 1:phases] {
		tag = 10 + i
		set label tag phase_name[i] at (phase_from[i] + phase_from[i + 1]) / 2, graph 1.05 center \
			font ",15" tc rgb ink
		if (i > 1) {
			set arrow 10 + i from phase_from[i], graph 0 to phase_from[i], graph 1.1 nohead \
				lc rgb faint lw 1 dt (6,4) front
		}
	}
	set label 30 sprintf("a burst of %d more", burst) at phase_from[2] + 0.3, limit + 90 \
		font ",12" tc rgb ink front
	set key at screen left,0.912 left top Left reverse horizontal maxrows 1 samplen 1.6 width 0 font ",12" tc rgb ink
	plot data using 1:($2 + $3 + $4 + $5 + $6) with boxes lc rgb refused_open title "503: breaker open", \
		"" using 1:($2 + $3 + $4 + $5) with boxes lc rgb refused_rate title "429: over the limit", \
		"" using 1:($2 + $3 + $4) with boxes lc rgb failed title "admitted, failed", \
		"" using 1:($2 + $3) with boxes lc rgb slow title "admitted, slow", \
		"" using 1:2 with boxes lc rgb well title "admitted, well", \
		"" using 1:7 with histeps lc rgb ink lw 1.8 title "offered", \
		limit with lines lc rgb ink lw 2.2 dt (9,5) title "the limit"
	unset key
	unset arrow
	unset label

	# --- the breaker's state -----------------------------------------------------
	set tmargin at screen 0.42
	set bmargin at screen 0.378
	set yrange [0:1]
	unset ytics
	set xtics scale 0
	unset grid
	set border 0
	set ylabel " "
	set label 1 "breaker" at screen left - 0.008,0.399 right tc rgb ink
	do for [i = 1:bands] {
		wide = band_to[i] - band_from[i]
		state = band_state[i]
		# Probes may take a hundredth of a second: widened, or they could not be seen.
		to = state == 2 && wide < narrow ? band_from[i] + narrow : band_to[i]
		if (state == 2) {
			set object i rectangle from band_from[i],0 to to,1 fillcolor rgb half_open \
				fillstyle solid 1.0 noborder front
		} else {
			set object i rectangle from band_from[i],0 to to,1 fillcolor rgb state_colour[state + 1] \
				fillstyle solid 1.0 noborder behind
		}
		if (state != 2 && wide > 0.3) {
			words = state == 0 ? "closed" : sprintf(wide < 0.6 ? "%.1f" : wide < 1 ? "%.1f s" : "open %.1f s", wide)
			colour = state == 0 ? "#ffffff" : ink
			tag = 100 + i
			set label tag words at (band_from[i] + band_to[i]) / 2, 0.5 center font ",12" tc rgb colour front
		}
	}
	plot NaN notitle
	unset object
	unset label

	# --- latency --------------------------------------------------------------------
	set tmargin at screen 0.335
	set bmargin at screen 0.075
	set border 3 lc rgb ink
	set xtics 1 nomirror out scale 0.6 tc rgb ink
	set logscale y
	set yrange [1:1000<*]
	set ytics ("1" 1, "3" 3, "10" 10, "30" 30, "100" 100, "300" 300, "1000" 1000, "3000" 3000, "10000" 10000) nomirror out scale 0.6 tc rgb ink
	set grid ytics lt 1 lc rgb pale lw 0.8 back
	set format x "%g"
	set xlabel "seconds since the start" offset 0,0.3 tc rgb ink
	set ylabel "latency if admitted, ms" offset 0.5 tc rgb ink
	do for [i = 2:phases] {
		set arrow 10 + i from phase_from[i], graph 0 to phase_from[i], graph 1 nohead lc rgb faint lw 1 dt (6,4) back
	}
	do for [i = 1:bands] {
		if (band_state[i] == 1) {
			set object 100 + i rectangle from band_from[i], graph 0 to band_to[i], graph 1 \
				fillcolor rgb "#F4EEF3" fillstyle solid 1.0 noborder behind
		}
	}
	set key at screen left,0.366 left top Left reverse horizontal maxrows 1 samplen 2.2 width -1 font ",12" tc rgb ink
	plot data using 1:9 with linespoints lc rgb slow lw 1.8 pt 7 ps 0.6 title "99th percentile", \
		"" using 1:8 with linespoints lc rgb closed lw 1.8 pt 5 ps 0.5 title "median", \
		slow_ms with lines lc rgb failed lw 2 dt (9,5) title sprintf("slow: above %d ms", slow_ms), \
		NaN with boxes lc rgb half_open title "half-open: probes", \
		NaN with boxes lc rgb "#E6D9E3" title "open: nothing admitted"
	unset multiplot
	unset object
	unset arrow
	unset logscale
	set output
	reset
}
