/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The calls on a bucket that take and give tokens. What a credit, a level and
 * a piece are: curve.h. How the deciding word moves: word.h. Lanes: lanes.c.
 *
 *  P1  Every admission is one successful rh_word_take (or, with lanes, a take
 *      of tokens that such a call parked): curve.h's argument.
 *  P3  A refusal writes counts and nothing else; try_acquire_at on lanes may
 *      publish the time it was given.
 *  P4  rh_word_give and rh_lanes_give stop at the caps; every decision clamps
 *      the level to the cap besides.
 *  P6  A decision uses the later of the published credit and the caller's, and
 *      a caller's that is later by Q is published.
 *  P7  Costs are compared with the cap in tokens before they are shifted to
 *      units, so no product can wrap.
 *  P12 The retry loop is rh_word_take's: it repeats only when another call's
 *      compare-and-swap succeeded.
 *  P14 Indexes come from the handle, loops end after a fixed number of tries.
 */

#include "../base/config.h"
#include "lanes.h"

/* The rest of the argument checks are each call's own. */
static bool
bad_cost(const rheo_bucket_t *bucket, uint64_t n)
{
	return bucket == NULL || n == 0;
}

/* Out of the way, and the last act of who calls them, so that calls that are made often save no register. */
RH_COLD static int32_t
refuse_shared(rheo_bucket_t *bucket, int32_t status)
{
	rh_bucket_count(rh_bucket_self(bucket), status == RHEO_REJ_RATE ? COUNT_REFUSED_RATE : COUNT_REFUSED_NEVER, 1);
	return status;
}

RH_INLINE int32_t
refuse(rheo_bucket_t *bucket, int32_t status)
{
	struct rh_self self = rh_bucket_self(bucket);
	unsigned index = status == RHEO_REJ_RATE ? COUNT_REFUSED_RATE : COUNT_REFUSED_NEVER;

	if (rh_lines_add_own(rh_bucket_lines(self), index, 1))
		return status;
	return refuse_shared(bucket, status);
}

static int32_t
counted(rheo_bucket_t *bucket, int32_t status)
{
	return status > RHEO_OK ? refuse(bucket, status) : status;
}

/* A cost in units; more than any cap where it would not fit. */
static uint64_t
units(struct rh_self self, uint64_t n)
{
	return n > RH_UNITS_MAX >> self.shift ? RH_UNITS_MAX + 1 : n << self.shift;
}

/* Takes by published credit where it was not done at once: another call came first, or the rules changed. */
RH_COLD static int32_t
acquire_published_again(rheo_bucket_t *bucket, uint64_t n, unsigned lost)
{
	struct rh_self self = rh_bucket_self(bucket);
	struct rh_ask ask = {0};
	struct rh_piece piece;

	if (lost != 0) {
		rh_bucket_count(self, COUNT_RETRIES, lost);
		rh_backoff(0);
	}
	if (!rh_rule(self.b, RULE_CAP, &ask.cap))
		return RHEO_ERR_CORRUPT;
	ask.cap &= RH_UNITS_MASK;
	if (n > ask.cap >> self.shift)
		return refuse(bucket, RHEO_REJ_NEVER);
	ask.cost = n << self.shift;
	if (rh_word_take(self, &ask, &piece) == RH_TAKEN)
		return RHEO_OK;
	return refuse(bucket, RHEO_REJ_RATE);
}

/* A full bucket's level was clamped to the cap: what spent moved by without being taken. */
RH_COLD static int32_t
took_and_skipped(rheo_bucket_t *bucket, uint64_t skipped)
{
	rh_bucket_count(rh_bucket_self(bucket), COUNT_SKIPPED, skipped);
	return RHEO_OK;
}

/* Takes by published credit: no time, no curve. */
RH_INLINE int32_t
acquire_published(rheo_bucket_t *bucket, uint64_t n)
{
	struct rh_self self = rh_bucket_self(bucket);
	enum rh_answer answer = RH_NOT_TRIED;

	/* So that no shift can wrap it. */
	if (rh_likely(n >> 32 == 0))
		answer = rh_word_take_now(self.b, n << self.shift);
	if (rh_likely(answer == RH_TAKEN))
		return RHEO_OK;
	/* One token may always be had; of more it has to be found out. */
	if (answer == RH_REFUSED && n == 1)
		return refuse(bucket, RHEO_REJ_RATE);
	return acquire_published_again(bucket, n, answer == RH_UNDECIDED);
}

