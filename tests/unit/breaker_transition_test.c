/* SPDX-License-Identifier: BSD-2-Clause */

/* The rules as a table. */

#include "helpers.h"

#include "breaker/transition.h"

static struct rh_brules
rules(uint32_t calls, uint32_t successes, uint32_t failures)
{
	return (struct rh_brules){.half_open_calls = calls,
				  .half_open_successes = successes,
				  .half_open_failures = failures,
				  .open_ns = 1000,
				  .open_max_ns = 10000};
}

Test(breaker_transition, rates_are_compared_without_rounding)
{
	const struct {
		uint64_t bad, calls;
		uint32_t bp;
		bool reached;
	} rows[] = {
		{99, 200, 5000, false},	 {100, 200, 5000, true},   {1, 3, 3333, true},	{1, 3, 3334, false},
		{0, 100, 1, false},	 {1, 10000, 1, true},	   {1, 10001, 1, false}, {10, 10, 10000, true},
		{9, 10, 10000, false},	 {0, 0, 5000, true},	   {5, 10, 0, false},
		{UINT32_MAX, UINT64_C(2) * UINT32_MAX, 5000, true},
		{UINT32_MAX - UINT64_C(1), UINT64_C(2) * UINT32_MAX, 5000, false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_assert(rh_rate_reached(rows[i].bad, rows[i].calls, rows[i].bp) == rows[i].reached, "row %zu", i);
}

Test(breaker_transition, what_follows_from_a_probe)
{
	const enum rh_probe_end S = RH_PROBE_SUCCEEDED, F = RH_PROBE_FAILED, I = RH_PROBE_IGNORED;
	const struct {
		uint32_t calls, successes, failures;
		unsigned n;
		enum rh_probe_end ends[6];
		enum rh_verdict last;
	} rows[] = {
		{1, 1, 1, 1, {S}, RH_CLOSE},
		{1, 1, 1, 1, {F}, RH_REOPEN},
		{1, 1, 1, 1, {I}, RH_REOPEN_AT_ONCE},
		{3, 2, 2, 1, {S}, RH_STAY},
		{3, 2, 2, 2, {S, S}, RH_CLOSE},
		{3, 2, 2, 2, {F, S}, RH_STAY},
		{3, 2, 2, 3, {F, S, F}, RH_REOPEN},
		{3, 2, 2, 3, {F, S, S}, RH_CLOSE},
		{3, 3, 2, 3, {S, F, S}, RH_REOPEN},
		{3, 3, 3, 3, {I, I, I}, RH_REOPEN_AT_ONCE},
		{3, 3, 3, 3, {S, I, S}, RH_REOPEN_AT_ONCE},
		{3, 3, 3, 3, {S, I, F}, RH_REOPEN},
		{5, 5, 1, 5, {S, S, S, S, S}, RH_CLOSE},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rh_state s = {.state = RHEO_HALF_OPEN, .issued = rows[i].calls};
		struct rh_brules r = rules(rows[i].calls, rows[i].successes, rows[i].failures);
		enum rh_verdict v = RH_STAY;

		for (unsigned k = 0; k < rows[i].n; k++) {
			cr_assert(v == RH_STAY, "row %zu decided after %u", i, k);
			v = rh_after_probe(&s, &r, rows[i].ends[k]);
		}
		cr_assert(v == rows[i].last, "row %zu", i);
		cr_assert(s.succeeded + s.failed + s.ignored == rows[i].n);
	}
}

Test(breaker_transition, every_transition_begins_the_next_generation_and_carries_nothing_over)
{
	struct rh_state half = {.state = RHEO_HALF_OPEN, .generation = RH_GEN_MASK, .issued = 3, .failed = 2, .ticket = 9};
	struct rh_state closed = {.state = RHEO_CLOSED, .generation = 7, .in_a_row = 5}, n;

	n = rh_after_trip(closed, 123);
	cr_assert(n.state == RHEO_OPEN && n.generation == 8 && n.deadline == 123 && n.in_a_row == 0);
	n = rh_after_open(n);
	cr_assert(n.state == RHEO_HALF_OPEN && n.generation == 9 && n.issued == 0 && n.deadline == 0);
	n = rh_next_generation(half, RHEO_CLOSED);
	cr_assert(n.state == RHEO_CLOSED && n.generation == 0 && n.issued == 0 && n.ticket == 0);
	n = rh_after_reset((struct rh_state){.state = RHEO_OPEN, .mode = RHEO_FORCED_OPEN, .generation = 1});
	cr_assert(n.state == RHEO_CLOSED && n.mode == RHEO_AUTO && n.generation == 2);
}

Test(breaker_transition, forcing_goes_where_the_header_says)
{
	for (uint32_t state = 0; state < 3; state++)
		for (uint32_t from = 0; from < 4; from++)
			for (uint32_t mode = 0; mode < 4; mode++) {
				struct rh_state s = {.state = state, .mode = from, .generation = 4};
				struct rh_state n = rh_after_force(s, mode, 55);
				bool open = mode == RHEO_FORCED_OPEN ||
					    (mode == RHEO_AUTO && from == RHEO_FORCED_OPEN);

				cr_assert(n.mode == mode && n.generation == 5);
				cr_assert(n.state == (open ? RHEO_OPEN : RHEO_CLOSED));
			}
}

Test(breaker_transition, open_time_grows_by_the_backoff_up_to_the_longest)
{
	struct rh_brules r = rules(1, 1, 1);
	const uint64_t doubled[] = {1000, 2000, 4000, 8000, 10000, 10000};
	const uint64_t by_half[] = {1000, 1500, 2250, 3375, 5062, 7593, 10000};

	r.open_backoff_bp = 10000;
	for (uint32_t i = 0; i < 6; i++)
		assert_u64(rh_open_duration(&r, i, 1, 1), doubled[i]);
	assert_u64(rh_open_duration(&r, UINT32_MAX, 1, 1), 10000);
	r.open_backoff_bp = 5000;
	for (uint32_t i = 0; i < 7; i++)
		assert_u64(rh_open_duration(&r, i, 1, 1), by_half[i]);
	r.open_backoff_bp = 0;
	assert_u64(rh_open_duration(&r, UINT32_MAX, 1, 1), 1000);
	/* growth too small to be a nanosecond ends rather than loops */
	r.open_backoff_bp = 1;
	assert_u64(rh_open_duration(&r, UINT32_MAX, 1, 1), 1000);
}

Test(breaker_transition, jitter_spreads_to_both_sides_within_its_bounds_and_is_the_same_everywhere)
{
	struct rh_brules r = rules(1, 1, 1);
	uint64_t low = UINT64_MAX, high = 0, sum = 0;

	r.open_jitter_bp = 2000;
	for (uint64_t g = 0; g < 20000; g++) {
		uint64_t d = rh_open_duration(&r, 0, 42, g);

		low = d < low ? d : low;
		high = d > high ? d : high;
		sum += d;
	}
	cr_assert(low == 800 && high == 1200, "%llu to %llu", (unsigned long long)low, (unsigned long long)high);
	cr_assert(sum / 20000 >= 995 && sum / 20000 <= 1005);
	assert_u64(rh_open_duration(&r, 0, 42, 7), rh_open_duration(&r, 0, 42, 7));
	/* P16: the value itself, so that no platform may differ */
	assert_u64(rh_open_duration(&r, 0, 42, 1), 1104);
	r.open_max_ns = 1000;
	for (uint64_t g = 0; g < 1000; g++)
		cr_assert(rh_open_duration(&r, 0, 42, g) <= 1000);
	r.open_ns = r.open_max_ns = 1;
	r.open_jitter_bp = 10000;
	for (uint64_t g = 0; g < 1000; g++)
		assert_u64(rh_open_duration(&r, 0, 42, g), 1);
}

Test(breaker_transition, jitter_is_of_the_time_that_is_open_and_no_wider_than_said)
{
	struct rh_brules r = rules(1, 1, 1);
	uint64_t low = UINT64_MAX, high = 0;

	/* two thirds longer would be past the longest: a fifth less than that, at most */
	r.open_ns = 600;
	r.open_max_ns = 1000;
	r.open_backoff_bp = 10000;
	r.open_jitter_bp = 2000;
	for (uint64_t g = 0; g < 20000; g++) {
		uint64_t d = rh_open_duration(&r, 1, 42, g);

		low = d < low ? d : low;
		high = d > high ? d : high;
	}
	cr_assert(low == 800 && high == 1000, "%llu to %llu", (unsigned long long)low, (unsigned long long)high);
	/* from nothing to twice the time, and not a ten thousandth more */
	r.open_ns = UINT64_C(1000000000000);
	r.open_max_ns = 3 * r.open_ns;
	r.open_jitter_bp = 10000;
	for (uint64_t g = 0; g < 100000; g++)
		cr_assert(rh_open_duration(&r, 0, 42, g) <= 2 * r.open_ns);
	/* as little as a nanosecond to each side */
	r.open_ns = 5000;
	r.open_jitter_bp = 2;
	low = UINT64_MAX;
	for (uint64_t g = 0; g < 1000; g++) {
		uint64_t d = rh_open_duration(&r, 0, 42, g);

		low = d < low ? d : low;
	}
	assert_u64(low, 4999);
}
