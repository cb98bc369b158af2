/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BUCKET_LANES_H
#define RHEO_BUCKET_LANES_H

/* What lanes.c offers to bucket.c, refill.c and config.c; the essay is in lanes.c. */

#include "word.h"

/* The lane word: tokens parked : 16, filling : 1, fills begun : 47. */
struct rh_lane {
	RH_ALIGNED(64) rh_a64 parked;
	rh_a64 stuck_at; /* the fill that the hook last saw in progress, and since when */
	rh_a64 stuck_ns;
};

_Static_assert(sizeof(struct rh_lane) == 64, "a lane is one cache line");

#define RH_FILLING (UINT64_C(1) << 16)
#define RH_PARKED_MASK (RH_FILLING - 1)

/* A hook's claim on room in some lanes, held over its publication. */
#define RH_CLAIMS 64u
struct rh_claims {
	unsigned count;
	unsigned lane[RH_CLAIMS];
	uint64_t word[RH_CLAIMS];
	uint32_t room[RH_CLAIMS];
};

/* Before the bucket is shared: each lane holds `parked` tokens. */
RH_INTERNAL void rh_lanes_init(struct rh_self self, uint64_t parked);

/* try_acquire and try_acquire_at (now_ns not NULL) on a bucket with lanes; the caller counts refusals. */
RH_INTERNAL int32_t rh_lanes_acquire(struct rh_self self, uint64_t n, const uint64_t *now_ns);

/* Before any other decision for now_ns on a bucket with lanes: publishes it if Q does not pay for it. */
RH_INTERNAL void rh_lanes_catch_up(struct rh_self self, uint64_t now_ns);

/* Before a refusal of n at now_ns: publishes what has been earned by then, if that is enough. */
RH_INTERNAL bool rh_lanes_publish_news(struct rh_self self, uint64_t n, uint64_t now_ns);

/* Takes up to n tokens from the lanes alone; returns how many. */
RH_INTERNAL uint64_t rh_lanes_take_upto(struct rh_self self, uint64_t n);

/* Parks up to n tokens that are given back where there is room; returns how many. */
RH_INTERNAL uint64_t rh_lanes_give(struct rh_self self, uint64_t n);

/* Whether one lane holds n tokens, which the next request for n would find. */
RH_INTERNAL bool rh_lanes_hold(struct rh_self self, uint64_t n);

/* Tokens parked in all lanes. */
RH_INTERNAL uint64_t rh_lanes_sum(struct rh_self self);

/* The hook: claims room for up to n tokens, and later parks n tokens in what it claimed. */
RH_INTERNAL void rh_lanes_claim(struct rh_self self, uint32_t lane_cap, uint64_t n, struct rh_claims *claims);
RH_INTERNAL void rh_lanes_settle(struct rh_self self, const struct rh_claims *claims, uint64_t n);

/* The hook: takes back marks of fillers that have not come back for a while, and what a reconfigure that was
   killed has left above the lanes' cap. */
RH_INTERNAL void rh_lanes_reclaim(struct rh_self self, uint64_t now_ns);

/* reconfigure: at most `keep` tokens stay in each lane, and every fill in progress is void. Returns
   the tokens taken out. */
RH_INTERNAL uint64_t rh_lanes_trim(struct rh_self self, uint32_t keep);

/*
 * Takes n from this CPU's lane, tried once. RH_REFUSED: it does not hold so
 * many; RH_UNDECIDED: another call came first; RH_NOT_TRIED: which CPU this
 * is takes longer to find out.
 */
RH_INLINE enum rh_answer
rh_lanes_take_now(struct rh_self self, uint64_t n)
{
	int cpu = rh_own_here().cpu;
	struct rh_lane *lane = rh_bucket_lanes(self) + ((unsigned)cpu & ((1u << self.lanes) - 1));
	uint64_t w = rh_load_acq(&lane->parked); /* L-A1 <- L-R1: the credit these were taken by */

	if (!rh_likely(cpu >= 0))
		return RH_NOT_TRIED;
	if (!rh_likely(n <= (w & RH_PARKED_MASK)))
		return RH_REFUSED;
	RHEO_INJECT(LANE_BEFORE_TAKE);
	/* L-R1 -> L-A1: what this thread has seen, with what it leaves */
	return rh_likely(rh_cas_ar(&lane->parked, &w, w - n)) ? RH_TAKEN : RH_UNDECIDED;
}

/* Whether n, which may be had at all, was not to be found anywhere since the last credit was published. */
RH_INLINE bool
rh_lanes_dry(struct rh_self self, uint64_t n)
{
	uint64_t cap;

	/* One token may always be had. */
	if (n != 1 && !(rh_rule_now(self.b, RULE_CAP, &cap) && n <= (cap & RH_UNITS_MASK) >> self.shift))
		return false;
	return rh_load_acq(&self.b->earned) == rh_load_rlx(&self.b->dry); /* B-A2 <- B-R2: the clamp before it */
}

/* After tokens came other than by publication: a refusal must look again. */
static inline void
rh_lanes_wet(struct rh_self self)
{
	uint64_t dry = rh_load_sc(&self.b->dry); /* L-A2 <- L-R2: the note, and the credit it is of */
	uint64_t earned = rh_load_rlx(&self.b->earned);

	if (dry == earned)
		rh_swap_rlx(&self.b->dry, earned + (UINT64_C(1) << 63));
}

#endif
