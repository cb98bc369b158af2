/* SPDX-License-Identifier: BSD-2-Clause */

/* What a caller of one breaker sees, modes included. */

#include "helpers.h"

Test(breaker, begins_closed_and_admits)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	uint64_t permit = 0, generation = 9;
	uint32_t probe = 9, mode = 9;

	assert_status(rheo_breaker_try_acquire(b, 0, &permit), RHEO_OK);
	cr_assert(permit != RHEO_PERMIT_NONE);
	assert_status(rheo_breaker_permit(b, permit, &generation, &probe), RHEO_OK);
	cr_assert(generation == 0 && probe == 0);
	assert_status(rheo_breaker_state(b, NULL, &mode), RHEO_OK);
	cr_assert(state_of(b) == RHEO_CLOSED && mode == RHEO_AUTO);
}

Test(breaker, a_permit_that_stands_for_none_does_nothing)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);

	for (int i = 0; i < 100; i++) {
		assert_status(rheo_breaker_record(b, RHEO_PERMIT_NONE, RHEO_FAILURE, 0), RHEO_OK);
		assert_status(rheo_breaker_cancel(b, RHEO_PERMIT_NONE, 0), RHEO_OK);
	}
	assert_u64(breaker_snapshot(b, 0).window_calls, 0);
	cr_assert(state_of(b) == RHEO_CLOSED);
}

Test(breaker, a_made_up_permit_is_stale)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	uint64_t seed = 1, stale = 0;

	trip(b, 0);
	probe_at(b, 5 * SECOND);
	for (int i = 0; i < 100000; i++) {
		uint64_t made_up = next_random(&seed) | 1;

		assert_status(rheo_breaker_record(b, made_up, (uint32_t)(made_up >> 7 & 1), 5 * SECOND), RHEO_STALE);
		stale++;
	}
	assert_u64(breaker_snapshot(b, 5 * SECOND).stale, stale);
	cr_assert(state_of(b) == RHEO_HALF_OPEN);
}

Test(breaker, a_cancel_in_closed_is_not_a_call)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	uint64_t old = probe_at(b, 0);

	assert_status(rheo_breaker_cancel(b, probe_at(b, 0), 0), RHEO_OK);
	assert_u64(breaker_snapshot(b, 0).window_calls, 0);
	trip(b, 0);
	assert_status(rheo_breaker_cancel(b, old, 0), RHEO_STALE);
}

Test(breaker, forced_open_refuses_for_ever_and_counts)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	uint64_t permit, delay, old = probe_at(b, 0);

	assert_status(rheo_breaker_force(b, RHEO_FORCED_OPEN, SECOND), RHEO_OK);
	for (uint64_t t = 0; t < 100; t++)
		assert_status(rheo_breaker_try_acquire(b, t * 1000 * SECOND, &permit), RHEO_REJ_OPEN);
	rheo_breaker_tick(b, 100000 * SECOND, &delay);
	assert_u64(delay, RHEO_FOREVER);
	cr_assert(state_of(b) == RHEO_OPEN);
	rheo_breaker_retry_after_ns(b, 0, &delay);
	assert_u64(delay, RHEO_FOREVER);
	assert_status(rheo_breaker_record(b, old, RHEO_SUCCESS, SECOND), RHEO_STALE);
	assert_u64(breaker_snapshot(b, 0).refused_open, 100);
}

Test(breaker, back_from_forced_open_the_next_call_is_a_probe)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	uint64_t permit;
	uint32_t probe = 0;

	rheo_breaker_force(b, RHEO_FORCED_OPEN, SECOND);
	assert_status(rheo_breaker_force(b, RHEO_AUTO, 2 * SECOND), RHEO_OK);
	cr_assert(state_of(b) == RHEO_OPEN);
	permit = probe_at(b, 2 * SECOND);
	rheo_breaker_permit(b, permit, NULL, &probe);
	cr_assert(probe == 1 && state_of(b) == RHEO_HALF_OPEN);
}

