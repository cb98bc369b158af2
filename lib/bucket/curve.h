/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BUCKET_CURVE_H
#define RHEO_BUCKET_CURVE_H

/*
 * The credit curve: what a bucket has earned by a time, and what a level is.
 * Pure: integers in, integers out.
 *
 * Credit is an absolute number of units, 2^k units to a token:
 *
 *	earned(t) = base + floor(mult * (t - t0) / period)
 *
 * where mult / period is the rate in units per nanosecond, in lowest terms. It
 * is computed from t0 each time, never added up, so no polling period rounds
 * or drifts (P2), and it depends on t alone, so any order of calls gives the
 * same (P5, P16).
 *
 * The bucket's one deciding word, `spent`, lives on the same axis:
 *
 *	level = min(earned - spent, burst)      units that may be taken
 *
 * Taking n moves spent to earned - level + n: from at least earned - burst to
 * at most earned. Hence P1: the admissions whose `earned` lies in [e1, e2] take
 * disjoint pieces of [e1 - burst, e2], together at most burst + e2 - e1. With
 * e = floor(E) for the exact credit E, e2 - e1 <= ceil(E2 - E1), and a whole
 * number of tokens in burst + ceil(E2 - E1) units is at most
 * burst + ceil(rate * (t2 - t1)) tokens.
 *
 * Words wrap, differences do not. Credit is 64 bits and wraps: after a century
 * where k could be chosen for that, within months at 10^12 tokens a second.
 * Only differences are compared, as signed numbers, and these never reach
 * 2^63:
 *
 *  - A curve is used for `span` ns from its t0, the time in which it earns
 *    2^62 units; past that it stands still until it is renewed (below).
 *  - burst and debt are at most 2^58 units, so within one curve `earned`, the
 *    published credit and `spent` lie within 2^62 + 2^59 of each other.
 *
 * Renewing a curve moves (t0, base) along it: by a whole number of periods,
 * which loses nothing, when the credit earned since the last publication is at
 * most 2^61. When it is more, no burst or debt is as large: the bucket is full
 * whatever spent was. That is decided on the 128-bit value, before it is cut
 * to 64, and the curve goes on 2^61 above what is published.
 */

#include "../base/wide.h"

#define RH_SHIFT_MAX 20u
#define RH_NUMERATOR_MAX (UINT64_C(1) << 41) /* so that mult < 2^61 */
#define RH_UNITS_MAX (UINT64_C(1) << 58) /* burst, debt */
#define RH_SPAN_UNITS (UINT64_C(1) << 62)
#define RH_JUMP_UNITS (UINT64_C(1) << 61)
#define RH_CENTURY_NS UINT64_C(3155760000000000000)
#define RH_RATE_MAX 1000u /* tokens per ns: 10^12 a second */

struct rh_curve {
	uint64_t t0;
	uint64_t base;
	uint64_t mult;
	struct rh_divisor period;
	uint64_t span;
};

/* The later of two credits; they lie within 2^63 of each other. */
static inline uint64_t
rh_later(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) > 0 ? a : b;
}

/* Units that may be taken; below 0 in debt. */
static inline int64_t
rh_level(uint64_t earned, uint64_t spent, uint64_t burst)
{
	int64_t level = (int64_t)(earned - spent);

	return level > (int64_t)burst ? (int64_t)burst : level;
}

