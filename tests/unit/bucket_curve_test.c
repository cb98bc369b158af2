/* SPDX-License-Identifier: BSD-2-Clause */

/* The credit curve against 128-bit arithmetic. */

#include "helpers.h"

#include "bucket/curve.h"

__extension__ typedef unsigned __int128 u128;

/* A rate within the limits: any period, at most 1000 tokens a nanosecond, numerator below 2^41. */
static void
any_rate(uint64_t *seed, uint64_t *tokens, uint64_t *period)
{
	do {
		*period = any_number(seed);
		*tokens = any_number(seed) % RH_NUMERATOR_MAX;
	} while (*period == 0 || *tokens == 0 || (*tokens - 1) / *period >= RH_RATE_MAX);
}

Test(bucket_curve, credit_is_exact_at_every_time_of_the_span)
{
	uint64_t seed = 1, tokens, period;

	for (int i = 0; i < 100000; i++) {
		unsigned k = (unsigned)(next_random(&seed) % 21);
		uint64_t t0 = any_number(&seed), base = any_number(&seed), t, dt;
		struct rh_curve c;

		any_rate(&seed, &tokens, &period);
		c = rh_curve_make(tokens, period, k, t0, base);
		dt = any_number(&seed);
		dt = dt < c.span ? dt : c.span;
		dt = dt < UINT64_MAX - t0 ? dt : UINT64_MAX - t0;
		t = t0 + dt;
		cr_assert(rh_curve_earned(&c, t) ==
				  base + (uint64_t)((((u128)tokens << k) / rh_gcd(tokens, period)) * dt /
						    (period / rh_gcd(tokens, period))),
			  "%llu a %llu, k %u, after %llu", (unsigned long long)tokens,
			  (unsigned long long)period, k, (unsigned long long)dt);
	}
}

Test(bucket_curve, the_span_earns_at_most_2_to_62_units_and_is_as_long_as_it_can_be)
{
	uint64_t seed = 2, tokens, period;

	for (int i = 0; i < 100000; i++) {
		unsigned k = (unsigned)(next_random(&seed) % 21);
		struct rh_curve c;
		uint64_t g;

		any_rate(&seed, &tokens, &period);
		g = rh_gcd(tokens, period);
		c = rh_curve_make(tokens, period, k, 0, 0);
		cr_assert((u128)c.mult * c.span / (period / g) <= RH_SPAN_UNITS);
		if (c.span != UINT64_MAX)
			cr_assert((u128)c.mult * ((u128)c.span + 1) > (u128)RH_SPAN_UNITS * (period / g));
		cr_assert(rh_curve_beyond(&c, c.span) == false);
	}
}

Test(bucket_curve, when_is_the_first_nanosecond_at_which_a_credit_is_earned)
{
	uint64_t seed = 3, tokens, period;

	for (int i = 0; i < 100000; i++) {
		unsigned k = (unsigned)(next_random(&seed) % 21);
		uint64_t t0 = any_number(&seed) >> 1, base = any_number(&seed), credit, t;
		struct rh_curve c;

		any_rate(&seed, &tokens, &period);
		c = rh_curve_make(tokens, period, k, t0, base);
		credit = base + any_number(&seed) % RH_JUMP_UNITS;
		t = rh_curve_when(&c, credit);
		if (t == UINT64_MAX)
			continue;
		cr_assert((int64_t)(rh_curve_earned(&c, t) - credit) >= 0);
		if (t > t0)
			cr_assert((int64_t)(rh_curve_earned(&c, t - 1) - credit) < 0);
	}
}

Test(bucket_curve, a_credit_below_the_base_was_earned_at_t0)
{
	struct rh_curve c = rh_curve_make(1, 1, 0, 500, 1000);

	assert_u64(rh_curve_when(&c, 1000), 500);
	assert_u64(rh_curve_when(&c, 0), 500);
	assert_u64(rh_curve_when(&c, 1001), 501);
}

Test(bucket_curve, within_is_a_time_that_never_earns_more)
{
	uint64_t seed = 4, tokens, period;

	for (int i = 0; i < 100000; i++) {
		unsigned k = (unsigned)(next_random(&seed) % 21);
		uint64_t units = any_number(&seed) % RH_UNITS_MAX, at, dt;
		struct rh_curve c;

		any_rate(&seed, &tokens, &period);
		c = rh_curve_make(tokens, period, k, 0, 0);
		dt = rh_curve_within(&c, units);
		at = any_number(&seed);
		at = c.span - dt > c.span ? 0 : at % (c.span - dt + (c.span - dt != UINT64_MAX));
		if (dt > c.span)
			continue;
		cr_assert(rh_curve_earned(&c, at + dt) - rh_curve_earned(&c, at) <= units);
	}
}

