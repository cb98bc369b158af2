/* SPDX-License-Identifier: BSD-2-Clause */

/* When the breaker trips: on the exact call. The same against an oracle: tests/property. */

#include "helpers.h"

#include "breaker/self.h"

static rheo_breaker_t *
breaker_with(uint32_t failure_bp, uint32_t slow_bp, uint32_t minimum, uint32_t window_calls)
{
	rheo_breaker_config_t cfg = breaker_config();

	cfg.failure_rate_bp = failure_bp;
	cfg.slow_call_rate_bp = slow_bp;
	cfg.slow_call_ns = MS;
	cfg.minimum_calls = minimum;
	cfg.window_calls = window_calls;
	return breaker_from(&cfg, 0);
}

static rheo_breaker_event_t
last_event(const rheo_breaker_t *b)
{
	rheo_breaker_event_t e[16];
	uint32_t n = 0;

	assert_status(rheo_breaker_events(b, 0, e, 16, &n), RHEO_OK);
	cr_assert(n > 0);
	return e[n - 1];
}

Test(breaker_judge, trips_at_the_rate_and_not_below_it)
{
	for (uint32_t calls = 0; calls <= 200; calls += 200) {
		rheo_breaker_t *b = breaker_with(5000, 0, 200, calls);

		for (int i = 0; i < 101; i++)
			call(b, RHEO_SUCCESS, 0, 0);
		for (int i = 0; i < 99; i++)
			call(b, RHEO_FAILURE, 0, 0);
		cr_assert(state_of(b) == RHEO_CLOSED, "opened at 99 of 200");
		b = breaker_with(5000, 0, 200, calls);
		for (int i = 0; i < 100; i++)
			call(b, RHEO_SUCCESS, 0, 0);
		for (int i = 0; i < 99; i++)
			call(b, RHEO_FAILURE, 0, 0);
		cr_assert(state_of(b) == RHEO_CLOSED);
		call(b, RHEO_FAILURE, 0, 0);
		cr_assert(state_of(b) == RHEO_OPEN);
		cr_assert(last_event(b).cause == RHEO_CAUSE_FAILURE_RATE && last_event(b).calls == 200 &&
			  last_event(b).failures == 100);
	}
}

Test(breaker_judge, a_success_that_completes_the_minimum_can_trip)
{
	for (uint32_t calls = 0; calls <= 50; calls += 50) {
		rheo_breaker_t *b = breaker_with(5000, 0, 10, calls);

		for (int i = 0; i < 7; i++)
			call(b, RHEO_FAILURE, 0, 0);
		call(b, RHEO_SUCCESS, 0, 0);
		call(b, RHEO_SUCCESS, 0, 0);
		cr_assert(state_of(b) == RHEO_CLOSED);
		call(b, RHEO_SUCCESS, 0, 0);
		cr_assert(state_of(b) == RHEO_OPEN);
		assert_u64(last_event(b).failures, 7);
	}
}

Test(breaker_judge, a_success_never_trips_where_the_rate_is_not_reached)
{
	rheo_breaker_t *b = breaker_with(5000, 0, 10, 0);

	for (int i = 0; i < 4; i++)
		call(b, RHEO_FAILURE, 0, 0);
	for (int i = 0; i < 100; i++)
		call(b, RHEO_SUCCESS, 0, 0);
	cr_assert(state_of(b) == RHEO_CLOSED);
}

Test(breaker_judge, successes_leaving_the_window_can_trip_on_the_next_record)
{
	rheo_breaker_t *b = breaker_with(5000, 0, 4, 0); /* 10 slices of a second */

	for (int i = 0; i < 10; i++)
		call(b, RHEO_SUCCESS, 0, 0);
	for (int i = 0; i < 4; i++)
		call(b, RHEO_FAILURE, 5 * SECOND, 0);
	cr_assert(state_of(b) == RHEO_CLOSED, "4 of 14");
	call(b, RHEO_SUCCESS, 10 * SECOND, 0);
	cr_assert(state_of(b) == RHEO_OPEN, "4 of 5");
}

