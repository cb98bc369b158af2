/* SPDX-License-Identifier: BSD-2-Clause */

/* Calls that meet at a lane: one runs in the middle of the other. */

#include "helpers.h"
#include "lanes.h"

static rheo_bucket_t *shared;
static const char *wanted;
static void (*meanwhile)(void);

/* Runs `meanwhile` once, at the point wanted. */
static void
interrupt(const char *point)
{
	if (strcmp(point, wanted) != 0)
		return;
	rh_inject_hook = NULL;
	meanwhile();
}

static void
meet(const char *point, void (*what)(void))
{
	wanted = point;
	meanwhile = what;
	rh_inject_hook = interrupt;
}

static void
take_all(void)
{
	uint64_t taken;

	while (rheo_bucket_acquire_upto(shared, UINT64_MAX, 0, &taken) == RHEO_OK)
		;
}

Test(bucket_lanes_meet, a_fill_that_finds_nothing_is_refused_and_leaves_the_lane_free)
{
	shared = laned(4, 0);
	park(shared, 0, 0);
	leave(shared, 5);
	meet("BUCKET_BEFORE_CAS", take_all);
	assert_status(rheo_bucket_try_acquire(shared, 1), RHEO_REJ_RATE);
	assert_u64(rh_load_rlx(&lane_of(shared, 0)->parked) & (UINT64_C(1) << 16), 0);
	assert_u64(bucket_stats(shared).admitted, 125);
}

static void
take_one_parked(void)
{
	uint64_t w = rh_load_rlx(&lane_of(shared, 0)->parked);

	cr_assert((w & 0xffff) != 0);
	assert_status(rheo_bucket_try_acquire(shared, 1), RHEO_OK);
}

Test(bucket_lanes_meet, a_deposit_goes_in_though_parked_tokens_were_taken_meanwhile)
{
	shared = laned(4, 0);
	park(shared, 0, 2);
	leave(shared, 103);
	meet("LANE_BEFORE_DEPOSIT", take_one_parked);
	assert_status(rheo_bucket_try_acquire(shared, 3), RHEO_OK);
	assert_u64(parked(shared, 0), 2 + 25 - 1);
	assert_u64(bucket_stats(shared).admitted, 4);
}

Test(bucket_lanes_meet, a_take_that_meets_another_is_retried_and_the_retry_is_counted)
{
	shared = laned(4, 0);
	meet("LANE_BEFORE_TAKE", take_one_parked);
	assert_status(rheo_bucket_try_acquire(shared, 3), RHEO_OK);
	assert_u64(parked(shared, 0), 36);
	assert_u64(bucket_stats(shared).cas_retries, 1);
	assert_u64(bucket_stats(shared).admitted, 4);
}

/* The hook looks in while a filler stands between its two steps. */
static void
look_in_until_it_is_given_up(void)
{
	const uint64_t filling = UINT64_C(1) << 16;

	rheo_bucket_refill(shared, 10 * SECOND);
	cr_assert(rh_load_rlx(&lane_of(shared, 0)->parked) & filling);
	rheo_bucket_refill(shared, 10 * SECOND + 100 * MS);
	cr_assert(rh_load_rlx(&lane_of(shared, 0)->parked) & filling, "given up too early");
	rheo_bucket_refill(shared, 10 * SECOND + 100 * MS + 1);
	cr_assert(!(rh_load_rlx(&lane_of(shared, 0)->parked) & filling), "not given up");
	assert_u64(parked(shared, 0), 2);
}

Test(bucket_lanes_meet, a_mark_is_taken_back_when_the_hook_has_seen_it_stand_for_longer_than_a_tenth_of_a_second)
{
	shared = laned(4, 0);
	park(shared, 0, 2);
	meet("LANE_MARKED", look_in_until_it_is_given_up);
	assert_status(rheo_bucket_try_acquire(shared, 3), RHEO_OK);
	assert_u64(parked(shared, 0), 2);
}

static void
look_in_at_one_fill(void)
{
	rheo_bucket_refill(shared, 10 * SECOND);
}

/* Another fill of the same lane, later: the hook's clock for it begins anew. */
Test(bucket_lanes_meet, each_fill_has_its_own_time_to_end)
{
	shared = laned(4, 0);
	for (unsigned i = 1; i < 4; i++) {
		park(shared, 0, 2);
		meet("LANE_MARKED", look_in_at_one_fill);
		assert_status(rheo_bucket_try_acquire(shared, 3), RHEO_OK);
		assert_u64(parked(shared, 0), 40);
	}
}

