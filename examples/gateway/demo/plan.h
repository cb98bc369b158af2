/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DEMO_PLAN_H
#define DEMO_PLAN_H

#include <stddef.h>
#include <stdint.h>

/*
 * What is played: the route the gateway is given, and the phases. The limit is
 * low enough for two busy cores; every threshold is far from what noise can
 * reach, so a phase does what it is for on any machine.
 */
#define PLAN_LIMIT_PER_S 400
#define PLAN_BURST 100
#define PLAN_SLOW_MS 100
#define PLAN_HALF_OPEN_CALLS 5

enum { PLAN_STEADY, PLAN_OVERLOAD, PLAN_FAILING, PLAN_RECOVERY, PLAN_SLOW, PLAN_END, PLAN_PHASES };

struct phase {
	const char *name;
	uint64_t length_ms;
	uint64_t rate_per_s; /* offered */
	unsigned fail_percent; /* what the upstream is told */
	unsigned delay_ms;
};

extern const struct phase plan_phase[PLAN_PHASES];
extern const char plan_route[];

/* When a phase begins, after the first; for PLAN_PHASES: when all is over. */
uint64_t plan_begin_ns(unsigned phase);

/* Requests offered in a phase; they are spread evenly over it. */
size_t plan_requests(unsigned phase);

#endif
