/* SPDX-License-Identifier: BSD-2-Clause */

/* Configuring, making, finding and changing a breaker. */

#include "helpers.h"

#include "breaker/self.h"

Test(breaker_config, defaults_are_those_of_the_header)
{
	rheo_breaker_config_t c;

	memset(&c, 0xff, sizeof c);
	assert_status(rheo_breaker_config_init(&c, sizeof c), RHEO_OK);
	cr_assert(c.failure_rate_bp == 5000 && c.slow_call_rate_bp == 0 && c.consecutive_failures == 0 &&
		  c.minimum_calls == 20 && c.window_ns == 10 * SECOND && c.window_slices == 10 &&
		  c.window_calls == 0 && c.open_ns == 5 * SECOND && c.open_max_ns == 0 &&
		  c.open_backoff_bp == 0 && c.open_jitter_bp == 0 && c.half_open_calls == 3 &&
		  c.half_open_successes == 0 && c.half_open_failures == 0 && c.lanes == 0 &&
		  c.probe_timeout_ns == 30 * SECOND && c.flags == 0);
	assert_status(rheo_breaker_config_check(&c), RHEO_OK);
}

static rheo_breaker_config_t c;

/* what: the field to blame, then whatever. */
static void
check(int32_t want, const char *what)
{
	const char *fault = rheo_breaker_config_fault(&c);
	int32_t st = rheo_breaker_config_check(&c);

	cr_assert(st == want, "%s: %s", what, rheo_status_name(st));
	cr_assert((fault == NULL) == (st == RHEO_OK), "%s: no fault", what);
	if (fault != NULL)
		cr_assert(strncmp(fault, what, strlen(fault)) == 0, "%s: %s", what, fault);
	cr_assert((rheo_breaker_size(&c) != 0) == (st == RHEO_OK), "%s: size", what);
	rheo_breaker_config_init(&c, sizeof c);
}

Test(breaker_config, every_field_out_of_range_is_refused_and_the_edge_is_not)
{
	const uint64_t long_ns = UINT64_C(1) << 57;

	rheo_breaker_config_init(&c, sizeof c);
#define GOOD(field, value) c.field = (value), check(RHEO_OK, #field " " #value)
#define BAD(field, value) c.field = (value), check(RHEO_ERR_INVAL, #field " " #value)
	GOOD(flags, 1), BAD(flags, 2);
	GOOD(failure_rate_bp, 0), GOOD(failure_rate_bp, 10000), BAD(failure_rate_bp, 10001);
	c.slow_call_ns = 1, GOOD(slow_call_rate_bp, 10000), BAD(slow_call_rate_bp, 10001);
	c.slow_call_rate_bp = 1, BAD(slow_call_ns, 0), c.slow_call_rate_bp = 1, GOOD(slow_call_ns, 1);
	GOOD(slow_call_ns, long_ns), BAD(slow_call_ns, long_ns + 1);
	BAD(minimum_calls, 0), GOOD(minimum_calls, UINT32_MAX);
	BAD(window_ns, 0), c.window_ns = 9, check(RHEO_ERR_INVAL, "window_slices"), GOOD(window_ns, 10), GOOD(window_ns, long_ns), BAD(window_ns, long_ns + 1);
	BAD(window_slices, 0), GOOD(window_slices, 64), BAD(window_slices, 65);
	GOOD(window_calls, 1u << 20), BAD(window_calls, (1u << 20) + 1);
	BAD(open_ns, 0), GOOD(open_ns, long_ns), BAD(open_ns, long_ns + 1);
	BAD(open_max_ns, 5 * SECOND - 1), GOOD(open_max_ns, 5 * SECOND), GOOD(open_max_ns, long_ns), BAD(open_max_ns, long_ns + 1);
	GOOD(open_backoff_bp, 1000000), BAD(open_backoff_bp, 1000001);
	GOOD(open_jitter_bp, 10000), BAD(open_jitter_bp, 10001);
	BAD(half_open_calls, 0), GOOD(half_open_calls, 32), BAD(half_open_calls, 33);
	GOOD(half_open_successes, 3), BAD(half_open_successes, 4);
	GOOD(half_open_failures, 3), BAD(half_open_failures, 4);
	GOOD(lanes, 128), BAD(lanes, 129);
	BAD(probe_timeout_ns, 0), GOOD(probe_timeout_ns, UINT64_C(1) << 40), BAD(probe_timeout_ns, (UINT64_C(1) << 40) + 1);
	BAD(struct_size, 0), BAD(struct_size, 3);
	c.open_ns = 0, c.lanes = 1000, check(RHEO_ERR_INVAL, "open_ns");
	c.open_max_ns = 1, c.open_backoff_bp = UINT32_MAX, check(RHEO_ERR_INVAL, "open_max_ns");
	c.lanes = 1000, c.probe_timeout_ns = 0, check(RHEO_ERR_INVAL, "lanes");
	cr_assert_str_eq(rheo_breaker_config_fault(NULL), "struct_size");
#undef GOOD
#undef BAD
}