static unsigned marked_lanes;

static void
count_marked_lanes(void)
{
	for (unsigned i = 0; i < 4; i++)
		marked_lanes += (rh_load_rlx(&lane_of(shared, i)->parked) & (UINT64_C(1) << 16)) != 0;
}

Test(bucket_lanes_meet, the_hook_holds_up_no_more_lanes_than_it_has_tokens_for)
{
	shared = laned(4, 0);
	park(shared, 0, 35);
	park(shared, 1, 0);
	park(shared, 2, 0);
	meet("REFILL_BEFORE_PUBLISH", count_marked_lanes);
	assert_status(rheo_bucket_refill(shared, 7 * MS), RHEO_OK);
	assert_u64(marked_lanes, 2);
	cr_assert(parked(shared, 0) == 40 && parked(shared, 1) == 2 && parked(shared, 2) == 0);
}

static void
take_one_first(void)
{
	park(shared, 0, parked(shared, 0) - 1);
}

Test(bucket_lanes_meet, p15_a_lane_that_changed_meanwhile_is_a_retry)
{
	uint64_t got, before;

	shared = laned(2, 0);
	before = bucket_stats(shared).cas_retries;
	meet("LANE_BEFORE_TAKE", take_one_first);
	assert_status(rheo_bucket_acquire_upto(shared, 5, 0, &got), RHEO_OK);
	cr_assert(rh_inject_hook == NULL);
	assert_u64(got, 5);
	assert_u64(bucket_stats(shared).cas_retries, before + 1);
}

static void
refund_one(void)
{
	assert_status(rheo_bucket_refund(shared, 1), RHEO_OK);
}

Test(bucket_lanes_meet, one_token_that_comes_back_is_not_hidden_where_the_burst_has_become_too_small_for_lanes)
{
	rheo_bucket_config_t cfg = bucket_config(1000, 8);
	uint64_t got;

	shared = laned(2, 0);
	cfg.lanes = 2;
	assert_status(rheo_bucket_reconfigure(shared, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_OK);
	assert_status(rheo_bucket_acquire_upto(shared, 1000, 0, &got), RHEO_OK);
	meet("LANES_BEFORE_NOTE", refund_one);
	assert_status(rheo_bucket_try_acquire(shared, 1), RHEO_REJ_RATE);
	cr_assert(rh_inject_hook == NULL);
	assert_status(rheo_bucket_try_acquire(shared, 1), RHEO_OK);
}

/* As if it had been filled, so that who looked at it before is too late. */
static void
renumber_the_lane(void)
{
	rh_swap_rlx(&lane_of(shared, 0)->parked, rh_load_rlx(&lane_of(shared, 0)->parked) + (UINT64_C(1) << 17));
}

Test(bucket_lanes_meet, all_that_a_lane_holds_is_had_at_the_second_try_as_well)
{
	rheo_bucket_config_t cfg = bucket_config(1000, 656);

	cfg.lanes = 2;
	stay_here();
	shared = bucket_from(&cfg, 0);
	assert_u64(parked(shared, 0), 41);
	leave(shared, 0);
	park(shared, 1, 0);
	meet("LANE_BEFORE_TAKE", renumber_the_lane);
	assert_status(rheo_bucket_try_acquire(shared, 41), RHEO_OK);
	cr_assert(rh_inject_hook == NULL);
	assert_u64(available_at(shared, 0), 0);
}

static void
earn_five(void)
{
	assert_status(rheo_bucket_refill(shared, 5 * MS), RHEO_OK);
}

Test(bucket_lanes_meet, p1_no_more_is_topped_up_than_is_earned_where_a_refund_was_overtaken_by_the_hook)
{
	shared = laned(2, 0);
	leave(shared, 540);
	meet("BUCKET_BEFORE_GIVE", earn_five);
	assert_status(rheo_bucket_refund(shared, 10), RHEO_OK);
	cr_assert(rh_inject_hook == NULL);
	assert_status(rheo_bucket_try_acquire(shared, 20), RHEO_OK);
	assert_status(rheo_bucket_refill(shared, 6 * MS), RHEO_OK);
	assert_u64(parked(shared, 0) + parked(shared, 1), 61);
}
