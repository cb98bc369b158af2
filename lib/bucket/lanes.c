/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Lanes: tokens parked in per-CPU words, so that threads on different CPUs
 * admit without sharing a cache line.
 *
 * Of the burst B, at most P = lanes * lane_cap tokens are parked, Q pays for
 * time (below), and the common word (word.h) holds at most C = B - P - Q. The
 * lane word is
 *
 *	[ fills begun : 47 | filling : 1 | parked : 16 ]
 *
 * Taking is one CAS on the CPU's own word. A lane that is short is filled from
 * the common word: mark it `filling` under the next fill number by CAS, take a
 * batch (and one's own cost) from the common word, deposit the batch by CAS
 * under one's own number. While the mark stands nobody else fills the lane or
 * gives tokens back to it, so its parked tokens can only fall:
 *
 *   (L1)  parked + the batch in flight <= lane_cap, for every lane, always.
 *
 * Threads that find the mark take what is parked, or go to the common word;
 * nobody waits. A filler may die between its two steps. The hook takes back a
 * mark that has stood for RECLAIM_NS; a filler that comes back after all finds
 * its number gone and drops the batch. It must not give it back: the room it
 * had may be filled by now, and the total could pass B. (The number has 47
 * bits: a filler would have to sleep through 2^47 fills of one lane.)
 *
 * P1. Let a decision's time be t, its credit e = earned(t), and `pub` what is
 * published when it happens. The common word decides by pub alone, and a lane
 * decides for a time that has earned at most Q beyond pub (else the hook runs
 * first; quantum_ns is a time that surely earns no more than Q). So decisions
 * with time in [t1, t2] happen while pub is in [e1 - Q, e2]. Their tokens were
 *
 *   - parked or in flight when pub first reached e1 - Q: at most P, by (L1); or
 *   - taken from the common word since: disjoint pieces of the credit axis,
 *     each beginning at or above pub - C >= e1 - Q - C, ending at or below e2:
 *     at most C + Q + e2 - e1; or
 *   - topped up since (next).
 *
 * Sum: P + C + Q + e2 - e1 = B + e2 - e1.
 *
 * Topping up. The hook clamps the common word to pub' - C before it publishes
 * pub'; what that discards is the piece [s, pub' - C) of the axis, s being
 * where spent stood. It may park a part y of it, with room claimed (marked as
 * by a filler) before it publishes and filled after. If pub first reaches
 * e1 - Q by this very publication, y is among what was parked or in flight
 * then: counted in P. If before, y comes from an unused piece of the axis above
 * s >= pub - C >= e1 - Q - C: it fits the second bound together with the other
 * pieces. A refund racing with the hook may have moved s lower; so y is held to
 * pub' - pub, what this hook publishes anew, which lies above pub - C. A
 * hook that loses the race to publish has nothing that it published, and drops
 * what it claimed. Unclamped or stale credit poured into lanes breaks P1.
 *
 * P2. Nothing is lost but what the clamp discards while lanes are full and, at
 * a crash, a batch in flight: the long-run rate is exact. Parked tokens are
 * found by any CPU: a request that its lane and the common word cannot serve
 * looks through all lanes before it is refused.
 *
 * Another cap. Reconfigure trims lanes after its rules are in force; killed
 * between the two it leaves lanes above their cap, so the hook takes off what
 * it finds above it (level_off), until when (L1) is of the larger cap.
 *
 * Refusing. A full look that finds no token anywhere notes the published
 * credit in `dry`. Until another credit is published (or tokens come back), a
 * refusal is its lane, `earned` and `dry`: three loads, and no store to a
 * shared line. Tokens that came meanwhile are not hidden by the note: who made
 * it looks once more, and who brings tokens to a lane or back to the common
 * word looks for a note afterwards. Both do so in the one order of seq_cst, so
 * one finds what the other did. Who is killed between the two may leave tokens
 * hidden from all but their lane's CPU until credit is next published.
 *
 * Edges. L-R1 -> L-A1: who takes parked tokens sees the credit that was
 * published when they were taken from the common word, so their decision is
 * not dated before it; and who marks or gives to a lane after reconfigure has
 * trimmed it sees the new rules. L-R2 -> L-A2: the note; L-R1 and B-R1 where
 * tokens come are seq_cst with it.
 */

#include "lanes.h"

#define FILL_SHIFT 17