Test(breaker, forced_closed_admits_fills_the_window_and_never_trips)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;

	cfg.consecutive_failures = 2;
	b = breaker_from(&cfg, 0);
	rheo_breaker_force(b, RHEO_FORCED_CLOSED, 0);
	for (int i = 0; i < 50; i++)
		call(b, RHEO_FAILURE, 0, 0);
	rheo_breaker_tick(b, 0, NULL);
	cr_assert(state_of(b) == RHEO_CLOSED);
	assert_u64(breaker_snapshot(b, 0).window_failures, 50);
	/* back to AUTO begins with an empty window */
	rheo_breaker_force(b, RHEO_AUTO, 0);
	assert_u64(breaker_snapshot(b, 0).window_failures, 0);
	call(b, RHEO_FAILURE, 0, 0);
	cr_assert(state_of(b) == RHEO_CLOSED);
}

Test(breaker, disabled_admits_and_counts_for_stats_only)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	rheo_breaker_snapshot_t s;

	trip(b, 0);
	rheo_breaker_force(b, RHEO_DISABLED, 0);
	for (int i = 0; i < 50; i++)
		call(b, i % 2 ? RHEO_FAILURE : RHEO_SUCCESS, 0, 0);
	s = breaker_snapshot(b, 0);
	cr_assert(s.state == RHEO_CLOSED && s.mode == RHEO_DISABLED && s.window_calls == 0);
	cr_assert(s.failures == 25 + 4 && s.successes == 25);
}

Test(breaker, forcing_the_mode_that_is_set_is_no_transition)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);

	assert_status(rheo_breaker_force(b, RHEO_AUTO, 0), RHEO_OK);
	assert_u64(breaker_snapshot(b, 0).generation, 0);
	assert_status(rheo_breaker_force(b, 4, 0), RHEO_ERR_INVAL);
	rheo_breaker_force(b, RHEO_DISABLED, 0);
	rheo_breaker_force(b, RHEO_DISABLED, 0);
	assert_u64(breaker_snapshot(b, 0).generation, 1);
}

Test(breaker, every_way_through_the_modes_is_in_the_log)
{
	for (uint32_t a = 0; a < 4; a++)
		for (uint32_t z = 0; z < 4; z++) {
			rheo_breaker_config_t cfg = breaker_config();
			rheo_breaker_t *b = breaker_from(&cfg, 0);
			rheo_breaker_event_t e[16];
			uint32_t n;

			rheo_breaker_force(b, a, 1);
			rheo_breaker_force(b, z, 2);
			rheo_breaker_events(b, 0, e, 16, &n);
			cr_assert(n == (a != RHEO_AUTO) + 0u + (a != z));
			for (uint32_t i = 0; i < n; i++)
				cr_assert(e[i].cause == RHEO_CAUSE_FORCED && e[i].from_mode != e[i].to_mode);
			if (n == 2)
				cr_assert(e[0].to_mode == a && e[1].from_mode == a && e[1].to_mode == z &&
					  e[0].to_state == e[1].from_state);
		}
}

Test(breaker, reset_closes_from_anywhere_and_keeps_the_totals)
{
	for (int how = 0; how < 4; how++) {
		rheo_breaker_config_t cfg = breaker_config();
		rheo_breaker_t *b;
		rheo_breaker_snapshot_t s;

		cfg.open_backoff_bp = 10000;
		b = breaker_from(&cfg, 0);
		if (how >= 1)
			trip(b, 0);
		if (how >= 2)
			rheo_breaker_record(b, probe_at(b, 5 * SECOND), RHEO_FAILURE, 5 * SECOND);
		if (how == 3)
			rheo_breaker_force(b, RHEO_FORCED_OPEN, 5 * SECOND);
		assert_status(rheo_breaker_reset(b, 6 * SECOND), RHEO_OK);
		s = breaker_snapshot(b, 6 * SECOND);
		cr_assert(s.state == RHEO_CLOSED && s.mode == RHEO_AUTO && s.window_calls == 0 && s.backoff_level == 0);
		cr_assert(s.failures == (how >= 1 ? 4u : 0u) + (how >= 2 ? 1u : 0u));
		call(b, RHEO_SUCCESS, 6 * SECOND, 0);
	}
}

