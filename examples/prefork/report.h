/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PREFORK_REPORT_H
#define PREFORK_REPORT_H

#include "check.h"
#include "layout.h"
#include "options.h"

/* What the master has seen besides what is in the segment. */
struct outcome {
	struct history history;
	uint64_t ran_ns;
	uint64_t killed; /* workers that ended by a signal sent to them */
	uint64_t ended; /* by anything else: none should have */
};

/* After all workers are dead: prints the table, makes the checks; false where one failed. */
bool report(const struct options *options, const struct layout *layout, const struct outcome *outcome);

#endif
