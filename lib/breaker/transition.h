/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BREAKER_TRANSITION_H
#define RHEO_BREAKER_TRANSITION_H

/*
 * What follows from what: the breaker's rules as a table of pure functions.
 *
 *	CLOSED     -- rates or a row of failures --> OPEN       rh_after_trip
 *	OPEN       -- its time is over ----------> HALF_OPEN    rh_after_open
 *	HALF_OPEN  -- enough succeeded ----------> CLOSED       rh_after_probe
 *	HALF_OPEN  -- enough failed, or no ------> OPEN         rh_after_probe
 *	              verdict possible
 *	any        -- force, reset --------------> CLOSED, OPEN rh_after_force
 *
 * Nothing else makes a generation (P8).
 */

#include "../base/object.h"
#include "../base/wide.h"
#include "state.h"

/* What reconfigure may change, as a record (rules.h) holds it. */
struct rh_brules {
	uint64_t control; /* under which they were read */
	uint32_t failure_rate_bp;
	uint32_t slow_call_rate_bp;
	uint64_t slow_call_ns;
	uint32_t consecutive_failures;
	uint32_t minimum_calls;
	uint64_t open_ns;
	uint64_t open_max_ns;
	uint32_t open_backoff_bp;
	uint32_t open_jitter_bp;
	uint32_t half_open_calls;
	uint32_t half_open_successes;
	uint32_t half_open_failures;
	uint32_t flags;
	uint64_t probe_timeout_ns;
};

/* count * 10000 >= bp * calls, where counts are below 2^49: no rounding, no overflow. */
static inline bool
rh_rate_reached(uint64_t count, uint64_t calls, uint32_t bp)
{
	return bp != 0 && count * 10000u >= bp * calls;
}

/*
 * How long OPEN lasts the level-th time in a row: open_ns, grown level times by
 * backoff and held to the longest, then spread by a number drawn from the seed
 * and the generation (the same everywhere, P16).
 */
static inline uint64_t
rh_open_duration(const struct rh_brules *r, uint32_t level, uint64_t seed, uint64_t generation)
{
	uint64_t ns = r->open_ns, spread;

	for (uint32_t i = 0; i < level && ns < r->open_max_ns; i++) {
		uint64_t more = rh_muldiv(ns, r->open_backoff_bp, 10000);

		if (more == 0)
			break;
		ns = more < r->open_max_ns - ns ? ns + more : r->open_max_ns;
	}
	spread = rh_muldiv(ns, r->open_jitter_bp, 10000);
	if (spread != 0 && spread < UINT64_C(1) << 62) {
		uint64_t drawn = rh_mix(seed ^ rh_mix(generation));

		ns = ns - spread + rh_mul(drawn, 2 * spread + 1).hi;
	}
	if (ns > r->open_max_ns)
		ns = r->open_max_ns;
	return ns != 0 ? ns : 1;
}

static inline struct rh_state
rh_next_generation(struct rh_state s, uint32_t state)
{
	return (struct rh_state){
		.state = state, .mode = s.mode, .generation = (s.generation + 1) & RH_GEN_MASK};
}

static inline struct rh_state
rh_after_trip(struct rh_state s, uint64_t deadline)
{
	struct rh_state n = rh_next_generation(s, RHEO_OPEN);

	n.deadline = deadline;
	return n;
}

static inline struct rh_state
rh_after_open(struct rh_state s)
{
	return rh_next_generation(s, RHEO_HALF_OPEN);
}

enum rh_probe_end { RH_PROBE_SUCCEEDED, RH_PROBE_FAILED, RH_PROBE_IGNORED };

enum rh_verdict { RH_STAY, RH_CLOSE, RH_REOPEN, RH_REOPEN_AT_ONCE };

/* What follows from the probes that have ended. */
static inline enum rh_verdict
rh_probes_verdict(const struct rh_state *s, const struct rh_brules *r)
{
	if (s->failed >= r->half_open_failures)
		return RH_REOPEN;
	if (s->succeeded >= r->half_open_successes)
		return RH_CLOSE;
	if (s->succeeded + s->failed + s->ignored < r->half_open_calls)
		return RH_STAY;
	return s->failed != 0 ? RH_REOPEN : RH_REOPEN_AT_ONCE;
}

/* One probe has ended: counts it in *s and says what follows. */
static inline enum rh_verdict
rh_after_probe(struct rh_state *s, const struct rh_brules *r, enum rh_probe_end end)
{
	s->succeeded += end == RH_PROBE_SUCCEEDED;
	s->failed += end == RH_PROBE_FAILED;
	s->ignored += end == RH_PROBE_IGNORED;
	return rh_probes_verdict(s, r);
}

static inline struct rh_state
rh_after_force(struct rh_state s, uint32_t mode, uint64_t deadline)
{
	bool open = mode == RHEO_FORCED_OPEN ||
		    (mode == RHEO_AUTO && s.mode == RHEO_FORCED_OPEN);
	struct rh_state n = rh_next_generation(s, open ? RHEO_OPEN : RHEO_CLOSED);

	n.mode = mode;
	n.deadline = deadline;
	return n;
}

static inline struct rh_state
rh_after_reset(struct rh_state s)
{
	struct rh_state n = rh_next_generation(s, RHEO_CLOSED);

	n.mode = RHEO_AUTO;
	return n;
}

#endif
