/* SPDX-License-Identifier: BSD-2-Clause */

/* What a caller of one bucket sees. The same against an exact oracle: tests/property. */

#include "helpers.h"

Test(bucket, begins_full_and_admits_exactly_the_burst)
{
	rheo_bucket_t *b = bucket_of(10, 5);

	for (int i = 0; i < 5; i++)
		assert_status(rheo_bucket_try_acquire(b, 1), RHEO_OK);
	assert_status(rheo_bucket_try_acquire(b, 1), RHEO_REJ_RATE);
}

Test(bucket, begins_empty_when_told_to)
{
	rheo_bucket_config_t cfg = bucket_config(10, 5);
	rheo_bucket_t *b;

	cfg.flags = RHEO_BUCKET_START_EMPTY;
	b = bucket_from(&cfg, 77);
	assert_status(rheo_bucket_try_acquire_at(b, 1, 77), RHEO_REJ_RATE);
	assert_status(rheo_bucket_try_acquire_at(b, 1, 77 + 100 * MS - 1), RHEO_REJ_RATE);
	assert_status(rheo_bucket_try_acquire_at(b, 1, 77 + 100 * MS), RHEO_OK);
}

Test(bucket, a_token_comes_on_the_exact_nanosecond)
{
	rheo_bucket_t *b = bucket_of(3, 1); /* a third of a second each */

	assert_status(rheo_bucket_try_acquire_at(b, 1, 0), RHEO_OK);
	assert_status(rheo_bucket_try_acquire_at(b, 1, 333333333), RHEO_REJ_RATE);
	assert_status(rheo_bucket_try_acquire_at(b, 1, 333333334), RHEO_OK);
	assert_status(rheo_bucket_try_acquire_at(b, 1, 666666666), RHEO_REJ_RATE);
	assert_status(rheo_bucket_try_acquire_at(b, 1, 666666667), RHEO_OK);
	assert_status(rheo_bucket_try_acquire_at(b, 1, 999999999), RHEO_REJ_RATE);
	assert_status(rheo_bucket_try_acquire_at(b, 1, 1000000000), RHEO_OK);
}

Test(bucket, p2_a_caller_at_saturation_loses_no_token_at_any_polling_period)
{
	const uint64_t periods[] = {1, 7, 999, 1000, 1001, 999983, 1000003, 333333333};

	for (size_t p = 0; p < sizeof periods / sizeof *periods; p++) {
		rheo_bucket_t *b = bucket_of(7, 7);
		uint64_t t = 0, admitted = 0, end = periods[p] * 300000;

		end = end > 1000 * SECOND ? 1000 * SECOND : end;
		for (; t <= end; t += periods[p])
			while (rheo_bucket_try_acquire_at(b, 1, t) == RHEO_OK)
				admitted++;
		t -= periods[p];
		cr_assert(admitted == 7 + t * 7 / SECOND, "polled every %llu ns: %llu in %llu ns",
			  (unsigned long long)periods[p], (unsigned long long)admitted,
			  (unsigned long long)t);
	}
}

Test(bucket, a_cost_above_the_burst_is_never_and_changes_nothing)
{
	rheo_bucket_t *b = bucket_of(10, 5);
	const uint64_t costs[] = {6, 1000, UINT64_C(1) << 38, UINT64_C(1) << 58, UINT64_C(1) << 63, UINT64_MAX};

	for (size_t i = 0; i < sizeof costs / sizeof *costs; i++) {
		uint64_t wait = 0;

		assert_status(rheo_bucket_try_acquire(b, costs[i]), RHEO_REJ_NEVER);
		assert_status(rheo_bucket_try_acquire_at(b, costs[i], 1), RHEO_REJ_NEVER);
		assert_status(rheo_bucket_reserve(b, costs[i], 1, UINT64_MAX, &wait), RHEO_REJ_NEVER);
		assert_u64(wait, RHEO_FOREVER);
		assert_status(rheo_bucket_wait_ns(b, costs[i], 1, &wait), RHEO_REJ_NEVER);
		assert_u64(wait, RHEO_FOREVER);
	}
	assert_u64(available_at(b, 1), 5);
	assert_u64(bucket_stats(b).refused_never, 18);
	assert_u64(bucket_stats(b).admitted, 0);
}