static inline uint64_t
rh_gcd(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

/* tokens each period ns, in 2^shift units to a token, from (t0, base) on. Arguments as validated. */
static inline struct rh_curve
rh_curve_make(uint64_t tokens, uint64_t period_ns, unsigned shift, uint64_t t0, uint64_t base)
{
	uint64_t g = rh_gcd(tokens, period_ns);
	struct rh_curve c = {.t0 = t0, .base = base, .mult = (tokens / g) << shift};

	c.period = rh_divisor_make(period_ns / g);
	c.span = rh_muldiv(RH_SPAN_UNITS, period_ns / g, c.mult);
	return c;
}

static inline uint64_t
rh_curve_period(const struct rh_curve *c)
{
	return c->period.d >> (c->period.norm & 63);
}

/* Whether t lies past the curve's span, so that it has to be renewed first. */
static inline bool
rh_curve_beyond(const struct rh_curve *c, uint64_t t)
{
	return t > c->t0 && t - c->t0 > c->span;
}

static inline uint64_t
rh_curve_earned(const struct rh_curve *c, uint64_t t)
{
	uint64_t dt = t > c->t0 ? t - c->t0 : 0;

	if (dt > c->span)
		dt = c->span;
	return c->base + rh_divisor_apply(c->period, rh_mul(c->mult, dt));
}

/*
 * The same for a debt's sake: an eighth of the span past its end the curve goes
 * on as it will when it is renewed. That earns 2^59 units, more than any debt,
 * and keeps within 2^63 of every credit.
 */
static inline uint64_t
rh_curve_foreseen(const struct rh_curve *c, uint64_t t)
{
	uint64_t dt = t > c->t0 ? t - c->t0 : 0, past = c->span / 8;

	if (dt > c->span && dt - c->span > past)
		dt = c->span + past;
	return c->base + rh_divisor_apply(c->period, rh_mul(c->mult, dt));
}

/* The earliest time at which `credit` is earned; UINT64_MAX where that is beyond all time. */
static inline uint64_t
rh_curve_when(const struct rh_curve *c, uint64_t credit)
{
	int64_t ahead = (int64_t)(credit - c->base);
	uint64_t dt, t;

	if (ahead <= 0)
		return c->t0;
	if (c->mult == 0)
		return UINT64_MAX;
	dt = rh_muldiv_up((uint64_t)ahead, rh_curve_period(c), c->mult);
	t = c->t0 + dt;
	return t < dt ? UINT64_MAX : t;
}

/* A time in which at most `units` are earned, from wherever one begins. */
static inline uint64_t
rh_curve_within(const struct rh_curve *c, uint64_t units)
{
	return units == 0 ? 0 : rh_muldiv(units - 1, rh_curve_period(c), c->mult);
}

/* The curve from t on, t beyond its span, `published` at or past the span's end. */
static inline struct rh_curve
rh_curve_renew(struct rh_curve c, uint64_t t, uint64_t published)
{
	uint64_t dt = t - c.t0, period = rh_curve_period(&c), rem;
	uint64_t behind = published - c.base; /* published lies on the curve, at most 2^62 up */
	rh_u128 earned;

	if (period == 0)
		return c;
	earned = rh_div128(rh_mul(c.mult, dt), period, &rem);
	if (rh_less128((rh_u128){0, behind}, earned) &&
	    rh_less128(rh_add128((rh_u128){0, behind}, RH_JUMP_UNITS), earned)) {
		c.t0 = t;
		c.base = published + RH_JUMP_UNITS;
	} else {
		uint64_t whole = dt / period;

		c.t0 += whole * period;
		c.base += whole * c.mult;
	}
	return c;
}

/*
 * k: the most units to a token, up to 2^20, with which a century's credit stays
 * within the span and burst and debt within their limits. Where even k = 0 is
 * too much for the century (above 10^9 tokens a second) the curve is renewed
 * more often. 2^20, a millionth of a token, and not more, so that a later
 * reconfigure to any valid rate fits the same k.
 */
static inline unsigned
rh_curve_shift(uint64_t tokens, uint64_t period_ns, uint64_t burst, uint64_t max_debt)
{
	uint64_t century = rh_muldiv(tokens, RH_CENTURY_NS, period_ns);
	unsigned k = RH_SHIFT_MAX;

	while (k > 0 && (century > RH_SPAN_UNITS >> k || burst > RH_UNITS_MAX >> k ||
			 max_debt > RH_UNITS_MAX >> k))
		k--;
	return k;
}

#endif