/* Whether the caller's time is later than the published one; counted if it is earlier. */
static bool
is_news(struct rh_self self, uint64_t now_ns)
{
	uint64_t published = rh_load_acq(&self.b->published_ns); /* B-A3 <- B-R3: the credit of that time */

	if (now_ns < published)
		rh_bucket_count(self, COUNT_REGRESSIONS, 1);
	return now_ns > published;
}

/*
 * Makes a caller's time known, once it has earned Q (a 64th of the burst, at
 * least a token) beyond what is published: should the next caller's clock be
 * behind, time stands still there (P6). Less than that is not worth a store to
 * a line that everybody reads.
 */
static void
make_known(struct rh_self self, const struct rh_rules *r, uint64_t earned, uint64_t now_ns)
{
	uint64_t published = rh_load_acq(&self.b->earned); /* B-A2 <- B-R2: the clamp before it */

	if ((int64_t)(earned - published) >= (int64_t)(rh_bucket_quantum(r->burst) << self.shift))
		rh_bucket_publish(self, now_ns);
}

/*
 * Asks the word under rules that hold at the caller's time; fills in what comes
 * from the rules. With lanes the common word goes by published credit alone
 * (Q pays for a caller that is ahead of it), and the caller has caught up.
 */
static int32_t
take_at(struct rh_self self, uint64_t now_ns, uint64_t max_wait_ns, struct rh_ask *ask,
	struct rh_rules *r, struct rh_piece *piece)
{
	bool timed = self.lanes == 0 && is_news(self, now_ns);
	enum rh_answer answer;
	unsigned tries = 0;

	do {
		if (!rh_bucket_rules_at(self, now_ns, r) || tries++ > RH_WORD_TRIES)
			return RHEO_ERR_CORRUPT;
		ask->cap = r->cap;
		if (ask->unit == 0 && ask->cost > r->cap)
			return RHEO_REJ_NEVER;
		if (ask->bounded) {
			uint64_t until = now_ns + max_wait_ns;

			ask->until = rh_curve_foreseen(&r->curve, until < now_ns ? UINT64_MAX : until);
			ask->debt = r->debt;
		}
		ask->timed = timed ? r : NULL;
		ask->now = rh_curve_earned(&r->curve, now_ns);
		if (timed)
			make_known(self, r, ask->now, now_ns);
		answer = rh_word_take(self, ask, piece);
	} while (answer == RH_RULES_CHANGED);
	return answer == RH_TAKEN ? RHEO_OK : RHEO_REJ_RATE;
}

RH_NOINLINE static int32_t
acquire_at(rheo_bucket_t *bucket, uint64_t n, uint64_t now_ns)
{
	struct rh_self self = rh_bucket_self(bucket);
	struct rh_ask ask = {0};
	struct rh_rules r;
	struct rh_piece piece;
	int32_t st;

	ask.cost = units(self, n);
	st = take_at(self, now_ns, 0, &ask, &r, &piece);
	return counted(bucket, st);
}

/* Where this CPU's lane does not hold enough, or another call came first. */
RH_COLD static int32_t
acquire_from_lanes(rheo_bucket_t *bucket, uint64_t n, enum rh_answer answer)
{
	if (answer == RH_UNDECIDED)
		rh_bucket_count(rh_bucket_self(bucket), COUNT_RETRIES, 1);
	return counted(bucket, rh_lanes_acquire(rh_bucket_self(bucket), n, NULL));
}

RH_COLD static int32_t
acquire_from_lanes_at(rheo_bucket_t *bucket, uint64_t n, uint64_t now_ns, enum rh_answer answer)
{
	if (answer == RH_UNDECIDED)
		rh_bucket_count(rh_bucket_self(bucket), COUNT_RETRIES, 1);
	return counted(bucket, rh_lanes_acquire(rh_bucket_self(bucket), n, &now_ns));
}

