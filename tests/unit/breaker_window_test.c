/* SPDX-License-Identifier: BSD-2-Clause */

/* Windows by time and by count, from outside and cell by cell. */

#include "helpers.h"

#include "breaker/self.h"

/* Nothing trips it: the window can be looked at in peace. */
static rheo_breaker_t *
watcher(uint32_t slices, uint64_t window_ns, uint32_t calls, uint32_t lanes)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;

	cfg.slow_call_rate_bp = 10000;
	cfg.slow_call_ns = MS;
	cfg.window_slices = slices;
	cfg.window_ns = window_ns;
	cfg.window_calls = calls;
	cfg.lanes = lanes;
	b = breaker_from(&cfg, 0);
	assert_status(rheo_breaker_force(b, RHEO_FORCED_CLOSED, 0), RHEO_OK);
	return b;
}

static void
assert_window(const rheo_breaker_t *b, uint64_t now_ns, uint64_t calls, uint64_t failures, uint64_t slow)
{
	rheo_breaker_snapshot_t s = breaker_snapshot(b, now_ns);

	cr_assert(s.window_calls == calls && s.window_failures == failures && s.window_slow == slow,
		  "window %llu/%llu/%llu, not %llu/%llu/%llu", (unsigned long long)s.window_calls,
		  (unsigned long long)s.window_failures, (unsigned long long)s.window_slow,
		  (unsigned long long)calls, (unsigned long long)failures, (unsigned long long)slow);
}

Test(breaker_window, slides_slice_by_slice)
{
	rheo_breaker_t *b = watcher(5, 5 * SECOND, 0, 1);

	for (uint64_t t = 0; t < 5; t++)
		call(b, t % 2 ? RHEO_FAILURE : RHEO_SUCCESS, t * SECOND, 0);
	assert_window(b, 5 * SECOND - 1, 5, 2, 0);
	assert_window(b, 5 * SECOND, 4, 2, 0);
	assert_window(b, 6 * SECOND, 3, 1, 0);
	assert_window(b, 9 * SECOND - 1, 1, 0, 0);
	assert_window(b, 9 * SECOND, 0, 0, 0);
}

Test(breaker_window, slow_is_strictly_longer)
{
	rheo_breaker_t *b = watcher(5, 5 * SECOND, 0, 1);

	call(b, RHEO_SUCCESS, 0, MS);
	assert_window(b, MS, 1, 0, 0);
	call(b, RHEO_SUCCESS, 0, MS + 1);
	assert_window(b, MS + 1, 2, 0, 1);
	call(b, RHEO_FAILURE, 0, 2 * MS);
	assert_window(b, 2 * MS, 3, 1, 2);
}

Test(breaker_window, ignored_outcomes_are_not_calls)
{
	rheo_breaker_t *b = watcher(5, 5 * SECOND, 0, 1);

	call(b, RHEO_IGNORED, 0, 0);
	assert_window(b, 0, 0, 0, 0);
	assert_u64(breaker_snapshot(b, 0).ignored, 1);
}

Test(breaker_window, a_call_counts_where_it_ends_however_long_it_took)
{
	rheo_breaker_t *b = watcher(1, 20 * MS, 0, 1);

	for (uint64_t i = 0; i < 10; i++)
		call(b, RHEO_FAILURE, i * MS, 900 * SECOND);
	assert_window(b, 900 * SECOND + 9 * MS, 10, 10, 10);
}

Test(breaker_window, totals_since_init_are_exact_whatever_left_the_window)
{
	rheo_breaker_t *b = watcher(7, 70 * MS, 0, 1);
	uint64_t seed = 1, t = 0, failures = 0, slow = 0;

	for (int i = 0; i < 20000; i++) {
		uint64_t r = next_random(&seed), took = (r >> 8 & 1) ? 2 * MS : 0;

		t += r % (30 * MS);
		call(b, (r >> 40 & 1) ? RHEO_FAILURE : RHEO_SUCCESS, t, took);
		t += took;
		failures += r >> 40 & 1;
		slow += r >> 8 & 1;
	}
	assert_u64(breaker_snapshot(b, t).failures, failures);
	assert_u64(breaker_snapshot(b, t).successes, 20000 - failures);
	assert_u64(breaker_snapshot(b, t).slow, slow);
}

Test(breaker_window, nothing_old_comes_back_when_slice_numbers_come_round)
{
	/* tags hold 16 bits of the slice: every multiple of 65536 slices away looks the same */
	rheo_breaker_t *b = watcher(10, 10 * MS, 0, 1);
	uint64_t t = 0;

	for (int i = 0; i < 5; i++)
		call(b, RHEO_FAILURE, t, 0);
	assert_window(b, t, 5, 5, 0);
	for (uint64_t rounds = 1; rounds < 50; rounds++) {
		t += 65536 * MS * rounds;
		assert_window(b, t, 0, 0, 0);
		call(b, RHEO_SUCCESS, t, 0);
		assert_window(b, t, 1, 0, 0);
		/* a cell that only every 16th slice would touch */
		t += 16 * MS * 4096 - 16 * MS;
		call(b, RHEO_FAILURE, t, 0);
		assert_window(b, t, 1, 1, 0);
		t += 16 * MS;
		assert_window(b, t, 0, 0, 0);
	}
}

