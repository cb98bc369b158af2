/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DEMO_REPORT_H
#define DEMO_REPORT_H

#include <stdbool.h>

#include "load.h"
#include "record.h"

/* While it plays: one live line on a terminal, else a row a second. */
struct live {
	bool terminal;
	struct tally second_ago[5]; /* of the last second, in fifths */
	unsigned looks;
	unsigned rows;
};

void live_begin(struct live *live);
/* To be called five times a second. */
void live_show(struct live *live, const struct history *history, struct tally tally, uint64_t now_ns);
void live_end(const struct live *live);

/* At the end. */
void report_phases(const struct history *history);
void report_transitions(const struct history *history);

const char *report_state(uint32_t state);

#endif