Test(breaker_config, init_asks_for_enough_memory_and_touches_nothing_else)
{
	for (uint32_t calls = 0; calls <= 1000; calls += 200)
		for (uint32_t slices = 1; slices <= 64; slices += 21) {
			rheo_breaker_config_t cfg = breaker_config();
			rheo_breaker_t *b = NULL;
			uint64_t size, seed = calls + slices, permit;
			unsigned char *mem;

			cfg.window_calls = calls;
			cfg.window_slices = slices;
			cfg.window_ns = 64 * MS;
			cfg.lanes = 4;
			size = rheo_breaker_size(&cfg);
			mem = memory_for(size + 256);
			memset(mem, 0xa5, size + 256);
			assert_status(rheo_breaker_init(mem, size - 1, &cfg, 0, &b), RHEO_ERR_NOSPC);
			assert_status(rheo_breaker_init(mem + 8, size, &cfg, 0, &b), RHEO_ERR_INVAL);
			for (uint64_t i = 0; i < size; i++)
				cr_assert(mem[i] == 0xa5);
			assert_status(rheo_breaker_init(mem, size, &cfg, 0, &b), RHEO_OK);
			for (uint64_t i = 0; i < 20000; i++)
				if (rheo_breaker_try_acquire(b, i * MS, &permit) == RHEO_OK)
					rheo_breaker_record(b, permit, (uint32_t)(next_random(&seed) % 3), i * MS + 3);
			for (uint64_t i = size; i < size + 256; i++)
				cr_assert(mem[i] == 0xa5, "window of %u calls, %u slices: byte %llu past the end", calls,
					  slices, (unsigned long long)(i - size));
		}
}

Test(breaker_config, attach_finds_the_breaker_and_refuses_flipped_bits)
{
	rheo_breaker_config_t cfg = breaker_config();
	uint64_t size = rheo_breaker_size(&cfg);
	unsigned char *mem = memory_for(size), *copy = memory_for(size);
	rheo_breaker_t *b, *again = NULL;

	assert_status(rheo_breaker_attach(mem, size, &again), RHEO_ERR_CORRUPT);
	/* no breaker is smaller than what each begins with; what is as large may hold one */
	assert_status(rheo_breaker_attach(mem, sizeof(struct rh_breaker) - 1, &again), RHEO_ERR_NOSPC);
	assert_status(rheo_breaker_attach(mem, sizeof(struct rh_breaker), &again), RHEO_ERR_CORRUPT);
	rheo_breaker_init(mem, size, &cfg, 0, &b);
	trip(b, SECOND);
	memcpy(copy, mem, size);
	assert_status(rheo_breaker_attach(mem, size, &again), RHEO_OK);
	cr_assert(memcmp(copy, mem, size) == 0, "attach wrote");
	cr_assert(state_of(again) == RHEO_OPEN);
	assert_status(rheo_breaker_attach(mem, size - 1, &again), RHEO_ERR_NOSPC);
	assert_status(rheo_breaker_attach(mem, 64, &again), RHEO_ERR_NOSPC);
	for (size_t bit = 0; bit < 8 * (sizeof(struct rh_header) + 40); bit++) {
		if (bit / 8 >= offsetof(struct rh_header, reserved) && bit / 8 < offsetof(struct rh_header, checksum))
			continue;
		mem[bit / 8] = (unsigned char)(mem[bit / 8] ^ 1u << bit % 8);
		cr_assert(rheo_breaker_attach(mem, size, &again) < 0, "bit %zu", bit);
		mem[bit / 8] = (unsigned char)(mem[bit / 8] ^ 1u << bit % 8);
	}
}

