/* SPDX-License-Identifier: BSD-2-Clause */

/* Configurations at the ends of what a breaker's words hold, and callers of other versions. */

#include "helpers.h"

#include "breaker/self.h"

Test(breaker_limits, probes_of_a_few_nanoseconds_end_on_the_exact_one)
{
	for (uint64_t timeout_ns = 1; timeout_ns <= 40; timeout_ns++) {
		rheo_breaker_config_t cfg = breaker_config();
		rheo_breaker_t *b;
		uint64_t permit;

		cfg.probe_timeout_ns = timeout_ns;
		cfg.half_open_calls = 1;
		b = breaker_from(&cfg, 0);
		trip(b, 0);
		permit = probe_at(b, 5 * SECOND);
		assert_status(rheo_breaker_try_acquire(b, 5 * SECOND + timeout_ns - 1, &permit), RHEO_REJ_PROBE);
		assert_status(rheo_breaker_try_acquire(b, 5 * SECOND + timeout_ns, &permit), RHEO_REJ_OPEN);
	}
}

Test(breaker_limits, p10_as_many_probes_as_there_can_be_all_lost_before_they_were_in_place)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;
	volatile int died;
	uint64_t permit;

	cfg.half_open_calls = RH_PROBES_MAX;
	cfg.half_open_failures = RH_PROBES_MAX;
	b = breaker_from(&cfg, 0);
	trip(b, 0);
	/* the first also turns the breaker; each dies before its permit is in the table */
	KILL_AT(3, died, rheo_breaker_try_acquire(b, 5 * SECOND, &permit));
	for (volatile uint32_t i = 1; i < RH_PROBES_MAX; i++) {
		KILL_AT(1, died, rheo_breaker_try_acquire(b, 5 * SECOND, &permit));
		cr_assert(died);
	}
	assert_u64(breaker_snapshot(b, 5 * SECOND).probes_issued, RH_PROBES_MAX);
	assert_status(rheo_breaker_tick(b, 6 * SECOND, NULL), RHEO_OK);
	cr_assert(state_of(b) == RHEO_OPEN, "lost probes are not given up");
}

/* `overdue` comes round after 256 sixteenths of the time-out; up to then a time past it is told from one to come. */
Test(breaker_limits, p10_a_probe_lost_before_it_was_in_place_is_given_up_however_late_somebody_asks)
{
	for (uint64_t sixteenths = 16; sixteenths < 256; sixteenths++) {
		rheo_breaker_config_t cfg = breaker_config();
		rheo_breaker_t *b;
		volatile int died;
		uint64_t permit, late = 5 * SECOND + sixteenths * (SECOND / 16);

		cfg.half_open_calls = 1;
		b = breaker_from(&cfg, 0);
		trip(b, 0);
		KILL_AT(3, died, rheo_breaker_try_acquire(b, 5 * SECOND, &permit));
		cr_assert(died && breaker_snapshot(b, 5 * SECOND).probes_issued == 1);
		assert_status(rheo_breaker_try_acquire(b, late, &permit), RHEO_REJ_OPEN);
	}
}

Test(breaker_limits, a_caller_of_an_older_version_gets_as_much_of_the_configuration_as_it_knows)
{
	rheo_breaker_config_t cfg = breaker_config(), got;
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	const uint64_t size = offsetof(rheo_breaker_config_t, slow_call_ns);

	memset(&got, 0xa5, sizeof got);
	assert_status(rheo_breaker_config(b, &got, size), RHEO_OK);
	assert_u64(got.struct_size, size);
	assert_u64(got.failure_rate_bp, cfg.failure_rate_bp);
	for (uint64_t i = size; i < sizeof got; i++)
		cr_assert(((unsigned char *)&got)[i] == 0xa5, "byte %llu was written", (unsigned long long)i);
	/* and may pass it back */
	assert_status(rheo_breaker_config_check(&got), RHEO_OK);
}

Test(breaker_limits, what_a_callers_shorter_configuration_does_not_have_is_as_by_default)
{
	rheo_breaker_config_t cfg, got;
	rheo_breaker_t *b = NULL;
	void *mem = memory_for(1 << 16);

	memset(&cfg, 0xff, sizeof cfg);
	cfg.struct_size = (uint32_t)offsetof(rheo_breaker_config_t, slow_call_ns);
	cfg.flags = 0;
	cfg.failure_rate_bp = 1234;
	cfg.slow_call_rate_bp = 0;
	cr_assert_null(rheo_breaker_config_fault(&cfg));
	assert_status(rheo_breaker_config_check(&cfg), RHEO_OK);
	assert_status(rheo_breaker_init(mem, 1 << 16, &cfg, 0, &b), RHEO_OK);
	assert_status(rheo_breaker_config(b, &got, sizeof got), RHEO_OK);
	cr_assert(got.failure_rate_bp == 1234 && got.minimum_calls == 20 && got.window_ns == 10 * SECOND &&
		  got.window_slices == 10 && got.window_calls == 0 && got.open_ns == 5 * SECOND &&
		  got.open_max_ns == 50 * SECOND && got.half_open_calls == 3 && got.half_open_successes == 3 &&
		  got.half_open_failures == 1 && got.probe_timeout_ns == 30 * SECOND);
}
