/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PREFORK_CHECK_H
#define PREFORK_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"

/* What one check found: one line for people. */
struct finding {
	bool good;
	char line[240];
};

/* The transitions that the master saw. */
struct history {
	rheo_breaker_event_t *event;
	size_t count;
	uint64_t missed; /* overwritten before the master looked */
};

/* Every interval admitted burst + ceil(rate * t) at most. Sorts the list. */
struct finding check_limit(struct admission *list, size_t count, uint64_t rate_per_s, uint64_t burst);

/*
 * What the bucket counts as admitted was written down, but for what a killed
 * worker was about: one admission each, and with lanes a batch.
 */
struct finding check_count(uint64_t admitted, uint64_t written, uint64_t killed, uint64_t each);

/* The breaker's transitions are one chain of legal edges, and admissions fit the states. */
struct finding check_transitions(const struct history *history, uint64_t generation,
				 const struct admission *list, size_t count);

/* No half-open generation admitted more than half_open_calls. Sorts the list. */
struct finding check_probes(struct admission *list, size_t count, uint64_t half_open_calls);

/*
 * With every worker dead, whatever permits they held, the breaker admits within
 * the longest open time and the probes' timeout. Asked of a copy.
 */
struct finding check_never_stuck(const rheo_breaker_t *breaker, const void *mem, uint64_t size, uint64_t now_ns);

#endif