Test(bucket_curve, k_lets_a_century_fit_up_to_a_thousand_million_a_second)
{
	const struct {
		uint64_t tokens, period;
		unsigned k;
	} rows[] = {
		{1, 31557600 * SECOND, 20}, {1, SECOND, 20},	   {1000, SECOND, 20},
		{1390, SECOND, 20},	    {1500, SECOND, 19},	   {1000000, SECOND, 10},
		{1000000000, SECOND, 0},    {UINT64_C(1000000000000), SECOND, 0},
		{UINT64_C(1) << 42, RH_CENTURY_NS, 20}, /* to the unit */
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned k = rh_curve_shift(rows[i].tokens, rows[i].period, 1, 0);
		struct rh_curve c = rh_curve_make(rows[i].tokens, rows[i].period, k, 0, 0);

		cr_assert(k == rows[i].k, "row %zu: k is %u", i, k);
		if (k > 0)
			cr_assert(c.span >= RH_CENTURY_NS, "row %zu: not a century", i);
	}
}

Test(bucket_curve, k_makes_room_for_a_large_burst_and_debt)
{
	cr_assert(rh_curve_shift(1, SECOND, RH_UNITS_MAX, 0) == 0);
	cr_assert(rh_curve_shift(1, SECOND, RH_UNITS_MAX >> 7, 0) == 7);
	cr_assert(rh_curve_shift(1, SECOND, 1, RH_UNITS_MAX >> 3) == 3);
}

Test(bucket_curve, levels_are_differences_however_the_words_wrap)
{
	const uint64_t burst = 100;

	for (int64_t spent = -150; spent <= 150; spent++) {
		uint64_t at[] = {0, 1, UINT64_MAX, UINT64_C(1) << 63, 12345};

		for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
			int64_t want = -spent > (int64_t)burst ? (int64_t)burst : -spent;

			cr_assert(rh_level(at[i], at[i] + (uint64_t)spent, burst) == want);
		}
	}
	cr_assert(rh_later(5, UINT64_MAX) == 5 && rh_later(UINT64_MAX, 5) == 5 && rh_later(7, 7) == 7);
}

Test(bucket_curve, renewing_goes_on_exactly_where_the_piece_ended)
{
	uint64_t seed = 5, tokens, period;
	int renewed = 0;

	for (int i = 0; i < 200000; i++) {
		unsigned k = (unsigned)(next_random(&seed) % 21);
		struct rh_curve c, n;
		uint64_t g, t, end, late;
		u128 units;

		any_rate(&seed, &tokens, &period);
		g = rh_gcd(tokens, period);
		c = rh_curve_make(tokens, period, k, 0, any_number(&seed));
		if (c.span >= UINT64_MAX / 2)
			continue;
		t = c.span + 1 + any_number(&seed) % (UINT64_MAX - c.span - 1);
		end = rh_curve_earned(&c, c.span);
		units = (u128)c.mult * t / (period / g);
		n = rh_curve_renew(c, t, end);
		renewed++;
		cr_assert(!rh_curve_beyond(&n, t), "a renewed curve is beyond its span at once");
		late = rh_curve_earned(&n, t) - end;
		if (units - (end - c.base) <= RH_JUMP_UNITS)
			cr_assert(rh_curve_earned(&n, t) == c.base + (uint64_t)units, "a gap");
		else
			assert_u64(late, RH_JUMP_UNITS);
	}
	cr_assert(renewed > 10000);
}

Test(bucket_curve, p14_a_curve_of_zeros_waits_for_ever_and_is_not_renewed)
{
	struct rh_curve c = {0}, on;

	assert_u64(rh_curve_when(&c, 1), UINT64_MAX);
	assert_u64(rh_curve_when(&c, 0), 0);
	on = rh_curve_renew(c, SECOND, 7);
	cr_assert(on.t0 == 0 && on.base == 0 && on.mult == 0 && on.span == 0 && on.period.d == 0,
		  "renewed by a period of no time");
}