Test(bucket, p3_a_refusal_changes_no_later_decision)
{
	rheo_bucket_t *a = bucket_of(1000, 10), *b = bucket_of(1000, 10);
	uint64_t seed = 1, t = 0;

	for (int i = 0; i < 50000; i++) {
		uint64_t n = 1 + next_random(&seed) % 4;
		int32_t st;

		t += next_random(&seed) % (2 * MS);
		st = rheo_bucket_try_acquire_at(a, n, t);
		/* b is asked in vain, over and over, before and after. */
		for (int k = 0; k < 3; k++)
			assert_status(rheo_bucket_try_acquire_at(b, 11, t), RHEO_REJ_NEVER);
		assert_status(rheo_bucket_try_acquire_at(b, n, t), st);
		while (available_at(b, t) < 10 &&
		       rheo_bucket_try_acquire_at(b, available_at(b, t) + 1, t) != RHEO_REJ_RATE)
			cr_assert_fail("took more than there was");
	}
}

Test(bucket, without_a_time_the_published_credit_decides)
{
	rheo_bucket_t *b = bucket_of(10, 5);

	for (int i = 0; i < 5; i++)
		assert_status(rheo_bucket_try_acquire(b, 1), RHEO_OK);
	assert_status(rheo_bucket_try_acquire(b, 1), RHEO_REJ_RATE);
	assert_status(rheo_bucket_refill(b, 200 * MS), RHEO_OK);
	assert_status(rheo_bucket_try_acquire(b, 2), RHEO_OK);
	assert_status(rheo_bucket_try_acquire(b, 1), RHEO_REJ_RATE);
}

Test(bucket, both_ways_of_telling_the_time_mix)
{
	rheo_bucket_t *b = bucket_of(10, 5);

	assert_status(rheo_bucket_try_acquire_at(b, 5, 0), RHEO_OK);
	assert_status(rheo_bucket_try_acquire_at(b, 3, 300 * MS), RHEO_OK);
	/* nothing is published yet, and what was earned is spent */
	assert_status(rheo_bucket_try_acquire(b, 1), RHEO_REJ_RATE);
	rheo_bucket_refill(b, 400 * MS);
	assert_status(rheo_bucket_try_acquire_at(b, 1, 100 * MS), RHEO_OK);
	assert_status(rheo_bucket_try_acquire(b, 1), RHEO_REJ_RATE);
}

Test(bucket, p6_time_going_back_mints_nothing_and_blocks_nobody)
{
	rheo_bucket_t *b = bucket_of(10, 5);

	assert_status(rheo_bucket_try_acquire_at(b, 3, 10 * SECOND), RHEO_OK);
	for (int i = 0; i < 1000; i++) {
		uint64_t back = (uint64_t)i * MS;

		if (i < 2)
			assert_status(rheo_bucket_try_acquire_at(b, 1, 10 * SECOND - back), RHEO_OK);
		else
			assert_status(rheo_bucket_try_acquire_at(b, 1, 10 * SECOND - back), RHEO_REJ_RATE);
	}
	assert_status(rheo_bucket_try_acquire_at(b, 1, 10 * SECOND + 100 * MS), RHEO_OK);
	assert_status(rheo_bucket_try_acquire_at(b, 1, 10 * SECOND + 100 * MS), RHEO_REJ_RATE);
}

Test(bucket, p6_a_jump_forward_adds_at_most_the_burst)
{
	const uint64_t jumps[] = {SECOND, UINT64_C(1) << 40, UINT64_C(1) << 62, UINT64_MAX - SECOND};

	for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++) {
		rheo_bucket_t *b = bucket_of(UINT64_C(1000000000000), 5);
		uint64_t got = 0;

		assert_status(rheo_bucket_try_acquire_at(b, 5, SECOND), RHEO_OK);
		assert_status(rheo_bucket_acquire_upto(b, 1000, SECOND + jumps[i], &got), RHEO_OK);
		assert_u64(got, 5);
		assert_status(rheo_bucket_try_acquire_at(b, 1, SECOND + jumps[i]), RHEO_REJ_RATE);
	}
}

