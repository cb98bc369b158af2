/* SPDX-License-Identifier: BSD-2-Clause */

/* Configuring, making, finding and changing a bucket. */

#include "helpers.h"

#include "bucket/word.h"

Test(bucket_config, defaults_are_those_of_the_header)
{
	rheo_bucket_config_t cfg;

	memset(&cfg, 0xff, sizeof cfg);
	assert_status(rheo_bucket_config_init(&cfg, sizeof cfg), RHEO_OK);
	cr_assert(cfg.struct_size == sizeof cfg && cfg.flags == 0 && cfg.tokens_per_period == 0 &&
		  cfg.period_ns == SECOND && cfg.burst == 0 && cfg.max_debt == 0 && cfg.lanes == 1 &&
		  cfg.counter_lanes == 0);
	assert_status(rheo_bucket_config_check(&cfg), RHEO_ERR_INVAL);
	cfg.tokens_per_period = cfg.burst = 1;
	assert_status(rheo_bucket_config_check(&cfg), RHEO_OK);
}

Test(bucket_config, every_field_out_of_range_is_refused_and_the_edge_is_not)
{
	const uint64_t two = 2, most = UINT64_C(1) << 58, huge = UINT64_C(1000000000000);
	const struct {
		const char *what, *fault; /* the field to blame, NULL: none */
		uint64_t tokens, period, burst, debt;
		uint32_t lanes, lines, flags;
	} rows[] = {
		{"plain", NULL, 1, 1, 1, 0, 1, 1, 0},
		{"no rate", "tokens_per_period", 0, 1, 1, 0, 1, 1, 0},
		{"no period", "period_ns", 1, 0, 1, 0, 1, 1, 0},
		{"no burst", "burst", 1, 1, 0, 0, 1, 1, 0},
		{"10^12 a second", NULL, 1000, 1, 1, 0, 1, 1, 0},
		{"more", "tokens_per_period", 1001, 1, 1, 0, 1, 1, 0},
		{"10^12 a second, written out", NULL, huge, SECOND, 1, 0, 1, 1, 0},
		{"a little more", "tokens_per_period", huge + 1, SECOND, 1, 0, 1, 1, 0},
		{"a large numerator that cancels", NULL, two << 61, two << 59, 1, 0, 1, 1, 0},
		{"one that does not", "tokens_per_period", (two << 40) + 1, two << 39, 1, 0, 1, 1, 0},
		{"one as large as the limit", "tokens_per_period", two << 40, (two << 39) + 1, 1, 0, 1, 1, 0},
		{"the largest that need not", NULL, (two << 40) - 1, two << 39, 1, 0, 1, 1, 0},
		{"the longest period", NULL, 1, UINT64_MAX, 1, 0, 1, 1, 0},
		{"the largest burst", NULL, 1, 1, most, 0, 1, 1, 0},
		{"a larger one", "burst", 1, 1, most + 1, 0, 1, 1, 0},
		{"the largest debt", NULL, 1, 1, 1, most, 1, 1, 0},
		{"a larger one", "max_debt", 1, 1, 1, most + 1, 1, 1, 0},
		{"lanes by CPU", NULL, 1, 1, 1, 0, 0, 0, 0},
		{"1024 lanes", NULL, 1, 1, 1, 0, 1024, 1, 0},
		{"1025 lanes", "lanes", 1, 1, 1, 0, 1025, 1, 0},
		{"128 lines", NULL, 1, 1, 1, 0, 1, 128, 0},
		{"129 lines", "counter_lanes", 1, 1, 1, 0, 1, 129, 0},
		{"empty at first", NULL, 1, 1, 1, 0, 1, 1, RHEO_BUCKET_START_EMPTY},
		{"an unknown flag", "flags", 1, 1, 1, 0, 1, 1, 2},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		rheo_bucket_config_t cfg = {sizeof cfg,	   rows[i].flags, rows[i].tokens, rows[i].period,
					    rows[i].burst, rows[i].debt,  rows[i].lanes,  rows[i].lines};
		int32_t st = rheo_bucket_config_check(&cfg);
		const char *fault = rheo_bucket_config_fault(&cfg);

		cr_assert(st == (rows[i].fault == NULL ? RHEO_OK : RHEO_ERR_INVAL), "%s: %s", rows[i].what,
			  rheo_status_name(st));
		cr_assert((fault == NULL) == (rows[i].fault == NULL), "%s: %s", rows[i].what, fault);
		if (fault != NULL)
			cr_assert_str_eq(fault, rows[i].fault, "%s: %s", rows[i].what, fault);
		cr_assert((rheo_bucket_size(&cfg) != 0) == (st == RHEO_OK), "%s: size", rows[i].what);
		cfg.struct_size = 0;
		assert_status(rheo_bucket_config_check(&cfg), RHEO_ERR_INVAL);
		cr_assert_str_eq(rheo_bucket_config_fault(&cfg), "struct_size");
	}
}