Test(breaker_judge, the_tick_sees_that_too)
{
	rheo_breaker_t *b = breaker_with(5000, 0, 4, 0);
	uint64_t next;

	for (int i = 0; i < 10; i++)
		call(b, RHEO_SUCCESS, 0, 0);
	for (int i = 0; i < 4; i++)
		call(b, RHEO_FAILURE, 5 * SECOND, 0);
	assert_status(rheo_breaker_tick(b, 5500 * MS, &next), RHEO_OK);
	assert_u64(next, 500 * MS);
	assert_status(rheo_breaker_tick(b, 10 * SECOND - 1, NULL), RHEO_OK);
	cr_assert(state_of(b) == RHEO_CLOSED);
	assert_status(rheo_breaker_tick(b, 10 * SECOND, NULL), RHEO_OK);
	cr_assert(state_of(b) == RHEO_OPEN);
	assert_u64(last_event(b).at_ns, 10 * SECOND);
}

Test(breaker_judge, slow_calls_trip_by_their_own_rate)
{
	rheo_breaker_t *b = breaker_with(0, 5000, 4, 0);

	call(b, RHEO_SUCCESS, 0, MS);
	call(b, RHEO_SUCCESS, 0, MS);
	call(b, RHEO_SUCCESS, 0, MS + 1);
	cr_assert(state_of(b) == RHEO_CLOSED);
	call(b, RHEO_SUCCESS, 0, MS + 1);
	cr_assert(state_of(b) == RHEO_OPEN);
	cr_assert(last_event(b).cause == RHEO_CAUSE_SLOW_CALL_RATE && last_event(b).slow == 2);
}

Test(breaker_judge, a_rate_of_zero_is_off_and_of_10000_means_all)
{
	rheo_breaker_t *off = breaker_with(0, 0, 1, 0), *all = breaker_with(10000, 0, 3, 0);

	for (int i = 0; i < 1000; i++)
		call(off, RHEO_FAILURE, 0, SECOND);
	cr_assert(state_of(off) == RHEO_CLOSED);
	call(all, RHEO_SUCCESS, 0, 0);
	for (int i = 0; i < 1000; i++)
		call(all, RHEO_FAILURE, 0, 0);
	cr_assert(state_of(all) == RHEO_CLOSED);
	for (int i = 0; i < 3; i++)
		call(all, RHEO_FAILURE, 11 * SECOND, 0);
	cr_assert(state_of(all) == RHEO_OPEN);
}

Test(breaker_judge, failures_in_a_row_trip_without_a_minimum)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;

	cfg.failure_rate_bp = 0;
	cfg.consecutive_failures = 3;
	cfg.minimum_calls = 100;
	b = breaker_from(&cfg, 0);
	for (int i = 0; i < 50; i++) {
		call(b, RHEO_FAILURE, 0, 0);
		call(b, RHEO_FAILURE, 0, 0);
		assert_u64(breaker_snapshot(b, 0).consecutive_failures, 2);
		call(b, RHEO_IGNORED, 0, 0);
		assert_u64(breaker_snapshot(b, 0).consecutive_failures, 2);
		call(b, RHEO_SUCCESS, 0, 0);
		assert_u64(breaker_snapshot(b, 0).consecutive_failures, 0);
	}
	for (int i = 0; i < 3; i++)
		call(b, RHEO_FAILURE, 0, 0);
	cr_assert(state_of(b) == RHEO_OPEN);
	cr_assert(last_event(b).cause == RHEO_CAUSE_CONSECUTIVE_FAILURES && last_event(b).failures == 3);
}

Test(breaker_judge, calls_in_flight_are_in_no_denominator)
{
	rheo_breaker_t *b = breaker_with(5000, 0, 4, 0);
	uint64_t permits[10];

	for (int i = 0; i < 10; i++)
		permits[i] = probe_at(b, 0);
	for (int i = 0; i < 4; i++)
		call(b, RHEO_FAILURE, 0, 0);
	cr_assert(state_of(b) == RHEO_OPEN);
	for (int i = 0; i < 10; i++)
		assert_status(rheo_breaker_record(b, permits[i], RHEO_SUCCESS, 0), RHEO_STALE);
	cr_assert(state_of(b) == RHEO_OPEN);
}

Test(breaker_judge, a_minimum_above_the_count_window_means_the_window)
{
	rheo_breaker_t *b = breaker_with(5000, 0, 1000, 8);

	for (int i = 0; i < 8; i++)
		call(b, RHEO_FAILURE, 0, 0);
	cr_assert(state_of(b) == RHEO_OPEN);
}

/*
 * Two threads, each of which needs to see the other's record: whatever the
 * interleaving of a success inside a failure, one of them trips.
 */
static rheo_breaker_t *shared;
static const char *where;
static int skip;

