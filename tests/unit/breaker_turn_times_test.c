/* SPDX-License-Identifier: BSD-2-Clause */

/* Open times of every length, and clocks that are behind or near the end of what a deadline's bits hold. */

#include "helpers.h"

#include "breaker/self.h"

/* 2^42 units are the longest; a deadline is rounded up to its unit. */
Test(breaker_turn_times, open_times_that_need_a_coarser_unit_are_rounded_up_to_it)
{
	for (unsigned unit = 0; unit <= 15; unit++)
		for (uint64_t start = 0; start < 4; start++) {
			rheo_breaker_config_t cfg = breaker_config();
			const uint64_t step = UINT64_C(1) << unit;
			rheo_breaker_t *b;
			uint64_t permit, until;

			cfg.open_ns = cfg.open_max_ns = (RH_DEADLINE_MASK >> 2) << unit;
			b = breaker_from(&cfg, 0);
			assert_u64(rh_breaker_unit(rh_breaker_self(b)), unit);
			trip(b, start);
			until = (start + cfg.open_ns + step - 1) / step * step;
			assert_status(rheo_breaker_try_acquire(b, until - 1, &permit), RHEO_REJ_OPEN);
			assert_status(rheo_breaker_try_acquire(b, until, &permit), RHEO_OK);
		}
}

Test(breaker_turn_times, back_from_forced_open_its_time_is_over_whatever_the_clock_says)
{
	for (uint64_t before = 0; before <= 60 * SECOND; before += SECOND) {
		rheo_breaker_config_t cfg = breaker_config();
		const uint64_t now = 3 * (RH_DEADLINE_MASK + 1) - before;
		rheo_breaker_t *b = breaker_from(&cfg, now);
		uint64_t permit;

		assert_status(rheo_breaker_force(b, RHEO_FORCED_OPEN, now), RHEO_OK);
		assert_status(rheo_breaker_force(b, RHEO_AUTO, now), RHEO_OK);
		assert_status(rheo_breaker_try_acquire(b, now, &permit), RHEO_OK);
	}
}

/* The same of probes that decide nothing. */
Test(breaker_turn_times, an_open_time_of_nothing_is_over_whatever_the_clock_says)
{
	for (uint64_t before = 0; before <= 60 * SECOND; before += SECOND) {
		rheo_breaker_config_t cfg = breaker_config();
		const uint64_t now = 3 * (RH_DEADLINE_MASK + 1) - before;
		rheo_breaker_t *b;
		uint64_t permit;

		cfg.half_open_calls = 1;
		b = breaker_from(&cfg, now - 5 * SECOND);
		trip(b, now - 5 * SECOND);
		assert_status(rheo_breaker_record(b, probe_at(b, now), RHEO_IGNORED, now), RHEO_OK);
		cr_assert(state_of(b) == RHEO_OPEN);
		assert_status(rheo_breaker_try_acquire(b, now, &permit), RHEO_OK);
	}
}

Test(breaker_turn_times, the_tick_says_when_by_the_clock_of_whoever_asks)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	uint64_t next;

	trip(b, 10 * SECOND);
	assert_status(rheo_breaker_tick(b, 12 * SECOND, &next), RHEO_OK);
	assert_u64(next, 3 * SECOND);
	assert_status(rheo_breaker_tick(b, 11 * SECOND, &next), RHEO_OK);
	assert_u64(next, 4 * SECOND);
	/* CLOSED: at the end of the slice of a second */
	assert_status(rheo_breaker_reset(b, 20 * SECOND), RHEO_OK);
	assert_status(rheo_breaker_tick(b, 20 * SECOND + 300 * MS, &next), RHEO_OK);
	assert_u64(next, 700 * MS);
	assert_status(rheo_breaker_tick(b, 20 * SECOND + 100 * MS, &next), RHEO_OK);
	assert_u64(next, 900 * MS);
	/* nothing is due while it is forced open */
	assert_status(rheo_breaker_force(b, RHEO_FORCED_OPEN, 21 * SECOND), RHEO_OK);
	assert_status(rheo_breaker_tick(b, 20 * SECOND, &next), RHEO_OK);
	assert_u64(next, RHEO_FOREVER);
}
