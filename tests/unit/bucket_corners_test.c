/* SPDX-License-Identifier: BSD-2-Clause */

/* Corners of a bucket's calls that planted faults showed to be looked at by no test. */

#include "helpers.h"

#include "bucket/lanes.h"

static rheo_bucket_t *
laned(uint64_t per_second, uint64_t burst, uint32_t lanes)
{
	rheo_bucket_config_t cfg = bucket_config(per_second, burst);

	cfg.lanes = lanes;
	return bucket_from(&cfg, 0);
}

/* Takes all there is; the last call, for one token, notes that there is none. */
static void
take_all(rheo_bucket_t *b, uint64_t now_ns)
{
	uint64_t got;

	while (rheo_bucket_acquire_upto(b, UINT64_MAX, now_ns, &got) == RHEO_OK)
		;
	assert_status(rheo_bucket_try_acquire(b, 1), RHEO_REJ_RATE);
}

Test(bucket_corners, refusals_are_counted_on_lines_that_are_the_cpus_own)
{
	rheo_bucket_config_t cfg = bucket_config(10, 5);
	rheo_bucket_t *b;

	cfg.counter_lanes = 0;
	b = bucket_from(&cfg, 0);
	assert_status(rheo_bucket_try_acquire(b, 5), RHEO_OK);
	for (int i = 0; i < 3; i++)
		assert_status(rheo_bucket_try_acquire(b, 1), RHEO_REJ_RATE);
	for (int i = 0; i < 5; i++)
		assert_status(rheo_bucket_try_acquire(b, 6), RHEO_REJ_NEVER);
	assert_u64(bucket_stats(b).refused_rate, 3);
	assert_u64(bucket_stats(b).refused_never, 5);
}

Test(bucket_corners, two_tokens_of_dry_lanes_that_q_pays_for_are_both_taken)
{
	rheo_bucket_t *b = laned(1000, 1280, 4);

	take_all(b, 0);
	/* within Q, 20 tokens, of the hook */
	assert_status(rheo_bucket_try_acquire_at(b, 2, 1 * MS), RHEO_REJ_RATE);
	assert_status(rheo_bucket_try_acquire_at(b, 2, 3 * MS), RHEO_OK);
	assert_u64(available_at(b, 3 * MS), 1);
}

Test(bucket_corners, a_time_far_ahead_of_the_hook_is_published_though_it_wraps_together_with_the_last)
{
	rheo_bucket_t *b = laned(1000, 1280, 4);

	assert_status(rheo_bucket_refill(b, 1000), RHEO_OK);
	assert_status(rheo_bucket_try_acquire_at(b, 1, UINT64_MAX), RHEO_OK);
	assert_u64(bucket_stats(b).published_ns, UINT64_MAX);
}

Test(bucket_corners, where_q_lasts_longer_than_its_word_says_it_still_pays)
{
	/* 100 tokens, 100 seconds */
	rheo_bucket_t *b = laned(1, 6400, 2);

	assert_status(rheo_bucket_try_acquire_at(b, 1, SECOND), RHEO_OK);
	assert_u64(bucket_stats(b).published_ns, 0);
}

Test(bucket_corners, p4_a_refund_beyond_the_burst_is_not_there_when_the_burst_grows)
{
	rheo_bucket_t *b = bucket_of(10, 5);
	rheo_bucket_config_t cfg = bucket_config(10, 1000);

	assert_status(rheo_bucket_refund(b, 50), RHEO_OK);
	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_OK);
	assert_u64(available_at(b, 0), 5);
}

Test(bucket_corners, another_number_of_tokens_in_the_same_period_is_another_rate)
{
	rheo_bucket_t *b = bucket_of(3, 100);
	rheo_bucket_config_t cfg = bucket_config(7, 100);

	assert_status(rheo_bucket_try_acquire(b, 100), RHEO_OK);
	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_OK);
	assert_u64(available_at(b, SECOND), 7);
}

