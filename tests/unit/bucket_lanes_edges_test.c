/* SPDX-License-Identifier: BSD-2-Clause */

/* Lanes at their edges: two of them, many of them, nearly full, nearly empty. */

#include "helpers.h"
#include "lanes.h"

Test(bucket_lanes_edges, two_lanes_are_lanes_to_every_call)
{
	rheo_bucket_t *b = laned(2, 0);
	uint64_t out;

	cr_assert(bucket_stats(b).lanes == 2 && bucket_stats(b).parked == 80 && bucket_stats(b).max_cost == 550);
	assert_u64(available_at(b, 0), 630);
	assert_status(rheo_bucket_try_acquire(b, 10), RHEO_OK);
	assert_u64(parked(b, 0), 30);
	assert_status(rheo_bucket_try_acquire_at(b, 10, 0), RHEO_OK);
	assert_u64(parked(b, 0), 20);
	assert_status(rheo_bucket_reserve(b, 5, 0, 0, &out), RHEO_OK);
	assert_u64(parked(b, 0), 15);
	assert_status(rheo_bucket_acquire_upto(b, 5, 0, &out), RHEO_OK);
	assert_u64(parked(b, 0), 10);
	assert_status(rheo_bucket_refund(b, 8), RHEO_OK);
	assert_u64(parked(b, 0), 18);
	leave(b, 0);
	assert_status(rheo_bucket_wait_ns(b, 40, 0, &out), RHEO_OK);
	assert_u64(out, 0);
	assert_u64(available_at(b, 0), 58);
	assert_status(rheo_bucket_acquire_upto(b, 1000, 0, &out), RHEO_OK);
	assert_u64(out, 58);
	/* Refusals at one credit are remembered; a refund ends that. */
	assert_status(rheo_bucket_try_acquire(b, 1), RHEO_REJ_RATE);
	assert_status(rheo_bucket_refund(b, 41), RHEO_OK);
	assert_status(rheo_bucket_try_acquire(b, 40), RHEO_OK);
	assert_status(rheo_bucket_try_acquire(b, 1), RHEO_OK);
}

Test(bucket_lanes_edges, the_hook_tops_two_lanes_up_and_is_due_by_q)
{
	rheo_bucket_t *b = laned(2, 0);
	uint64_t delay;

	park(b, 0, 0);
	park(b, 1, 0);
	assert_status(rheo_bucket_refill(b, 60 * MS), RHEO_OK);
	assert_u64(bucket_stats(b).parked, 60);
	assert_status(rheo_bucket_next_refill_ns(b, 60 * MS, &delay), RHEO_OK);
	assert_u64(delay, 5 * MS);
}

Test(bucket_lanes_edges, reconfigure_trims_two_lanes)
{
	rheo_bucket_config_t cfg = bucket_config(1000, 64);
	rheo_bucket_t *b = laned(2, 0);

	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_OK);
	assert_u64(bucket_stats(b).parked, 8);
	cr_assert(available_at(b, 0) <= 64);
	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_RESET), RHEO_OK);
	assert_u64(bucket_stats(b).parked, 0);
}

Test(bucket_lanes_edges, callers_far_ahead_of_the_hook_run_it_for_two_lanes_as_well)
{
	rheo_bucket_t *b = laned(2, RHEO_BUCKET_START_EMPTY);
	uint64_t taken;

	assert_status(rheo_bucket_acquire_upto(b, 1000, 100 * MS, &taken), RHEO_OK);
	assert_u64(taken, 100);
	assert_status(rheo_bucket_charge(b, 50, 200 * MS), RHEO_OK);
	assert_u64(bucket_stats(b).published_ns, 200 * MS);
}