Test(bucket_config, init_asks_for_enough_aligned_memory_and_touches_nothing_else)
{
	rheo_bucket_config_t cfg = bucket_config(10, 1000);
	uint64_t size;
	unsigned char *mem;
	rheo_bucket_t *b = NULL;

	cfg.lanes = 4;
	size = rheo_bucket_size(&cfg);
	mem = memory_for(size + 256);
	memset(mem, 0xa5, size + 256);
	assert_status(rheo_bucket_init(mem, size - 1, &cfg, 0, &b), RHEO_ERR_NOSPC);
	assert_status(rheo_bucket_init(mem + 64, size, &cfg, 0, &b), RHEO_ERR_INVAL);
	cr_assert_null(b);
	for (uint64_t i = 0; i < size; i++)
		cr_assert(mem[i] == 0xa5, "a refused init wrote byte %llu", (unsigned long long)i);
	assert_status(rheo_bucket_init(mem, size, &cfg, 0, &b), RHEO_OK);
	for (uint64_t i = 0; i < 100000; i++) {
		rheo_bucket_try_acquire_at(b, 1 + i % 3, i * 10 * MS);
		rheo_bucket_refund(b, 1);
		rheo_bucket_refill(b, i * 10 * MS);
	}
	for (uint64_t i = size; i < size + 256; i++)
		cr_assert(mem[i] == 0xa5, "byte %llu past the end was written", (unsigned long long)(i - size));
}

Test(bucket_config, attach_finds_the_bucket_and_writes_nothing)
{
	rheo_bucket_config_t cfg = bucket_config(10, 5);
	uint64_t size = rheo_bucket_size(&cfg);
	void *mem = memory_for(size), *copy = memory_for(size);
	rheo_bucket_t *b, *again = NULL;

	assert_status(rheo_bucket_attach(mem, size, &again), RHEO_ERR_CORRUPT);
	assert_status(rheo_bucket_init(mem, size, &cfg, 0, &b), RHEO_OK);
	rheo_bucket_try_acquire(b, 2);
	memcpy(copy, mem, size);
	assert_status(rheo_bucket_attach(mem, size, &again), RHEO_OK);
	cr_assert(memcmp(copy, mem, size) == 0);
	assert_u64(available_at(again, 0), 3);
	assert_status(rheo_bucket_attach(mem, size - 1, &again), RHEO_ERR_NOSPC);
	assert_status(rheo_bucket_attach(mem, 63, &again), RHEO_ERR_NOSPC);
	/* at another address as well */
	assert_status(rheo_bucket_attach(copy, size, &again), RHEO_OK);
	assert_status(rheo_bucket_try_acquire(again, 3), RHEO_OK);
	assert_u64(available_at(b, 0), 3);
}

Test(bucket_config, attach_refuses_every_single_flipped_bit_of_the_immutable_part)
{
	rheo_bucket_config_t cfg = bucket_config(10, 5);
	uint64_t size = rheo_bucket_size(&cfg);
	unsigned char *mem = memory_for(size);
	rheo_bucket_t *b, *again = NULL;

	rheo_bucket_init(mem, size, &cfg, 0, &b);
	for (size_t bit = 0; bit < 8 * sizeof(struct rh_header); bit++) {
		if (bit / 8 >= offsetof(struct rh_header, reserved) &&
		    bit / 8 < offsetof(struct rh_header, checksum))
			continue;
		mem[bit / 8] = (unsigned char)(mem[bit / 8] ^ 1u << bit % 8);
		cr_assert(rheo_bucket_attach(mem, size, &again) < 0, "bit %zu", bit);
		mem[bit / 8] = (unsigned char)(mem[bit / 8] ^ 1u << bit % 8);
	}
}

Test(bucket_config, the_configuration_in_force_can_be_read_back_and_used_again)
{
	rheo_bucket_config_t cfg = bucket_config(7, 1000), got;
	rheo_bucket_t *b;
	uint64_t older[4];

	cfg.max_debt = 5;
	cfg.flags = RHEO_BUCKET_START_EMPTY;
	cfg.lanes = 3;
	b = bucket_from(&cfg, 0);
	assert_status(rheo_bucket_config(b, &got, sizeof got), RHEO_OK);
	cr_assert(got.struct_size == sizeof got && got.tokens_per_period == 7 && got.period_ns == SECOND &&
		  got.burst == 1000 && got.max_debt == 5 && got.flags == RHEO_BUCKET_START_EMPTY &&
		  got.lanes == 4 && got.counter_lanes == 1);
	assert_status(rheo_bucket_config_check(&got), RHEO_OK);
	assert_status(rheo_bucket_config(b, (rheo_bucket_config_t *)older, sizeof older), RHEO_OK);
	cr_assert((uint32_t)older[0] == sizeof older && older[3] == 1000);
}

