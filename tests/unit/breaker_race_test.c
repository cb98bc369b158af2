/* SPDX-License-Identifier: BSD-2-Clause */

/* Races that a breaker's calls lose at one named point: what is counted, said, and becomes of the breaker then. */

#include "helpers.h"

#include "breaker/self.h"

#define HALF (5 * SECOND)

static rheo_breaker_t *b;
static rheo_breaker_config_t cfg;
static uint64_t other, now;
static const char *where;
static void (*what)(void);

static void
at_point(const char *point)
{
	if (strcmp(point, where) != 0)
		return;
	rh_inject_hook = NULL;
	what();
	where = NULL;
}

/* While the statement runs, `doing` comes between, once, where it first passes the point. */
#define MEANWHILE(point, doing, statement)             \
	do {                                           \
		where = (point);                       \
		what = (doing);                        \
		rh_inject_hook = at_point;             \
		statement;                             \
		rh_inject_hook = NULL;                 \
		cr_assert(where == NULL, "not passed"); \
	} while (0)

/* HALF_OPEN at HALF with nobody's probe out, `calls` in all, closing and reopening only when all have ended. */
static void
half_open(uint32_t calls, uint32_t flags)
{
	cfg = breaker_config();
	cfg.half_open_calls = calls;
	cfg.half_open_successes = calls;
	cfg.half_open_failures = calls;
	cfg.flags = flags;
	b = breaker_from(&cfg, 0);
	trip(b, 0);
	assert_status(rheo_breaker_tick(b, HALF, NULL), RHEO_OK);
	cr_assert(state_of(b) == RHEO_HALF_OPEN);
}

static void
record_success(void)
{
	assert_status(rheo_breaker_record(b, other, RHEO_SUCCESS, 0), RHEO_OK);
}

Test(breaker_race, a_success_that_comes_before_the_trip_ends_the_row)
{
	rheo_breaker_snapshot_t s;

	cfg = breaker_config();
	cfg.failure_rate_bp = 0;
	cfg.consecutive_failures = 2;
	b = breaker_from(&cfg, 0);
	call(b, RHEO_FAILURE, 0, 0);
	other = probe_at(b, 0);
	MEANWHILE("BREAKER_BEFORE_TURN", record_success, call(b, RHEO_FAILURE, 0, 0));
	s = breaker_snapshot(b, 0);
	cr_assert(s.state == RHEO_CLOSED && s.generation == 0);
	/* the failure begins the next row */
	assert_u64(s.consecutive_failures, 1);
	assert_u64(s.cas_retries, 1);
	call(b, RHEO_FAILURE, 0, 0);
	cr_assert(state_of(b) == RHEO_OPEN);
}

Test(breaker_race, who_is_alone_never_tries_again)
{
	cfg = breaker_config();
	cfg.consecutive_failures = 100;
	cfg.failure_rate_bp = 5000;
	b = breaker_from(&cfg, 0);
	trip(b, 0);
	rheo_breaker_record(b, probe_at(b, HALF), RHEO_FAILURE, HALF);
	rheo_breaker_record(b, probe_at(b, 2 * HALF), RHEO_SUCCESS, 2 * HALF);
	rheo_breaker_record(b, probe_at(b, 2 * HALF), RHEO_SUCCESS, 2 * HALF);
	trip(b, 2 * HALF);
	assert_u64(breaker_snapshot(b, 2 * HALF).cas_retries, 0);
}

static void
reset_b(void)
{
	assert_status(rheo_breaker_reset(b, 0), RHEO_OK);
}

Test(breaker_race, a_failure_whose_generation_ends_is_in_no_row_of_the_next)
{
	cfg = breaker_config();
	cfg.failure_rate_bp = 0;
	cfg.consecutive_failures = 5;
	b = breaker_from(&cfg, 0);
	MEANWHILE("ROW_BEFORE_SWAP", reset_b, call(b, RHEO_FAILURE, 0, 0));
	assert_u64(breaker_snapshot(b, 0).generation, 1);
	assert_u64(breaker_snapshot(b, 0).consecutive_failures, 0);
}