/* Whether a time is neither before what is published nor so far ahead that Q does not pay for it. */
RH_INLINE bool
is_paid_for(struct rh_self self, uint64_t now_ns)
{
	uint64_t published = rh_load_acq(&self.b->published_ns), shape; /* B-A3 <- B-R3: the credit of that time */

	return rh_rule_now(self.b, RULE_SHAPE, &shape) && now_ns >= published && now_ns - published <= shape >> 32;
}

/*
 * By the caller's time where that is later than the published one, by less than
 * is worth publishing: as take_at and rh_word_take do it, tried once.
 */
RH_NOINLINE static int32_t
acquire_ahead(rheo_bucket_t *bucket, uint64_t n, uint64_t now_ns)
{
	struct rh_self self = rh_bucket_self(bucket);
	uint64_t spent = rh_load_acq(&self.b->spent); /* B-A1 <- B-R1: the credit its writer used */
	uint64_t earned = rh_load_acq(&self.b->earned); /* B-A2 <- B-R2: the clamp before it */
	uint64_t cap, ahead, credit, skipped;
	struct rh_curve c;

	/* After spent was read, so that it moves if they changed before. */
	if (!rh_curve_now(self.b, &c, &cap) || n > cap >> self.shift || rh_curve_beyond(&c, now_ns))
		return acquire_at(bucket, n, now_ns);
	credit = rh_curve_earned(&c, now_ns);
	ahead = credit - earned;
	if ((int64_t)ahead > 0) {
		if (ahead >> self.shift >= rh_bucket_quantum(cap >> self.shift))
			return acquire_at(bucket, n, now_ns);
		earned = credit;
	}
	switch (rh_word_move(self.b, spent, earned, rh_level(earned, spent, cap), n << self.shift, &skipped)) {
	case RH_TAKEN:
		return rh_likely(skipped == 0) ? RHEO_OK : took_and_skipped(bucket, skipped);
	case RH_REFUSED:
		return refuse(bucket, RHEO_REJ_RATE);
	default:
		rh_bucket_count(self, COUNT_RETRIES, 1);
		return acquire_at(bucket, n, now_ns);
	}
}

int32_t
rheo_bucket_try_acquire(rheo_bucket_t *bucket, uint64_t n)
{
	struct rh_self self;
	enum rh_answer answer;

	if (!rh_likely(!bad_cost(bucket, n)))
		return RHEO_ERR_INVAL;
	self = rh_bucket_self(bucket);
	if (self.lanes == 0)
		return acquire_published(bucket, n);
	answer = rh_lanes_take_now(self, n);
	if (rh_likely(answer == RH_TAKEN))
		return RHEO_OK;
	if (answer == RH_REFUSED && rh_lanes_dry(self, n))
		return refuse(bucket, RHEO_REJ_RATE);
	return acquire_from_lanes(bucket, n, answer);
}

/* One token of lanes known to be dry, at a time that Q pays for: only what was earned since could be news. */
RH_NOINLINE static int32_t
acquire_from_dry_lanes(rheo_bucket_t *bucket, uint64_t now_ns)
{
	struct rh_self self = rh_bucket_self(bucket);
	uint64_t spent = rh_load_acq(&self.b->spent), cap; /* B-A1 <- B-R1: the credit its writer used */
	struct rh_curve c;

	/* The same as rh_lanes_publish_news asks. */
	if (!rh_curve_now(self.b, &c, &cap) || rh_curve_beyond(&c, now_ns) ||
	    rh_level(rh_curve_earned(&c, now_ns), spent, cap) >= (int64_t)(UINT64_C(1) << self.shift))
		return acquire_from_lanes_at(bucket, 1, now_ns, RH_REFUSED);
	return refuse(bucket, RHEO_REJ_RATE);
}

int32_t
rheo_bucket_try_acquire_at(rheo_bucket_t *bucket, uint64_t n, uint64_t now_ns)
{
	enum rh_answer answer = RH_NOT_TRIED;
	struct rh_self self;

	if (!rh_likely(!bad_cost(bucket, n)))
		return RHEO_ERR_INVAL;
	self = rh_bucket_self(bucket);
	if (self.lanes == 0) {
		uint64_t published = rh_load_acq(&self.b->published_ns); /* B-A3 <- B-R3: the credit of that time */

		if (now_ns > published)
			return acquire_ahead(bucket, n, now_ns);
		return now_ns == published ? acquire_published(bucket, n) : acquire_at(bucket, n, now_ns);
	}
	if (rh_likely(is_paid_for(self, now_ns)))
		answer = rh_lanes_take_now(self, n);
	if (rh_likely(answer == RH_TAKEN))
		return RHEO_OK;
	if (answer == RH_REFUSED && n == 1 && rh_lanes_dry(self, n))
		return acquire_from_dry_lanes(bucket, now_ns);
	return acquire_from_lanes_at(bucket, n, now_ns, answer);
}

