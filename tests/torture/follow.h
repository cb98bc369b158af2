/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_TORTURE_FOLLOW_H
#define RHEO_TESTS_TORTURE_FOLLOW_H

/*
 * P8: polls a breaker's transitions and holds each to the last: the next
 * generation, beginning where that one ended, by a legal edge. And no OPEN ends
 * by time before its time. An edge whose maker died or sleeps has lost its
 * cause, so a reset can then not be told from an illegal edge to CLOSED; where
 * nobody resets there is no such excuse.
 */

#include "torture.h"

#define CAUSES 10u
#define CLOSINGS 16384u

struct follower {
	uint64_t seen, missed, partial, half_open, by_cause[CAUSES];
	uint32_t state, mode; /* where the last generation ended */
	uint64_t open_until; /* where it is OPEN: not over before, as far as known */
	bool resets; /* somebody may reset or force */
	uint32_t closings; /* generations that ended because their probes succeeded */
	uint64_t closing[CLOSINGS];
};

static inline bool
edge_is_natural(uint32_t from, uint32_t to)
{
	return (from == RHEO_CLOSED && to == RHEO_OPEN) || (from == RHEO_OPEN && to == RHEO_HALF_OPEN) ||
	       (from == RHEO_HALF_OPEN && (to == RHEO_CLOSED || to == RHEO_OPEN));
}

/* Where a change of mode must lead: a reset to CLOSED, which ends every mode, or force. */
static inline bool
edge_is_forced(const rheo_breaker_event_t *e)
{
	if (e->to_mode == RHEO_AUTO)
		return e->to_state == RHEO_CLOSED ||
		       (e->from_mode == RHEO_FORCED_OPEN && e->to_state == RHEO_OPEN);
	return e->to_state == (e->to_mode == RHEO_FORCED_OPEN ? RHEO_OPEN : RHEO_CLOSED);
}

static inline bool
edge_is_legal(const struct follower *f, const rheo_breaker_event_t *e)
{
	if (e->from_mode != e->to_mode)
		return f->resets && edge_is_forced(e);
	if (e->from_mode != RHEO_AUTO || e->cause == RHEO_CAUSE_FORCED)
		return false;
	if (e->cause == RHEO_CAUSE_RESET || (e->cause == RHEO_CAUSE_UNKNOWN && f->resets))
		return f->resets && (e->to_state == RHEO_CLOSED || edge_is_natural(e->from_state, e->to_state));
	return edge_is_natural(e->from_state, e->to_state);
}

static inline void
follow_event(struct follower *f, const rheo_breaker_event_t *e)
{
	CHECK(e->generation > f->seen, "P8: generation %llu after %llu", ULL(e->generation), ULL(f->seen));
	if (e->generation == f->seen + 1) {
		CHECK(e->from_state == f->state && e->from_mode == f->mode,
		      "P8: generation %llu begins at %s, the last ended at %s", ULL(e->generation),
		      rheo_state_name(e->from_state), rheo_state_name(f->state));
		CHECK(e->cause != RHEO_CAUSE_OPEN_TIME_OVER || e->partial || e->at_ns >= f->open_until,
		      "OPEN: generation %llu ends it %llu ns before its time", ULL(e->generation),
		      ULL(f->open_until - e->at_ns));
	}
	CHECK(edge_is_legal(f, e), "P8: generation %llu: an edge %s %s to %s %s by %s%s", ULL(e->generation),
	      rheo_state_name(e->from_state), rheo_mode_name(e->from_mode), rheo_state_name(e->to_state),
	      rheo_mode_name(e->to_mode), rheo_cause_name(e->cause), e->partial ? ", partial" : "");
	f->missed += e->generation - f->seen - 1;
	f->partial += e->partial;
	f->half_open += e->to_state == RHEO_HALF_OPEN;
	if (e->cause < CAUSES)
		f->by_cause[e->cause]++;
	if (e->cause == RHEO_CAUSE_PROBES_SUCCEEDED && f->closings < CLOSINGS)
		f->closing[f->closings++] = e->generation - 1;
	f->seen = e->generation;
	f->state = e->to_state;
	f->mode = e->to_mode;
	f->open_until = e->partial ? 0 : e->at_ns + e->open_ns;
}

static inline void
follow_once(struct follower *f, const rheo_breaker_t *breaker)
{
	rheo_breaker_event_t e[16];
	uint32_t n;

	CHECK(rheo_breaker_events(breaker, f->seen, e, 16, &n) == RHEO_OK, "events");
	for (uint32_t i = 0; i < n; i++) {
		if (broken(DROPPED_EVENT) && e[i].generation % 8 == 0)
			f->seen++;
		else
			follow_event(f, &e[i]);
	}
}

/* At rest: the log ends where the breaker is. */
static inline void
follow_to_end(struct follower *f, const rheo_breaker_t *breaker)
{
	rheo_breaker_snapshot_t s;

	follow_once(f, breaker);
	CHECK(rheo_breaker_snapshot(breaker, 0, &s, sizeof s) == RHEO_OK, "snapshot");
	CHECK(f->seen == s.generation && f->state == s.state && f->mode == s.mode,
	      "P8: the log ends at generation %llu, %s, the breaker is at %llu, %s", ULL(f->seen),
	      rheo_state_name(f->state), ULL(s.generation), rheo_state_name(s.state));
}

#endif
