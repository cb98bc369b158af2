/* SPDX-License-Identifier: BSD-2-Clause */

/* bucket/: the curve, the deciding word, the rules, lanes. */

#include "kernel.h"

#include "bucket/bucket.c"
#include "bucket/config.c"
#include "bucket/lanes.c"
#include "bucket/refill.c"
#include "port.h"

/* --- the curve: in[0] units a in[1] ns, from in[2] and in[3] on --------------- */

static struct rh_curve
curve(const uint64_t in[])
{
	struct rh_curve c = {.mult = in[0], .t0 = in[2], .base = in[3]};

	c.period = rh_divisor_make(in[1]);
	c.span = rh_muldiv(RH_SPAN_UNITS, in[1], in[0]);
	return c;
}

KERNEL(level)
{
	out[0] = (uint64_t)rh_level(in[0], in[1], in[2]);
}

KERNEL(later)
{
	out[0] = rh_later(in[0], in[1]);
}

KERNEL(gcd)
{
	out[0] = rh_gcd(in[0], in[1]);
}

KERNEL(period)
{
	struct rh_curve c = {0};

	c.period = rh_divisor_make(in[0]);
	out[0] = rh_curve_period(&c);
}

KERNEL(make)
{
	struct rh_curve c = rh_curve_make(in[0], in[1], (unsigned)in[2], in[3], in[4]);

	out[0] = c.mult;
	out[1] = rh_curve_period(&c);
	out[2] = c.span;
	out[3] = c.t0;
	out[4] = c.base;
	out[5] = rh_gcd(in[0], in[1]);
}

/* Units earned by in[4], and the credit. */
KERNEL(earned)
{
	struct rh_curve c = curve(in);

	out[0] = rh_curve_earned(&c, in[4]);
	out[1] = out[0] - in[3];
	out[2] = c.span;
}

/* Units foreseen for in[4]. */
KERNEL(foreseen)
{
	struct rh_curve c = curve(in);

	out[0] = rh_curve_foreseen(&c, in[4]) - in[3];
	out[1] = c.span;
	out[2] = c.span / 8;
}

/* Units earned from in[4] to in[5]. */
KERNEL(between)
{
	struct rh_curve c = curve(in);

	out[0] = rh_curve_earned(&c, in[5]) - rh_curve_earned(&c, in[4]);
}

/* When in[4] units more than the base are earned; what is earned then, and a nanosecond before. */
KERNEL(when)
{
	struct rh_curve c = curve(in);
	uint64_t t = rh_curve_when(&c, in[3] + in[4]);

	out[0] = t;
	out[1] = rh_curve_earned(&c, t) - in[3];
	out[2] = rh_curve_earned(&c, t - 1) - in[3];
}

/* A time that earns at most in[4] units, and what it earns from in[5] on. */
KERNEL(within)
{
	struct rh_curve c = curve(in);
	uint64_t dt = rh_curve_within(&c, in[4]), end = in[5] + dt;

	if (end < dt)
		end = UINT64_MAX;
	out[0] = dt;
	out[1] = rh_curve_earned(&c, end) - rh_curve_earned(&c, in[5]);
}

/* Renewed at in[4] with in[5] units beyond the base published: what is earned then beyond the base. */
KERNEL(renew)
{
	struct rh_curve c = curve(in), n = rh_curve_renew(c, in[4], in[3] + in[5]);
	uint64_t rest;
	rh_u128 exact = rh_div128(rh_mul(in[0], in[4] - in[2]), in[1], &rest);

	out[0] = rh_curve_earned(&n, in[4]) - in[3];
	out[1] = rh_curve_beyond(&n, in[4]);
	out[2] = rh_curve_earned(&c, c.t0 + c.span) - in[3];
	out[3] = c.span;
	out[4] = exact.hi;
	out[5] = exact.lo;
}

KERNEL(shift)
{
	out[0] = rh_curve_shift(in[0], in[1], in[2], in[3]);
	out[1] = rh_muldiv(in[0], RH_CENTURY_NS, in[1]);
}

/*
 * in[4] now, in[5] units wanted, in[6] the cap, in[7] spent less base, plus 2^62:
 * how long to wait; whether the level is reached then, and 1 ns before; whether
 * the level now is no lower than the deepest debt; the span.
 */
KERNEL(wait)
{
	struct rh_curve c = curve(in);
	struct look l = {.r = {.curve = c}, .earned = rh_curve_earned(&c, in[4])};
	uint64_t spent = in[3] + in[7] - RH_SPAN_UNITS, wait, then;
	int64_t want = (int64_t)in[5];

	l.level = rh_level(l.earned, spent, in[6]);
	wait = until_level(&l, in[5], in[4]);
	then = in[4] + wait;
	out[0] = wait;
	out[1] = rh_level(rh_curve_earned(&c, then), spent, in[6]) >= want;
	out[2] = rh_level(rh_curve_earned(&c, then - 1), spent, in[6]) >= want;
	out[3] = l.level >= -(int64_t)RH_UNITS_MAX;
	out[4] = c.span;
}

/* --- configuration ---------------------------------------------------------------- */

static rheo_bucket_config_t
config(const uint64_t in[])
{
	return (rheo_bucket_config_t){.struct_size = sizeof(rheo_bucket_config_t),
				      .tokens_per_period = in[0],
				      .period_ns = in[1],
				      .burst = in[2],
				      .max_debt = in[3],
				      .lanes = (uint32_t)in[4],
				      .counter_lanes = (uint32_t)in[5],
				      .flags = (uint32_t)in[6]};
}