/* As many as there are, from the lanes and then the common word; *st: how the latter went. */
static uint64_t
take_upto(struct rh_self self, uint64_t n, uint64_t now_ns, int32_t *st)
{
	struct rh_ask ask = {0};
	struct rh_rules r;
	struct rh_piece piece;
	uint64_t got = 0, most = RH_UNITS_MAX >> self.shift;

	*st = RHEO_OK;
	if (self.lanes != 0) {
		rh_lanes_catch_up(self, now_ns);
		got = rh_lanes_take_upto(self, n);
	}
	if (got == n)
		return got;
	ask.unit = UINT64_C(1) << self.shift;
	ask.cost = (n - got < most ? n - got : most) << self.shift;
	*st = take_at(self, now_ns, 0, &ask, &r, &piece);
	return *st == RHEO_OK ? got + (piece.cost >> self.shift) : got;
}

int32_t
rheo_bucket_acquire_upto(rheo_bucket_t *bucket, uint64_t n, uint64_t now_ns, uint64_t *taken)
{
	struct rh_self self;
	uint64_t got;
	int32_t st;

	if (bad_cost(bucket, n) || taken == NULL)
		return RHEO_ERR_INVAL;
	self = rh_bucket_self(bucket);
	got = take_upto(self, n, now_ns, &st);
	if (got == 0 && st == RHEO_REJ_RATE && self.lanes != 0 && rh_lanes_publish_news(self, 1, now_ns))
		got = take_upto(self, n, now_ns, &st);
	if (got == 0 && st < 0)
		return st;
	*taken = got;
	return got != 0 ? RHEO_OK : refuse(bucket, RHEO_REJ_RATE);
}

static uint64_t
delay(uint64_t when, uint64_t now_ns)
{
	return when == UINT64_MAX ? RHEO_FOREVER : when > now_ns ? when - now_ns : 0;
}

int32_t
rheo_bucket_reserve(rheo_bucket_t *bucket, uint64_t n, uint64_t now_ns, uint64_t max_wait_ns,
		    uint64_t *wait_ns)
{
	struct rh_ask ask = {0};
	struct rh_self self;
	struct rh_rules r;
	struct rh_piece piece;
	int32_t st;

	if (bad_cost(bucket, n) || wait_ns == NULL)
		return RHEO_ERR_INVAL;
	self = rh_bucket_self(bucket);
	if (self.lanes != 0) {
		st = rh_lanes_acquire(self, n, &now_ns);
		*wait_ns = st == RHEO_REJ_NEVER ? RHEO_FOREVER : 0;
		if (st != RHEO_REJ_RATE)
			return counted(bucket, st);
	}
	ask.cost = units(self, n);
	ask.bounded = true;
	st = take_at(self, now_ns, max_wait_ns, &ask, &r, &piece);
	*wait_ns = RHEO_FOREVER;
	if (st == RHEO_OK || st == RHEO_REJ_RATE)
		*wait_ns = (int64_t)(piece.end - piece.earned) <= 0
				   ? 0
				   : delay(rh_curve_when(&r.curve, piece.end), now_ns);
	return counted(bucket, st);
}

int32_t
rheo_bucket_refund(rheo_bucket_t *bucket, uint64_t n)
{
	struct rh_self self;
	uint64_t cap, units, given;

	if (bad_cost(bucket, n))
		return RHEO_ERR_INVAL;
	self = rh_bucket_self(bucket);
	if (n > RH_UNITS_MAX >> self.shift)
		return RHEO_ERR_INVAL;
	if (!rh_rule(self.b, RULE_CAP, &cap))
		return RHEO_ERR_CORRUPT;
	rh_bucket_count(self, COUNT_REFUNDED, n);
	units = n << self.shift;
	if (self.lanes != 0)
		units -= rh_lanes_give(self, n) << self.shift;
	if (units != 0) {
		given = rh_word_give(self, cap & RH_UNITS_MASK, units);
		if (given != units)
			rh_bucket_count(self, COUNT_SKIPPED, units - given);
	}
	if (self.lanes != 0)
		rh_lanes_wet(self);
	return RHEO_OK;
}