Test(breaker_config, the_configuration_in_force_can_be_read_back_and_used_again)
{
	rheo_breaker_config_t cfg = breaker_config(), got;
	rheo_breaker_t *b;

	cfg.window_ns = 10 * SECOND + 1; /* rounded up to whole slices */
	cfg.jitter_seed = 77;
	cfg.consecutive_failures = 9;
	cfg.flags = RHEO_BREAKER_PROBE_TIMEOUT_CANCELS;
	b = breaker_from(&cfg, 0);
	assert_status(rheo_breaker_config(b, &got, sizeof got), RHEO_OK);
	cr_assert(got.window_ns == 10 * SECOND + 10 && got.half_open_successes == 2 && got.half_open_failures == 1 &&
		  got.open_max_ns == 50 * SECOND && got.jitter_seed == 77 && got.lanes == 1 &&
		  got.consecutive_failures == 9 && got.flags == RHEO_BREAKER_PROBE_TIMEOUT_CANCELS);
	assert_status(rheo_breaker_reconfigure(b, &got, 0), RHEO_OK);
	assert_status(rheo_breaker_reconfigure(b, &cfg, 0), RHEO_OK);
}

Test(breaker_config, the_longest_window_read_back_is_valid_and_the_same)
{
	for (uint32_t slices = 1; slices <= 64; slices++)
		for (uint64_t less = 0; less < slices; less++) {
			rheo_breaker_config_t cfg = breaker_config(), got;
			rheo_breaker_t *b, *again;

			cfg.window_ns = (UINT64_C(1) << 57) - less;
			cfg.window_slices = slices;
			b = breaker_from(&cfg, 0);
			assert_status(rheo_breaker_config(b, &got, sizeof got), RHEO_OK);
			cr_assert(got.window_ns >= cfg.window_ns && got.window_ns - cfg.window_ns < slices);
			assert_status(rheo_breaker_config_check(&got), RHEO_OK);
			assert_status(rheo_breaker_reconfigure(b, &got, 0), RHEO_OK);
			again = breaker_from(&got, 0);
			assert_status(rheo_breaker_reconfigure(again, &cfg, 0), RHEO_OK);
			free(rh_handle_memory(b));
			free(rh_handle_memory(again));
		}
}

Test(breaker_config, reconfigure_keeps_state_and_window)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	uint64_t delay;

	for (int i = 0; i < 3; i++)
		call(b, RHEO_FAILURE, 0, 0);
	cfg.minimum_calls = 100;
	cfg.open_ns = SECOND;
	assert_status(rheo_breaker_reconfigure(b, &cfg, 0), RHEO_OK);
	for (int i = 0; i < 96; i++)
		call(b, RHEO_FAILURE, 0, 0);
	cr_assert(state_of(b) == RHEO_CLOSED);
	assert_u64(breaker_snapshot(b, 0).window_calls, 99);
	call(b, RHEO_FAILURE, 0, 0);
	cr_assert(state_of(b) == RHEO_OPEN);
	/* an open time that runs is not changed */
	cfg.open_ns = 100 * SECOND;
	assert_status(rheo_breaker_reconfigure(b, &cfg, 0), RHEO_OK);
	rheo_breaker_retry_after_ns(b, 0, &delay);
	assert_u64(delay, SECOND);
}