/* With a burst as large as can be a token is one unit: what is not earned whole would be lost each time. */
Test(bucket_corners, the_same_rate_again_loses_not_even_a_part_of_a_unit)
{
	rheo_bucket_config_t cfg = bucket_config(2, RH_UNITS_MAX);
	rheo_bucket_t *b;

	cfg.period_ns = 3;
	cfg.flags = RHEO_BUCKET_START_EMPTY;
	b = bucket_from(&cfg, 0);
	for (uint64_t t = 1; t <= 30; t++)
		assert_status(rheo_bucket_reconfigure(b, &cfg, t, RHEO_BUCKET_KEEP), RHEO_OK);
	assert_u64(available_at(b, 30), 20);
}

Test(bucket_corners, begun_anew_and_empty_a_bucket_has_not_even_a_unit)
{
	rheo_bucket_config_t cfg = bucket_config(1, RH_UNITS_MAX);
	rheo_bucket_t *b = bucket_from(&cfg, 0);

	cfg.flags = RHEO_BUCKET_START_EMPTY;
	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_RESET), RHEO_OK);
	assert_u64(available_at(b, 0), 0);
}

Test(bucket_corners, two_lanes_that_were_dry_are_not_when_they_begin_anew)
{
	rheo_bucket_config_t cfg = bucket_config(1000, 640);
	rheo_bucket_t *b = laned(1000, 640, 2);

	take_all(b, 0);
	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_RESET), RHEO_OK);
	assert_status(rheo_bucket_try_acquire(b, 1), RHEO_OK);
}

/* A token a nanosecond and a unit to a token: 2^62 is where the first curve ends. */
Test(bucket_corners, lanes_that_were_never_dry_are_not_dry_at_the_end_of_the_first_curve)
{
	rheo_bucket_config_t cfg = bucket_config(1, RH_UNITS_MAX);
	rheo_bucket_t *b;

	cfg.period_ns = 1;
	cfg.lanes = 4;
	b = bucket_from(&cfg, 0);
	assert_status(rheo_bucket_refill(b, UINT64_C(1) << 62), RHEO_OK);
	assert_status(rheo_bucket_try_acquire(b, 100000), RHEO_OK);
}

static rheo_bucket_t *shared;
static const char *wanted;

static rheo_bucket_config_t
tokens_in_36_years(uint64_t tokens)
{
	rheo_bucket_config_t cfg = bucket_config(tokens, 60);

	cfg.period_ns = UINT64_C(1) << 60;
	return cfg;
}

/* A second later, in which not a unit was earned, another rate came in force. */
static void
change_a_second_later(const char *point)
{
	rheo_bucket_config_t cfg = tokens_in_36_years(3);

	if (strcmp(point, wanted) != 0)
		return;
	rh_inject_hook = NULL;
	assert_status(rheo_bucket_reconfigure(shared, &cfg, SECOND, RHEO_BUCKET_KEEP), RHEO_OK);
}