Test(breaker, refusals_are_counted_as_what_they_are)
{
	for (uint32_t lanes = 0; lanes <= 1; lanes++) {
		rheo_breaker_config_t cfg = breaker_config();
		uint64_t permit;
		rheo_breaker_t *b;

		cfg.lanes = lanes;
		b = breaker_from(&cfg, 0);
		trip(b, 0);
		for (int i = 0; i < 3; i++)
			assert_status(rheo_breaker_try_acquire(b, 1, &permit), RHEO_REJ_OPEN);
		probe_at(b, 5 * SECOND);
		probe_at(b, 5 * SECOND);
		assert_status(rheo_breaker_try_acquire(b, 5 * SECOND, &permit), RHEO_REJ_PROBE);
		assert_u64(breaker_snapshot(b, 5 * SECOND).refused_open, 3);
		assert_u64(breaker_snapshot(b, 5 * SECOND).refused_probe, 1);
	}
}

Test(breaker, a_refusal_is_not_a_call)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	rheo_breaker_snapshot_t s;
	uint64_t permit;

	trip(b, 0);
	for (int i = 0; i < 10; i++)
		assert_status(rheo_breaker_try_acquire(b, SECOND, &permit), RHEO_REJ_OPEN);
	s = breaker_snapshot(b, SECOND);
	cr_assert(s.refused_open == 10 && s.failures == 4 && s.window_calls == 0);
}

Test(breaker, the_tick_alone_brings_it_to_half_open_and_says_when)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	uint64_t next;

	trip(b, 1000);
	assert_status(rheo_breaker_tick(b, 1000 + SECOND, &next), RHEO_OK);
	assert_u64(next, 4 * SECOND);
	assert_status(rheo_breaker_tick(b, 1000 + 5 * SECOND - 1, &next), RHEO_OK);
	cr_assert(state_of(b) == RHEO_OPEN && next == 1);
	assert_status(rheo_breaker_tick(b, 1000 + 5 * SECOND, &next), RHEO_OK);
	cr_assert(state_of(b) == RHEO_HALF_OPEN);
	assert_u64(next, RHEO_FOREVER);
	assert_u64(breaker_snapshot(b, 1000).probes_issued, 0);
}

Test(breaker, a_second_report_in_closed_is_a_call_and_says_so_in_the_header)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	uint64_t permit = probe_at(b, 0);

	rheo_breaker_record(b, permit, RHEO_SUCCESS, 0);
	rheo_breaker_record(b, permit, RHEO_SUCCESS, 0);
	assert_u64(breaker_snapshot(b, 0).window_calls, 2);
}

Test(breaker, rates_in_a_snapshot_are_rounded_down_and_wait_for_the_minimum)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;

	cfg.minimum_calls = 3;
	cfg.failure_rate_bp = 6000;
	cfg.slow_call_rate_bp = 10000;
	cfg.slow_call_ns = 5;
	b = breaker_from(&cfg, 0);
	call(b, RHEO_FAILURE, 0, 0);
	call(b, RHEO_SUCCESS, 0, 6);
	assert_u64(breaker_snapshot(b, 6).failure_rate_bp, 0);
	call(b, RHEO_SUCCESS, 0, 0);
	assert_u64(breaker_snapshot(b, 6).failure_rate_bp, 3333);
	assert_u64(breaker_snapshot(b, 6).slow_call_rate_bp, 3333);
}

Test(breaker, works_at_any_address)
{
	rheo_breaker_config_t cfg = breaker_config();
	uint64_t size = rheo_breaker_size(&cfg);
	void *mem = memory_for(size), *moved = memory_for(size);
	rheo_breaker_t *b, *c;

	rheo_breaker_init(mem, size, &cfg, 0, &b);
	for (int i = 0; i < 3; i++)
		call(b, RHEO_FAILURE, 0, 0);
	memcpy(moved, mem, size);
	memset(mem, 0, size);
	assert_status(rheo_breaker_attach(moved, size, &c), RHEO_OK);
	call(c, RHEO_FAILURE, 0, 0);
	cr_assert(state_of(c) == RHEO_OPEN);
}

