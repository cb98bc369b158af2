#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	plot.sh OUT
#
# The picture of what run.sh left at OUT: OUT-threads.png, OUT-threads.svg.
set -eu

command -v gnuplot > /dev/null || { echo "bench: SKIPPED the picture, gnuplot is not installed"; exit 0; }
awk -v out="$1-threads" -f bench/read.awk -f bench/threads.awk "$1.list" "$1.csv"
gnuplot -e "out='$1-threads'" bench/threads.gp
echo "  $1-threads.png $1-threads.svg"
