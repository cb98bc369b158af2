/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The timer hook: publishing credit.
 *
 * earned(now) is computed from the curve, absolutely, so the hook adds nothing
 * up: it is a maximum over the times it was called with (P5), and what it was
 * not called for is there the next time (P2).
 *
 * Order of its writes:
 *
 *	1  spent      clamped up to earned(now) - cap, if the bucket overflows
 *	2  earned     raised to earned(now)
 *	3  published_ns raised to now
 *
 * 1 before 2 keeps the level within the cap at every moment (with one word the
 * decision clamps as well, so there it only saves the decisions work; with
 * lanes it is what bounds the common part). A hook that dies after 1 has
 * removed credit that the next hook would have removed; after 2, the next call
 * publishes the time. 2 before 3: whoever sees the time sees the credit.
 *
 * Racing hooks: each word moves only upward, by CAS, so the latest time wins
 * in each and the result is that of one call with it. Between 1 and 2 a
 * request may see a clamp whose credit is not yet published: it finds less,
 * never more.
 *
 * A call for a time past the curve's span renews the curve, and so publishes
 * that time, whatever kind of call it is.
 *
 * With lanes, credit that the clamp discards tops up lanes that have room.
 * Why that mints nothing is argued in lanes.c; here it matters that room is
 * claimed before 2 and filled after, with no more than this hook newly
 * published, and only if its own CAS published it.
 */

#include "lanes.h"

/* Step 1. Returns the units discarded. */
uint64_t
rh_bucket_clamp(struct rh_self self, uint64_t floor)
{
	uint64_t spent = rh_load_acq(&self.b->spent); /* B-A1 <- B-R1: the credit its writer used */

	for (unsigned i = 0; i < RH_WORD_TRIES && (int64_t)(floor - spent) > 0; i++) {
		RHEO_INJECT(REFILL_BEFORE_CLAMP);
		/* B-R1 -> B-A1: this clamp, made for a credit not yet published */
		if (rh_cas_ar(&self.b->spent, &spent, floor)) {
			rh_bucket_count(self, COUNT_SKIPPED, floor - spent);
			return floor - spent;
		}
	}
	return 0;
}

/* Steps 1 and 2, and the top-up around them. */
static void
publish_credit(struct rh_self self, const struct rh_rules *r, uint64_t credit)
{
	uint64_t before = rh_load_acq(&self.b->earned); /* B-A2 <- B-R2: the clamp before it */
	uint64_t seen = before, spare = 0;
	struct rh_claims claims;
	bool won;

	if ((int64_t)(credit - before) <= 0)
		return;
	claims.count = 0;
	spare = rh_bucket_clamp(self, credit - r->cap);
	if (spare > credit - before)
		spare = credit - before;
	spare >>= self.shift;
	if (spare != 0 && self.lanes != 0 && r->lane_cap != 0)
		rh_lanes_claim(self, r->lane_cap, spare, &claims);
	RHEO_INJECT(REFILL_BEFORE_PUBLISH);
	/* B-R2 -> B-A2: the clamp, before the credit it was made for */
	won = rh_cas_ar(&self.b->earned, &seen, credit);
	for (unsigned i = 0; !won && i < RH_WORD_TRIES && (int64_t)(credit - seen) > 0; i++)
		/* B-R2 -> B-A2: the same, after a lost race: without the top-up */
		if (rh_cas_ar(&self.b->earned, &seen, credit))
			break;
	RHEO_INJECT(REFILL_BEFORE_TOP_UP);
	if (claims.count != 0)
		rh_lanes_settle(self, &claims, won ? spare : 0);
}

/* Step 3. */
static void
publish_time(struct rh_self self, uint64_t now_ns)
{
	uint64_t seen = rh_load_acq(&self.b->published_ns); /* B-A3 <- B-R3: the credit of that time */

	RHEO_INJECT(REFILL_BEFORE_TIME);
	for (unsigned i = 0; i < RH_WORD_TRIES && now_ns > seen; i++)
		/* B-R3 -> B-A3: the credit, before the time it was earned by */
		if (rh_cas_ar(&self.b->published_ns, &seen, now_ns))
			return;
}