Test(breaker_config, what_shapes_the_window_cannot_be_changed)
{
	rheo_breaker_config_t good = breaker_config(), bad;
	rheo_breaker_t *b = breaker_from(&good, 0);

	bad = good;
	bad.window_ns *= 2;
	assert_status(rheo_breaker_reconfigure(b, &bad, 0), RHEO_ERR_INVAL);
	bad = good;
	bad.window_slices = 5;
	bad.window_ns /= 2;
	assert_status(rheo_breaker_reconfigure(b, &bad, 0), RHEO_ERR_INVAL);
	bad = good;
	bad.window_calls = 10;
	assert_status(rheo_breaker_reconfigure(b, &bad, 0), RHEO_ERR_INVAL);
	bad = good;
	bad.open_max_ns = UINT64_C(1) << 43;
	assert_status(rheo_breaker_reconfigure(b, &bad, 0), RHEO_ERR_INVAL);
	bad.open_max_ns = UINT64_C(1) << 42;
	assert_status(rheo_breaker_reconfigure(b, &bad, 0), RHEO_ERR_INVAL);
	bad.open_max_ns = (UINT64_C(1) << 42) - 1;
	assert_status(rheo_breaker_reconfigure(b, &bad, 0), RHEO_OK);
}

Test(breaker_config, p11_reconfigure_killed_at_any_point_leaves_old_or_new)
{
	for (volatile int n = 0;; n++) {
		rheo_breaker_config_t cfg = breaker_config(), got;
		rheo_breaker_t *b = breaker_from(&cfg, 0);
		volatile int died;

		cfg.minimum_calls = 50;
		cfg.open_ns = SECOND;
		KILL_AT(n, died, rheo_breaker_reconfigure(b, &cfg, 0));
		if (!died) {
			cr_assert(n > 2 * BRULE_FIELDS);
			return;
		}
		assert_status(rheo_breaker_config(b, &got, sizeof got), RHEO_OK);
		cr_assert((got.minimum_calls == 4 && got.open_ns == 5 * SECOND) ||
			  (got.minimum_calls == 50 && got.open_ns == SECOND));
		assert_status(rheo_breaker_reconfigure(b, &cfg, 0), RHEO_OK);
		rheo_breaker_config(b, &got, sizeof got);
		assert_u64(got.minimum_calls, 50);
	}
}

static uint64_t
fail_at(rheo_breaker_t *b, uint64_t now_ns)
{
	uint64_t permit, delay_ns = 0;

	assert_status(rheo_breaker_try_acquire(b, now_ns, &permit), RHEO_OK);
	assert_status(rheo_breaker_record(b, permit, RHEO_FAILURE, now_ns), RHEO_OK);
	assert_status(rheo_breaker_retry_after_ns(b, now_ns, &delay_ns), RHEO_OK);
	return delay_ns;
}

Test(breaker_config, any_open_time_that_is_valid_lasts)
{
	for (unsigned bits = 0; bits <= 57; bits++) {
		rheo_breaker_config_t cfg = breaker_config();
		rheo_breaker_t *b;
		uint64_t permit;

		cfg.consecutive_failures = 1;
		cfg.open_ns = UINT64_C(1) << bits;
		for (int longest = 0; longest < 2; longest++) {
			cfg.open_max_ns = longest ? UINT64_C(1) << 57 : 0;
			b = breaker_from(&cfg, 0);
			cr_assert(fail_at(b, 5) >= cfg.open_ns, "2^%u ns", bits);
			assert_status(rheo_breaker_try_acquire(b, 4 + cfg.open_ns, &permit), RHEO_REJ_OPEN);
		}
	}
}