static void
success_between(const char *point)
{
	if (strcmp(point, where) != 0 || skip-- > 0)
		return;
	rh_inject_hook = NULL;
	call(shared, RHEO_SUCCESS, 0, 0);
}

Test(breaker_judge, the_verdict_does_not_fall_between_a_failure_and_a_success)
{
	const char *const points[] = {"WINDOW_BEFORE_ADD", "WINDOW_BETWEEN_CALL_AND_OUTCOME", "JUDGE_BEFORE_CALLS",
				      "JUDGE_BEFORE_TRIP", "WINDOW_BEFORE_OUTCOME", "BREAKER_BEFORE_TURN"};

	for (uint32_t calls = 0; calls <= 20; calls += 20)
		for (size_t p = 0; p < sizeof points / sizeof *points; p++)
			for (skip = 0; skip < 2; skip++) {
				int kept = skip;

				shared = breaker_with(5000, 0, 4, calls);
				call(shared, RHEO_FAILURE, 0, 0);
				call(shared, RHEO_SUCCESS, 0, 0);
				where = points[p];
				rh_inject_hook = success_between;
				/* with the success inside, this is the fourth call: 2 failures of 4 */
				call(shared, RHEO_FAILURE, 0, 0);
				if (rh_inject_hook != NULL) {
					rh_inject_hook = NULL;
					call(shared, RHEO_SUCCESS, 0, 0);
				}
				skip = kept;
				cr_assert(state_of(shared) == RHEO_OPEN, "%s, window of %u calls, skip %d", points[p],
					  calls, kept);
			}
}

/* And a failure inside a success: the success adds, sleeps, a failure judges, the success looks. */
static void
failure_between(const char *point)
{
	if (strcmp(point, where) != 0)
		return;
	rh_inject_hook = NULL;
	call(shared, RHEO_FAILURE, 0, 0);
}

Test(breaker_judge, nor_between_a_success_and_a_failure)
{
	const char *const points[] = {"WINDOW_BEFORE_ADD", "WINDOW_BETWEEN_CALL_AND_OUTCOME", "WINDOW_BEFORE_OUTCOME"};

	for (uint32_t calls = 0; calls <= 20; calls += 20)
		for (size_t p = 0; p < 3; p++) {
			shared = breaker_with(5000, 0, 4, calls);
			call(shared, RHEO_SUCCESS, 0, 0);
			call(shared, RHEO_FAILURE, 0, 0);
			where = points[p];
			rh_inject_hook = failure_between;
			call(shared, RHEO_SUCCESS, 0, 0);
			if (rh_inject_hook != NULL) {
				rh_inject_hook = NULL;
				call(shared, RHEO_FAILURE, 0, 0);
			}
			cr_assert(state_of(shared) == RHEO_OPEN, "%s, window of %u calls", points[p], calls);
		}
}

/* Sums that are kept are rounded, and hide no trip. */
Test(breaker_judge, trips_on_the_exact_failure_however_many_succeeded_before)
{
	for (int successes = 4; successes < 20000; successes += successes < 260 ? 1 : successes / 3) {
		rheo_breaker_t *b = breaker_with(5000, 0, 4, 0);

		for (int i = 0; i < successes; i++)
			call(b, RHEO_SUCCESS, 0, 0);
		for (int i = 0; i < successes; i++) {
			cr_assert(state_of(b) == RHEO_CLOSED, "at %d of %d", i, successes + i);
			call(b, RHEO_FAILURE, 0, 0);
		}
		cr_assert(state_of(b) == RHEO_OPEN, "not at %d of %d", successes, 2 * successes);
		free(rh_handle_memory(b));
	}
}

static unsigned sums;

static void
count_sums(const char *point)
{
	sums += strcmp(point, "JUDGE_BEFORE_CALLS") == 0;
}

/* To the given generation, by resets: a sum is kept under its number. */
static void
go_on_to(rheo_breaker_t *b, uint32_t generation)
{
	for (uint32_t i = 0; i < generation; i++)
		assert_status(rheo_breaker_reset(b, 0), RHEO_OK);
}

Test(breaker_judge, sums_are_few_where_the_rate_is_steady)
{
	const uint32_t generations[] = {0, 1, 1u << (RH_GEN_BITS - 1), RH_GEN_MASK};

	for (size_t g = 0; g < sizeof generations / sizeof *generations; g++) {
		rheo_breaker_t *b = breaker_with(5000, 0, 10, 0);

		go_on_to(b, generations[g]);
		sums = 0;
		rh_inject_hook = count_sums;
		/* 30 % failures, 30000 calls in one slice */
		for (int i = 0; i < 30000; i++)
			call(b, i % 10 < 3 && i > 20 ? RHEO_FAILURE : RHEO_SUCCESS, 0, 0);
		rh_inject_hook = NULL;
		cr_assert(sums > 0 && sums < 60, "%u sums over all lanes in generation %u", sums, generations[g]);
	}
}