Test(breaker_race, a_row_ends_where_rows_are_no_longer_counted_though_it_fails_again)
{
	cfg = breaker_config();
	cfg.failure_rate_bp = 0;
	cfg.consecutive_failures = 5;
	b = breaker_from(&cfg, 0);
	call(b, RHEO_FAILURE, 0, 0);
	assert_u64(breaker_snapshot(b, 0).consecutive_failures, 1);
	cfg.consecutive_failures = 0;
	assert_status(rheo_breaker_reconfigure(b, &cfg, 0), RHEO_OK);
	call(b, RHEO_FAILURE, 0, 0);
	assert_u64(breaker_snapshot(b, 0).consecutive_failures, 0);
}

static unsigned moves;

/* A neighbour that is always first; the row stays far below what would trip. */
static void
move_the_row(const char *point)
{
	struct rh_state s;

	if (strcmp(point, "ROW_BEFORE_SWAP") != 0)
		return;
	s = rh_state_unpack(rh_load_acq(&rh_breaker_self(b).b->state));
	s.in_a_row = 1 + moves++ % 2;
	rh_store_init(&rh_breaker_self(b).b->state, rh_state_pack(s));
}

Test(breaker_race, p12_p14_a_row_that_cannot_be_counted_is_given_up_and_the_window_judged)
{
	cfg = breaker_config();
	cfg.consecutive_failures = 100;
	b = breaker_from(&cfg, 0);
	for (int i = 0; i < 3; i++)
		call(b, RHEO_FAILURE, 0, 0);
	rh_inject_hook = move_the_row;
	call(b, RHEO_FAILURE, 0, 0);
	rh_inject_hook = NULL;
	assert_u64(moves, RH_STATE_TRIES);
	cr_assert(state_of(b) == RHEO_OPEN);
}

static void
force_open(void)
{
	assert_status(rheo_breaker_force(b, RHEO_FORCED_OPEN, 0), RHEO_OK);
}

Test(breaker_race, a_success_that_has_to_look_finds_the_breaker_open_and_leaves_it)
{
	cfg = breaker_config();
	b = breaker_from(&cfg, 0);
	call(b, RHEO_SUCCESS, 0, 0);
	rh_breaker_watch(rh_breaker_self(b));
	other = probe_at(b, 0);
	MEANWHILE("WINDOW_BEFORE_ADD", force_open, record_success());
	assert_u64(breaker_snapshot(b, 0).generation, 1);
	cr_assert(state_of(b) == RHEO_OPEN);
	assert_u64(breaker_snapshot(b, 0).successes, 2);
}

Test(breaker_race, p15_calls_of_a_slice_that_a_reset_has_divided_are_counted_on_their_side)
{
	rheo_breaker_snapshot_t s;

	cfg = breaker_config();
	b = breaker_from(&cfg, 0);
	for (int i = 0; i < 3; i++)
		call(b, RHEO_SUCCESS, 0, 0);
	assert_status(rheo_breaker_reset(b, 0), RHEO_OK);
	for (int i = 0; i < 2; i++)
		call(b, RHEO_SUCCESS, 0, 0);
	s = breaker_snapshot(b, 0);
	cr_assert(s.window_calls == 2 && s.successes == 5 && s.stale == 0);
}

Test(breaker_race, calls_are_not_slow_any_more_where_the_rule_was_taken_back)
{
	cfg = breaker_config();
	cfg.slow_call_rate_bp = 5000;
	cfg.slow_call_ns = MS;
	b = breaker_from(&cfg, 0);
	call(b, RHEO_SUCCESS, 0, 2 * MS);
	assert_u64(breaker_snapshot(b, 0).slow, 1);
	cfg.slow_call_rate_bp = 0;
	assert_status(rheo_breaker_reconfigure(b, &cfg, 2 * MS), RHEO_OK);
	call(b, RHEO_SUCCESS, 2 * MS, 2 * MS);
	assert_u64(breaker_snapshot(b, 4 * MS).slow, 1);
}

/* A lane a CPU, so that it may be the CPU's own (port/own.h). */
static void
many_lanes(void)
{
	cfg = breaker_config();
	cfg.lanes = 0;
	cfg.minimum_calls = 1000;
	b = breaker_from(&cfg, 0);
}

static void
succeed_now(void)
{
	call(b, RHEO_SUCCESS, now, 0);
}

