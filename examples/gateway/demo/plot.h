/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DEMO_PLOT_H
#define DEMO_PLOT_H

#include <stdbool.h>

#include "record.h"

/*
 * Writes what was seen to `out` (timeline.tsv, records.tsv, and run.gp with
 * what the script has to know), and has gnuplot draw timeline.png and
 * timeline.svg there. False, with a line on stderr, where that failed.
 */
bool plot(const struct history *history, const char *out, const char *script);

#endif