/* The window of one slice may hold less than that of the slice before. */
Test(breaker_judge, a_sum_of_the_slice_before_is_not_taken_for_one_of_now)
{
	const uint32_t generations[] = {0, 1, 1u << (RH_GEN_BITS - 1), RH_GEN_MASK};

	for (size_t g = 0; g < sizeof generations / sizeof *generations; g++)
		for (uint64_t first = 0; first < 2; first++) {
			rheo_breaker_t *b = breaker_with(5000, 0, 4, 0); /* 10 slices of a second */
			uint64_t at = first * SECOND;

			go_on_to(b, generations[g]);
			for (int i = 0; i < 10; i++)
				call(b, RHEO_SUCCESS, at + SECOND, 0);
			for (int i = 0; i < 4; i++)
				call(b, RHEO_FAILURE, at + 5 * SECOND, 0);
			/* summed up in this slice */
			call(b, RHEO_SUCCESS, at + 10 * SECOND, 0);
			cr_assert(state_of(b) == RHEO_CLOSED, "4 of 15");
			call(b, RHEO_SUCCESS, at + 11 * SECOND, 0);
			cr_assert(state_of(b) == RHEO_OPEN, "4 of 6 in generation %u", generations[g]);
		}
}

/* While a failure of one generation keeps its sum, the next begins, with one failure. */
static void
begin_the_next(const char *point)
{
	if (strcmp(point, "JUDGE_BEFORE_KEEP") != 0)
		return;
	rh_inject_hook = NULL;
	assert_status(rheo_breaker_reset(shared, 0), RHEO_OK);
	call(shared, RHEO_FAILURE, 0, 0);
}

Test(breaker_judge, a_sum_kept_late_is_not_taken_for_one_of_the_next_generation)
{
	shared = breaker_with(5000, 0, 4, 0);
	for (int i = 0; i < 100; i++)
		call(shared, RHEO_SUCCESS, 0, 0);
	call(shared, RHEO_FAILURE, 0, 0);
	rh_inject_hook = begin_the_next;
	call(shared, RHEO_FAILURE, 0, 0);
	cr_assert(rh_inject_hook == NULL, "not passed");
	for (int i = 0; i < 3; i++) {
		cr_assert(state_of(shared) == RHEO_CLOSED);
		call(shared, RHEO_FAILURE, 0, 0);
	}
	cr_assert(state_of(shared) == RHEO_OPEN);
}

/* All read the line that it is on. */
Test(breaker_judge, the_watch_is_let_alone_where_there_are_calls_enough)
{
	for (uint32_t successes = 2; successes <= 20; successes += 18) {
		rheo_breaker_t *b = breaker_with(5000, 0, 4, 0);

		for (uint32_t i = 0; i < successes; i++)
			call(b, RHEO_SUCCESS, 0, 0);
		call(b, RHEO_FAILURE, 0, 0);
		call(b, RHEO_FAILURE, 0, 0);
		cr_assert(state_of(b) == (successes == 2 ? RHEO_OPEN : RHEO_CLOSED));
		assert_u64(rh_load_rlx(&rh_breaker_self(b).b->watch), 0);
	}
}

static void
reset_between(const char *point)
{
	if (strcmp(point, where) != 0)
		return;
	rh_inject_hook = NULL;
	assert_status(rheo_breaker_reset(shared, 0), RHEO_OK);
}

Test(breaker_judge, p9_a_window_that_ends_before_the_trip_opens_nothing)
{
	const char *const points[] = {"JUDGE_BEFORE_CALLS", "JUDGE_BEFORE_TRIP"};

	for (size_t p = 0; p < 2; p++) {
		shared = breaker_with(5000, 0, 4, 0);
		for (int i = 0; i < 3; i++)
			call(shared, RHEO_FAILURE, 0, 0);
		where = points[p];
		rh_inject_hook = reset_between;
		call(shared, RHEO_FAILURE, 0, 0);
		cr_assert(rh_inject_hook == NULL, "not passed");
		cr_assert(state_of(shared) == RHEO_CLOSED, "%s", points[p]);
		assert_u64(breaker_snapshot(shared, 0).generation, 1);
	}
}