static int times;

static void
time_and_again(const char *point)
{
	if (strcmp(point, where) != 0 || times == 0)
		return;
	times--;
	rh_inject_hook = NULL;
	what();
	rh_inject_hook = time_and_again;
}

Test(breaker_race, p15_a_failure_whose_place_is_changed_time_and_again_is_counted_elsewhere)
{
	rheo_breaker_snapshot_t s;

	many_lanes();
	now = 0;
	times = 20;
	where = "WINDOW_BEFORE_ADD";
	what = succeed_now;
	rh_inject_hook = time_and_again;
	call(b, RHEO_FAILURE, 0, 0);
	rh_inject_hook = NULL;
	s = breaker_snapshot(b, 0);
	cr_assert(s.failures == 1 && s.window_failures == 1);
	assert_u64(s.successes, 20 - (uint64_t)times);
	assert_u64(s.window_calls, 1 + s.successes);
}

Test(breaker_race, p15_a_slice_that_another_call_has_begun_is_counted_in_all_the_same)
{
	rheo_breaker_snapshot_t s;

	many_lanes();
	succeed_now();
	now = 3 * SECOND;
	MEANWHILE("WINDOW_BEFORE_SLICE", succeed_now, call(b, RHEO_SUCCESS, now, 0));
	s = breaker_snapshot(b, now);
	cr_assert(s.successes == 3 && s.window_calls == 3);
	/* and neither in the one before it: slice 0 has left the window, 3 is the last in it */
	assert_u64(breaker_snapshot(b, 12 * SECOND).window_calls, 2);
}

static void
reset(void)
{
	assert_status(rheo_breaker_reset(b, now), RHEO_OK);
}

Test(breaker_race, p15_a_slow_call_whose_generation_ends_while_it_is_counted_stays_slow_in_the_totals)
{
	rheo_breaker_snapshot_t s;

	cfg = breaker_config();
	cfg.slow_call_rate_bp = 5000;
	cfg.slow_call_ns = MS;
	b = breaker_from(&cfg, 0);
	now = 2 * MS;
	MEANWHILE("WINDOW_BETWEEN_CALL_AND_OUTCOME", reset, call(b, RHEO_SUCCESS, 0, 2 * MS));
	s = breaker_snapshot(b, now);
	cr_assert(s.successes == 1 && s.slow == 1 && s.failures == 0);
	cr_assert(s.generation == 1 && s.window_calls == 0 && s.window_slow == 0);
}

static void
use_the_sixty_fourth_place(void)
{
	for (int i = 1; i < 64; i++)
		assert_status(rheo_breaker_cancel(b, probe_at(b, HALF), HALF), RHEO_OK);
	other = probe_at(b, HALF);
}

Test(breaker_race, the_first_prober_finds_its_place_taken_and_takes_another)
{
	uint64_t permit = 0;

	half_open(3, 0);
	assert_status(rheo_breaker_force(b, RHEO_FORCED_OPEN, HALF), RHEO_OK);
	assert_status(rheo_breaker_force(b, RHEO_AUTO, HALF), RHEO_OK);
	MEANWHILE("BREAKER_AFTER_TURN", use_the_sixty_fourth_place,
		  assert_status(rheo_breaker_try_acquire(b, HALF, &permit), RHEO_OK));
	assert_u64(rh_permit_slot(other), 0);
	cr_assert(rh_permit_slot(permit) != 0);
	assert_u64(breaker_snapshot(b, HALF).probes_issued, 2);
	assert_status(rheo_breaker_record(b, permit, RHEO_SUCCESS, HALF), RHEO_OK);
	assert_status(rheo_breaker_record(b, other, RHEO_SUCCESS, HALF), RHEO_OK);
}

static void
probe_again(void)
{
	reset();
	trip(b, HALF);
	assert_status(rheo_breaker_tick(b, 2 * HALF, NULL), RHEO_OK);
	other = probe_at(b, 2 * HALF);
}