Test(bucket_lanes_edges, a_refund_fills_the_own_lane_to_its_cap_and_the_rest_goes_where_there_is_room)
{
	rheo_bucket_t *b = laned(4, 0);

	/* the common part has room */
	park(b, 0, 25);
	leave(b, 100);
	assert_status(rheo_bucket_refund(b, 90), RHEO_OK);
	assert_u64(parked(b, 0), 40);
	assert_u64(available_at(b, 0), 160 + 100 + 75);
	/* just enough of it for what the own lane leaves */
	b = laned(4, 0);
	park(b, 0, 25);
	park(b, 1, 0);
	leave(b, 1040);
	assert_status(rheo_bucket_refund(b, 60), RHEO_OK);
	assert_u64(parked(b, 1), 0);
	assert_u64(available_at(b, 0), 120 + 1085);
	/* it has not: the other lanes take what they can */
	b = laned(4, 0);
	park(b, 0, 25);
	park(b, 1, 10);
	park(b, 2, 39);
	park(b, 3, 0);
	assert_status(rheo_bucket_refund(b, 60), RHEO_OK);
	assert_u64(parked(b, 0), 40);
	assert_u64(parked(b, 1), 40);
	assert_u64(parked(b, 2), 40);
	assert_u64(parked(b, 3), 14);
	assert_u64(available_at(b, 0), 1100 + 134);
	/* the common part has room for exactly the rest */
	b = laned(4, 0);
	park(b, 0, 40);
	park(b, 1, 0);
	leave(b, 1090);
	assert_status(rheo_bucket_refund(b, 10), RHEO_OK);
	assert_u64(parked(b, 1), 0);
	assert_u64(available_at(b, 0), 1100 + 120);
}

Test(bucket_lanes_edges, a_refused_large_cost_does_not_hide_what_is_left_for_small_ones)
{
	rheo_bucket_t *b = laned(4, 0);

	for (unsigned i = 0; i < 4; i++)
		park(b, i, 0);
	leave(b, 5);
	assert_status(rheo_bucket_try_acquire(b, 10), RHEO_REJ_RATE);
	assert_status(rheo_bucket_try_acquire(b, 1), RHEO_OK);
	/* nor does it where they are parked: in another lane, in the own */
	for (unsigned at = 0; at < 4; at++) {
		b = laned(4, 0);
		leave(b, 0);
		for (unsigned i = 0; i < 4; i++)
			park(b, i, i == at ? 3 : 0);
		assert_status(rheo_bucket_try_acquire(b, 10), RHEO_REJ_RATE);
		assert_status(rheo_bucket_try_acquire(b, 3), RHEO_OK);
		assert_status(rheo_bucket_try_acquire(b, 1), RHEO_REJ_RATE);
	}
}

Test(bucket_lanes_edges, what_can_never_pass_is_told_so_from_an_empty_bucket_as_well)
{
	rheo_bucket_t *b = laned(4, RHEO_BUCKET_START_EMPTY);

	/* refused once, and remembered */
	for (int i = 0; i < 2; i++) {
		assert_status(rheo_bucket_try_acquire(b, 1), RHEO_REJ_RATE);
		assert_status(rheo_bucket_try_acquire(b, 1100), RHEO_REJ_RATE);
		assert_status(rheo_bucket_try_acquire(b, 1101), RHEO_REJ_NEVER);
		assert_status(rheo_bucket_try_acquire_at(b, 1100, 0), RHEO_REJ_RATE);
		assert_status(rheo_bucket_try_acquire_at(b, 1101, 0), RHEO_REJ_NEVER);
		assert_status(rheo_bucket_try_acquire(b, UINT64_MAX), RHEO_REJ_NEVER);
	}
	assert_u64(bucket_stats(b).refused_rate, 6);
	assert_u64(bucket_stats(b).refused_never, 6);
}

Test(bucket_lanes_edges, a_lane_that_holds_exactly_the_cost_serves_it)
{
	rheo_bucket_t *b = laned(4, 0);
	uint64_t wait;

	leave(b, 0);
	for (unsigned i = 0; i < 4; i++)
		park(b, i, i == 3 ? 17 : 2);
	assert_status(rheo_bucket_wait_ns(b, 17, 0, &wait), RHEO_OK);
	assert_u64(wait, 0);
	assert_status(rheo_bucket_try_acquire(b, 17), RHEO_OK);
	assert_u64(parked(b, 3), 0);
	assert_status(rheo_bucket_try_acquire(b, 2), RHEO_OK);
	assert_u64(parked(b, 0), 0);
}