/* Dies at the point `where`. */
static void
die_here(const char *point)
{
	if (strcmp(point, where) != 0)
		return;
	rh_inject_hook = NULL;
	siglongjmp(death, 1);
}

/* While a failure is about to trip, a success ends the row, and dies before it looks at the window itself. */
static void
end_the_row_and_die(const char *point)
{
	if (strcmp(point, "JUDGE_BEFORE_TRIP") != 0)
		return;
	where = "JUDGE_BEFORE_CALLS";
	rh_inject_hook = die_here;
	if (sigsetjmp(death, 0) == 0)
		call(shared, RHEO_SUCCESS, 0, 0);
}

Test(breaker_judge, p11_a_row_that_ends_before_the_trip_does_not_hinder_it)
{
	rheo_breaker_config_t cfg = breaker_config();

	cfg.consecutive_failures = 100;
	shared = breaker_from(&cfg, 0);
	for (int i = 0; i < 3; i++)
		call(shared, RHEO_FAILURE, 0, 0);
	rh_inject_hook = end_the_row_and_die;
	call(shared, RHEO_FAILURE, 0, 0);
	cr_assert(rh_inject_hook == NULL, "not passed");
	cr_assert(state_of(shared) == RHEO_OPEN);
	assert_u64(breaker_snapshot(shared, 0).successes, 1);
}

/* Whoever read the watch before it was cleared and set again must not clear what was set since. */
Test(breaker_judge, each_setting_of_the_watch_is_another_number)
{
	rheo_breaker_t *b = breaker_with(5000, 0, 4, 0);
	struct rh_bself self = rh_breaker_self(b);
	uint64_t last = 0;

	for (int i = 0; i < 10; i++) {
		uint64_t set = rh_breaker_watch(self), v = set;

		cr_assert(set > last && rh_breaker_watched(self));
		last = set;
		if (i % 2 == 0)
			cr_assert(rh_cas_rlx(&self.b->watch, &v, set - 1) && !rh_breaker_watched(self));
	}
}

Test(breaker_judge, the_watch_ends_when_the_rates_are_not_reached)
{
	rheo_breaker_t *b = breaker_with(5000, 0, 4, 0);

	rh_breaker_watch(rh_breaker_self(b));
	call(b, RHEO_SUCCESS, 0, 0);
	cr_assert(!rh_breaker_watched(rh_breaker_self(b)));
}

Test(breaker_judge, calls_judged_before_a_reset_are_not_counted_after_it)
{
	rheo_breaker_t *b = breaker_with(5000, 0, 4, 0);

	for (int i = 0; i < 100; i++)
		call(b, RHEO_SUCCESS, 0, 0);
	for (int i = 0; i < 5; i++)
		call(b, RHEO_FAILURE, 0, 0);
	assert_status(rheo_breaker_reset(b, 0), RHEO_OK);
	for (int i = 0; i < 4; i++) {
		cr_assert(state_of(b) == RHEO_CLOSED);
		call(b, RHEO_FAILURE, 0, 0);
	}
	cr_assert(state_of(b) == RHEO_OPEN);
}

/* While a failure sets the watch, another sets it and a success clears it again; the rules are as before. */
static rheo_breaker_config_t cleared;

static void
set_and_clear(const char *point)
{
	if (strcmp(point, "JUDGE_BEFORE_WATCH") != 0)
		return;
	rh_inject_hook = NULL;
	call(shared, RHEO_FAILURE, 0, 0);
	cleared.minimum_calls = 100;
	assert_status(rheo_breaker_reconfigure(shared, &cleared, 0), RHEO_OK);
	call(shared, RHEO_SUCCESS, 0, 0);
	cleared.minimum_calls = 6;
	/* who changes them back dies before it can set the watch */
	where = "JUDGE_BEFORE_WATCH";
	rh_inject_hook = die_here;
	if (sigsetjmp(death, 0) == 0)
		assert_status(rheo_breaker_reconfigure(shared, &cleared, 0), RHEO_OK);
	cr_assert(!rh_breaker_watched(rh_breaker_self(shared)));
}