KERNEL(accepts)
{
	rheo_bucket_config_t cfg = config(in);

	out[0] = fault_of(&cfg) == NULL;
	out[1] = rh_gcd(in[0], in[1]);
}

/* The rules of a configuration, k in[7], log2 of the lanes in[8]. */
KERNEL(rules)
{
	rheo_bucket_config_t cfg = config(in);
	struct rh_rules r = {0};

	rh_bucket_rules_make(&cfg, (unsigned)in[7], (unsigned)in[8], 0, 0, &r);
	out[0] = r.cap;
	out[1] = r.lane_cap;
	out[2] = r.debt;
	out[3] = r.burst;
	out[4] = rh_bucket_quantum(cfg.burst);
}

/* Rules as words of a record, and read back. */
KERNEL(record)
{
	_Alignas(128) unsigned char memory[sizeof(struct rh_bucket)] = {0};
	struct rh_bucket *b = (struct rh_bucket *)(void *)memory;
	struct rh_rules r = {.cap = in[0], .burst = in[1], .debt = in[2], .tokens = in[3], .period_ns = in[4]}, s;
	uint64_t field[RULE_FIELDS];

	r.curve = (struct rh_curve){in[5], in[6], in[7], {in[8], in[9], (unsigned)in[10]}, in[11]};
	r.lane_cap = (uint32_t)in[12];
	r.quantum_ns = (uint32_t)in[13];
	r.start_empty = in[14] != 0;
	rh_rules_pack(&r, field);
	rh_record_init(&b->control, b->rules, RULE_FIELDS, field);
	out[15] = rh_rules_read(b, &s);
	out[0] = s.cap, out[1] = s.burst, out[2] = s.debt, out[3] = s.tokens, out[4] = s.period_ns;
	out[5] = s.curve.t0, out[6] = s.curve.base, out[7] = s.curve.mult, out[8] = s.curve.period.d;
	out[9] = s.curve.period.recip, out[10] = s.curve.period.norm, out[11] = s.curve.span;
	out[12] = s.lane_cap, out[13] = s.quantum_ns, out[14] = s.start_empty;
}

/* --- the deciding word ---------------------------------------------------------------- */

static struct rh_self
bucket(unsigned char *memory, uint64_t spent, uint64_t earned)
{
	struct rh_self self = {.b = (struct rh_bucket *)(void *)memory};

	rh_store_init(&self.b->spent, spent);
	rh_store_init(&self.b->earned, earned);
	rh_store_init(&self.b->control, 0);
	return self;
}

#define MEMORY _Alignas(128) unsigned char memory[sizeof(struct rh_bucket) + 2 * sizeof(struct rh_line)]

/*
 * in: spent; published less spent; cost, unit, cap, debt; until less spent;
 * bounded, timed; now less spent. What out has of the axis is less spent too.
 */
KERNEL(take)
{
	MEMORY;
	const uint64_t spent = in[0];
	struct rh_self self = bucket(memory, spent, spent + in[1]);
	struct rh_rules r = {.control = 0};
	struct rh_ask ask = {.cost = in[2], .unit = in[3], .cap = in[4], .debt = in[5], .until = spent + in[6],
			     .bounded = in[7] != 0, .timed = in[8] != 0 ? &r : NULL, .now = spent + in[9]};
	struct rh_piece piece;

	rh_lines_init(rh_bucket_lines(self));
	out[0] = rh_word_take(self, &ask, &piece);
	out[1] = piece.end - spent;
	out[2] = piece.cost;
	out[3] = piece.earned - spent;
	out[4] = rh_load_rlx(&self.b->spent) - spent;
}

/* in: spent, published, cap, units. */
KERNEL(give)
{
	MEMORY;
	struct rh_self self = bucket(memory, in[0], in[1]);

	rh_lines_init(rh_bucket_lines(self));
	out[0] = rh_word_give(self, in[2], in[3]);
	out[1] = rh_load_rlx(&self.b->spent);
}

/* A cost in[1] in units where k is in[0]. */
KERNEL(units)
{
	struct rh_self self = {.shift = (uint32_t)in[0]};

	out[0] = units(self, in[1]);
}

/* --- a lane's word ---------------------------------------------------------------------- */

KERNEL(lane)
{
	out[0] = parked_in(in[0]);
	out[1] = marked(in[0]);
	out[2] = holding(in[0], in[1]);
}

/* in: the lane's word, tokens wanted, as much as there is. */
KERNEL(lane_take)
{
	MEMORY;
	struct rh_self self = bucket(memory, 0, 0);
	struct rh_lane lane;

	rh_lines_init(rh_bucket_lines(self));
	rh_store_init(&lane.parked, in[0]);
	out[0] = take(self, &lane, in[1], in[2] != 0);
	out[1] = rh_load_rlx(&lane.parked);
}

/* in: the lane's word, the mark of a fill, its batch. */
KERNEL(deposit)
{
	MEMORY;
	struct rh_self self = bucket(memory, 0, 0);
	struct rh_lane lane;

	rh_lines_init(rh_bucket_lines(self));
	rh_store_init(&lane.parked, in[0]);
	rh_store_init(&self.b->dry, 1);
	rh_store_init(&self.b->earned, 0);
	deposit(self, &lane, in[1], in[2]);
	out[0] = rh_load_rlx(&lane.parked);
}