/* How long a mark may stand before the hook takes it back. Wrong guesses cost a batch, nothing else. */
#define RECLAIM_NS UINT64_C(100000000)

#define LANE_TRIES 4096u

static uint64_t
parked_in(uint64_t w)
{
	return w & RH_PARKED_MASK;
}

/* The same lane, marked by its next fill. */
static uint64_t
marked(uint64_t w)
{
	return ((w >> FILL_SHIFT) + 1) << FILL_SHIFT | RH_FILLING | parked_in(w);
}

/* The lane holding n tokens, unmarked. */
static uint64_t
holding(uint64_t w, uint64_t n)
{
	return (w >> FILL_SHIFT) << FILL_SHIFT | (n < RH_PARKED_MASK ? n : RH_PARKED_MASK);
}

static struct rh_lane *
lane_at(struct rh_self self, unsigned i)
{
	return rh_bucket_lanes(self) + (i & ((1u << self.lanes) - 1));
}

void
rh_lanes_init(struct rh_self self, uint64_t parked)
{
	for (unsigned i = 0; i < 1u << self.lanes; i++) {
		rh_store_init(&lane_at(self, i)->parked, parked);
		rh_store_init(&lane_at(self, i)->stuck_at, 0);
		rh_store_init(&lane_at(self, i)->stuck_ns, 0);
	}
	rh_bucket_count(self, COUNT_ADJUSTED, parked << self.lanes);
}

/* Takes n, or with `upto` as much of n as there is. Returns the tokens taken. */
static uint64_t
take(struct rh_self self, struct rh_lane *lane, uint64_t n, bool upto)
{
	uint64_t w = rh_load_acq(&lane->parked); /* L-A1 <- L-R1: the credit these were taken by */
	uint64_t got = 0;
	unsigned retries = 0;

	for (;;) {
		uint64_t there = parked_in(w), want = upto && there < n ? there : n;

		if (want == 0 || want > there || retries > LANE_TRIES)
			break;
		RHEO_INJECT(LANE_BEFORE_TAKE);
		/* L-R1 -> L-A1: what this thread has seen, with what it leaves */
		if (rh_cas_ar(&lane->parked, &w, w - want)) {
			got = want;
			break;
		}
		retries++;
	}
	if (retries != 0)
		rh_bucket_count(self, COUNT_RETRIES, retries);
	return got;
}

/* Ends the fill that made `mark`, leaving n tokens more; they are lost if the mark is gone. */
static void
deposit(struct rh_self self, struct rh_lane *lane, uint64_t mark, uint64_t n)
{
	uint64_t w = mark;

	for (unsigned i = 0; i < LANE_TRIES; i++) {
		RHEO_INJECT(LANE_BEFORE_DEPOSIT);
		/* L-R1 -> L-A1: the credit that was published when the batch was taken */
		if (rh_cas_sc(&lane->parked, &w, holding(w, parked_in(w) + n))) {
			if (n != 0)
				rh_lanes_wet(self);
			return;
		}
		if ((w ^ mark) & ~RH_PARKED_MASK)
			break;
	}
	rh_bucket_count(self, COUNT_ADJUSTED, (uint64_t)0 - n);
}

/* From the common word, by published credit. */
static bool
take_common(struct rh_self self, uint64_t cap, uint64_t n)
{
	struct rh_ask ask = {0};
	struct rh_piece piece;

	ask.cap = cap;
	ask.cost = n << self.shift;
	return rh_word_take(self, &ask, &piece) == RH_TAKEN;
}

static int64_t
common_level(struct rh_self self, uint64_t cap)
{
	uint64_t spent = rh_load_acq(&self.b->spent); /* B-A1 <- B-R1: the credit its writer used */

	/* B-A2 <- B-R2: the clamp before it */
	return rh_level(rh_load_acq(&self.b->earned), spent, cap);
}

static uint32_t
lane_cap_of(struct rh_self self)
{
	uint64_t shape;

	return rh_rule(self.b, RULE_SHAPE, &shape) ? (uint32_t)(shape >> 8) & 0xffffu : 0;
}

/*
 * Takes n from the common word, and with it a batch for this lane if nobody is
 * filling it: a fair share of what is there, so that scarce tokens stay in the
 * middle.
 */