Test(bucket, an_earlier_time_is_counted)
{
	rheo_bucket_t *b = bucket_of(10, 5);

	rheo_bucket_refill(b, SECOND);
	rheo_bucket_refill(b, SECOND - 1);
	rheo_bucket_try_acquire_at(b, 1, SECOND - 1);
	rheo_bucket_try_acquire_at(b, 1, SECOND);
	assert_u64(bucket_stats(b).clock_regressions, 2);
}

Test(bucket, acquire_upto_takes_what_is_there)
{
	rheo_bucket_t *b = bucket_of(10, 5);
	uint64_t got = 99;

	assert_status(rheo_bucket_acquire_upto(b, 3, 0, &got), RHEO_OK);
	assert_u64(got, 3);
	assert_status(rheo_bucket_acquire_upto(b, UINT64_MAX, 50 * MS, &got), RHEO_OK);
	assert_u64(got, 2);
	assert_status(rheo_bucket_acquire_upto(b, 1, 50 * MS, &got), RHEO_REJ_RATE);
	assert_u64(got, 0);
	/* the half token was not thrown away */
	assert_status(rheo_bucket_acquire_upto(b, 1, 100 * MS, &got), RHEO_OK);
}

Test(bucket, a_reservation_says_how_long_to_wait_and_is_kept)
{
	rheo_bucket_config_t cfg = bucket_config(10, 2);
	rheo_bucket_t *b;
	uint64_t wait;

	cfg.max_debt = 4;
	b = bucket_from(&cfg, 0);
	assert_status(rheo_bucket_reserve(b, 2, 0, 0, &wait), RHEO_OK);
	assert_u64(wait, 0);
	assert_status(rheo_bucket_reserve(b, 2, 0, UINT64_MAX, &wait), RHEO_OK);
	assert_u64(wait, 200 * MS);
	assert_status(rheo_bucket_reserve(b, 2, 50 * MS, UINT64_MAX, &wait), RHEO_OK);
	assert_u64(wait, 350 * MS);
	/* the next one would be 450 ms away and 4.5 tokens in debt */
	assert_status(rheo_bucket_reserve(b, 1, 50 * MS, UINT64_MAX, &wait), RHEO_REJ_RATE);
	assert_u64(wait, 450 * MS);
	assert_status(rheo_bucket_try_acquire_at(b, 1, 499 * MS), RHEO_REJ_RATE);
	assert_status(rheo_bucket_try_acquire_at(b, 1, 500 * MS), RHEO_OK);
}

Test(bucket, a_reservation_respects_the_longest_wait_to_the_nanosecond)
{
	rheo_bucket_config_t cfg = bucket_config(10, 2);
	rheo_bucket_t *b;
	uint64_t wait;

	cfg.max_debt = 1000;
	b = bucket_from(&cfg, 0);
	assert_status(rheo_bucket_try_acquire_at(b, 2, 0), RHEO_OK);
	assert_status(rheo_bucket_reserve(b, 1, 0, 100 * MS - 1, &wait), RHEO_REJ_RATE);
	assert_u64(wait, 100 * MS);
	assert_status(rheo_bucket_reserve(b, 1, 0, 100 * MS, &wait), RHEO_OK);
	assert_u64(wait, 100 * MS);
}

/* A curve is used for 2^62 units and then goes on; ten million random histories had one that waited across that. */
Test(bucket, a_reservation_waits_across_the_end_of_a_curve)
{
	uint64_t end = UINT64_C(1) << 62, wait;

	for (uint64_t before = 0; before < 4; before++) {
		rheo_bucket_config_t cfg;
		rheo_bucket_t *b;

		rheo_bucket_config_init(&cfg, sizeof cfg);
		cfg.tokens_per_period = 1;
		cfg.period_ns = 1;
		cfg.burst = 7;
		cfg.max_debt = UINT64_C(1) << 58;
		b = bucket_from(&cfg, 0);
		assert_status(rheo_bucket_try_acquire_at(b, 7, end - before), RHEO_OK);
		assert_status(rheo_bucket_reserve(b, 4, end - before, 3, &wait), RHEO_REJ_RATE);
		assert_u64(wait, 4);
		assert_status(rheo_bucket_reserve(b, 4, end - before, 4, &wait), RHEO_OK);
		assert_u64(wait, 4);
		assert_status(rheo_bucket_reserve(b, 5, end - before, UINT64_MAX, &wait), RHEO_OK);
		assert_u64(wait, 9);
		assert_status(rheo_bucket_try_acquire_at(b, 1, end - before + 9), RHEO_REJ_RATE);
		assert_status(rheo_bucket_try_acquire_at(b, 1, end - before + 10), RHEO_OK);
	}
}