int32_t
rheo_bucket_charge(rheo_bucket_t *bucket, uint64_t n, uint64_t now_ns)
{
	struct rh_ask ask = {0};
	struct rh_self self;
	struct rh_rules r;
	struct rh_piece piece = {0};
	int32_t st;

	if (bad_cost(bucket, n))
		return RHEO_ERR_INVAL;
	self = rh_bucket_self(bucket);
	if (n > RH_UNITS_MAX >> self.shift)
		return RHEO_ERR_INVAL;
	ask.cost = n << self.shift;
	ask.unit = 1;
	ask.debt = RH_UNITS_MAX;
	if (self.lanes != 0)
		rh_lanes_catch_up(self, now_ns);
	st = take_at(self, now_ns, 0, &ask, &r, &piece);
	if (st < 0)
		return st;
	if (st != RHEO_OK)
		piece.cost = 0;
	rh_bucket_count(self, COUNT_CHARGED, n);
	if (piece.cost != n << self.shift)
		rh_bucket_count(self, COUNT_SKIPPED, piece.cost - (n << self.shift));
	return RHEO_OK;
}

/* What a moment's look shows: the credit in force at now_ns, and the level of the common part. */
struct look {
	struct rh_rules r;
	uint64_t earned;
	int64_t level;
};

RH_INLINE bool
look_at(struct rh_self self, uint64_t now_ns, bool told, struct look *l)
{
	struct rh_curve *c = &l->r.curve;
	uint64_t spent;

	if (!rh_likely(rh_rules_look(self.b, &l->r, told)) && !rh_rules_read(self.b, &l->r))
		return false;
	spent = rh_load_acq(&self.b->spent); /* B-A1 <- B-R1: the credit its writer used */
	l->earned = rh_load_acq(&self.b->earned); /* B-A2 <- B-R2: the clamp before it */
	/* Looking writes nothing: a curve that has ended is renewed in this copy alone. */
	l->earned = rh_later(rh_curve_earned(c, now_ns), l->earned);
	if (rh_curve_beyond(c, now_ns)) {
		*c = rh_curve_renew(*c, now_ns, l->earned);
		l->earned = rh_curve_earned(c, now_ns);
	}
	l->level = rh_level(l->earned, spent, l->r.cap);
	return true;
}

/* How long after now_ns the common part holds `level` units. */
static uint64_t
until_level(const struct look *l, uint64_t level, uint64_t now_ns)
{
	if (l->level >= (int64_t)level)
		return 0;
	return delay(rh_curve_when(&l->r.curve, l->earned - (uint64_t)l->level + level), now_ns);
}

int32_t
rheo_bucket_wait_ns(const rheo_bucket_t *bucket, uint64_t n, uint64_t now_ns, uint64_t *wait_ns)
{
	struct rh_self self;
	struct look l;

	if (bad_cost(bucket, n) || wait_ns == NULL)
		return RHEO_ERR_INVAL;
	self = rh_bucket_self(bucket);
	if (!look_at(self, now_ns, false, &l))
		return RHEO_ERR_CORRUPT;
	if (n > l.r.cap >> self.shift) {
		*wait_ns = RHEO_FOREVER;
		return RHEO_REJ_NEVER;
	}
	*wait_ns = 0;
	if (!(self.lanes != 0 && rh_lanes_hold(self, n)))
		*wait_ns = until_level(&l, n << self.shift, now_ns);
	return RHEO_OK;
}

static uint64_t
tokens_seen(struct rh_self self, const struct look *l)
{
	uint64_t common = l->level > 0 ? (uint64_t)l->level >> self.shift : 0;

	return self.lanes != 0 ? common + rh_lanes_sum(self) : common;
}