Test(bucket_lanes_edges, a_fill_takes_a_fair_share_of_what_is_there_and_no_more_than_the_lane_holds)
{
	rheo_bucket_t *b = laned(4, 0);

	/* 4 lanes: a quarter of what the request leaves */
	park(b, 0, 2);
	leave(b, 103);
	assert_status(rheo_bucket_try_acquire(b, 3), RHEO_OK);
	assert_u64(parked(b, 0), 2 + 25);
	assert_u64(available_at(b, 0), 120 + 100 + 2);
	/* plenty: up to the cap */
	b = laned(4, 0);
	park(b, 0, 2);
	assert_status(rheo_bucket_try_acquire(b, 40), RHEO_OK);
	assert_u64(parked(b, 0), 40);
	assert_u64(available_at(b, 0), 160 + 1100 - 40 - 38);
	/* a larger cost fills nothing */
	park(b, 0, 2);
	assert_status(rheo_bucket_try_acquire(b, 41), RHEO_OK);
	assert_u64(parked(b, 0), 2);
}

Test(bucket_lanes_edges, the_hook_fills_lanes_in_turn_with_what_there_is)
{
	rheo_bucket_t *b = laned(4, 0);

	park(b, 0, 10);
	park(b, 1, 40);
	park(b, 2, 0);
	park(b, 3, 0);
	assert_status(rheo_bucket_refill(b, 75 * MS), RHEO_OK);
	assert_u64(parked(b, 0), 40);
	assert_u64(parked(b, 1), 40);
	assert_u64(parked(b, 2), 40);
	assert_u64(parked(b, 3), 5);
}

Test(bucket_lanes_edges, a_refusal_publishes_only_what_would_have_been_enough)
{
	rheo_bucket_t *b = laned(4, RHEO_BUCKET_START_EMPTY);
	uint64_t out;

	/* Q is 20 tokens: nobody is that far ahead */
	assert_status(rheo_bucket_acquire_upto(b, 5, MS - 1, &out), RHEO_REJ_RATE);
	assert_status(rheo_bucket_try_acquire_at(b, 2, 2 * MS - 1), RHEO_REJ_RATE);
	assert_status(rheo_bucket_reserve(b, 3, 3 * MS - 1, 0, &out), RHEO_REJ_RATE);
	assert_u64(bucket_stats(b).published_ns, 0);
	assert_status(rheo_bucket_acquire_upto(b, 5, MS, &out), RHEO_OK);
	assert_u64(out, 1);
	assert_u64(bucket_stats(b).published_ns, MS);
	assert_status(rheo_bucket_try_acquire_at(b, 2, 3 * MS), RHEO_OK);
	assert_u64(bucket_stats(b).published_ns, 3 * MS);
	assert_status(rheo_bucket_reserve(b, 3, 6 * MS, 0, &out), RHEO_OK);
	assert_u64(bucket_stats(b).published_ns, 6 * MS);
}