Test(breaker, retry_after_is_by_the_clock_of_whoever_asks)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;
	uint64_t permit, delay_ns;

	cfg.consecutive_failures = 1;
	cfg.open_ns = 100;
	b = breaker_from(&cfg, 0);
	assert_status(rheo_breaker_try_acquire(b, 1000, &permit), RHEO_OK);
	assert_status(rheo_breaker_record(b, permit, RHEO_FAILURE, 1000), RHEO_OK);
	assert_status(rheo_breaker_retry_after_ns(b, 900, &delay_ns), RHEO_OK);
	assert_u64(delay_ns, 200);
	assert_u64(breaker_snapshot(b, 900).retry_after_ns, 200);
}

Test(breaker, rates_are_shown_from_the_calls_that_decide)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;

	cfg.window_calls = 10;
	cfg.minimum_calls = 20;
	cfg.failure_rate_bp = 10000;
	b = breaker_from(&cfg, 0);
	for (int i = 0; i < 10; i++) {
		uint64_t permit;

		assert_status(rheo_breaker_try_acquire(b, 1, &permit), RHEO_OK);
		assert_status(rheo_breaker_record(b, permit, i < 8 ? RHEO_FAILURE : RHEO_SUCCESS, 1), RHEO_OK);
	}
	assert_u64(breaker_snapshot(b, 1).failure_rate_bp, 8000);
}

Test(breaker, p7_a_tick_in_the_last_slice_of_all_time_is_not_due_again)
{
	rheo_breaker_config_t cfg = breaker_config();
	const uint64_t last = UINT64_MAX - UINT64_MAX % SECOND;
	rheo_breaker_t *b = breaker_from(&cfg, last - 3 * SECOND);
	uint64_t next_ns = 0;

	assert_status(rheo_breaker_tick(b, last - 1, &next_ns), RHEO_OK);
	assert_u64(next_ns, 1);
	assert_status(rheo_breaker_tick(b, last, &next_ns), RHEO_OK);
	assert_u64(next_ns, RHEO_FOREVER);
	assert_status(rheo_breaker_tick(b, UINT64_MAX, &next_ns), RHEO_OK);
	assert_u64(next_ns, RHEO_FOREVER);
	/* the last slice ends where time does */
	cfg.window_ns = UINT64_C(10) << 30;
	b = breaker_from(&cfg, 0);
	assert_status(rheo_breaker_tick(b, UINT64_MAX - 5, &next_ns), RHEO_OK);
	assert_u64(next_ns, RHEO_FOREVER);
}

/* Deadlines of more than 73 minutes are kept in units of more than a nanosecond. */
Test(breaker, an_open_time_of_days_refuses_to_its_last_moment_and_not_longer)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;
	uint64_t permit, left;

	cfg.open_ns = 48 * 3600 * SECOND;
	b = breaker_from(&cfg, 0);
	trip(b, 5 * SECOND);
	assert_status(rheo_breaker_try_acquire(b, 5 * SECOND, &permit), RHEO_REJ_OPEN);
	assert_status(rheo_breaker_try_acquire(b, 4 * SECOND, &permit), RHEO_REJ_OPEN);
	assert_status(rheo_breaker_retry_after_ns(b, 5 * SECOND, &left), RHEO_OK);
	cr_assert(left >= cfg.open_ns && left < cfg.open_ns + SECOND);
	assert_status(rheo_breaker_try_acquire(b, 5 * SECOND + left - 1, &permit), RHEO_REJ_OPEN);
	assert_u64(permit, RHEO_PERMIT_NONE);
	assert_status(rheo_breaker_try_acquire(b, 5 * SECOND + left, &permit), RHEO_OK);
}