Test(breaker_race, p9_a_report_that_sleeps_into_another_half_open_period_counts_for_nothing_there)
{
	rheo_breaker_snapshot_t s;
	uint64_t permit;

	half_open(2, 0);
	now = HALF;
	permit = probe_at(b, HALF);
	MEANWHILE("PROBE_BEFORE_SETTLE", probe_again,
		  assert_status(rheo_breaker_record(b, permit, RHEO_SUCCESS, HALF), RHEO_STALE));
	s = breaker_snapshot(b, 2 * HALF);
	cr_assert(s.state == RHEO_HALF_OPEN && s.probes_issued == 1 && s.probes_succeeded == 0);
	assert_u64(s.stale, 1);
	assert_status(rheo_breaker_record(b, other, RHEO_SUCCESS, 2 * HALF), RHEO_OK);
}

static void
tick_when_overdue(void)
{
	assert_status(rheo_breaker_tick(b, HALF + 2 * SECOND, NULL), RHEO_OK);
}

Test(breaker_race, p9_a_report_that_sleeps_until_its_probe_is_given_up_counts_for_nothing)
{
	rheo_breaker_snapshot_t s;
	uint64_t permit;

	half_open(2, RHEO_BREAKER_PROBE_TIMEOUT_CANCELS);
	permit = probe_at(b, HALF);
	MEANWHILE("PROBE_BEFORE_SETTLE", tick_when_overdue,
		  assert_status(rheo_breaker_record(b, permit, RHEO_SUCCESS, HALF), RHEO_STALE));
	s = breaker_snapshot(b, HALF + 2 * SECOND);
	cr_assert(s.state == RHEO_HALF_OPEN && s.probes_succeeded == 0 && s.probes_ignored == 1);
	assert_u64(s.stale, 1);
}

/* Another half-open period begins, by one that dies before it sweeps the places of the last. */
static void
probe_again_and_die(void)
{
	volatile int died;

	reset();
	trip(b, HALF);
	KILL_AT(2, died, rheo_breaker_tick(b, 2 * HALF, NULL));
	cr_assert(died && state_of(b) == RHEO_HALF_OPEN);
}

Test(breaker_race, p9_a_cancel_that_sleeps_into_another_half_open_period_gives_nothing_back_there)
{
	uint64_t permit;

	half_open(2, 0);
	now = HALF;
	permit = probe_at(b, HALF);
	MEANWHILE("PROBE_BEFORE_CLAIM", probe_again_and_die,
		  assert_status(rheo_breaker_cancel(b, permit, HALF), RHEO_STALE));
	assert_u64(breaker_snapshot(b, 2 * HALF).probes_issued, 0);
	/* and both of its probes are to be had */
	probe_at(b, 2 * HALF);
	probe_at(b, 2 * HALF);
	assert_status(rheo_breaker_try_acquire(b, 2 * HALF, &permit), RHEO_REJ_PROBE);
}

static void
take_a_probe(void)
{
	other = probe_at(b, now);
}

Test(breaker_race, a_permit_given_before_the_places_are_swept_is_as_good_as_any)
{
	half_open(2, 0);
	now = HALF;
	reset();
	trip(b, HALF);
	now = 2 * HALF;
	MEANWHILE("BREAKER_AFTER_TURN", take_a_probe, rheo_breaker_tick(b, now, NULL));
	assert_status(rheo_breaker_record(b, other, RHEO_SUCCESS, now), RHEO_OK);
}

Test(breaker_race, a_lost_race_for_a_permit_or_a_transition_is_one_retry)
{
	half_open(3, 0);
	now = HALF;
	MEANWHILE("PROBE_BEFORE_ISSUE", take_a_probe, probe_at(b, HALF));
	assert_u64(breaker_snapshot(b, HALF).probes_issued, 2);
	assert_u64(breaker_snapshot(b, HALF).cas_retries, 1);
	MEANWHILE("BREAKER_BEFORE_TURN", reset, rheo_breaker_force(b, RHEO_DISABLED, HALF));
	assert_u64(breaker_snapshot(b, HALF).cas_retries, 2);
	assert_u64(breaker_snapshot(b, HALF).generation, 4);
}

static void
succeed_a_slice_later(void)
{
	call(b, RHEO_SUCCESS, 9 * SECOND, 0);
}