/* 10^12 a second outruns a curve in two months; the next piece has the same rules. */
Test(bucket_lanes_edges, rules_stay_the_same_past_the_end_of_a_piece_of_curve)
{
	rheo_bucket_config_t cfg = bucket_config(UINT64_C(1000000000000), UINT64_C(64000000000000)), got;
	const uint64_t far = 400 * 86400 * SECOND;
	rheo_bucket_stats_t s;
	rheo_bucket_t *b;

	cfg.lanes = 2;
	cfg.max_debt = 12345;
	cfg.flags = RHEO_BUCKET_START_EMPTY;
	b = bucket_from(&cfg, 0);
	assert_status(rheo_bucket_refill(b, far), RHEO_OK);
	assert_status(rheo_bucket_config(b, &got, sizeof got), RHEO_OK);
	cr_assert(got.flags == cfg.flags && got.tokens_per_period == cfg.tokens_per_period && got.burst == cfg.burst &&
		  got.max_debt == 12345 && got.lanes == 2 && got.period_ns == cfg.period_ns);
	s = bucket_stats(b);
	cr_assert(s.parked == 2 * 65535 && s.max_cost == UINT64_C(63000000000000) - 2 * 65535);
	/* Q is a second's worth */
	assert_status(rheo_bucket_try_acquire_at(b, 1, far + SECOND - 1), RHEO_OK);
	assert_u64(bucket_stats(b).published_ns, far);
	assert_status(rheo_bucket_try_acquire_at(b, 1, far + SECOND + 1), RHEO_OK);
	assert_u64(bucket_stats(b).published_ns, far + SECOND + 1);
}

Test(bucket_lanes_edges, a_burst_too_small_for_lanes_is_one_word_until_it_grows_again)
{
	rheo_bucket_config_t cfg = bucket_config(1000, 20), got;
	rheo_bucket_t *b = laned(2, 0);

	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_OK);
	assert_status(rheo_bucket_config(b, &got, sizeof got), RHEO_OK);
	cr_assert(got.lanes == 1 && bucket_stats(b).lanes == 1 && bucket_stats(b).max_cost == 20);
	assert_u64(available_at(b, 0), 20);
	assert_status(rheo_bucket_try_acquire_at(b, 20, 0), RHEO_OK);
	/* refused once, and remembered: a burst of one token holds no two */
	cfg.burst = 1;
	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_OK);
	assert_status(rheo_bucket_try_acquire(b, 1), RHEO_REJ_RATE);
	assert_status(rheo_bucket_try_acquire(b, 1), RHEO_REJ_RATE);
	assert_status(rheo_bucket_try_acquire(b, 2), RHEO_REJ_NEVER);
	cfg.burst = 640;
	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_RESET), RHEO_OK);
	assert_status(rheo_bucket_config(b, &got, sizeof got), RHEO_OK);
	cr_assert(got.lanes == 2 && bucket_stats(b).lanes == 2);
}

Test(bucket_lanes_edges, the_hook_parks_no_more_than_the_common_part_has_no_room_for)
{
	rheo_bucket_t *b = laned(4, 0);

	for (unsigned i = 0; i < 4; i++)
		park(b, i, 0);
	leave(b, 1090);
	assert_status(rheo_bucket_refill(b, 10 * MS), RHEO_OK);
	assert_u64(bucket_stats(b).parked, 0);
	leave(b, 1090);
	assert_status(rheo_bucket_refill(b, 35 * MS), RHEO_OK);
	assert_u64(bucket_stats(b).parked, 15);
	assert_u64(available_at(b, 35 * MS), 1100 + 15);
}

Test(bucket_lanes_edges, a_time_gone_back_past_the_end_of_time_is_counted_each_time)
{
	rheo_bucket_config_t cfg = bucket_config(1, 1000);
	rheo_bucket_t *b;

	cfg.period_ns = 1000;
	cfg.lanes = 2;
	for (uint32_t flags = 0; flags <= RHEO_BUCKET_START_EMPTY; flags++) {
		cfg.flags = flags;
		b = bucket_from(&cfg, UINT64_MAX - 10);
		for (uint64_t i = 1; i <= 4; i++) {
			assert_status(rheo_bucket_try_acquire_at(b, 1, 3), flags ? RHEO_REJ_RATE : RHEO_OK);
			assert_u64(bucket_stats(b).clock_regressions, i);
		}
	}
}

