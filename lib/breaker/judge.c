/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The judgement: does the window open the breaker?
 *
 * It is asked after every record that can change the answer:
 *
 *  - a failure or a slow call;
 *  - the first record of a slice on its lane: old calls have left the window;
 *  - a success while the watch is set. A success lowers the rates, so it can
 *    open the breaker only by completing minimum_calls; the watch says that the
 *    rates would be reached at that number of calls, and calls are missing.
 *
 * What it costs: reading failures and slow calls (a cell a slice). Only where
 * these could reach a rate at minimum_calls are calls summed over all lanes,
 * and then the sum is kept (`judged`), rounded down, for the rest of the
 * slice, in which it can only grow: failures that do not reach a rate at that
 * many calls need no sum. Between two sums failures must have grown in the
 * proportion of the rate reached to the rate asked for, so a slice sees few.
 *
 * The watch is a number that grows each time it is set, and a bit. It
 * is cleared by CAS from the number that was read before the window was: a
 * clearing that races with a setting fails. Nor is a watch cleared that was set
 * for a later generation or by later rules than those judged by: whoever set it
 * had read those, so who has read the watch and still finds the old ones in
 * force knows that it was not; and a setting that comes after that changes the
 * number. Why nothing falls between two threads: window.c, "Order".
 *
 * Edges. J-R1 -> J-A1: the watch, seq_cst with the window's adds.
 */

#include "self.h"

/* judged: slice : 36, generation : 16, calls : 12, which are the highest 6 bits and by how many to shift them. */
#define JUDGED_BITS 6u
#define JUDGED_PART ((1u << JUDGED_BITS) - 1)
#define JUDGED_CALLS ((UINT64_C(1) << 12) - 1)

uint64_t
rh_breaker_watch(struct rh_bself self)
{
	uint64_t v = rh_load_rlx(&self.b->watch), next = 0;

	for (unsigned i = 0; i < RH_STATE_TRIES; i++) {
		next = (v + RH_WATCH_STEP) | RH_WATCHED;
		RHEO_INJECT(JUDGE_BEFORE_WATCH);
		if (rh_cas_sc(&self.b->watch, &v, next)) /* J-R1 -> J-A1: the watch, before counting again */
			break;
	}
	return next;
}

/* Whether the generation and the rules that are judged by are still in force. */
static bool
still_judged(struct rh_bself self, const struct rh_brules *r, uint32_t generation)
{
	uint64_t w = rh_load_acq(&self.b->state); /* T-A1 <- T-R1: its generation */
	uint64_t control = rh_load_acq(&self.b->control); /* R-A1 <- R-R1: the rules' words */

	return rh_state_unpack(w).generation == generation && rh_record_active(control) == rh_record_active(r->control);
}

static void
clear_watch(struct rh_bself self, const struct rh_brules *r, uint32_t generation, uint64_t seen)
{
	if ((seen & RH_WATCHED) != 0 && still_judged(self, r, generation))
		rh_cas_rlx(&self.b->watch, &seen, seen & ~RH_WATCHED);
}

/* Whether these bad calls reach a rate among so many calls. */
static uint32_t
cause_of(const struct rh_brules *r, const struct rh_counts *c, uint64_t calls)
{
	if (rh_rate_reached(c->failures, calls, r->failure_rate_bp))
		return RHEO_CAUSE_FAILURE_RATE;
	if (rh_rate_reached(c->slow, calls, r->slow_call_rate_bp))
		return RHEO_CAUSE_SLOW_CALL_RATE;
	return 0;
}

static uint64_t
judged_tag(uint32_t generation, uint64_t slice)
{
	return slice << 28 | (uint64_t)(generation & 0xffffu) << 12;
}

/* Calls surely in the window of this generation and slice, from an earlier sum. */
static uint64_t
judged_before(struct rh_bself self, uint64_t tag)
{
	uint64_t v = rh_load_rlx(&self.b->judged);

	return (v & ~JUDGED_CALLS) == tag ? (v & JUDGED_PART) << (v >> JUDGED_BITS & JUDGED_PART) : 0;
}

static void
keep_judged(struct rh_bself self, uint64_t tag, uint64_t calls)
{
	unsigned shift = 0;

	/* Rounded down: it is a lower bound. */
	while (calls >> shift >> JUDGED_BITS != 0)
		shift++;
	rh_swap_rlx(&self.b->judged, tag | (uint64_t)shift << JUDGED_BITS | calls >> shift);
}

void
rh_breaker_judge(struct rh_bself self, const struct rh_brules *r, uint64_t w, uint64_t slice,
		 uint64_t now_ns)
{
	struct rh_window window = rh_breaker_window(self);
	uint32_t generation = rh_state_unpack(w).generation;
	uint64_t minimum = r->minimum_calls, watch, calls, latest;
	struct rh_reason reason;

	if (window.ring != NULL && minimum > window.shape.window_calls)
		minimum = window.shape.window_calls;
	RHEO_INJECT(JUDGE_BEGINS);
	watch = rh_load_sc(&self.b->watch); /* J-A1 <- J-R1: read before the window */
	rh_window_bad(&window, generation, &slice, &reason.counts);
	if (cause_of(r, &reason.counts, minimum) == 0) {
		clear_watch(self, r, generation, watch);
		return;
	}
	if (window.ring == NULL) {
		calls = judged_before(self, judged_tag(generation, slice));
		if (calls >= minimum && cause_of(r, &reason.counts, calls) == 0)
			return;
	}
	RHEO_INJECT(JUDGE_BEFORE_CALLS);
	/* Calls later than this one's time leave no failures behind, but move the window on. */
	latest = rh_window_latest(&window, slice);
	if (latest != slice) {
		slice = latest;
		rh_window_bad(&window, generation, &slice, &reason.counts);
	}
	rh_window_calls(&window, generation, slice, &reason.counts);
	if (reason.counts.calls < minimum) {
		watch = rh_breaker_watch(self);
		rh_window_bad(&window, generation, &slice, &reason.counts);
		rh_window_calls(&window, generation, slice, &reason.counts);
		if (reason.counts.calls < minimum)
			return;
	}
	clear_watch(self, r, generation, watch);
	RHEO_INJECT(JUDGE_BEFORE_KEEP);
	if (window.ring == NULL)
		keep_judged(self, judged_tag(generation, slice), reason.counts.calls);
	reason.cause = cause_of(r, &reason.counts, reason.counts.calls);
	if (reason.cause == 0)
		return;
	/* Failures in a row may move the word meanwhile; anything else ends the matter. */
	for (unsigned i = 0; i < RH_STATE_TRIES; i++) {
		struct rh_state s = rh_state_unpack(w);

		if (!rh_state_passes(w) || s.generation != generation)
			return;
		RHEO_INJECT(JUDGE_BEFORE_TRIP);
		if (rh_breaker_open(self, &w, r, 0, false, now_ns, &reason))
			return;
	}
}