/* As deep as a debt may be, at the end of a curve: 2^58 units. */
Test(bucket, the_deepest_debt_is_waited_for_across_the_end_of_a_curve)
{
	uint64_t end = UINT64_C(1) << 62, half = UINT64_C(1) << 57, wait;
	rheo_bucket_config_t cfg;
	rheo_bucket_t *b;

	rheo_bucket_config_init(&cfg, sizeof cfg);
	cfg.tokens_per_period = 1;
	cfg.period_ns = 1;
	cfg.burst = cfg.max_debt = 2 * half;
	b = bucket_from(&cfg, 0);
	assert_status(rheo_bucket_try_acquire_at(b, 2 * half, end), RHEO_OK);
	assert_status(rheo_bucket_reserve(b, 2 * half, end, 2 * half - 1, &wait), RHEO_REJ_RATE);
	assert_status(rheo_bucket_reserve(b, half, end, UINT64_MAX, &wait), RHEO_OK);
	assert_status(rheo_bucket_reserve(b, half, end, UINT64_MAX - end, &wait), RHEO_OK);
	assert_u64(wait, 2 * half);
	assert_status(rheo_bucket_reserve(b, 1, end, UINT64_MAX, &wait), RHEO_REJ_RATE);
}

Test(bucket, without_debt_a_reservation_is_a_question_with_an_answer)
{
	rheo_bucket_t *b = bucket_of(10, 2);
	uint64_t wait;

	assert_status(rheo_bucket_reserve(b, 2, 0, UINT64_MAX, &wait), RHEO_OK);
	assert_status(rheo_bucket_reserve(b, 1, 30 * MS, UINT64_MAX, &wait), RHEO_REJ_RATE);
	assert_u64(wait, 70 * MS);
}

Test(bucket, p4_a_refund_cancels_exactly)
{
	rheo_bucket_t *b = bucket_of(10, 100);

	for (uint64_t n = 1; n <= 100; n++) {
		assert_status(rheo_bucket_try_acquire_at(b, n, 0), RHEO_OK);
		assert_status(rheo_bucket_refund(b, n), RHEO_OK);
		assert_u64(available_at(b, 0), 100);
	}
	assert_u64(bucket_stats(b).admitted, 5050);
	assert_u64(bucket_stats(b).refunded, 5050);
}

Test(bucket, p4_a_refund_never_lifts_the_level_above_the_burst)
{
	rheo_bucket_t *b = bucket_of(10, 5);
	const uint64_t most = (UINT64_C(1) << 58) >> 20;

	assert_status(rheo_bucket_try_acquire_at(b, 2, 0), RHEO_OK);
	assert_status(rheo_bucket_refund(b, 50), RHEO_OK);
	assert_u64(available_at(b, 0), 5);
	for (int i = 0; i < 100; i++)
		assert_status(rheo_bucket_refund(b, most), RHEO_OK);
	assert_u64(available_at(b, 0), 5);
	assert_u64(available_at(b, 3600 * SECOND), 5);
	assert_status(rheo_bucket_refund(b, most + 1), RHEO_ERR_INVAL);
	assert_status(rheo_bucket_refund(b, UINT64_MAX), RHEO_ERR_INVAL);
}

