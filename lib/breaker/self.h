/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BREAKER_SELF_H
#define RHEO_BREAKER_SELF_H

/*
 * The breaker in memory, and what its files offer each other.
 *
 *	head       what never changes: the deadline's unit, the jitter's seed
 *	shape      the window's, never changed either
 *	state      the one word (state.h)                     \
 *	told_ns    the latest time known                       } read by all,
 *	control    which rules are in force (base/record.h)    } written on
 *	turns      transitions so far, the full generation     } transitions
 *	watch      whether successes have to look (judge.c)    |
 *	longest    the largest open_max_ns there has been     /
 *	judged     a lower bound of the calls in the window   \  written by failures
 *	levels     backoff, by generation                    /   and transitions
 *	ring_head  a count window's number of calls
 *	rules      two slots of the record
 *	log        the last transitions (log.c)
 *	probe[]    permits of HALF_OPEN that are out
 *	blocks     a CPU's counts and its track, one after the other; one that
 *	           all share; the tracks of failures and of slow calls (window.c)
 *	ring       a count window's outcomes
 */

#include "../base/object.h"
#include "../base/record.h"
#include "../counter/lines.h"
#include "transition.h"
#include "window.h"

enum {
	BRULE_RATES, /* failure bp : 16, slow bp : 16, calls : 8, successes : 8, failures : 8, flags : 8 */
	BRULE_SLOW_NS,
	BRULE_COUNTS, /* minimum : 32, in a row : 32 */
	BRULE_OPEN_NS,
	BRULE_OPEN_MAX_NS,
	BRULE_SPREAD, /* backoff bp : 32, jitter bp : 32 */
	BRULE_TIMEOUT_NS,
	BRULE_FIELDS
};

/* Counts, one line a CPU: calls where not said otherwise. */
enum {
	BCOUNT_REFUSED_OPEN,
	BCOUNT_REFUSED_PROBE,
	BCOUNT_STALE,
	BCOUNT_IGNORED,
	BCOUNT_REGRESSIONS,
	BCOUNT_RETRIES, /* compare-and-swaps */
	BCOUNT_OTHER_CALLS /* recorded, but not in the window: probes, DISABLED */
};

#define RH_LOG_EVENTS 16u
#define RH_LEVELS 4u

/* Tries before a word that keeps changing is given up as overwritten from outside (P14). */
#define RH_STATE_TRIES 65536u

/* A transition written down: [ generation : 32 | value : 32 ] each. */
struct rh_event {
	RH_ALIGNED(64) rh_a64 what; /* from, to, modes, cause; written last */
	rh_a64 at_low, at_high;
	rh_a64 calls, failures, slow;
	rh_a64 open_low, open_high;
};

_Static_assert(sizeof(struct rh_event) == 64, "an event is one cache line");

struct rh_breaker {
	struct rh_header head;
	struct rh_shape shape;
	RH_ALIGNED(64) rh_a64 state;
	rh_a64 told_ns;
	rh_a64 control;
	rh_a64 turns;
	rh_a64 watch;
	rh_a64 longest; /* of a deadline that may still be running */
	RH_ALIGNED(64) rh_a64 judged;
	rh_a64 levels[RH_LEVELS];
	rh_a64 ring_head;
	RH_ALIGNED(64) rh_a64 rules[4 * BRULE_FIELDS];
	struct rh_event log[RH_LOG_EVENTS];
	RH_ALIGNED(64) rh_a64 probe[RH_PROBE_SLOTS];
	RH_ALIGNED(64) unsigned char blocks[];
};

_Static_assert(offsetof(struct rh_breaker, judged) - offsetof(struct rh_breaker, state) == 64,
	       "what all read is not on the line that failures write");
_Static_assert(offsetof(struct rh_breaker, blocks) % 64 == 0, "counts begin on a line");

/* A handle taken apart. */
struct rh_bself {
	struct rh_breaker *b;
	unsigned tag;
};

static inline struct rh_bself
rh_breaker_self(const rheo_breaker_t *handle)
{
	return (struct rh_bself){rh_handle_memory(handle), rh_handle_tag(handle)};
}

/* The handle's seven bits: lanes 0 to 7 (log2) in three, by calls in one, the size code in three. */
static inline unsigned
rh_btag_lanes(unsigned tag)
{
	return tag & 7u;
}

static inline bool
rh_btag_by_calls(unsigned tag)
{
	return (tag >> 3 & 1u) != 0;
}

static inline unsigned
rh_btag_code(unsigned tag)
{
	return tag >> 4;
}

/*
 * The header's param: the deadline's unit : 5, own : 1 (RH_PARAM_OWN), own and
 * a time window of at most 16 slices : 1. With those blocks have one size, and
 * a record has less to find out. (Should a neighbour set the bit, every block
 * of a larger size has this one's in it.)
 */
#define RH_PARAM_QUICK 64u
#define RH_QUICK_APART 8u
#define RH_QUICK_CELLS 16u

/* Whether lanes are the CPUs' own. */
static inline bool
rh_breaker_own(struct rh_bself self)
{
	return (self.b->head.param & RH_PARAM_OWN) != 0;
}

/* How far blocks lie apart, log2. */
static inline unsigned
rh_breaker_apart(struct rh_bself self)
{
	return rh_block_size(rh_btag_by_calls(self.tag), rh_btag_code(self.tag));
}

static inline struct rh_lines
rh_breaker_lines(struct rh_bself self)
{
	return (struct rh_lines){self.b->blocks, rh_breaker_apart(self), rh_btag_lanes(self.tag), rh_breaker_own(self)};
}

static inline void
rh_breaker_count(struct rh_bself self, unsigned index, uint64_t n)
{
	rh_lines_add(rh_breaker_lines(self), index, n);
}