Test(breaker_config, a_shorter_open_time_does_not_end_one_that_runs)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;
	uint64_t permit;

	cfg.consecutive_failures = 1;
	cfg.open_ns = 600 * SECOND;
	b = breaker_from(&cfg, 0);
	assert_u64(fail_at(b, 1000), 600 * SECOND);
	cfg.open_ns = SECOND;
	assert_status(rheo_breaker_reconfigure(b, &cfg, 1000), RHEO_OK);
	/* though no open time lasts so long by the new rules */
	assert_status(rheo_breaker_try_acquire(b, 1001, &permit), RHEO_REJ_OPEN);
	assert_status(rheo_breaker_try_acquire(b, 600 * SECOND, &permit), RHEO_REJ_OPEN);
	assert_status(rheo_breaker_try_acquire(b, 600 * SECOND + 1000, &permit), RHEO_OK);
}

Test(breaker_config, p10_fewer_probes_than_have_ended_do_not_leave_it_stuck)
{
	for (uint32_t successes = 1; successes <= 2; successes++) {
		rheo_breaker_config_t cfg = breaker_config();
		rheo_breaker_t *b;
		uint64_t first, second, delay_ns;
		uint32_t state;

		cfg.consecutive_failures = 1;
		cfg.open_ns = 100;
		cfg.half_open_calls = cfg.half_open_failures = 5;
		b = breaker_from(&cfg, 0);
		fail_at(b, 10);
		assert_status(rheo_breaker_try_acquire(b, 200, &first), RHEO_OK);
		assert_status(rheo_breaker_try_acquire(b, 200, &second), RHEO_OK);
		assert_status(rheo_breaker_record(b, first, RHEO_SUCCESS, 200), RHEO_OK);
		assert_status(rheo_breaker_record(b, second, successes == 2 ? RHEO_SUCCESS : RHEO_FAILURE, 200), RHEO_OK);
		cfg.half_open_calls = 2;
		cfg.half_open_failures = 1;
		assert_status(rheo_breaker_reconfigure(b, &cfg, 200), RHEO_OK);
		assert_status(rheo_breaker_retry_after_ns(b, 200, &delay_ns), RHEO_OK);
		assert_u64(delay_ns, successes == 2 ? 0 : 100);
		assert_status(rheo_breaker_tick(b, 200, NULL), RHEO_OK);
		assert_status(rheo_breaker_state(b, &state, NULL), RHEO_OK);
		cr_assert(state == (successes == 2 ? RHEO_CLOSED : RHEO_OPEN));
		assert_status(rheo_breaker_try_acquire(b, 300, &first), RHEO_OK);
	}
}

Test(breaker_config, a_row_ends_while_rows_are_not_counted)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;
	uint64_t permit;

	cfg.failure_rate_bp = 0;
	cfg.consecutive_failures = 3;
	b = breaker_from(&cfg, 0);
	fail_at(b, 1);
	fail_at(b, 1);
	cfg.consecutive_failures = 0;
	assert_status(rheo_breaker_reconfigure(b, &cfg, 1), RHEO_OK);
	assert_status(rheo_breaker_try_acquire(b, 1, &permit), RHEO_OK);
	assert_status(rheo_breaker_record(b, permit, RHEO_SUCCESS, 1), RHEO_OK);
	cfg.consecutive_failures = 3;
	assert_status(rheo_breaker_reconfigure(b, &cfg, 1), RHEO_OK);
	assert_u64(fail_at(b, 1), 0);
}

Test(breaker_config, the_success_that_completes_a_smaller_minimum_trips)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;
	uint64_t permit;
	uint32_t state;

	cfg.failure_rate_bp = 9000;
	cfg.minimum_calls = 20;
	cfg.lanes = 1;
	b = breaker_from(&cfg, 0);
	for (int i = 0; i < 12; i++) {
		if (i == 10) {
			cfg.failure_rate_bp = 4000;
			cfg.minimum_calls = 12;
			assert_status(rheo_breaker_reconfigure(b, &cfg, 1), RHEO_OK);
		}
		assert_status(rheo_breaker_try_acquire(b, 1, &permit), RHEO_OK);
		rheo_breaker_record(b, permit, i < 5 ? RHEO_FAILURE : RHEO_SUCCESS, 1);
	}
	assert_status(rheo_breaker_state(b, &state, NULL), RHEO_OK);
	cr_assert(state == RHEO_OPEN);
}

