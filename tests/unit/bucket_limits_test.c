/* SPDX-License-Identifier: BSD-2-Clause */

/* Configurations at the ends of what a bucket's words hold. */

#include "helpers.h"

#include "bucket/lanes.h"

static rheo_bucket_t *
laned(uint64_t per_second, uint64_t burst, uint32_t lanes, uint32_t flags)
{
	rheo_bucket_config_t cfg = bucket_config(per_second, burst);

	cfg.lanes = lanes;
	cfg.flags = flags;
	return bucket_from(&cfg, 0);
}

Test(bucket_limits, a_lane_parks_no_more_than_its_sixteen_bits_hold)
{
	const uint64_t burst = UINT64_C(1) << 30;
	rheo_bucket_stats_t s = bucket_stats(laned(1000, burst, 2, 0));

	assert_u64(s.parked, 2 * 65535);
	/* what lanes cannot hold stays in common */
	assert_u64(s.max_cost, burst - 2 * 65535 - burst / 64);
}

Test(bucket_limits, where_q_takes_longer_to_earn_than_its_word_says_the_hook_runs_sooner)
{
	/* 100 tokens, 100 seconds */
	rheo_bucket_t *b = laned(1, 6400, 2, RHEO_BUCKET_START_EMPTY);

	assert_status(rheo_bucket_try_acquire_at(b, 1, UINT64_C(4294967295)), RHEO_OK);
	assert_u64(bucket_stats(b).published_ns, UINT64_C(4294967295));
	assert_u64(bucket_stats(b).level, 3);
}

Test(bucket_limits, as_many_lanes_as_cpus_where_the_burst_is_worth_it_and_fewer_where_it_is_not)
{
	rheo_bucket_stats_t s;
	uint32_t cpus = 1;

	while (cpus < rh_cpu_count() && cpus < 1024)
		cpus *= 2;
	for (uint64_t burst = 8; burst <= UINT64_C(1) << 20; burst *= 2) {
		uint32_t worth = burst < 64 ? 1 : (uint32_t)(burst / 32);

		s = bucket_stats(laned(1000, burst, 0, 0));
		assert_u64(s.lanes, worth < cpus ? worth : cpus);
	}
}

Test(bucket_limits, one_hook_tops_up_64_lanes_at_most)
{
	rheo_bucket_t *b = laned(1000, 128 * 32, 128, RHEO_BUCKET_START_EMPTY);

	rheo_bucket_refill(b, 60 * SECOND);
	assert_u64(bucket_stats(b).parked, 64 * 4);
	/* each newly published token tops up one more */
	rheo_bucket_refill(b, 120 * SECOND);
	assert_u64(bucket_stats(b).parked, 128 * 4);
}

Test(bucket_limits, lanes_that_a_small_burst_has_closed_stay_closed)
{
	rheo_bucket_t *b = laned(1000, 1280, 4, 0);
	rheo_bucket_config_t cfg = bucket_config(1000, 80);
	uint64_t delay = 0, got = 0;

	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_OK);
	assert_status(rheo_bucket_refill(b, SECOND), RHEO_OK);
	assert_u64(bucket_stats(b).lanes, 1);
	assert_u64(bucket_stats(b).parked, 0);
	/* one word: an eighth of the burst */
	assert_status(rheo_bucket_next_refill_ns(b, SECOND, &delay), RHEO_OK);
	assert_u64(delay, 10 * MS);
	assert_status(rheo_bucket_acquire_upto(b, 1000, SECOND, &got), RHEO_OK);
	assert_u64(got, 80);
}

/* 10^12 tokens a second, whose curve ends after 53 days. */
Test(bucket_limits, nobody_is_refused_for_what_was_earned_past_the_end_of_the_curve)
{
	const uint64_t burst = UINT64_C(1) << 40, end = (UINT64_C(1) << 62) / 1000;
	rheo_bucket_t *b = laned(UINT64_C(1000000000000), burst, 4, 0);
	uint64_t got, delay = 1;

	rheo_bucket_refill(b, end - 1000);
	while (rheo_bucket_acquire_upto(b, burst, end - 1000, &got) == RHEO_OK)
		;
	/* two microseconds later, less than Q ahead of the hook */
	assert_status(rheo_bucket_try_acquire_at(b, 2000000, end + 1000), RHEO_OK);
	assert_status(rheo_bucket_try_acquire_at(b, 1, end + 1000), RHEO_REJ_RATE);
	assert_u64(bucket_stats(b).published_ns, end + 1000);
	/* a time past the end of a curve is one to call the hook at */
	assert_status(rheo_bucket_next_refill_ns(b, 3 * end, &delay), RHEO_OK);
	assert_u64(delay, 0);
}