Test(bucket_config, a_new_rate_bends_the_curve_and_keeps_the_tokens)
{
	rheo_bucket_t *b = bucket_of(10, 10);
	rheo_bucket_config_t cfg = bucket_config(100, 10);

	rheo_bucket_try_acquire_at(b, 10, 0);
	assert_status(rheo_bucket_reconfigure(b, &cfg, 500 * MS, RHEO_BUCKET_KEEP), RHEO_OK);
	assert_u64(available_at(b, 500 * MS), 5);
	assert_u64(available_at(b, 530 * MS), 8);
	cfg.tokens_per_period = 1;
	assert_status(rheo_bucket_reconfigure(b, &cfg, 530 * MS, RHEO_BUCKET_KEEP), RHEO_OK);
	assert_u64(available_at(b, 1529 * MS), 8);
	assert_u64(available_at(b, 1530 * MS), 9);
}

Test(bucket_config, debt_is_kept_as_tokens_and_repaid_at_the_new_rate)
{
	rheo_bucket_t *b = bucket_of(10, 10);
	rheo_bucket_config_t cfg = bucket_config(1000, 10);
	uint64_t wait;

	rheo_bucket_charge(b, 110, 0);
	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_OK);
	rheo_bucket_wait_ns(b, 1, 0, &wait);
	assert_u64(wait, 101 * MS);
}

Test(bucket_config, modes_keep_scale_and_reset_the_level)
{
	const struct {
		uint32_t mode;
		uint64_t burst, want;
	} rows[] = {
		{RHEO_BUCKET_KEEP, 1000, 40},  {RHEO_BUCKET_KEEP, 20, 20},   {RHEO_BUCKET_SCALE, 1000, 400},
		{RHEO_BUCKET_SCALE, 20, 8},    {RHEO_BUCKET_RESET, 1000, 1000}, {RHEO_BUCKET_RESET, 20, 20},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		rheo_bucket_t *b = bucket_of(1, 100);
		rheo_bucket_config_t cfg = bucket_config(1, rows[i].burst);

		rheo_bucket_try_acquire(b, 60);
		assert_status(rheo_bucket_reconfigure(b, &cfg, 0, rows[i].mode), RHEO_OK);
		assert_u64(available_at(b, 0), rows[i].want);
		assert_u64(bucket_stats(b).admitted, 60);
	}
}

Test(bucket_config, reset_begins_empty_where_the_new_configuration_says_so)
{
	rheo_bucket_t *b = bucket_of(1, 100);
	rheo_bucket_config_t cfg = bucket_config(1, 100);

	cfg.flags = RHEO_BUCKET_START_EMPTY;
	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_RESET), RHEO_OK);
	assert_u64(available_at(b, 0), 0);
	assert_u64(bucket_stats(b).admitted, 0);
}

Test(bucket_config, any_valid_rate_can_follow_any_other)
{
	const uint64_t rates[][2] = {{1, UINT64_MAX}, {1, 31557600 * SECOND}, {1000, SECOND},
				     {1000000000, SECOND}, {1000, 1}, {(UINT64_C(1) << 41) - 1, UINT64_C(1) << 40}};

	for (size_t i = 0; i < 6; i++)
		for (size_t k = 0; k < 6; k++) {
			rheo_bucket_config_t cfg = bucket_config(rates[i][0], 100);
			rheo_bucket_t *b;
			uint64_t got = 0;

			cfg.period_ns = rates[i][1];
			b = bucket_from(&cfg, 5);
			rheo_bucket_try_acquire_at(b, 100, 5);
			cfg.tokens_per_period = rates[k][0];
			cfg.period_ns = rates[k][1];
			assert_status(rheo_bucket_reconfigure(b, &cfg, 5, RHEO_BUCKET_KEEP), RHEO_OK);
			if (rates[k][1] < UINT64_MAX / 2)
				assert_status(rheo_bucket_acquire_upto(b, 1, 5 + rates[k][1], &got), RHEO_OK);
		}
}

Test(bucket_config, a_burst_too_large_for_the_units_is_refused_and_nothing_changes)
{
	rheo_bucket_t *b = bucket_of(10, 5);
	rheo_bucket_config_t cfg = bucket_config(10, (UINT64_C(1) << 38) + 1), got;

	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_ERR_INVAL);
	cfg.burst = 5;
	cfg.max_debt = (UINT64_C(1) << 38) + 1;
	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_ERR_INVAL);
	cfg.max_debt = 0;
	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, 3), RHEO_ERR_INVAL);
	rheo_bucket_config(b, &got, sizeof got);
	cr_assert(got.burst == 5 && got.max_debt == 0);
	cfg.burst = UINT64_C(1) << 38;
	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_RESET), RHEO_OK);
	assert_status(rheo_bucket_try_acquire(b, UINT64_C(1) << 38), RHEO_OK);
}