Test(breaker_config, a_seed_of_the_callers_is_kept_and_none_means_one_from_the_time)
{
	uint64_t drawn[2] = {0, 0};

	for (uint64_t seed = 0; seed < 3; seed++)
		for (uint64_t now = 0; now < 2; now++) {
			rheo_breaker_config_t cfg = breaker_config(), got;

			cfg.jitter_seed = seed;
			assert_status(rheo_breaker_config(breaker_from(&cfg, now), &got, sizeof got), RHEO_OK);
			if (seed != 0)
				assert_u64(got.jitter_seed, seed);
			else
				drawn[now] = got.jitter_seed;
		}
	cr_assert(drawn[0] != drawn[1] && drawn[0] != 0 && drawn[1] != 0);
}

Test(breaker_config, every_field_is_read_back_as_it_was_set)
{
	rheo_breaker_config_t cfg = {.flags = RHEO_BREAKER_PROBE_TIMEOUT_CANCELS,
				     .failure_rate_bp = 4321,
				     .slow_call_rate_bp = 8765,
				     .slow_call_ns = UINT64_C(0x123456789),
				     .consecutive_failures = 4000000001u,
				     .minimum_calls = 4000000003u,
				     .window_ns = 21 * SECOND,
				     .window_slices = 7,
				     .open_ns = UINT64_C(0x223456789),
				     .open_max_ns = UINT64_C(0x323456789),
				     .open_backoff_bp = 1000000,
				     .open_jitter_bp = 9999,
				     .jitter_seed = UINT64_C(0xfedcba9876543210),
				     .half_open_calls = 32,
				     .half_open_successes = 31,
				     .half_open_failures = 30,
				     .lanes = 2,
				     .probe_timeout_ns = UINT64_C(0xff23456789)},
			      got;

	cfg.struct_size = sizeof cfg;
	for (cfg.window_calls = 0; cfg.window_calls <= 1 << 20; cfg.window_calls += 1 << 19) {
		assert_status(rheo_breaker_config(breaker_from(&cfg, 0), &got, sizeof got), RHEO_OK);
		cr_assert(memcmp(&got, &cfg, sizeof cfg) == 0);
	}
}

Test(breaker_config, the_wait_is_over_where_new_rules_decide_by_probes_that_have_ended)
{
	rheo_breaker_config_t cfg = breaker_config();
	uint64_t permit[2], delay = 1;
	rheo_breaker_t *b;

	cfg.half_open_calls = cfg.half_open_successes = cfg.half_open_failures = 3;
	b = breaker_from(&cfg, 0);
	trip(b, 0);
	for (int i = 0; i < 2; i++)
		permit[i] = probe_at(b, 5 * SECOND);
	assert_status(rheo_breaker_record(b, permit[0], RHEO_SUCCESS, 5 * SECOND), RHEO_OK);
	assert_status(rheo_breaker_record(b, permit[1], RHEO_FAILURE, 5 * SECOND), RHEO_OK);
	cfg.half_open_calls = cfg.half_open_failures = 2;
	cfg.half_open_successes = 1;
	assert_status(rheo_breaker_reconfigure(b, &cfg, 5 * SECOND), RHEO_OK);
	assert_status(rheo_breaker_retry_after_ns(b, 5 * SECOND, &delay), RHEO_OK);
	assert_u64(delay, 0);
	call(b, RHEO_SUCCESS, 5 * SECOND, 0);
	cr_assert(state_of(b) == RHEO_CLOSED);
}