Test(breaker_window, time_going_back_counts_in_the_latest_slice)
{
	rheo_breaker_t *b = watcher(10, 10 * SECOND, 0, 1);

	call(b, RHEO_SUCCESS, 100 * SECOND, 0);
	call(b, RHEO_FAILURE, 3 * SECOND, 0);
	assert_window(b, 100 * SECOND, 2, 1, 0);
	assert_window(b, 50 * SECOND, 2, 1, 0);
}

/* Time stands still for it: what later calls have counted is there. */
Test(breaker_window, a_tick_whose_clock_is_behind_judges_the_latest_slice)
{
	for (uint64_t took = 0; took <= 2 * MS; took += 2 * MS) {
		rheo_breaker_config_t cfg = breaker_config();
		rheo_breaker_t *b;

		cfg.slow_call_rate_bp = 5000;
		cfg.slow_call_ns = MS;
		cfg.minimum_calls = 100;
		b = breaker_from(&cfg, 0);
		for (int i = 0; i < 4; i++)
			call(b, took != 0 ? RHEO_SUCCESS : RHEO_FAILURE, 8 * SECOND, took);
		cfg.minimum_calls = 4;
		assert_status(rheo_breaker_reconfigure(b, &cfg, 3 * SECOND), RHEO_OK);
		cr_assert(state_of(b) == RHEO_CLOSED);
		assert_status(rheo_breaker_tick(b, 3 * SECOND, NULL), RHEO_OK);
		cr_assert(state_of(b) == RHEO_OPEN);
	}
}

Test(breaker_window, lanes_add_up)
{
	rheo_breaker_t *b = watcher(5, 5 * SECOND, 0, 16);
	struct rh_window w = rh_breaker_window(rh_breaker_self(b));

	cr_assert(w.lanes_log2 == 4);
	for (int i = 0; i < 1000; i++)
		call(b, RHEO_SUCCESS, (uint64_t)i * MS, 0);
	assert_window(b, SECOND, 1000, 0, 0);
}

Test(breaker_window, the_last_n_calls_are_exact)
{
	const uint32_t sizes[] = {1, 2, 15, 16, 17, 100, 1000, 5000};
	static uint8_t outcomes[20000];

	for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
		rheo_breaker_t *b = watcher(1, SECOND, sizes[k], 1);
		uint64_t seed = k + 1;

		for (uint32_t i = 0; i < 3 * sizes[k] + 40; i++) {
			uint64_t r = next_random(&seed);
			uint64_t calls = 0, failures = 0, slow = 0;

			outcomes[i] = r & 3;
			call(b, r & 1 ? RHEO_FAILURE : RHEO_SUCCESS, i * MS, r & 2 ? 2 * MS : 0);
			if (i % 7 != 0 && sizes[k] > 100)
				continue;
			for (uint32_t j = i + 1 > sizes[k] ? i + 1 - sizes[k] : 0; j <= i; j++) {
				calls++;
				failures += outcomes[j] & 1;
				slow += outcomes[j] >> 1 & 1;
			}
			assert_window(b, i * MS, calls, failures, slow);
		}
	}
}

/* Also in memory whose rubbish looks like a call of the first slice. */
Test(breaker_window, successes_of_a_count_window_count_from_the_first_nanosecond_on)
{
	for (uint32_t lanes = 0; lanes <= 4; lanes += 2) {
		rheo_breaker_config_t cfg = breaker_config();
		rheo_breaker_t *b;
		uint64_t size, *mem;

		cfg.window_calls = 10;
		cfg.lanes = lanes;
		size = rheo_breaker_size(&cfg);
		mem = memory_for(size);
		for (uint64_t i = 0; i < size / sizeof *mem; i++)
			mem[i] = 1;
		assert_status(rheo_breaker_init(mem, size, &cfg, 0, &b), RHEO_OK);
		for (unsigned i = 0; i < 3; i++)
			call(b, RHEO_SUCCESS, 0, 0);
		assert_u64(breaker_snapshot(b, 0).window_calls, 3);
	}
}

/* Every word of its ring, however many it takes. */
Test(breaker_window, a_count_window_begins_empty_whatever_the_memory_held)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;
	uint64_t size, *mem;

	cfg.window_calls = 100;
	size = rheo_breaker_size(&cfg);
	mem = memory_for(size);
	for (uint64_t i = 0; i < size / sizeof *mem; i++)
		mem[i] = 1;
	assert_status(rheo_breaker_init(mem, size, &cfg, 0, &b), RHEO_OK);
	assert_window(b, 0, 0, 0, 0);
}

Test(breaker_window, a_count_window_knows_no_time)
{
	rheo_breaker_t *b = watcher(1, SECOND, 10, 1);

	call(b, RHEO_FAILURE, 0, 0);
	assert_window(b, UINT64_MAX, 1, 1, 0);
}

