/* SPDX-License-Identifier: BSD-2-Clause */

/* P15: every call is counted as what it was, and as nothing else. */

#include "helpers.h"

static rheo_bucket_t *
bucket_with(uint32_t lanes)
{
	rheo_bucket_config_t cfg = bucket_config(1000, 1280);

	cfg.lanes = lanes;
	cfg.max_debt = 100;
	return bucket_from(&cfg, 0);
}

Test(bucket_counts, every_refusal_is_counted_by_its_reason_and_no_admission_is)
{
	for (uint32_t lanes = 1; lanes <= 4; lanes *= 2) {
		rheo_bucket_t *b = bucket_with(lanes);
		uint64_t out, rate = 0, never = 0;

		assert_status(rheo_bucket_try_acquire(b, 2), RHEO_OK);
		assert_status(rheo_bucket_try_acquire_at(b, 3, 0), RHEO_OK);
		assert_status(rheo_bucket_acquire_upto(b, 4, 0, &out), RHEO_OK);
		assert_status(rheo_bucket_reserve(b, 5, 0, 0, &out), RHEO_OK);
		assert_u64(bucket_stats(b).refused_rate, 0);
		assert_u64(bucket_stats(b).refused_never, 0);
		assert_u64(bucket_stats(b).admitted, 14);
		assert_status(rheo_bucket_try_acquire(b, 1281), RHEO_REJ_NEVER);
		assert_u64(bucket_stats(b).refused_never, ++never);
		assert_status(rheo_bucket_try_acquire_at(b, 1281, 0), RHEO_REJ_NEVER);
		assert_u64(bucket_stats(b).refused_never, ++never);
		assert_status(rheo_bucket_reserve(b, 1281, 0, 0, &out), RHEO_REJ_NEVER);
		assert_u64(bucket_stats(b).refused_never, ++never);
		while (rheo_bucket_acquire_upto(b, UINT64_MAX, 0, &out) == RHEO_OK)
			;
		assert_u64(bucket_stats(b).refused_rate, ++rate);
		assert_status(rheo_bucket_try_acquire(b, 1), RHEO_REJ_RATE);
		assert_u64(bucket_stats(b).refused_rate, ++rate);
		assert_status(rheo_bucket_try_acquire_at(b, 1, 0), RHEO_REJ_RATE);
		assert_u64(bucket_stats(b).refused_rate, ++rate);
		assert_status(rheo_bucket_reserve(b, 1, 0, 0, &out), RHEO_REJ_RATE);
		assert_u64(bucket_stats(b).refused_rate, ++rate);
		assert_status(rheo_bucket_reserve(b, 1, 0, SECOND, &out), RHEO_OK);
		assert_u64(bucket_stats(b).refused_rate, rate);
		assert_u64(bucket_stats(b).refused_never, never);
		assert_u64(bucket_stats(b).cas_retries, 0);
	}
}

Test(bucket_counts, upto_takes_no_more_than_was_asked_from_lanes_and_common_part_together)
{
	for (uint32_t lanes = 1; lanes <= 4; lanes *= 2)
		for (uint64_t n = 1; n <= 1000; n += 37) {
			rheo_bucket_t *b = bucket_with(lanes);
			uint64_t before = available_at(b, 0), taken = 0;

			assert_status(rheo_bucket_acquire_upto(b, n, 0, &taken), RHEO_OK);
			assert_u64(taken, n);
			assert_u64(available_at(b, 0), before - n);
			assert_u64(bucket_stats(b).admitted, n);
		}
}