Test(bucket_corners, a_new_rate_does_not_begin_before_the_one_that_it_follows)
{
	rheo_bucket_config_t cfg = tokens_in_36_years(1);

	shared = bucket_from(&cfg, 0);
	assert_status(rheo_bucket_try_acquire(shared, 60), RHEO_OK);
	cfg = bucket_config(1000, 60);
	wanted = "RECONFIGURE_TIME_READ";
	rh_inject_hook = change_a_second_later;
	assert_status(rheo_bucket_reconfigure(shared, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_OK);
	cr_assert(rh_inject_hook == NULL);
	assert_u64(available_at(shared, SECOND), 0);
	assert_u64(available_at(shared, SECOND + 10 * MS), 10);
}

static void
change_what_is_published(const char *point)
{
	rh_a64 *earned = &rh_bucket_self(shared).b->earned;

	if (strcmp(point, wanted) == 0)
		rh_store_init(earned, rh_load_rlx(earned) + 1);
}

Test(bucket_corners, p14_a_reconfigure_whose_ground_never_stands_still_says_so)
{
	rheo_bucket_config_t cfg = bucket_config(100, 60);

	shared = bucket_of(10, 60);
	wanted = "RECONFIGURE_TIME_READ";
	rh_inject_hook = change_what_is_published;
	assert_status(rheo_bucket_reconfigure(shared, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_ERR_CORRUPT);
	rh_inject_hook = NULL;
}

Test(bucket_corners, p14_a_cost_of_two_that_is_not_there_under_rules_that_are_not_whole_is_no_admission)
{
	rheo_bucket_t *b = bucket_of(10, 5);

	assert_status(rheo_bucket_try_acquire(b, 5), RHEO_OK);
	for (unsigned i = 0; i < 4 * RULE_FIELDS; i++)
		rh_store_init(&rh_bucket_self(b).b->rules[i], UINT64_MAX);
	assert_status(rheo_bucket_try_acquire(b, 2), RHEO_ERR_CORRUPT);
}

static int lookers;

/* A thousand times the rate, from the beginning on. */
static void
change_the_rate(const char *point)
{
	rheo_bucket_config_t cfg = bucket_config(100000, 1280);

	if (strcmp(point, wanted) != 0)
		return;
	lookers++;
	rh_inject_hook = NULL;
	assert_status(rheo_bucket_reconfigure(shared, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_OK);
	take_all(shared, 0);
}

Test(bucket_corners, dry_lanes_are_not_refused_by_rules_that_changed_while_they_were_read)
{
	shared = laned(100, 1280, 4);
	take_all(shared, 0);
	wanted = "BUCKET_RULES_PEEKED";
	/* Who cannot tell his CPU at a glance does not come this way. */
	if (rh_own_here().cpu < 0)
		return;
	rh_inject_hook = change_the_rate;
	assert_status(rheo_bucket_try_acquire_at(shared, 1, MS), RHEO_OK);
	rh_inject_hook = NULL;
	cr_assert(lookers == 1);
}

/* Twice, so that the words being read are overwritten. */
static void
change_the_burst_twice(const char *point)
{
	rheo_bucket_config_t cfg = bucket_config(10, 7);

	if (strcmp(point, wanted) != 0)
		return;
	lookers++;
	rh_inject_hook = NULL;
	assert_status(rheo_bucket_reconfigure(shared, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_OK);
	cfg.burst = 3;
	assert_status(rheo_bucket_reconfigure(shared, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_OK);
}

Test(bucket_corners, what_is_told_of_rules_that_change_meanwhile_is_told_of_one_set_of_them)
{
	rheo_bucket_quota_t q;

	shared = bucket_of(10, 5);
	wanted = "BUCKET_LOOKING";
	rh_inject_hook = change_the_burst_twice;
	assert_status(rheo_bucket_quota(shared, 0, &q), RHEO_OK);
	rh_inject_hook = NULL;
	cr_assert(lookers == 1);
	assert_u64(q.limit, 3);
	assert_u64(q.remaining, 3);
	assert_u64(q.window_ns, 300 * MS);
}

Test(bucket_corners, a_thousand_and_twenty_four_lanes_are_found_again)
{
	rheo_bucket_config_t cfg = bucket_config(1000, 1 << 20);
	rheo_bucket_t *b = NULL;
	uint64_t size;
	void *mem;

	cfg.lanes = 1024;
	size = rheo_bucket_size(&cfg);
	mem = memory_for(size);
	assert_status(rheo_bucket_init(mem, size, &cfg, 0, &b), RHEO_OK);
	b = NULL;
	assert_status(rheo_bucket_attach(mem, size, &b), RHEO_OK);
	assert_u64(bucket_stats(b).lanes, 1024);
}

Test(bucket_corners, a_lane_takes_one_line_and_a_burst_too_small_for_lanes_takes_none)
{
	const uint64_t rest = sizeof(struct rh_bucket) + rh_lines_size(0);
	rheo_bucket_config_t cfg = bucket_config(1000, 1 << 20);

	for (cfg.lanes = 2; cfg.lanes <= 1024; cfg.lanes *= 2)
		assert_u64(rheo_bucket_size(&cfg), (rest + 64 * cfg.lanes + 127) / 128 * 128);
	cfg.lanes = 1;
	assert_u64(rheo_bucket_size(&cfg), (rest + 127) / 128 * 128);
	cfg.counter_lanes = 2;
	assert_u64(rheo_bucket_size(&cfg), (sizeof(struct rh_bucket) + rh_lines_size(1) + 127) / 128 * 128);
	cfg.counter_lanes = 1;
	/* 8 parked, not 4 for each of four */
	cfg.burst = 64;
	cfg.lanes = 4;
	assert_u64(rheo_bucket_size(&cfg), (rest + 127) / 128 * 128);
}

Test(bucket_corners, as_little_of_a_configuration_as_its_size_and_flags_can_be_read_back)
{
	rheo_bucket_t *b = bucket_of(10, 5);
	rheo_bucket_config_t got;

	memset(&got, 0xff, sizeof got);
	assert_status(rheo_bucket_config(b, &got, 8), RHEO_OK);
	cr_assert(got.struct_size == 8 && got.flags == 0 && got.tokens_per_period == UINT64_MAX);
	assert_status(rheo_bucket_config(b, &got, 7), RHEO_ERR_INVAL);
	assert_status(rheo_bucket_config(b, NULL, sizeof got), RHEO_ERR_INVAL);
}

Test(bucket_corners, a_curve_stands_still_past_its_span)
{
	uint64_t seed = 8;

	for (int i = 0; i < 1000; i++) {
		struct rh_curve c = rh_curve_make(1 + next_random(&seed) % 1000, 1 + next_random(&seed) % 1000,
						  10, 0, next_random(&seed));

		assert_u64(rh_curve_earned(&c, c.span + 1 + next_random(&seed) % (UINT64_MAX - c.span)),
			   rh_curve_earned(&c, c.span));
	}
}

Test(bucket_corners, one_token_of_a_single_unit_is_taken_and_given_like_any_other)
{
	rheo_bucket_config_t cfg = bucket_config(1000, 10);
	rheo_bucket_t *b;
	uint64_t got;

	cfg.period_ns = 1;
	b = bucket_from(&cfg, 0);
	assert_u64(rh_bucket_self(b).shift, 0);
	assert_status(rheo_bucket_acquire_upto(b, 1, 0, &got), RHEO_OK);
	assert_status(rheo_bucket_refund(b, 1), RHEO_OK);
	assert_u64(available_at(b, 0), 10);
	assert_status(rheo_bucket_try_acquire(b, 9), RHEO_OK);
	assert_status(rheo_bucket_acquire_upto(b, 5, 0, &got), RHEO_OK);
	assert_u64(got, 1);
}

Test(bucket_corners, counting_lines_are_nobodys_own_where_there_are_fewer_than_cpus)
{
	rheo_bucket_config_t cfg = bucket_config(10, 10);

	cfg.counter_lanes = 1;
	cr_assert(!rh_bucket_self(bucket_from(&cfg, 0)).own || rh_cpu_count() == 1);
}

Test(bucket_corners, a_single_unit_that_a_full_bucket_did_not_keep_is_not_counted_as_taken)
{
	rheo_bucket_config_t cfg = bucket_config(3, 128);
	rheo_bucket_t *b;
	uint64_t got;

	cfg.period_ns = 2;
	b = bucket_from(&cfg, 0);
	assert_u64(rh_bucket_self(b).shift, 0);
	assert_status(rheo_bucket_acquire_upto(b, 4, 1, &got), RHEO_OK);
	assert_u64(got, 4);
	assert_u64(bucket_stats(b).admitted, 4);
}

Test(bucket_corners, a_time_that_has_not_earned_a_token_is_not_published_by_a_caller_however_small_the_burst)
{
	rheo_bucket_t *b = bucket_of(1, 63);

	assert_status(rheo_bucket_try_acquire_at(b, 1, MS), RHEO_OK);
	assert_u64(bucket_stats(b).published_ns, 0);
	assert_status(rheo_bucket_try_acquire_at(b, 1, SECOND), RHEO_OK);
	assert_u64(bucket_stats(b).published_ns, SECOND);
}
