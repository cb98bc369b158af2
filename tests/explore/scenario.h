/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_EXPLORE_SCENARIO_H
#define RHEO_TESTS_EXPLORE_SCENARIO_H

/* The scenarios, and the oracles that they share. */

#include "explore/explore.h"
#include "rheo/rheo.h"

/* Each list ends with a scenario without a name. */
extern const struct ex_scenario counter_scenarios[], record_scenarios[], bucket_scenarios[], lanes_scenarios[],
	breaker_scenarios[], probe_scenarios[], guard_scenarios[], twin_scenarios[];

/* --- buckets: one token a nanosecond, so that a time is a credit -------------------- */

#define ADMISSIONS 64u

/* What was admitted, and between which times it was decided. */
struct admissions {
	struct {
		uint64_t tokens, from_ns, to_ns;
	} at[ADMISSIONS];
	unsigned count;
	uint64_t burst;
	uint64_t latest_ns; /* that anybody has passed in */
};

/* A bucket of one token a nanosecond, begun at time 0, its memory and its log. */
struct tank {
	rheo_bucket_t *b;
	struct admissions *log;
};

struct tank tank_make(uint64_t burst, uint32_t lanes, uint64_t max_debt, uint32_t flags);

/* The calls, as a thread makes them: each logs what it was granted. True: admitted. */
bool tank_acquire(struct tank *t, uint64_t n);
bool tank_acquire_at(struct tank *t, uint64_t n, uint64_t now_ns);
bool tank_reserve(struct tank *t, uint64_t n, uint64_t now_ns, uint64_t max_wait_ns);
uint64_t tank_upto(struct tank *t, uint64_t n, uint64_t now_ns);
void tank_refill(struct tank *t, uint64_t now_ns);

/* Gives back what this thread's last call was granted: it then counts as not admitted. */
void tank_refund(struct tank *t, uint64_t n);

/* Takes all that is left at a time, from outside. */
uint64_t tank_drain(struct tank *t, uint64_t now_ns);

/* P1: over all intervals. */
void tank_check(const struct tank *t);

/* P15, where nobody has died: what was counted is what was logged, level included. */
void tank_check_stats(const struct tank *t);

/* --- breakers ------------------------------------------------------------------------ */

/* P8: every generation once, in order, by a legal edge, each beginning where the last ended. */
void breaker_check_events(const rheo_breaker_t *b);

/* P10: alone, a caller is admitted within open time plus probe timeout. */
void breaker_check_not_stuck(rheo_breaker_t *b, const rheo_breaker_config_t *cfg, uint64_t now_ns);

/* A breaker in memory of the scenario's. */
rheo_breaker_t *breaker_make(const rheo_breaker_config_t *cfg);

/* Small: trips at half of two calls, probes one after 10 ns. */
rheo_breaker_config_t breaker_small(void);

#endif