Test(bucket, a_refund_takes_a_reservation_back)
{
	rheo_bucket_config_t cfg = bucket_config(10, 2);
	rheo_bucket_t *b;
	uint64_t wait;

	cfg.max_debt = 10;
	b = bucket_from(&cfg, 0);
	rheo_bucket_reserve(b, 2, 0, UINT64_MAX, &wait);
	rheo_bucket_reserve(b, 2, 0, UINT64_MAX, &wait);
	assert_u64(wait, 200 * MS);
	rheo_bucket_refund(b, 2);
	assert_status(rheo_bucket_reserve(b, 1, 0, UINT64_MAX, &wait), RHEO_OK);
	assert_u64(wait, 100 * MS);
}

Test(bucket, a_charge_goes_into_debt_and_requests_wait_until_it_is_paid)
{
	rheo_bucket_t *b = bucket_of(10, 5);
	uint64_t wait;

	assert_status(rheo_bucket_charge(b, 25, 0), RHEO_OK);
	cr_assert(bucket_stats(b).level == -20);
	assert_u64(available_at(b, 0), 0);
	assert_status(rheo_bucket_wait_ns(b, 1, 0, &wait), RHEO_OK);
	assert_u64(wait, 2100 * MS);
	assert_status(rheo_bucket_try_acquire_at(b, 1, 2100 * MS - 1), RHEO_REJ_RATE);
	assert_status(rheo_bucket_try_acquire_at(b, 1, 2100 * MS), RHEO_OK);
	assert_u64(bucket_stats(b).charged, 25);
	assert_u64(bucket_stats(b).admitted, 1);
}

Test(bucket, debt_stops_where_the_header_says)
{
	rheo_bucket_t *b = bucket_of(10, 5);
	const uint64_t most = (UINT64_C(1) << 58) >> 20;

	for (int i = 0; i < 50; i++)
		assert_status(rheo_bucket_charge(b, most, 0), RHEO_OK);
	cr_assert(bucket_stats(b).level == -(int64_t)most);
	assert_u64(bucket_stats(b).charged, 50 * most);
	assert_u64(bucket_stats(b).admitted, 0);
	assert_status(rheo_bucket_charge(b, most + 1, 0), RHEO_ERR_INVAL);
}

Test(bucket, waiting_is_exact_and_takes_nothing)
{
	rheo_bucket_t *b = bucket_of(3, 9);
	uint64_t wait;

	assert_status(rheo_bucket_wait_ns(b, 9, 0, &wait), RHEO_OK);
	assert_u64(wait, 0);
	assert_status(rheo_bucket_try_acquire_at(b, 9, 0), RHEO_OK);
	for (uint64_t n = 1; n <= 9; n++) {
		assert_status(rheo_bucket_wait_ns(b, n, 0, &wait), RHEO_OK);
		assert_u64(wait, (n * SECOND + 2) / 3);
	}
	assert_status(rheo_bucket_wait_ns(b, 3, SECOND, &wait), RHEO_OK);
	assert_u64(wait, 0);
}

Test(bucket, a_wait_beyond_the_end_of_time_is_for_ever)
{
	rheo_bucket_config_t cfg = bucket_config(1, 1000);
	rheo_bucket_t *b;
	uint64_t wait;

	cfg.period_ns = UINT64_MAX;
	b = bucket_from(&cfg, 0);
	assert_status(rheo_bucket_try_acquire_at(b, 1000, 0), RHEO_OK);
	assert_status(rheo_bucket_wait_ns(b, 1, 0, &wait), RHEO_OK);
	assert_u64(wait, UINT64_MAX);
	assert_status(rheo_bucket_wait_ns(b, 2, 0, &wait), RHEO_OK);
	assert_u64(wait, RHEO_FOREVER);
	assert_status(rheo_bucket_try_acquire_at(b, 1, UINT64_MAX), RHEO_OK);
}