Test(bucket_counts, the_largest_burst_can_be_taken_at_once_and_one_more_never)
{
	rheo_bucket_config_t cfg = bucket_config(1000, UINT64_C(1) << 58);
	rheo_bucket_t *b = bucket_from(&cfg, 0);
	uint64_t wait;

	assert_status(rheo_bucket_try_acquire_at(b, cfg.burst + 1, 0), RHEO_REJ_NEVER);
	assert_status(rheo_bucket_wait_ns(b, cfg.burst + 1, 0, &wait), RHEO_REJ_NEVER);
	assert_status(rheo_bucket_try_acquire_at(b, cfg.burst, 0), RHEO_OK);
	assert_status(rheo_bucket_try_acquire_at(b, 1, 0), RHEO_REJ_RATE);
	assert_status(rheo_bucket_refund(b, cfg.burst + 1), RHEO_ERR_INVAL);
	assert_status(rheo_bucket_refund(b, cfg.burst), RHEO_OK);
	assert_status(rheo_bucket_charge(b, cfg.burst + 1, 0), RHEO_ERR_INVAL);
	assert_status(rheo_bucket_charge(b, cfg.burst, 0), RHEO_OK);
	assert_u64(available_at(b, 0), 0);
}

/* Above 10^9 tokens a second a unit is a token: an edge of one unit shows. */
static rheo_bucket_t *
bucket_of_whole_units(uint64_t burst, uint64_t max_debt)
{
	rheo_bucket_config_t cfg = bucket_config(UINT64_C(2000000000), burst);

	cfg.max_debt = max_debt;
	return bucket_from(&cfg, 0);
}

Test(bucket_counts, a_debt_of_one_token_is_enough_to_borrow_one)
{
	rheo_bucket_t *b = bucket_of_whole_units(10, 1);
	uint64_t wait;

	assert_status(rheo_bucket_reserve(b, 12, 0, SECOND, &wait), RHEO_REJ_NEVER);
	assert_status(rheo_bucket_try_acquire(b, 10), RHEO_OK);
	assert_status(rheo_bucket_reserve(b, 2, 0, SECOND, &wait), RHEO_REJ_RATE);
	assert_status(rheo_bucket_reserve(b, 1, 0, SECOND, &wait), RHEO_OK);
	assert_u64(wait, 1);
}

Test(bucket_counts, a_single_token_is_scaled_like_any_other)
{
	rheo_bucket_config_t cfg = bucket_config(UINT64_C(2000000000), 30);
	rheo_bucket_t *b = bucket_of_whole_units(10, 0);

	assert_status(rheo_bucket_try_acquire(b, 9), RHEO_OK);
	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_SCALE), RHEO_OK);
	assert_u64(available_at(b, 0), 3);
}

Test(bucket_counts, scaling_leaves_debt_as_many_tokens_as_it_was)
{
	rheo_bucket_config_t cfg = bucket_config(10, 40);
	rheo_bucket_t *b = bucket_of(10, 10);

	assert_status(rheo_bucket_charge(b, 25, 0), RHEO_OK);
	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_SCALE), RHEO_OK);
	cr_assert(bucket_stats(b).level == -15);
	assert_status(rheo_bucket_try_acquire_at(b, 1, 1599 * MS), RHEO_REJ_RATE);
	assert_status(rheo_bucket_try_acquire_at(b, 1, 1600 * MS), RHEO_OK);
}

Test(bucket_counts, debt_stops_on_the_very_unit)
{
	rheo_bucket_t *b = bucket_of_whole_units(11, 0);
	const uint64_t most = UINT64_C(1) << 58;

	assert_status(rheo_bucket_charge(b, most, 0), RHEO_OK);
	cr_assert(bucket_stats(b).level == 11 - (int64_t)most);
	assert_status(rheo_bucket_charge(b, most, 0), RHEO_OK);
	cr_assert(bucket_stats(b).level == -(int64_t)most);
	assert_status(rheo_bucket_charge(b, 1, 0), RHEO_OK);
	cr_assert(bucket_stats(b).level == -(int64_t)most);
	assert_u64(bucket_stats(b).admitted, 0);
}

Test(bucket_counts, a_reservation_that_is_served_at_once_waits_for_nothing)
{
	for (uint32_t lanes = 1; lanes <= 4; lanes *= 2) {
		rheo_bucket_t *b = bucket_with(lanes);
		uint64_t wait = 77;

		assert_status(rheo_bucket_reserve(b, 1, 0, SECOND, &wait), RHEO_OK);
		assert_u64(wait, 0);
		assert_status(rheo_bucket_reserve(b, 1281, 0, SECOND, &wait), RHEO_REJ_NEVER);
		assert_u64(wait, RHEO_FOREVER);
	}
}
