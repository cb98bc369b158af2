/* SPDX-License-Identifier: BSD-2-Clause */

/* Configuration: what is chosen for the caller, what can be read back, calls that meet. */

#include "helpers.h"

#include "bucket/word.h"

Test(bucket_config_edges, flags_are_read_back_as_they_were_set)
{
	for (uint32_t flags = 0; flags <= RHEO_BUCKET_START_EMPTY; flags++) {
		rheo_bucket_config_t cfg = bucket_config(10, 5), got;
		rheo_bucket_t *b;

		cfg.flags = flags;
		cfg.counter_lanes = 4;
		b = bucket_from(&cfg, 0);
		assert_status(rheo_bucket_config(b, &got, sizeof got), RHEO_OK);
		cr_assert(got.flags == flags && got.lanes == 1 && got.counter_lanes == 4);
		assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_RESET), RHEO_OK);
		assert_u64(available_at(b, 0), flags ? 0 : 5);
	}
}

static rheo_bucket_t *shared;
static const char *wanted;
static int times;

/* A whole reconfiguration by somebody else, so many times. */
static void
reconfigure_meanwhile(const char *point)
{
	void (*hook)(const char *) = rh_inject_hook;
	rheo_bucket_config_t cfg = bucket_config(100 + (uint64_t)times, 200);

	if (strcmp(point, wanted) != 0 || times == 0)
		return;
	times--;
	rh_inject_hook = NULL;
	assert_status(rheo_bucket_reconfigure(shared, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_OK);
	rh_inject_hook = hook;
}

Test(bucket_config_edges, of_reconfigurations_that_meet_the_one_that_begins_again_decides_last)
{
	static const char *const points[] = {"RECORD_CLAIMED", "RECORD_BEFORE_WORD", "RECORD_BEFORE_FLIP"};

	for (unsigned i = 0; i < sizeof points / sizeof *points; i++) {
		rheo_bucket_config_t cfg = bucket_config(7, 70), got;

		shared = bucket_of(10, 100);
		wanted = points[i];
		times = 5;
		rh_inject_hook = reconfigure_meanwhile;
		assert_status(rheo_bucket_reconfigure(shared, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_OK);
		rh_inject_hook = NULL;
		cr_assert(times == 0);
		assert_status(rheo_bucket_config(shared, &got, sizeof got), RHEO_OK);
		cr_assert(got.tokens_per_period == 7 && got.burst == 70);
		assert_u64(available_at(shared, 0), 70);
	}
}

Test(bucket_config_edges, the_hook_goes_by_rules_that_still_stand)
{
	shared = bucket_of(10, 200);
	rheo_bucket_try_acquire(shared, 200);
	wanted = "REFILL_RULES_READ";
	times = 5;
	rh_inject_hook = reconfigure_meanwhile;
	assert_status(rheo_bucket_refill(shared, SECOND), RHEO_OK);
	rh_inject_hook = NULL;
	cr_assert(times == 0);
	/* the last one set a rate of 101 a second */
	assert_u64(available_at(shared, SECOND), 101);
	assert_status(rheo_bucket_try_acquire(shared, 101), RHEO_OK);
	assert_status(rheo_bucket_try_acquire(shared, 1), RHEO_REJ_RATE);
}

Test(bucket_config_edges, a_burst_or_debt_too_large_for_the_units_publishes_nothing)
{
	for (int debt = 0; debt < 2; debt++) {
		rheo_bucket_t *b = bucket_of(10, 5);
		rheo_bucket_config_t cfg = bucket_config(10, 5);

		*(debt ? &cfg.max_debt : &cfg.burst) = (UINT64_C(1) << 38) + 1;
		assert_status(rheo_bucket_reconfigure(b, &cfg, SECOND, RHEO_BUCKET_KEEP), RHEO_ERR_INVAL);
		assert_u64(bucket_stats(b).published_ns, 0);
		*(debt ? &cfg.max_debt : &cfg.burst) = UINT64_C(1) << 38;
		assert_status(rheo_bucket_reconfigure(b, &cfg, SECOND, RHEO_BUCKET_KEEP), RHEO_OK);
		assert_u64(bucket_stats(b).published_ns, SECOND);
	}
}

Test(bucket_config_edges, every_field_is_read_back_as_it_was_set)
{
	rheo_bucket_config_t cfg = {.flags = RHEO_BUCKET_START_EMPTY,
				    .tokens_per_period = 123456789,
				    .period_ns = UINT64_C(0x123456789a),
				    .burst = UINT64_C(0x1234567),
				    .max_debt = UINT64_C(0x7654321),
				    .lanes = 8,
				    .counter_lanes = 16},
			     got;

	cfg.struct_size = sizeof cfg;
	assert_status(rheo_bucket_config(bucket_from(&cfg, 5), &got, sizeof got), RHEO_OK);
	cr_assert(memcmp(&got, &cfg, sizeof cfg) == 0);
}

Test(bucket_config_edges, what_a_callers_shorter_configuration_does_not_have_is_as_by_default)
{
	rheo_bucket_config_t cfg, got;
	rheo_bucket_t *b = NULL;
	void *mem = memory_for(8192);

	memset(&cfg, 0xff, sizeof cfg);
	cfg.struct_size = (uint32_t)offsetof(rheo_bucket_config_t, max_debt);
	cfg.flags = 0;
	cfg.tokens_per_period = 10;
	cfg.period_ns = SECOND;
	cfg.burst = 1000;
	assert_status(rheo_bucket_config_check(&cfg), RHEO_OK);
	cr_assert_null(rheo_bucket_config_fault(&cfg));
	assert_status(rheo_bucket_init(mem, 8192, &cfg, 0, &b), RHEO_OK);
	assert_status(rheo_bucket_config(b, &got, sizeof got), RHEO_OK);
	cr_assert(got.max_debt == 0 && got.lanes == 1 && got.burst == 1000);
	/* nor is it written to where it is read back */
	memset(&got, 0xff, sizeof got);
	assert_status(rheo_bucket_config(b, &got, offsetof(rheo_bucket_config_t, max_debt)), RHEO_OK);
	cr_assert(got.struct_size == offsetof(rheo_bucket_config_t, max_debt) && got.burst == 1000);
	assert_u64(got.max_debt, UINT64_MAX);
}