static bool
fill_and_take(struct rh_self self, struct rh_lane *lane, uint64_t cap, uint64_t n)
{
	uint64_t w = rh_load_acq(&lane->parked); /* L-A1 <- L-R1: rules newer than the last trim */
	uint64_t batch = 0, share, lane_cap, mark;
	int64_t level;
	bool taken;

	mark = marked(w);
	/* L-R1 -> L-A1: what this thread has seen, with the mark */
	if ((w & RH_FILLING) || !rh_cas_ar(&lane->parked, &w, mark))
		return take_common(self, cap, n);
	RHEO_INJECT(LANE_MARKED);
	lane_cap = lane_cap_of(self);
	level = common_level(self, cap);
	if (level > (int64_t)(n << self.shift)) {
		share = (((uint64_t)level >> self.shift) - n) >> self.lanes;
		batch = lane_cap > parked_in(w) ? lane_cap - parked_in(w) : 0;
		batch = batch < share ? batch : share;
	}
	taken = take_common(self, cap, n + batch);
	if (!taken) {
		taken = batch != 0 && take_common(self, cap, n);
		batch = 0;
	}
	deposit(self, lane, mark, batch);
	return taken;
}

/* A full look through the other lanes. *empty: there is not a token anywhere. */
static bool
take_from_others(struct rh_self self, unsigned own, uint64_t n, bool *empty)
{
	*empty = true;
	for (unsigned i = 1; i < 1u << self.lanes; i++) {
		struct rh_lane *lane = lane_at(self, own + i);
		uint64_t w = rh_load_rlx(&lane->parked);

		if (parked_in(w) >= n && take(self, lane, n, false) != 0)
			return true;
		if (parked_in(w) != 0 || (w & RH_FILLING))
			*empty = false;
	}
	return false;
}

/* A decision for now_ns may follow: runs the hook if more than Q has been earned since the last. */
static void
catch_up(struct rh_self self, uint64_t published, uint64_t shape, uint64_t now_ns)
{
	/* Where the burst is too small for lanes there is no Q: quantum ns is 0. */
	if (now_ns < published)
		rh_bucket_count(self, COUNT_REGRESSIONS, 1);
	else if (now_ns - published > shape >> 32)
		rh_bucket_publish(self, now_ns);
}

void
rh_lanes_catch_up(struct rh_self self, uint64_t now_ns)
{
	uint64_t published = rh_load_acq(&self.b->published_ns), shape; /* B-A3 <- B-R3: the credit of that time */

	if (rh_rule(self.b, RULE_SHAPE, &shape))
		catch_up(self, published, shape, now_ns);
}

/* Notes that there was not a token anywhere, and looks once more. */
static void
note_dry(struct rh_self self, uint64_t cap, uint64_t earned)
{
	uint64_t dry = rh_load_rlx(&self.b->dry), spent;
	bool found;

	RHEO_INJECT(LANES_BEFORE_NOTE);
	if (!rh_cas_sc(&self.b->dry, &dry, earned)) /* L-R2 -> L-A2: the note, before looking again */
		return;
	spent = rh_load_sc(&self.b->spent); /* B-A1 <- B-R1: what was given back */
	found = rh_level(earned, spent, cap) >= (int64_t)(UINT64_C(1) << self.shift);
	for (unsigned i = 0; i < 1u << self.lanes && !found; i++)
		found = parked_in(rh_load_sc(&lane_at(self, i)->parked)) != 0; /* L-A1 <- L-R1: what has come */
	if (found)
		rh_lanes_wet(self);
}

/* The CPU's own lane is short: fill it, or look elsewhere. */
RH_COLD static int32_t
acquire_elsewhere(struct rh_self self, unsigned own, uint64_t n, uint32_t lane_cap)
{
	struct rh_lane *lane = lane_at(self, own);
	uint64_t cap, earned, w;
	bool empty;

	if (!rh_rule(self.b, RULE_CAP, &cap))
		return RHEO_ERR_CORRUPT;
	cap &= RH_UNITS_MASK;
	if (n > cap >> self.shift)
		return RHEO_REJ_NEVER;
	earned = rh_load_acq(&self.b->earned); /* B-A2 <- B-R2: the clamp before it */
	if (rh_load_rlx(&self.b->dry) == earned)
		return RHEO_REJ_RATE;
	if (n <= lane_cap ? fill_and_take(self, lane, cap, n) : take_common(self, cap, n))
		return RHEO_OK;
	if (take_from_others(self, own, n, &empty))
		return RHEO_OK;
	if (!empty || common_level(self, cap) >= (int64_t)(UINT64_C(1) << self.shift))
		return RHEO_REJ_RATE;
	/* Last: who took what was in common for this lane had marked it before. */
	w = rh_load_rlx(&lane->parked);
	if (parked_in(w) == 0 && !(w & RH_FILLING))
		note_dry(self, cap, earned);
	return RHEO_REJ_RATE;
}