/* Slow calls are looked for from then on, among those that succeed as well. */
Test(breaker_config, reconfigure_to_look_for_slow_calls_finds_them)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);

	call(b, RHEO_SUCCESS, 0, 0);
	cfg.slow_call_rate_bp = 5000;
	cfg.slow_call_ns = MS;
	assert_status(rheo_breaker_reconfigure(b, &cfg, 0), RHEO_OK);
	call(b, RHEO_SUCCESS, 0, 0);
	for (int i = 0; i < 2; i++) {
		cr_assert(state_of(b) == RHEO_CLOSED);
		call(b, RHEO_SUCCESS, 0, MS + 1);
	}
	cr_assert(state_of(b) == RHEO_OPEN);
}

Test(breaker_config, the_longest_open_time_is_ten_times_the_first_where_there_is_room_for_that)
{
	const uint64_t most = UINT64_C(1) << 57;
	const uint64_t first[] = {1, most / 11, most / 10 - 1, most / 10, most / 10 + 1, most / 9, most};
	rheo_breaker_config_t cfg = breaker_config();

	for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
		rheo_breaker_t *b;

		cfg.open_ns = first[i];
		cfg.open_max_ns = 0;
		b = breaker_from(&cfg, 0);
		assert_status(rheo_breaker_config(b, &cfg, sizeof cfg), RHEO_OK);
		assert_u64(cfg.open_max_ns, first[i] < most / 10 ? 10 * first[i] : most);
	}
}

Test(breaker_config, init_leaves_nothing_of_what_the_memory_held)
{
	rheo_breaker_config_t cfg = breaker_config();
	const struct rh_breaker *raw = rh_breaker_self(breaker_from(&cfg, 7)).b;

	assert_u64(rh_load_rlx(&raw->state), 0);
	assert_u64(rh_load_rlx(&raw->told_ns), 7);
	assert_u64(rh_load_rlx(&raw->turns), 0);
	assert_u64(rh_load_rlx(&raw->watch), 0);
	assert_u64(rh_load_rlx(&raw->judged), 0);
	assert_u64(rh_load_rlx(&raw->longest), 50 * SECOND);
	for (unsigned i = 0; i < RH_LEVELS; i++)
		assert_u64(rh_load_rlx(&raw->levels[i]), 0);
	for (unsigned i = 0; i < RH_PROBE_SLOTS; i++)
		assert_u64(rh_load_rlx(&raw->probe[i]), 0);
	for (unsigned i = 0; i < RH_LOG_EVENTS; i++) {
		const struct rh_event *e = &raw->log[i];

		cr_assert((rh_load_rlx(&e->what) | rh_load_rlx(&e->at_low) | rh_load_rlx(&e->at_high) |
			   rh_load_rlx(&e->calls) | rh_load_rlx(&e->failures) | rh_load_rlx(&e->slow) |
			   rh_load_rlx(&e->open_low) | rh_load_rlx(&e->open_high)) == 0, "entry %u of the log", i);
	}
}

/* The caller's struct may be older than the library's: of 8 bytes, with nothing but the first two fields, or more. */
Test(breaker_config, a_struct_of_eight_bytes_or_more_is_filled_as_far_as_it_goes)
{
	rheo_breaker_config_t cfg = breaker_config(), got, whole;
	rheo_breaker_t *b;

	cfg.flags = RHEO_BREAKER_PROBE_TIMEOUT_CANCELS;
	b = breaker_from(&cfg, 0);
	assert_status(rheo_breaker_config(b, &whole, sizeof whole), RHEO_OK);
	for (uint32_t size = 8; size <= sizeof got; size += 4) {
		memset(&got, 0xa5, sizeof got);
		assert_status(rheo_breaker_config(b, &got, size), RHEO_OK);
		whole.struct_size = size;
		cr_assert(memcmp(&got, &whole, size) == 0, "%u bytes", size);
		for (size_t i = size; i < sizeof got; i++)
			cr_assert(((unsigned char *)&got)[i] == 0xa5, "byte %zu of %u", i, size);
	}
}