Test(breaker_window, both_kinds_begin_anew_with_a_generation)
{
	for (uint32_t calls = 0; calls <= 10; calls += 10) {
		rheo_breaker_t *b = watcher(5, 5 * SECOND, calls, 1);

		for (int i = 0; i < 8; i++)
			call(b, RHEO_FAILURE, SECOND, 0);
		assert_window(b, SECOND, 8, 8, 0);
		rheo_breaker_force(b, RHEO_DISABLED, SECOND);
		rheo_breaker_force(b, RHEO_FORCED_CLOSED, SECOND);
		assert_window(b, SECOND, 0, 0, 0);
		call(b, RHEO_SUCCESS, SECOND, 0);
		assert_window(b, SECOND, 1, 0, 0);
		assert_u64(breaker_snapshot(b, SECOND).failures, 8);
	}
}

Test(breaker_window, a_count_that_is_full_stays_full)
{
	rheo_breaker_t *b = watcher(5, 5 * SECOND, 0, 1);
	struct rh_window w = rh_breaker_window(rh_breaker_self(b));
	uint64_t full = (uint64_t)rh_window_tag(1, 0) << 32 | UINT32_MAX;

	call(b, RHEO_SUCCESS, 0, 0);
	rh_swap_rlx(&rh_window_track(&w, 0)->cell[0], full);
	call(b, RHEO_SUCCESS, 0, 0);
	assert_u64(rh_load_rlx(&rh_window_track(&w, 0)->cell[0]), full);
	/* no call is counted twice where the count's highest bit changes */
	rh_swap_rlx(&rh_window_track(&w, 0)->cell[0], full >> 32 << 32 | INT32_MAX);
	call(b, RHEO_SUCCESS, 0, 0);
	assert_u64(breaker_snapshot(b, 0).successes, UINT64_C(1) << 31);
}

static rheo_breaker_t *shared;

/* The breaker closes anew while a record of the old generation sleeps. */
static void
reset_between(const char *point)
{
	if (strncmp(point, "WINDOW_BEFORE", 13) != 0)
		return;
	rh_inject_hook = NULL;
	rheo_breaker_reset(shared, SECOND);
	call(shared, RHEO_SUCCESS, SECOND, 0);
}

Test(breaker_window, a_record_of_an_older_generation_leaves_the_new_window_alone)
{
	for (uint32_t calls = 0; calls <= 10; calls += 10) {
		uint64_t permit;
		int32_t st;

		shared = watcher(5, 5 * SECOND, calls, 1);
		call(shared, RHEO_SUCCESS, SECOND, 0);
		permit = probe_at(shared, SECOND);
		rh_inject_hook = reset_between;
		st = rheo_breaker_record(shared, permit, RHEO_FAILURE, SECOND);
		rh_inject_hook = NULL;
		assert_status(st, RHEO_STALE);
		assert_window(shared, SECOND, 1, 0, 0);
		assert_u64(breaker_snapshot(shared, SECOND).stale, 1);
		assert_u64(breaker_snapshot(shared, SECOND).failures, 0);
		assert_u64(breaker_snapshot(shared, SECOND).successes, 2);
	}
}

Test(breaker_window, p11_a_recorder_killed_at_any_point_spoils_nothing)
{
	for (volatile uint32_t calls = 0; calls <= 16; calls += 16)
		for (volatile int n = 0;; n++) {
			rheo_breaker_t *b = watcher(5, 5 * SECOND, calls, 1);
			uint64_t permit;
			volatile int died;

			call(b, RHEO_FAILURE, 0, 0);
			permit = probe_at(b, 0);
			KILL_AT(n, died, rheo_breaker_record(b, permit, RHEO_FAILURE, 40 * SECOND));
			if (!died) {
				cr_assert(n >= 1);
				break;
			}
			for (int i = 0; i < 20; i++)
				call(b, RHEO_SUCCESS, 50 * SECOND, 0);
			cr_assert(breaker_snapshot(b, 50 * SECOND).window_failures == 0);
			cr_assert(breaker_snapshot(b, 50 * SECOND).failures <= 2);
		}
}

Test(breaker_window, a_garbled_shape_is_read_within_bounds)
{
	rheo_breaker_t *b = watcher(5, 5 * SECOND, 0, 1), *c = watcher(5, SECOND, 10, 1);
	struct rh_breaker *raw = rh_breaker_self(b).b;

	memset(&raw->shape, 0xff, sizeof raw->shape);
	for (uint64_t i = 0; i < 100; i++)
		call(b, RHEO_FAILURE, i * SECOND, 0);
	memset(&raw->shape, 0, sizeof raw->shape);
	for (uint64_t i = 0; i < 100; i++)
		call(b, RHEO_FAILURE, i * SECOND, 0);
	memset(&rh_breaker_self(c).b->shape, 0, sizeof raw->shape);
	for (uint64_t i = 0; i < 100; i++)
		call(c, RHEO_FAILURE, i, 0);
}