Test(breaker_judge, a_watch_that_was_set_and_cleared_meanwhile_is_set_all_the_same)
{
	cleared = breaker_config();
	cleared.minimum_calls = 6;
	shared = breaker_from(&cleared, 0);
	for (int i = 0; i < 2; i++)
		call(shared, RHEO_FAILURE, 0, 0);
	rh_inject_hook = set_and_clear;
	/* the third failure; with what comes between five calls, four of which failed */
	call(shared, RHEO_FAILURE, 0, 0);
	cr_assert(rh_inject_hook == NULL && state_of(shared) == RHEO_CLOSED);
	call(shared, RHEO_SUCCESS, 0, 0);
	cr_assert(state_of(shared) == RHEO_OPEN);
}

/* Slices are told apart by 36 bits of their number where a sum is kept. */
Test(breaker_judge, a_sum_of_a_slice_long_ago_is_not_taken_for_one_of_now)
{
	for (int slow = 0; slow < 2; slow++)
		for (unsigned bits = 24; bits <= 40; bits++) {
			rheo_breaker_config_t cfg = breaker_config();
			uint64_t at = 100 * MS, later = at + (MS << bits);

			cfg.window_ns = 10 * MS;
			cfg.minimum_calls = 10;
			cfg.slow_call_rate_bp = 5000;
			cfg.slow_call_ns = 1;
			shared = breaker_from(&cfg, 0);
			for (int i = 0; i < 1000; i++)
				call(shared, RHEO_SUCCESS, at, 0);
			for (int i = 0; i < 20; i++)
				call(shared, slow ? RHEO_SUCCESS : RHEO_FAILURE, at, slow ? 2 : 0);
			call(shared, RHEO_SUCCESS, later, 0);
			for (int i = 0; i < 9; i++) {
				cr_assert(state_of(shared) == RHEO_CLOSED, "2^%u slices later, after %d of 10", bits, i + 1);
				call(shared, slow ? RHEO_SUCCESS : RHEO_FAILURE, later, slow ? 2 : 0);
			}
			cr_assert(state_of(shared) == RHEO_OPEN, "2^%u slices later", bits);
			free((void *)((uintptr_t)shared & ~(uintptr_t)127));
		}
}

static rheo_breaker_t *shared;
static rheo_breaker_config_t rules;
static void (*meanwhile)(void);

/* A thread is about to judge and sleeps; others do `meanwhile`. */
static void
before_judging(const char *point)
{
	if (strcmp(point, "JUDGE_BEGINS") != 0)
		return;
	rh_inject_hook = NULL;
	meanwhile();
}

static void
fail_asleep(void (*others)(void))
{
	meanwhile = others;
	rh_inject_hook = before_judging;
	call(shared, RHEO_FAILURE, 0, 0);
	cr_assert(rh_inject_hook == NULL, "it did not judge");
}

/* Three failures of four calls that are asked for. */
static void
begin_again_and_fail(void)
{
	rheo_breaker_reset(shared, 0);
	for (int i = 0; i < 3; i++)
		call(shared, RHEO_FAILURE, 0, 0);
	cr_assert(rh_breaker_watched(rh_breaker_self(shared)));
}

Test(breaker_judge, one_that_slept_does_not_take_back_the_watch_of_a_later_generation)
{
	rules = breaker_config();
	rules.minimum_calls = 4;
	rules.lanes = 1;
	shared = breaker_from(&rules, 0);
	fail_asleep(begin_again_and_fail);
	cr_assert(state_of(shared) == RHEO_CLOSED);
	call(shared, RHEO_SUCCESS, 0, 0);
	cr_assert(state_of(shared) == RHEO_OPEN, "three of four failed, and the fourth was not looked at");
}

static void
ask_for_less(void)
{
	rules.failure_rate_bp = 3000;
	rules.minimum_calls = 12;
	assert_status(rheo_breaker_reconfigure(shared, &rules, 0), RHEO_OK);
}

Test(breaker_judge, one_that_slept_does_not_take_back_the_watch_of_later_rules)
{
	rules = breaker_config();
	rules.failure_rate_bp = 9000;
	rules.minimum_calls = 10;
	rules.lanes = 1;
	shared = breaker_from(&rules, 0);
	for (int i = 0; i < 6; i++)
		call(shared, RHEO_SUCCESS, 0, 0);
	for (int i = 0; i < 4; i++)
		call(shared, RHEO_FAILURE, 0, 0);
	fail_asleep(ask_for_less);
	cr_assert(state_of(shared) == RHEO_CLOSED);
	call(shared, RHEO_SUCCESS, 0, 0);
	cr_assert(state_of(shared) == RHEO_OPEN, "five of twelve failed, and the twelfth was not looked at");
}