Test(bucket_lanes_edges, p6_a_caller_at_the_published_time_has_not_gone_back)
{
	rheo_bucket_t *b = laned(2, 0);
	uint64_t got;

	assert_status(rheo_bucket_refill(b, 5), RHEO_OK);
	/* more than a lane holds: the longer way */
	assert_status(rheo_bucket_try_acquire_at(b, 100, 5), RHEO_OK);
	assert_status(rheo_bucket_acquire_upto(b, 100, 5, &got), RHEO_OK);
	assert_u64(bucket_stats(b).clock_regressions, 0);
	assert_status(rheo_bucket_try_acquire_at(b, 100, 4), RHEO_OK);
	assert_u64(bucket_stats(b).clock_regressions, 1);
}

Test(bucket_lanes_edges, what_another_lane_holds_is_not_waited_for)
{
	for (unsigned at = 0; at < 4; at++) {
		rheo_bucket_t *b = laned(4, 0);
		uint64_t got, wait = 1;

		assert_status(rheo_bucket_acquire_upto(b, UINT64_MAX, 0, &got), RHEO_OK);
		park(b, at, 3);
		assert_status(rheo_bucket_wait_ns(b, 3, 0, &wait), RHEO_OK);
		assert_u64(wait, 0);
		assert_status(rheo_bucket_wait_ns(b, 4, 0, &wait), RHEO_OK);
		cr_assert(wait > 0);
	}
}

Test(bucket_lanes_edges, a_64th_of_the_burst_pays_for_time)
{
	rheo_bucket_config_t cfg = bucket_config(1000, 64 * 63);

	cfg.lanes = 2;
	assert_u64(bucket_stats(bucket_from(&cfg, 0)).max_cost, 64 * 63 - 2 * 252 - 63);
}

Test(bucket_lanes_edges, a_lane_keeps_the_number_of_its_fills)
{
	rheo_bucket_t *b = laned(2, 0);

	for (uint64_t fills = 1; fills <= 3; fills++) {
		assert_status(rheo_bucket_try_acquire(b, 40), RHEO_OK);
		assert_status(rheo_bucket_try_acquire(b, 1), RHEO_OK);
		assert_u64(rh_load_rlx(&lane_of(b, 0)->parked), fills << 17 | 40);
	}
}

Test(bucket_lanes_edges, what_memory_held_before_makes_no_mark_look_old)
{
	rheo_bucket_config_t cfg = bucket_config(1000, 640);
	rheo_bucket_t *b = NULL;
	uint64_t size, *word;

	cfg.lanes = 2;
	stay_here();
	size = rheo_bucket_size(&cfg);
	word = memory_for(size);
	for (uint64_t i = 0; i < size / sizeof *word; i++)
		word[i] = 1;
	assert_status(rheo_bucket_init(word, size, &cfg, 0, &b), RHEO_OK);
	rh_swap_rlx(&lane_of(b, 0)->parked, UINT64_C(1) << 17 | RH_FILLING | 40);
	assert_status(rheo_bucket_refill(b, SECOND), RHEO_OK);
	assert_u64(rh_load_rlx(&lane_of(b, 0)->parked), UINT64_C(1) << 17 | RH_FILLING | 40);
}

Test(bucket_lanes_edges, p14_without_a_cap_nothing_is_had_from_what_is_in_common)
{
	rheo_bucket_t *b = laned(2, 0);

	park(b, 0, 0);
	park(b, 1, 0);
	for (unsigned i = 0; i < 4; i++)
		rh_swap_rlx(&rh_bucket_self(b).b->rules[4 * RULE_CAP + i], UINT64_MAX);
	assert_status(rheo_bucket_try_acquire(b, 1), RHEO_ERR_CORRUPT);
}

Test(bucket_lanes_edges, a_single_token_is_topped_up)
{
	rheo_bucket_t *b = laned(2, 0);

	assert_status(rheo_bucket_try_acquire(b, 1), RHEO_OK);
	assert_u64(available_at(b, 0), 629);
	assert_status(rheo_bucket_refill(b, MS), RHEO_OK);
	assert_u64(available_at(b, MS), 630);
	assert_u64(parked(b, 0), 40);
}