static inline unsigned
rh_breaker_unit(struct rh_bself self)
{
	return self.b->head.param & 31u;
}

static inline struct rh_window
rh_breaker_window(struct rh_bself self)
{
	bool by_calls = rh_btag_by_calls(self.tag);
	struct rh_window w = {
		.word = &self.b->state,
		.blocks = self.b->blocks,
		.head = &self.b->ring_head,
		.own = rh_breaker_own(self),
		.lanes_log2 = rh_btag_lanes(self.tag),
		.apart = rh_breaker_apart(self),
		.cells = rh_window_cells(by_calls, rh_btag_code(self.tag)),
		.shape = self.b->shape,
	};

	if (by_calls)
		w.ring = (rh_a64 *)(void *)(w.blocks + (rh_blocks(w.lanes_log2) << w.apart));
	return w;
}

/* config.c */
RH_INTERNAL bool rh_brules_read(struct rh_bself self, struct rh_brules *r);

/* What caused a transition and the counts that did. */
struct rh_reason {
	uint32_t cause;
	struct rh_counts counts;
};

/* turn.c: the time to go by, the later of now_ns and what is known; an earlier one is counted. */
RH_INTERNAL uint64_t rh_breaker_time(struct rh_bself self, uint64_t now_ns);
RH_INTERNAL void rh_breaker_tell(struct rh_bself self, uint64_t now_ns);

/* turn.c: the same after a word was read that may be of a later time; nothing is counted. */
RH_INTERNAL uint64_t rh_breaker_known(struct rh_bself self, uint64_t now_ns);

/* turn.c: when the OPEN word w is over, and whether it is. */
RH_INTERNAL uint64_t rh_breaker_deadline(struct rh_bself self, uint64_t w);
RH_INTERNAL bool rh_breaker_over(struct rh_bself self, uint64_t w, uint64_t now_ns);

/* turn.c: the full number of the generation that w is in, and how often it has reopened. */
RH_INTERNAL uint64_t rh_breaker_generation(struct rh_bself self, uint64_t w);
RH_INTERNAL uint32_t rh_breaker_level(struct rh_bself self, uint64_t generation);

/*
 * turn.c: one transition, by one compare-and-swap from *w. open_ns: how long
 * the next state lasts, where it is OPEN. Returns false, with *w as it is now,
 * where another call came first.
 */
RH_INTERNAL bool rh_breaker_turn(struct rh_bself self, uint64_t *w, struct rh_state next, uint32_t level,
		     uint64_t open_ns, uint64_t now_ns, const struct rh_reason *reason);

/* turn.c: to OPEN, at the given level for as long as the rules say, or over at once. */
RH_INTERNAL bool rh_breaker_open(struct rh_bself self, uint64_t *w, const struct rh_brules *r, uint32_t level,
		     bool at_once, uint64_t now_ns, const struct rh_reason *reason);

/* judge.c: opens the breaker if the window says so, at the latest in the given slice. */
RH_INTERNAL void rh_breaker_judge(struct rh_bself self, const struct rh_brules *r, uint64_t w, uint64_t slice,
		      uint64_t now_ns);

/* The watch (judge.c): a number that grows each time it is set, and two bits. */
#define RH_WATCHED UINT64_C(1) /* successes judge */
#define RH_TIMED UINT64_C(2) /* slow calls are looked for, or were once; never taken back */
#define RH_WATCH_STEP UINT64_C(4)

/* Whether a success has to judge as well. */
static inline bool
rh_breaker_watched(struct rh_bself self)
{
	return (rh_load_sc(&self.b->watch) & RH_WATCHED) != 0; /* J-A1 <- J-R1: set before the calls were counted */
}

/* judge.c: the next success judges as a failure does. Returns the watch as it then is. */
RH_INTERNAL uint64_t rh_breaker_watch(struct rh_bself self);

/* probe.c: a permit of the HALF_OPEN word *w; false where none is left or *w has changed. */
RH_INTERNAL bool rh_probe_issue(struct rh_bself self, uint64_t *w, const struct rh_brules *r, uint64_t now_ns,
		    uint64_t *permit);
/* probe.c: the first permit, after the turn that made w issued it. */
RH_INTERNAL bool rh_probe_first(struct rh_bself self, uint64_t w, uint64_t now_ns, uint64_t *permit);
/* probe.c: after the turn to the HALF_OPEN word w: forgets permits of earlier generations. */
RH_INTERNAL void rh_probe_sweep(struct rh_bself self, uint64_t w);
/* probe.c: what `overdue` is to be after a permit was issued at now_ns. */
RH_INTERNAL uint32_t rh_probe_overdue(const struct rh_brules *r, uint64_t now_ns);
RH_INTERNAL int32_t rh_probe_report(struct rh_bself self, uint64_t permit, uint32_t outcome, uint64_t now_ns);
RH_INTERNAL int32_t rh_probe_cancel(struct rh_bself self, uint64_t permit, uint64_t now_ns);
/* probe.c: gives up probes whose time is over. */
RH_INTERNAL void rh_probe_expire(struct rh_bself self, const struct rh_brules *r, uint64_t now_ns);
/* probe.c: when the next probe's time is over in the HALF_OPEN state s, UINT64_MAX where none is out. */
RH_INTERNAL uint64_t rh_probe_due(struct rh_bself self, const struct rh_brules *r, struct rh_state s, uint64_t now_ns);

/* log.c: makes sure that the generation w is in has been written down. */
RH_INTERNAL void rh_log_complete(struct rh_bself self, uint64_t w, uint64_t generation);
RH_INTERNAL void rh_log_write(struct rh_bself self, uint64_t generation, struct rh_state from, struct rh_state to,
		  uint64_t at_ns, uint64_t open_ns, const struct rh_reason *reason);

#endif
