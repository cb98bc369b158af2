/* SPDX-License-Identifier: BSD-2-Clause */

/* What a breaker says of itself: when to ask again, by whichever clock, and how often it has reopened. */

#include "helpers.h"

#include "breaker/self.h"

/* As long as the call says, and as the snapshot does. */
static uint64_t
retry_after(rheo_breaker_t *b, uint64_t now_ns)
{
	uint64_t delay_ns = 0;

	assert_status(rheo_breaker_retry_after_ns(b, now_ns, &delay_ns), RHEO_OK);
	assert_u64(breaker_snapshot(b, now_ns).retry_after_ns, delay_ns);
	return delay_ns;
}

static rheo_breaker_t *
fresh(uint64_t now_ns)
{
	rheo_breaker_config_t cfg = breaker_config();

	return breaker_from(&cfg, now_ns);
}

Test(breaker_report, who_may_call_now_may_do_so_by_a_clock_that_is_behind)
{
	rheo_breaker_t *b = fresh(0);

	assert_status(rheo_breaker_tick(b, 10 * SECOND, NULL), RHEO_OK);
	assert_u64(retry_after(b, 0), 0);
	assert_u64(retry_after(b, 10 * SECOND), 0);
	/* OPEN, and over by the time that is known */
	trip(b, 10 * SECOND);
	assert_status(rheo_breaker_tick(b, 15 * SECOND, NULL), RHEO_OK);
	cr_assert(state_of(b) == RHEO_HALF_OPEN);
	assert_u64(retry_after(b, 14 * SECOND), 0);
}

Test(breaker_report, the_wait_is_told_by_the_clock_of_whoever_asks_to_the_last_nanosecond)
{
	rheo_breaker_t *b = fresh(0);

	trip(b, 0);
	assert_status(rheo_breaker_tick(b, 5 * SECOND - 1, NULL), RHEO_OK);
	assert_u64(retry_after(b, 5 * SECOND - 1), 1);
	assert_u64(retry_after(b, 5 * SECOND - 2), 2);
	assert_u64(retry_after(b, SECOND), 4 * SECOND);
}

Test(breaker_report, a_clock_behind_says_the_same_in_the_middle_of_all_time)
{
	const uint64_t middle = UINT64_C(1) << 63;
	rheo_breaker_t *b = fresh(middle - 3 * SECOND);

	trip(b, middle - 3 * SECOND);
	assert_status(rheo_breaker_tick(b, middle - 1, NULL), RHEO_OK);
	assert_u64(retry_after(b, middle - SECOND), 3 * SECOND);
}

Test(breaker_report, forced_open_is_for_ever_by_any_clock)
{
	rheo_breaker_t *b = fresh(0);

	assert_status(rheo_breaker_force(b, RHEO_FORCED_OPEN, SECOND), RHEO_OK);
	for (uint64_t behind = 0; behind < 3; behind++)
		assert_u64(retry_after(b, SECOND - behind), RHEO_FOREVER);
}

/* The only probe, of a second, admitted `before` nanoseconds before the end of time; OPEN lasts 5 s. */
static rheo_breaker_t *
last_probe(uint64_t before)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;

	cfg.half_open_calls = 1;
	b = breaker_from(&cfg, UINT64_MAX - before - 5 * SECOND);
	trip(b, UINT64_MAX - before - 5 * SECOND);
	probe_at(b, UINT64_MAX - before);
	return b;
}

Test(breaker_report, p7_a_probe_that_would_be_late_past_the_end_of_time_never_is)
{
	for (uint64_t more = 0; more < 3; more++) {
		rheo_breaker_t *b = last_probe(SECOND - more);
		uint64_t permit;

		assert_u64(retry_after(b, UINT64_MAX), RHEO_FOREVER);
		assert_status(rheo_breaker_try_acquire(b, UINT64_MAX, &permit), RHEO_REJ_PROBE);
		cr_assert(state_of(b) == RHEO_HALF_OPEN);
	}
}

Test(breaker_report, p7_an_open_time_after_a_lost_probe_that_passes_the_end_of_time_is_for_ever)
{
	for (uint64_t more = 0; more < 3; more++)
		assert_u64(retry_after(last_probe(6 * SECOND - more), UINT64_MAX - 4 * SECOND), RHEO_FOREVER);
	assert_u64(retry_after(last_probe(6 * SECOND + 1), UINT64_MAX - 4 * SECOND), 4 * SECOND - 1);
}

Test(breaker_report, where_all_ended_without_a_verdict_the_next_call_passes_by_rules_that_changed)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;
	const uint64_t half = 5 * SECOND;

	cfg.half_open_calls = 3;
	b = breaker_from(&cfg, 0);
	trip(b, 0);
	assert_status(rheo_breaker_record(b, probe_at(b, half), RHEO_SUCCESS, half), RHEO_OK);
	assert_status(rheo_breaker_record(b, probe_at(b, half), RHEO_IGNORED, half), RHEO_OK);
	cfg.half_open_calls = 2;
	assert_status(rheo_breaker_reconfigure(b, &cfg, half), RHEO_OK);
	assert_u64(retry_after(b, half), 0);
	probe_at(b, half);
}

Test(breaker_report, closed_again_it_has_not_reopened_since)
{
	rheo_breaker_t *b = fresh(0);

	trip(b, 0);
	assert_status(rheo_breaker_record(b, probe_at(b, 5 * SECOND), RHEO_FAILURE, 5 * SECOND), RHEO_OK);
	assert_u64(breaker_snapshot(b, 5 * SECOND).backoff_level, 1);
	for (int i = 0; i < 2; i++)
		assert_status(rheo_breaker_record(b, probe_at(b, 10 * SECOND), RHEO_SUCCESS, 10 * SECOND), RHEO_OK);
	cr_assert(state_of(b) == RHEO_CLOSED);
	assert_u64(breaker_snapshot(b, 10 * SECOND).backoff_level, 0);
}

/* Settled at init, and of all that write a lane's counts the same: else some are lost. */
Test(breaker_report, lanes_are_the_cpus_own_where_there_are_enough_of_them_and_only_there)
{
	for (unsigned lanes_log2 = 0; lanes_log2 <= 7; lanes_log2++) {
		rheo_breaker_config_t cfg = breaker_config();
		struct rh_bself self;

		cfg.lanes = 1u << lanes_log2;
		self = rh_breaker_self(breaker_from(&cfg, 0));
		cr_assert(rh_breaker_own(self) == rh_lanes_own(lanes_log2));
		cr_assert(rh_breaker_window(self).own == rh_lanes_own(lanes_log2));
	}
}