/* Whoever finds that its lane has moved on meanwhile counts where the lane is. */
Test(breaker_race, a_call_whose_slice_is_overtaken_counts_in_the_later_one)
{
	cfg = breaker_config();
	cfg.window_ns = 5 * SECOND;
	cfg.window_slices = 5;
	b = breaker_from(&cfg, 0);
	MEANWHILE("WINDOW_BEFORE_SLICE", succeed_a_slice_later, call(b, RHEO_SUCCESS, 8 * SECOND, 0));
	assert_u64(breaker_snapshot(b, 13 * SECOND).window_calls, 2);
	assert_u64(breaker_snapshot(b, 14 * SECOND).window_calls, 0);
}

/* 64 tickets later: the place asked for and the one before it are taken, the one after it is free. */
Test(breaker_race, a_permit_goes_into_the_next_free_place)
{
	uint64_t first, last, next;

	half_open(3, 0);
	first = probe_at(b, HALF);
	for (int i = 1; i < 63; i++)
		assert_status(rheo_breaker_cancel(b, probe_at(b, HALF), HALF), RHEO_OK);
	last = probe_at(b, HALF);
	next = probe_at(b, HALF);
	assert_u64(rh_permit_slot(first), 0);
	assert_u64(rh_permit_slot(last), 63);
	assert_u64(rh_permit_slot(next), 1);
	assert_status(rheo_breaker_record(b, first, RHEO_SUCCESS, HALF), RHEO_OK);
	assert_status(rheo_breaker_record(b, last, RHEO_SUCCESS, HALF), RHEO_OK);
	assert_status(rheo_breaker_record(b, next, RHEO_SUCCESS, HALF), RHEO_OK);
	cr_assert(state_of(b) == RHEO_CLOSED);
}

static unsigned ended;

/* Whoever ends the open time finds another begun that is over as well. */
static void
open_again(const char *point)
{
	if (strcmp(point, "BREAKER_AFTER_TURN") != 0 || ++ended == 10)
		return;
	rh_inject_hook = NULL;
	assert_status(rheo_breaker_force(b, RHEO_FORCED_OPEN, HALF), RHEO_OK);
	assert_status(rheo_breaker_force(b, RHEO_AUTO, HALF), RHEO_OK);
	rh_inject_hook = open_again;
}

Test(breaker_race, p12_p14_a_tick_ends_though_it_is_opened_again_each_time)
{
	uint64_t next = 1;

	cfg = breaker_config();
	b = breaker_from(&cfg, 0);
	trip(b, 0);
	rh_inject_hook = open_again;
	assert_status(rheo_breaker_tick(b, HALF, &next), RHEO_OK);
	rh_inject_hook = NULL;
	cr_assert(ended < 10);
	/* and says that there is something to do */
	cr_assert(state_of(b) == RHEO_OPEN);
	assert_u64(next, 0);
}

static void
die_judging(const char *point)
{
	if (strcmp(point, "JUDGE_BEFORE_CALLS") == 0)
		siglongjmp(death, 1);
}

static void
begin_a_slice_and_die(void)
{
	if (sigsetjmp(death, 0) == 0) {
		rh_inject_hook = die_judging;
		rheo_breaker_record(b, other, RHEO_SUCCESS, 10 * SECOND);
		cr_assert_fail("not met");
	}
	rh_inject_hook = NULL;
}

/* Five successes leave the window with slice 10, and four failures stay. */
Test(breaker_race, p11_who_was_about_to_begin_a_slice_judges_it_though_another_began_it_and_died)
{
	uint64_t permit;

	cfg = breaker_config();
	b = breaker_from(&cfg, 0);
	for (int i = 0; i < 5; i++)
		call(b, RHEO_SUCCESS, 0, 0);
	for (int i = 0; i < 4; i++)
		call(b, RHEO_FAILURE, 5 * SECOND, 0);
	cr_assert(state_of(b) == RHEO_CLOSED);
	other = probe_at(b, 5 * SECOND);
	permit = probe_at(b, 5 * SECOND);
	MEANWHILE("WINDOW_BEFORE_SLICE", begin_a_slice_and_die,
		  assert_status(rheo_breaker_record(b, permit, RHEO_SUCCESS, 10 * SECOND), RHEO_OK));
	cr_assert(state_of(b) == RHEO_OPEN);
}