Test(bucket, a_quota_says_what_an_answer_needs)
{
	rheo_bucket_t *b = bucket_of(100, 200);
	rheo_bucket_quota_t q;

	assert_status(rheo_bucket_quota(b, 0, &q), RHEO_OK);
	cr_assert(q.limit == 200 && q.window_ns == 2 * SECOND && q.remaining == 200 && q.more_ns == 0 &&
		  q.full_ns == 0 && q.time_ns == 0);
	rheo_bucket_try_acquire_at(b, 150, 0);
	assert_status(rheo_bucket_quota(b, 5 * MS, &q), RHEO_OK);
	cr_assert(q.remaining == 50 && q.more_ns == 5 * MS && q.full_ns == 1495 * MS && q.time_ns == 5 * MS);
	rheo_bucket_charge(b, 100, 5 * MS);
	assert_status(rheo_bucket_quota(b, 5 * MS, &q), RHEO_OK);
	cr_assert(q.remaining == 0 && q.more_ns == 505 * MS && q.full_ns == 2495 * MS);
	rheo_bucket_refill(b, SECOND);
	assert_status(rheo_bucket_quota(b, 5 * MS, &q), RHEO_OK);
	assert_u64(q.time_ns, SECOND);
}

Test(bucket, rates_of_every_size_are_exact_over_a_year)
{
	const struct {
		uint64_t tokens, period, burst;
	} rows[] = {
		{1, 31557600 * SECOND, 2},	{1, 86400 * SECOND, 2},
		{7, 60 * SECOND, 3},		{1000, SECOND, 100},
		{600000000, SECOND, 1000},	{UINT64_C(1000000000000), SECOND, 1000},
		{13, 9, 5},			{999999937, 1000000007, 50},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		rheo_bucket_config_t cfg = bucket_config(rows[i].tokens, rows[i].burst);
		rheo_bucket_t *b;
		uint64_t seed = i, t = 0, admitted = 0, got, year = 31557600 * SECOND;
		unsigned __int128 earned;

		cfg.period_ns = rows[i].period;
		b = bucket_from(&cfg, 0);
		assert_status(rheo_bucket_acquire_upto(b, UINT64_MAX, 0, &admitted), RHEO_OK);
		/* less than a token may be left over: steps that earn a token less than the burst lose nothing */
		for (int k = 0; k < 20000 && t < year; k++) {
			unsigned __int128 most = (unsigned __int128)(rows[i].burst - 1) * rows[i].period /
						 rows[i].tokens;
			uint64_t step = most > 1 ? next_random(&seed) % (uint64_t)most : next_random(&seed) % 2;

			t += step;
			if (rheo_bucket_acquire_upto(b, UINT64_MAX, t, &got) == RHEO_OK)
				admitted += got;
		}
		earned = (unsigned __int128)rows[i].tokens * t / rows[i].period;
		cr_assert(admitted == rows[i].burst + (uint64_t)earned, "row %zu: %llu, should be %llu", i,
			  (unsigned long long)admitted,
			  (unsigned long long)(rows[i].burst + (uint64_t)earned));
	}
}

Test(bucket, stats_tell_levels_rounded_down_on_both_sides_of_nothing)
{
	rheo_bucket_t *b = bucket_of(10, 5);

	rheo_bucket_try_acquire_at(b, 5, 0);
	rheo_bucket_refill(b, 150 * MS);
	cr_assert(bucket_stats(b).level == 1);
	rheo_bucket_charge(b, 3, 150 * MS);
	cr_assert(bucket_stats(b).level == -2, "one and a half below nothing is -2");
	assert_u64(bucket_stats(b).published_ns, 150 * MS);
	assert_u64(bucket_stats(b).max_cost, 5);
	assert_u64(bucket_stats(b).lanes, 1);
}

Test(bucket, a_struct_of_another_version_is_served)
{
	rheo_bucket_t *b = bucket_of(10, 5);
	struct {
		rheo_bucket_stats_t known;
		uint64_t unknown[4];
	} newer;
	uint64_t older[2] = {9, 9};

	rheo_bucket_try_acquire(b, 2);
	memset(&newer, 0xff, sizeof newer);
	assert_status(rheo_bucket_stats(b, (rheo_bucket_stats_t *)&newer, sizeof newer), RHEO_OK);
	cr_assert(newer.known.admitted == 2 && newer.unknown[0] == 0 && newer.unknown[3] == 0);
	assert_status(rheo_bucket_stats(b, (rheo_bucket_stats_t *)older, 8), RHEO_OK);
	cr_assert(older[0] == 2 && older[1] == 9);
}