int32_t
rheo_bucket_available(const rheo_bucket_t *bucket, uint64_t now_ns, uint64_t *tokens)
{
	struct rh_self self;
	struct look l;

	if (bucket == NULL || tokens == NULL)
		return RHEO_ERR_INVAL;
	self = rh_bucket_self(bucket);
	if (!look_at(self, now_ns, false, &l))
		return RHEO_ERR_CORRUPT;
	*tokens = tokens_seen(self, &l);
	return RHEO_OK;
}

int32_t
rheo_bucket_quota(const rheo_bucket_t *bucket, uint64_t now_ns, rheo_bucket_quota_t *quota)
{
	rheo_bucket_quota_t q = {0};
	struct rh_self self;
	struct look l;
	uint64_t unit, published;

	if (bucket == NULL || quota == NULL)
		return RHEO_ERR_INVAL;
	self = rh_bucket_self(bucket);
	if (!look_at(self, now_ns, true, &l) || l.r.tokens == 0)
		return RHEO_ERR_CORRUPT;
	unit = UINT64_C(1) << self.shift;
	published = rh_load_acq(&self.b->published_ns); /* B-A3 <- B-R3: the credit of that time */
	q.limit = l.r.burst;
	q.window_ns = rh_muldiv_up(l.r.burst, l.r.period_ns, l.r.tokens);
	q.remaining = tokens_seen(self, &l);
	q.full_ns = until_level(&l, l.r.cap, now_ns);
	if (l.level < (int64_t)l.r.cap)
		q.more_ns = until_level(&l, ((l.level > 0 ? (uint64_t)l.level : 0) & ~(unit - 1)) + unit, now_ns);
	q.time_ns = now_ns > published ? now_ns : published;
	*quota = q;
	return RHEO_OK;
}

int32_t
rheo_bucket_stats(const rheo_bucket_t *bucket, rheo_bucket_stats_t *stats, uint64_t size)
{
	rheo_bucket_stats_t s = {0};
	struct rh_self self;
	struct rh_rules r;
	uint64_t count[RH_COUNTS], spent, earned, moved;
	int64_t level;

	if (bucket == NULL)
		return RHEO_ERR_INVAL;
	self = rh_bucket_self(bucket);
	if (!rh_rules_read(self.b, &r))
		return RHEO_ERR_CORRUPT;
	spent = rh_load_acq(&self.b->spent); /* B-A1 <- B-R1: the credit its writer used */
	earned = rh_load_acq(&self.b->earned); /* B-A2 <- B-R2: the clamp before it */
	for (unsigned i = 0; i < RH_COUNTS; i++)
		count[i] = rh_lines_sum(rh_bucket_lines(self), i);
	s.parked = self.lanes != 0 ? rh_lanes_sum(self) : 0;
	/*
	 * Every token that left the word was admitted, charged, or parked; every
	 * one that came back was refunded. What moved spent otherwise is counted
	 * as skipped, what entered or left lanes otherwise as adjusted.
	 */
	moved = spent - self.b->head.origin - count[COUNT_SKIPPED];
	s.admitted = (moved >> self.shift) + count[COUNT_REFUNDED] - count[COUNT_CHARGED] - s.parked +
		     count[COUNT_ADJUSTED];
	s.admitted &= UINT64_MAX >> self.shift;
	s.charged = count[COUNT_CHARGED];
	s.refunded = count[COUNT_REFUNDED];
	s.refused_rate = count[COUNT_REFUSED_RATE];
	s.refused_never = count[COUNT_REFUSED_NEVER];
	s.clock_regressions = count[COUNT_REGRESSIONS];
	s.cas_retries = count[COUNT_RETRIES];
	level = rh_level(earned, spent, r.cap);
	/* Whole tokens, rounded down below nothing as well. */
	s.level = (int64_t)((level >= 0 ? (uint64_t)level >> self.shift
					: ~(~(uint64_t)level >> self.shift)) +
			    s.parked);
	s.published_ns = rh_load_acq(&self.b->published_ns); /* B-A3 <- B-R3: the credit of that time */
	s.max_cost = r.cap >> self.shift;
	s.lanes = r.lane_cap != 0 ? 1u << self.lanes : 1;
	return rh_report_copy(stats, size, &s, sizeof s);
}