Test(bucket_config, the_same_rate_again_and_again_loses_nothing)
{
	rheo_bucket_t *b = bucket_of(3, 10);
	rheo_bucket_config_t cfg = bucket_config(3, 10);
	uint64_t admitted = 0, t;

	for (t = 0; t <= 1000 * SECOND; t += 77777777) {
		cfg.burst = 10 + t % 3;
		assert_status(rheo_bucket_reconfigure(b, &cfg, t, RHEO_BUCKET_KEEP), RHEO_OK);
		while (rheo_bucket_try_acquire_at(b, 1, t) == RHEO_OK)
			admitted++;
	}
	t -= 77777777;
	assert_u64(admitted, 10 + 3 * t / SECOND);
}

static rheo_bucket_t *shared;
static rheo_bucket_config_t next_cfg;
static int at_point;
static uint64_t between;

/* At some point of a decision the burst goes from 10 to 1000 and the rate from 10 to 1000 a second. */
static void
reconfigure_between(const char *point)
{
	if (strstr(point, "RECORD") != NULL || strstr(point, "REFILL") != NULL || at_point-- != 0)
		return;
	rh_inject_hook = NULL;
	rheo_bucket_reconfigure(shared, &next_cfg, between, RHEO_BUCKET_KEEP);
}

Test(bucket_config, a_decision_is_by_the_old_rules_or_the_new_never_a_mix)
{
	for (int n = 0; n < 4; n++) {
		uint64_t got = 0;

		shared = bucket_of(10, 10);
		next_cfg = bucket_config(1000, 1000);
		rheo_bucket_try_acquire_at(shared, 10, 0);
		at_point = n;
		between = SECOND;
		rh_inject_hook = reconfigure_between;
		rheo_bucket_acquire_upto(shared, 5000, SECOND + 100 * MS, &got);
		rh_inject_hook = NULL;
		/* old: 10 (+1, but the burst is 10); new: 10 kept, then 100 more by 1.1 s */
		cr_assert(got == 10 || got == 110, "point %d: %llu tokens", n, (unsigned long long)got);
	}
}

Test(bucket_config, p11_reconfigure_killed_at_any_point_leaves_old_or_new_and_a_free_way)
{
	for (volatile int n = 0;; n++) {
		rheo_bucket_t *b = bucket_of(10, 10);
		rheo_bucket_config_t cfg = bucket_config(20, 100), got;
		volatile int died;

		rheo_bucket_try_acquire(b, 10);
		KILL_AT(n, died, rheo_bucket_reconfigure(b, &cfg, SECOND, RHEO_BUCKET_SCALE));
		if (!died) {
			cr_assert(n > 2 * RULE_FIELDS, "only %d points were passed", n);
			return;
		}
		assert_status(rheo_bucket_config(b, &got, sizeof got), RHEO_OK);
		cr_assert((got.burst == 10 && got.tokens_per_period == 10) ||
			  (got.burst == 100 && got.tokens_per_period == 20));
		cr_assert(available_at(b, SECOND) <= got.burst);
		cfg.burst = 50;
		assert_status(rheo_bucket_reconfigure(b, &cfg, SECOND, RHEO_BUCKET_RESET), RHEO_OK);
		assert_u64(available_at(b, SECOND), 50);
	}
}

Test(bucket_config, a_refused_reconfigure_publishes_nothing)
{
	rheo_bucket_t *b = bucket_of(100, 10);
	rheo_bucket_config_t cfg = bucket_config(100, UINT64_C(1) << 40);
	rheo_bucket_stats_t s;

	assert_status(rheo_bucket_reconfigure(b, &cfg, UINT64_MAX, RHEO_BUCKET_KEEP), RHEO_ERR_INVAL);
	assert_status(rheo_bucket_stats(b, &s, sizeof s), RHEO_OK);
	assert_u64(s.published_ns, 0);
}

Test(bucket_config, what_a_smaller_burst_dropped_does_not_come_back_with_a_larger_one)
{
	rheo_bucket_config_t cfg = bucket_config(1, 1000);
	rheo_bucket_t *b;

	cfg.period_ns = UINT64_C(31557600) * SECOND;
	b = bucket_from(&cfg, 0);
	cfg.burst = 10;
	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_OK);
	cfg.burst = 1000;
	assert_status(rheo_bucket_reconfigure(b, &cfg, 20 * SECOND, RHEO_BUCKET_KEEP), RHEO_OK);
	assert_u64(available_at(b, 20 * SECOND), 10);
}