/*
 * now lies past the curve's span: publishes the span's end, puts the next piece
 * of curve in force, and publishes now by it.
 */
static void
renew(struct rh_self self, struct rh_rules *r, uint64_t now_ns)
{
	uint64_t field[RULE_FIELDS];

	publish_credit(self, r, rh_curve_earned(&r->curve, r->curve.t0 + r->curve.span));
	/* B-A2 <- B-R2: published by this thread or a later one */
	r->curve = rh_curve_renew(r->curve, now_ns, rh_load_acq(&self.b->earned));
	rh_rules_pack(r, field);
	RHEO_INJECT(REFILL_BEFORE_RENEWAL);
	if (!rh_record_replace(&self.b->control, self.b->rules, RULE_FIELDS, r->control, field, NULL, 0))
		return;
	publish_credit(self, r, rh_curve_earned(&r->curve, now_ns));
	publish_time(self, now_ns);
}

bool
rh_bucket_rules_at(struct rh_self self, uint64_t now_ns, struct rh_rules *r)
{
	/* Whoever loses the race to renew finds it done; a few tries outlast any crowd. */
	for (unsigned i = 0; i < 16; i++) {
		if (!rh_rules_read(self.b, r))
			return false;
		if (!rh_curve_beyond(&r->curve, now_ns))
			return true;
		renew(self, r, now_ns);
	}
	return rh_rules_read(self.b, r);
}

void
rh_bucket_publish(struct rh_self self, uint64_t now_ns)
{
	uint64_t seen = rh_load_acq(&self.b->published_ns); /* B-A3 <- B-R3: the credit of that time */
	struct rh_rules r;
	unsigned tries = 0;

	if (now_ns <= seen) {
		if (now_ns < seen)
			rh_bucket_count(self, COUNT_REGRESSIONS, 1);
		return;
	}
	do {
		if (!rh_bucket_rules_at(self, now_ns, &r))
			return;
		RHEO_INJECT(REFILL_RULES_READ);
	} while (!rh_rules_stand(self.b, &r) && tries++ < RH_WORD_TRIES);
	publish_credit(self, &r, rh_curve_earned(&r.curve, now_ns));
	publish_time(self, now_ns);
	if (self.lanes != 0)
		rh_lanes_reclaim(self, now_ns);
}

int32_t
rheo_bucket_refill(rheo_bucket_t *bucket, uint64_t now_ns)
{
	if (bucket == NULL)
		return RHEO_ERR_INVAL;
	rh_bucket_publish(rh_bucket_self(bucket), now_ns);
	return RHEO_OK;
}

int32_t
rheo_bucket_next_refill_ns(const rheo_bucket_t *bucket, uint64_t now_ns, uint64_t *delay_ns)
{
	struct rh_self self;
	struct rh_rules r;
	uint64_t step, earned, when;

	if (bucket == NULL || delay_ns == NULL)
		return RHEO_ERR_INVAL;
	self = rh_bucket_self(bucket);
	if (!rh_rules_read(self.b, &r))
		return RHEO_ERR_CORRUPT;
	if (rh_curve_beyond(&r.curve, now_ns)) {
		*delay_ns = 0;
		return RHEO_OK;
	}
	earned = rh_load_acq(&self.b->earned); /* B-A2 <- B-R2: any published credit will do */
	step = r.burst / 8;
	if (self.lanes != 0 && r.lane_cap != 0)
		step = rh_bucket_quantum(r.burst) / 2;
	if (step == 0)
		step = 1;
	when = rh_curve_when(&r.curve, earned + (step << self.shift));
	*delay_ns = when == UINT64_MAX ? RHEO_FOREVER : when > now_ns ? when - now_ns : 0;
	return RHEO_OK;
}