/* Spoilt memory is not what is wrong with such a call. */
Test(breaker_config, no_struct_or_one_too_small_is_the_callers_fault_whatever_the_memory_holds)
{
	rheo_breaker_config_t cfg = breaker_config(), got;
	rheo_breaker_t *b = breaker_from(&cfg, 0);

	for (int spoilt = 0; spoilt < 2; spoilt++) {
		assert_status(rheo_breaker_config(b, NULL, sizeof got), RHEO_ERR_INVAL);
		assert_status(rheo_breaker_config(NULL, &got, sizeof got), RHEO_ERR_INVAL);
		for (uint64_t size = 0; size < 8; size++)
			assert_status(rheo_breaker_config(b, &got, size), RHEO_ERR_INVAL);
		for (unsigned i = 0; i < 4 * BRULE_FIELDS; i++)
			rh_store_init(&rh_breaker_self(b).b->rules[i], UINT64_MAX);
	}
}

static rheo_breaker_t *shared;

/* Another that reconfigures has told its longest open time, and got no further. */
static void
tell_a_longest_open_time(const char *point)
{
	if (strcmp(point, "PREPARE_BEFORE_LONGEST") != 0)
		return;
	rh_inject_hook = NULL;
	rh_swap_rlx(&rh_breaker_self(shared).b->longest, 100 * SECOND);
}

Test(breaker_config, p11_an_open_time_lasts_though_another_told_a_shorter_longest_one_meanwhile)
{
	rheo_breaker_config_t cfg = breaker_config();
	uint64_t permit;

	cfg.consecutive_failures = 1;
	shared = breaker_from(&cfg, 0);
	cfg.open_ns = cfg.open_max_ns = 600 * SECOND;
	rh_inject_hook = tell_a_longest_open_time;
	assert_status(rheo_breaker_reconfigure(shared, &cfg, 0), RHEO_OK);
	cr_assert(rh_inject_hook == NULL, "not passed");
	assert_u64(fail_at(shared, 0), 600 * SECOND);
	assert_status(rheo_breaker_try_acquire(shared, 600 * SECOND - 1, &permit), RHEO_REJ_OPEN);
}

/* A success need not read the rules before they are looked for (self.h). */
Test(breaker_config, reconfigure_looks_for_slow_calls_only_where_the_rules_say_so)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);

	cfg.minimum_calls = 5;
	assert_status(rheo_breaker_reconfigure(b, &cfg, 0), RHEO_OK);
	assert_u64(rh_load_rlx(&rh_breaker_self(b).b->watch) & RH_TIMED, 0);
	cfg.slow_call_rate_bp = 5000;
	cfg.slow_call_ns = MS;
	assert_status(rheo_breaker_reconfigure(b, &cfg, 0), RHEO_OK);
	assert_u64(rh_load_rlx(&rh_breaker_self(b).b->watch) & RH_TIMED, RH_TIMED);
}

/* The shortest way of a success knows one size of block (self.h). */
Test(breaker_config, only_time_windows_of_few_slices_are_quick)
{
	const struct {
		uint32_t slices, calls, quick;
	} shape[] = {{10, 0, 1}, {16, 0, 1}, {17, 0, 0}, {10, 10, 0}, {17, 10, 0}, {10, 1000, 0}};

	for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
		rheo_breaker_config_t cfg = breaker_config();
		const struct rh_breaker *raw;

		cfg.lanes = 0;
		cfg.window_slices = shape[i].slices;
		cfg.window_calls = shape[i].calls;
		raw = rh_breaker_self(breaker_from(&cfg, 0)).b;
		if ((raw->head.param & RH_PARAM_OWN) == 0)
			continue; /* nobody has a CPU of his own here */
		assert_u64((raw->head.param & RH_PARAM_QUICK) != 0, shape[i].quick);
	}
}
