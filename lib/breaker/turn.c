/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One transition.
 *
 * The state word is moved by one compare-and-swap: whoever wins it made the
 * transition, nobody else did (P8). Around it, in this order:
 *
 *	1  the generation that is ending is in the log (written by whoever began
 *	   it, or here if that one died before it could): so every generation but
 *	   the current one is in the log, in order, exactly once
 *	2  told_ns >= now: a deadline will be read back relative to that, and who
 *	   sees the new state by an older clock goes by this one
 *	3  turns >= the next generation's number, level of the next generation
 *	4  the CAS
 *	5  the level again, the log
 *
 * A thread that dies anywhere leaves a state that the next caller can go on
 * from: before 4 nothing has happened, the writes of 2 and 3 are true of any
 * transition from here; after 4 the transition has, and 1 of the next one
 * completes its entry.
 *
 * While the word is OPEN, nothing raises told_ns but who is about to end it, a
 * tick that has, and a loser of the race to trip, by the time the race took. So
 * told_ns stays near the time OPEN began until that time is over, and its
 * deadline is read back right however long nobody calls. (Should somebody be
 * killed between 2 and 4 hours after the deadline, the worst is one more open
 * time, which is what P10 allows: what is read is never longer than the longest.)
 *
 * Edges. T-R1 -> T-A1: the state word. T-R2 -> T-A2: told_ns.
 */

#include "self.h"

uint64_t
rh_breaker_time(struct rh_bself self, uint64_t now_ns)
{
	uint64_t told = rh_load_acq(&self.b->told_ns); /* T-A2 <- T-R2: the time known */

	if (now_ns >= told)
		return now_ns;
	rh_breaker_count(self, BCOUNT_REGRESSIONS, 1);
	return told;
}

uint64_t
rh_breaker_known(struct rh_bself self, uint64_t now_ns)
{
	uint64_t told = rh_load_acq(&self.b->told_ns); /* T-A2 <- T-R2: the time known */

	return now_ns > told ? now_ns : told;
}

void
rh_breaker_tell(struct rh_bself self, uint64_t now_ns)
{
	uint64_t told = rh_load_acq(&self.b->told_ns); /* T-A2 <- T-R2: the time known */

	for (unsigned i = 0; i < RH_STATE_TRIES && now_ns > told; i++)
		/* T-R2 -> T-A2: the time, before a deadline is set by it */
		if (rh_cas_ar(&self.b->told_ns, &told, now_ns))
			return;
}

uint64_t
rh_breaker_deadline(struct rh_bself self, uint64_t w)
{
	uint64_t told = rh_load_acq(&self.b->told_ns); /* T-A2 <- T-R2: told before the deadline was set */

	return rh_deadline_read(rh_state_unpack(w).deadline, told, rh_breaker_unit(self));
}

bool
rh_breaker_over(struct rh_bself self, uint64_t w, uint64_t now_ns)
{
	uint64_t deadline = rh_breaker_deadline(self, w);

	/* A caller that slept since it read its clock is as late as the breaker knows it to be. */
	now_ns = rh_breaker_known(self, now_ns);
	if (now_ns >= deadline)
		return true;
	/* Longer than any open time: not a deadline that was set. */
	return deadline - now_ns > rh_load_rlx(&self.b->longest) + (UINT64_C(1) << rh_breaker_unit(self));
}

uint64_t
rh_breaker_generation(struct rh_bself self, uint64_t w)
{
	uint64_t turns = rh_load_rlx(&self.b->turns);

	return turns + (uint64_t)rh_nearest(rh_state_unpack(w).generation, turns, RH_GEN_BITS);
}

uint32_t
rh_breaker_level(struct rh_bself self, uint64_t generation)
{
	uint64_t v = rh_load_rlx(&self.b->levels[generation % RH_LEVELS]);

	return v >> 32 == (uint32_t)generation ? (uint32_t)v : 0;
}

/* Step 3: true of the next generation, whichever transition begins it. */
static void
announce(struct rh_bself self, uint64_t generation, uint32_t level)
{
	rh_a64 *at = &self.b->levels[generation % RH_LEVELS];
	uint64_t turns = rh_load_rlx(&self.b->turns), v = rh_load_rlx(at);

	for (unsigned i = 0; i < RH_STATE_TRIES && (int64_t)(generation - turns) > 0; i++)
		if (rh_cas_rlx(&self.b->turns, &turns, generation))
			break;
	if (v >> 32 != (uint32_t)generation)
		rh_cas_rlx(at, &v, generation << 32 | level);
}

bool
rh_breaker_turn(struct rh_bself self, uint64_t *w, struct rh_state next, uint32_t level,
		uint64_t open_ns, uint64_t now_ns, const struct rh_reason *reason)
{
	struct rh_state from = rh_state_unpack(*w);
	uint64_t generation = rh_breaker_generation(self, *w);

	rh_log_complete(self, *w, generation);
	rh_breaker_tell(self, now_ns);
	RHEO_INJECT(BREAKER_BEFORE_ANNOUNCE);
	announce(self, generation + 1, level);
	RHEO_INJECT(BREAKER_BEFORE_TURN);
	/* T-R1 -> T-A1: the time, level and number of the generation that begins */
	if (!rh_cas_ar(&self.b->state, w, rh_state_pack(next))) {
		rh_breaker_count(self, BCOUNT_RETRIES, 1);
		return false;
	}
	RHEO_INJECT(BREAKER_AFTER_TURN);
	*w = rh_state_pack(next);
	rh_swap_rlx(&self.b->levels[(generation + 1) % RH_LEVELS], (generation + 1) << 32 | level);
	rh_log_write(self, generation + 1, from, next, now_ns, open_ns, reason);
	return true;
}

bool
rh_breaker_open(struct rh_bself self, uint64_t *w, const struct rh_brules *r, uint32_t level,
		bool at_once, uint64_t now_ns, const struct rh_reason *reason)
{
	uint64_t generation = rh_breaker_generation(self, *w) + 1;
	uint64_t open_ns = at_once ? 0 : rh_open_duration(r, level, self.b->head.origin, generation);
	uint64_t until = now_ns + open_ns < now_ns ? UINT64_MAX : now_ns + open_ns;
	struct rh_state next = rh_after_trip(rh_state_unpack(*w),
					     rh_deadline_make(until, rh_breaker_unit(self)));

	return rh_breaker_turn(self, w, next, level, open_ns, now_ns, reason);
}