/*
 * Nobody is refused for what has been earned by his own time and only not been
 * published: true where n tokens would then be there, and they now are.
 */
RH_COLD bool
rh_lanes_publish_news(struct rh_self self, uint64_t n, uint64_t now_ns)
{
	struct rh_rules r;
	uint64_t spent;

	/* B-A3 <- B-R3: the credit of that time */
	if (now_ns <= rh_load_acq(&self.b->published_ns) || !rh_rules_read(self.b, &r))
		return false;
	spent = rh_load_acq(&self.b->spent); /* B-A1 <- B-R1: the credit its writer used */
	if (!rh_curve_beyond(&r.curve, now_ns) &&
	    rh_level(rh_curve_earned(&r.curve, now_ns), spent, r.cap) < (int64_t)(n << self.shift))
		return false;
	rh_bucket_publish(self, now_ns);
	return true;
}

int32_t
rh_lanes_acquire(struct rh_self self, uint64_t n, const uint64_t *now_ns)
{
	unsigned own = rh_cpu_hint() & ((1u << self.lanes) - 1);
	/* Before the rules: a time that is published by rules not yet seen would not go with them. */
	uint64_t published = rh_load_acq(&self.b->published_ns), shape; /* B-A3 <- B-R3: the credit of that time */
	uint32_t lane_cap;
	int32_t st;

	if (!rh_rule(self.b, RULE_SHAPE, &shape))
		return RHEO_ERR_CORRUPT;
	lane_cap = (uint32_t)(shape >> 8) & 0xffffu;
	if (now_ns != NULL)
		catch_up(self, published, shape, *now_ns);
	if (n <= lane_cap && take(self, lane_at(self, own), n, false) != 0)
		return RHEO_OK;
	st = acquire_elsewhere(self, own, n, lane_cap);
	if (st == RHEO_REJ_RATE && now_ns != NULL && rh_lanes_publish_news(self, n, *now_ns))
		st = acquire_elsewhere(self, own, n, lane_cap);
	return st;
}

uint64_t
rh_lanes_take_upto(struct rh_self self, uint64_t n)
{
	unsigned own = rh_cpu_hint();
	uint64_t got = 0;

	for (unsigned i = 0; i < 1u << self.lanes && got < n; i++)
		got += take(self, lane_at(self, own + i), n - got, true);
	return got;
}

/*
 * Own lane first, then the common word if it has room for the rest (the caller
 * does that), else wherever there is room. The lane's word is read before the
 * rules, so that tokens given after a trim go by the rules that trimmed (L-A1).
 */
static uint64_t
give_to(struct rh_lane *lane, struct rh_self self, uint64_t n)
{
	uint64_t w = rh_load_acq(&lane->parked); /* L-A1 <- L-R1: rules newer than the last trim */
	uint64_t lane_cap = lane_cap_of(self), room, given;

	for (unsigned i = 0; i < LANE_TRIES; i++) {
		room = lane_cap > parked_in(w) ? lane_cap - parked_in(w) : 0;
		given = room < n ? room : n;
		if ((w & RH_FILLING) || given == 0)
			return 0;
		/* L-R1 -> L-A1: what this thread has seen, with what it gives */
		if (rh_cas_sc(&lane->parked, &w, w + given))
			return given;
		lane_cap = lane_cap_of(self);
	}
	return 0;
}

uint64_t
rh_lanes_give(struct rh_self self, uint64_t n)
{
	unsigned own = rh_cpu_hint();
	uint64_t given = give_to(lane_at(self, own), self, n), cap;
	int64_t room;

	if (given == n || !rh_rule(self.b, RULE_CAP, &cap))
		return given;
	cap &= RH_UNITS_MASK;
	room = (int64_t)(cap - (uint64_t)common_level(self, cap));
	if (room >= (int64_t)((n - given) << self.shift))
		return given;
	for (unsigned i = 1; i < 1u << self.lanes && given < n; i++)
		given += give_to(lane_at(self, own + i), self, n - given);
	return given;
}

bool
rh_lanes_hold(struct rh_self self, uint64_t n)
{
	for (unsigned i = 0; i < 1u << self.lanes; i++)
		if (parked_in(rh_load_rlx(&lane_at(self, i)->parked)) >= n)
			return true;
	return false;
}

uint64_t
rh_lanes_sum(struct rh_self self)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < 1u << self.lanes; i++)
		sum += parked_in(rh_load_rlx(&lane_at(self, i)->parked));
	return sum;
}

void
rh_lanes_claim(struct rh_self self, uint32_t lane_cap, uint64_t n, struct rh_claims *claims)
{
	unsigned start = rh_cpu_hint();

	for (unsigned i = 0; i < 1u << self.lanes && n > 0 && claims->count < RH_CLAIMS; i++) {
		struct rh_lane *lane = lane_at(self, start + i);
		uint64_t w = rh_load_acq(&lane->parked); /* L-A1 <- L-R1: rules newer than the last trim */
		uint64_t mark = marked(w), room;

		if ((w & RH_FILLING) || parked_in(w) >= lane_cap)
			continue;
		/* L-R1 -> L-A1: what this thread has seen, with the mark */
		if (!rh_cas_ar(&lane->parked, &w, mark))
			continue;
		/* Rules that changed since would have trimmed the mark away, or are seen here. */
		lane_cap = lane_cap_of(self);
		room = lane_cap > parked_in(w) ? lane_cap - parked_in(w) : 0;
		room = room < n ? room : n;
		claims->lane[claims->count] = start + i;
		claims->word[claims->count] = mark;
		claims->room[claims->count++] = (uint32_t)room;
		n -= room;
	}
}

void
rh_lanes_settle(struct rh_self self, const struct rh_claims *claims, uint64_t n)
{
	for (unsigned i = 0; i < claims->count; i++) {
		uint64_t part = claims->room[i] < n ? claims->room[i] : n;

		n -= part;
		/* Came into the lane without being spent; deposit takes it off again if the mark is gone. */
		if (part != 0)
			rh_bucket_count(self, COUNT_ADJUSTED, part);
		deposit(self, lane_at(self, claims->lane[i]), claims->word[i], part);
	}
}

/* Takes out of a lane that held w what is above the cap. */
static void
level_off(struct rh_self self, struct rh_lane *lane, uint64_t w)
{
	uint64_t lane_cap = lane_cap_of(self);

	/* L-R1 -> L-A1: as in deposit */
	if (parked_in(w) > lane_cap && rh_cas_ar(&lane->parked, &w, w - (parked_in(w) - lane_cap)))
		rh_bucket_count(self, COUNT_ADJUSTED, lane_cap - parked_in(w));
}

void
rh_lanes_reclaim(struct rh_self self, uint64_t now_ns)
{
	for (unsigned i = 0; i < 1u << self.lanes; i++) {
		struct rh_lane *lane = lane_at(self, i);
		uint64_t w = rh_load_acq(&lane->parked), since; /* L-A1 <- L-R1: as in deposit */

		if (!(w & RH_FILLING)) {
			level_off(self, lane, w);
			continue;
		}
		if (rh_load_rlx(&lane->stuck_at) != w >> FILL_SHIFT) {
			rh_swap_rlx(&lane->stuck_ns, now_ns);
			rh_swap_rlx(&lane->stuck_at, w >> FILL_SHIFT);
			continue;
		}
		since = rh_load_rlx(&lane->stuck_ns);
		if (now_ns > since && now_ns - since > RECLAIM_NS)
			/* L-R1 -> L-A1: as in deposit */
			rh_cas_ar(&lane->parked, &w, holding(w, parked_in(w)));
	}
}

uint64_t
rh_lanes_trim(struct rh_self self, uint32_t keep)
{
	uint64_t out = 0;

	for (unsigned i = 0; i < 1u << self.lanes; i++) {
		struct rh_lane *lane = lane_at(self, i);
		uint64_t w = rh_load_acq(&lane->parked); /* L-A1 <- L-R1: what is parked */

		for (unsigned k = 0; k < LANE_TRIES; k++) {
			uint64_t stays = parked_in(w) < keep ? parked_in(w) : keep;

			/* L-R1 -> L-A1: the new rules, in force before this write */
			if (rh_cas_ar(&lane->parked, &w, holding(marked(w), stays))) {
				out += parked_in(w) - stays;
				break;
			}
		}
	}
	rh_bucket_count(self, COUNT_ADJUSTED, (uint64_t)0 - out);
	return out;
}
