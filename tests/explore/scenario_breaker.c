/* SPDX-License-Identifier: BSD-2-Clause */

/* Breakers: the window and the trip, transitions, modes. */

#include "scenario.h"

#include <string.h>

#include "breaker/self.h"

static rheo_breaker_config_t cfg;
static rheo_breaker_t *b;

static struct calls {
	uint64_t permit[8]; /* given in setup, while CLOSED */
	uint64_t counted, stale;
	bool moved_first;
} *calls;

static void
make(void)
{
	b = breaker_make(&cfg);
	calls = ex_memory(sizeof *calls);
	for (unsigned i = 0; i < 8; i++)
		rheo_breaker_try_acquire(b, 0, &calls->permit[i]);
}

static void
record(unsigned i, uint32_t outcome, uint64_t now_ns)
{
	int32_t st = rheo_breaker_record(b, calls->permit[i], outcome, now_ns);

	EX_CHECK(st == RHEO_OK || st == RHEO_STALE, "record gave %s", rheo_status_name(st));
	calls->counted += st == RHEO_OK;
	calls->stale += st == RHEO_STALE;
}

static void
setup(void)
{
	cfg = breaker_small();
	cfg.failure_rate_bp = 10000; /* none may be missed */
	make();
}

/* Failures enough, calls one too few: who makes them enough has to notice. */
static void
setup_minimum_3(void)
{
	cfg = breaker_small();
	cfg.minimum_calls = 3;
	make();
	record(7, RHEO_FAILURE, 1);
	/* The successes' lane has counted in this slice: they look only if they are told to. */
	ex_set_cpu(0, 1);
	ex_set_cpu(1, 0);
	ex_set_cpu(2, 0);
}

static void
setup_one_failed(void)
{
	setup();
	record(7, RHEO_FAILURE, 1);
}

/* The same, where it is thread 0 that succeeds. */
static void
setup_minimum_3_first(void)
{
	setup_minimum_3();
	ex_set_cpu(0, 0);
	ex_set_cpu(1, 1);
}

/* One failure judged in the first generation, two of the four calls that are asked for in the next. */
static void
setup_minimum_4_two_cpus(void)
{
	cfg = breaker_small();
	cfg.minimum_calls = 4;
	make();
	ex_set_cpu(0, 0);
	ex_set_cpu(1, 1);
}

/* More CPUs than lanes. */
static void
setup_one_lane(void)
{
	setup();
	cfg.lanes = 1;
	cfg.failure_rate_bp = 0;
	cfg.slow_call_rate_bp = 10000;
	cfg.slow_call_ns = 1000;
	make();
	ex_set_cpu(0, 2);
	ex_set_cpu(1, 3);
}

/* Both threads on one CPU, which has not counted in the slice they come to. */
static void
setup_one_cpu(void)
{
	setup();
	ex_set_cpu(1, 0);
}

static void
setup_never_trips_one_cpu(void)
{
	cfg = breaker_small();
	cfg.minimum_calls = 10;
	make();
	record(7, RHEO_SUCCESS, 1);
	ex_set_cpu(1, 0);
}

/* Slow calls are looked for: a success takes the longer way. */
static void
setup_minimum_3_timed(void)
{
	cfg = breaker_small();
	cfg.minimum_calls = 3;
	cfg.slow_call_rate_bp = 10000;
	cfg.slow_call_ns = 1000;
	make();
	record(7, RHEO_FAILURE, 1);
	ex_set_cpu(0, 1);
	ex_set_cpu(1, 0);
}

static void
setup_minimum_4(void)
{
	cfg = breaker_small();
	cfg.minimum_calls = 4;
	make();
	record(7, RHEO_FAILURE, 1);
	record(6, RHEO_FAILURE, 1);
}

static void
setup_never_trips(void)
{
	cfg = breaker_small();
	cfg.minimum_calls = 10;
	make();
	ex_set_cpu(1, 0);
}

static void
setup_count_window(void)
{
	cfg = breaker_small();
	cfg.window_calls = 4;
	cfg.minimum_calls = 2;
	make();
}

/* One has failed; with the next there are too few by one. */
static void
setup_count_window_minimum_3(void)
{
	cfg = breaker_small();
	cfg.window_calls = 4;
	cfg.minimum_calls = 3;
	make();
	record(7, RHEO_FAILURE, 1);
}

static void
setup_count_window_never_trips(void)
{
	cfg = breaker_small();
	cfg.window_calls = 10;
	cfg.minimum_calls = 10;
	make();
}

/* Slices of a nanosecond, whose names come round after ROUND of them; two calls in the one that begins anew. */
#define ROUND (UINT64_C(1) << 32)

static void
setup_round(void)
{
	cfg = breaker_small();
	cfg.minimum_calls = 10;
	cfg.window_ns = 2;
	make();
	record(7, RHEO_SUCCESS, 1);
	record(6, RHEO_SUCCESS, 1);
	ex_set_cpu(1, 0);
}

static void
setup_minimum_1(void)
{
	cfg = breaker_small();
	cfg.minimum_calls = 1;
	make();
}

/* OPEN since 0, over at 10. */
static void
setup_open(void)
{
	setup_minimum_1();
	record(7, RHEO_FAILURE, 0);
}

static void
setup_in_a_row(void)
{
	cfg = breaker_small();
	cfg.failure_rate_bp = 0;
	cfg.consecutive_failures = 2;
	make();
}

static void
fail_one(void)
{
	record(ex_self(), RHEO_FAILURE, 2);
}

static void
fail_two(void)
{
	record(ex_self(), RHEO_FAILURE, 2);
	record(ex_self() + 3, RHEO_FAILURE, 3);
}

static void
begin_again_and_fail_two_of_four(void)
{
	static const uint32_t outcome[4] = {RHEO_SUCCESS, RHEO_FAILURE, RHEO_FAILURE, RHEO_SUCCESS};
	uint64_t permit;

	rheo_breaker_reset(b, 2);
	for (unsigned i = 0; i < 4; i++) {
		rheo_breaker_try_acquire(b, 2, &permit);
		rheo_breaker_record(b, permit, outcome[i], 2);
	}
}

static void
succeed_one(void)
{
	record(ex_self(), RHEO_SUCCESS, 2);
}

static void
succeed_later(void)
{
	record(ex_self(), RHEO_SUCCESS, 600);
}

static void
succeed_two_slices(void)
{
	record(ex_self(), RHEO_SUCCESS, 600);
	record(ex_self() + 3, RHEO_SUCCESS, 1100);
}

static void
succeed_two_slices_then_tick(void)
{
	succeed_two_slices();
	rheo_breaker_tick(b, 1101, NULL);
}

/* The last call of setup leaves the window only with the second of these: one of the three is always in it. */
static void
look(void)
{
	rheo_breaker_snapshot_t s;

	rheo_breaker_snapshot(b, 1, &s, sizeof s);
	EX_CHECK(s.window_calls >= 1, "a window without calls");
}

static void
succeed_round(void)
{
	record(ex_self(), RHEO_SUCCESS, ROUND + 1);
}

/* One call at most, which the other thread makes. */
static void
look_round(void)
{
	rheo_breaker_snapshot_t s;

	rheo_breaker_snapshot(b, ROUND + 1, &s, sizeof s);
	EX_CHECK(s.window_calls <= 1, "%llu calls of a slice of the same name", (unsigned long long)s.window_calls);
}

/* Which slice the lane is in, as the thread happens to see it. */
static uint64_t
peek(void)
{
	struct rh_window w = rh_breaker_window(rh_breaker_self(b));

	return rh_load_rlx(&rh_window_track(&w, 0)->slice);
}

/* Moves the lane on itself, from 1 to 2, unless the other has been first. */
static void
succeed_at_1_and_2(void)
{
	record(0, RHEO_SUCCESS, 1);
	record(3, RHEO_SUCCESS, 2);
	calls->moved_first = peek() == 2;
}

static void
tick_next_slice(void)
{
	rheo_breaker_tick(b, 600, NULL);
}

static void
force_open(void)
{
	rheo_breaker_force(b, RHEO_FORCED_OPEN, 3);
}

static void
force_open_then_auto(void)
{
	rheo_breaker_force(b, RHEO_FORCED_OPEN, 3);
	rheo_breaker_force(b, RHEO_AUTO, 4);
}

static void
disable(void)
{
	rheo_breaker_force(b, RHEO_DISABLED, 3);
}

static void
reset(void)
{
	rheo_breaker_reset(b, 3);
}

/* A call of the next generation, in the very cells where one of the last may still be counted. */
static void
reset_then_fail(void)
{
	uint64_t permit;

	rheo_breaker_reset(b, 3);
	rheo_breaker_try_acquire(b, 3, &permit);
	rheo_breaker_record(b, permit, RHEO_FAILURE, 4);
}

static void
finish_one_call(void)
{
	rheo_breaker_snapshot_t s;

	rheo_breaker_snapshot(b, 5, &s, sizeof s);
	EX_CHECK(s.window_calls == 1 && s.window_failures == 1, "P9: %llu calls, %llu failures, not 1 and 1",
		 (unsigned long long)s.window_calls, (unsigned long long)s.window_failures);
}

static void
reconfigure(void)
{
	rheo_breaker_config_t c = cfg;

	c.open_ns = 20;
	rheo_breaker_reconfigure(b, &c, 3);
}

/* A caller that sees it open is told how long; nobody sees a state that is none. */
static void
ask(void)
{
	uint64_t permit;
	int32_t st = rheo_breaker_try_acquire(b, 5, &permit);

	EX_CHECK((st == RHEO_OK) == (permit != RHEO_PERMIT_NONE), "%s", rheo_status_name(st));
}

/* So long after the time told that a deadline read back by that one would be long over. */
#define HOURS (UINT64_C(1) << 44)

static void
fail_hours_later(void)
{
	record(0, RHEO_FAILURE, HOURS + 2);
	record(1, RHEO_FAILURE, HOURS + 3);
}

/* The open time has just begun, or has not. */
static void
ask_hours_later(void)
{
	uint64_t permit;
	int32_t st = rheo_breaker_try_acquire(b, HOURS + 5, &permit);

	EX_CHECK(st == RHEO_OK || st == RHEO_REJ_OPEN, "%s", rheo_status_name(st));
}

static void
reset_then_fail_at_20(void)
{
	uint64_t permit;

	rheo_breaker_reset(b, 20);
	rheo_breaker_try_acquire(b, 20, &permit);
	rheo_breaker_record(b, permit, RHEO_FAILURE, 20);
}

/* By a clock that is behind the others', if only by what it slept. */
static void
tick_behind(uint64_t now_ns)
{
	uint64_t next_ns = 0;

	rheo_breaker_tick(b, now_ns, &next_ns);
	EX_CHECK(next_ns != 0, "due at once, and nothing is");
}

static void
tick_at_5(void)
{
	tick_behind(5);
}

/* Read back by this time a deadline of hours later would be over. */
static void
tick_hours_before(void)
{
	tick_behind(20);
}

static void
reset_then_trip_hours_later(void)
{
	uint64_t permit;

	rheo_breaker_reset(b, 26);
	rheo_breaker_try_acquire(b, 26, &permit);
	rheo_breaker_record(b, permit, RHEO_FAILURE, HOURS + 1);
}

/* The open time of setup is over, none that began later. */
static void
ask_at_25(void)
{
	uint64_t permit, generation = 0;
	uint32_t probe = 0;

	rheo_breaker_try_acquire(b, 25, &permit);
	rheo_breaker_permit(b, permit, &generation, &probe);
	EX_CHECK(!probe || generation == 2, "a probe in generation %llu", (unsigned long long)generation);
}

static void
tick_hours_later(void)
{
	uint64_t next_ns = 0;

	rheo_breaker_tick(b, HOURS + 5, &next_ns);
	EX_CHECK(next_ns != 0, "due at once, and nothing is");
}

/* A transition that has been made, and not been written down. */
static void
setup_unwritten(void)
{
	struct rh_event *e;

	setup();
	rheo_breaker_reset(b, 3);
	e = &rh_breaker_self(b).b->log[1];
	memset(e, 0, sizeof *e);
}

static void
write_down(void)
{
	struct rh_reason reason = {.cause = RHEO_CAUSE_RESET, .counts = {.calls = 1, .failures = 1, .slow = 1}};
	struct rh_state closed = {.state = RHEO_CLOSED};

	rh_log_write(rh_breaker_self(b), 1, closed, closed, 3, 0, &reason);
}

/* What is told by its own writer is told whole: no such cause can be made out by anybody else. */
static void
poll(void)
{
	rheo_breaker_event_t e;
	uint32_t n;

	rheo_breaker_events(b, 0, &e, 1, &n);
	EX_CHECK(n == 0 || !e.partial || e.cause == RHEO_CAUSE_UNKNOWN, "%s by its own writer, and partial",
		 rheo_cause_name(e.cause));
}

static void
poll_from_1(void)
{
	rheo_breaker_event_t e;
	uint32_t n;

	rheo_breaker_events(b, 1, &e, 1, &n);
	EX_CHECK(n == 0 || e.from_state == RHEO_OPEN, "P8: event 2 begins at %s", rheo_state_name(e.from_state));
}

static void
fail_then_probe(void)
{
	uint64_t permit;

	record(ex_self(), RHEO_FAILURE, 2);
	rheo_breaker_try_acquire(b, 20, &permit);
}

static uint32_t
state_now(void)
{
	uint32_t state;

	rheo_breaker_state(b, &state, NULL);
	return state;
}

static void
finish(void)
{
	breaker_check_events(b);
	breaker_check_not_stuck(b, &cfg, 1000);
}

static void
finish_events(void)
{
	breaker_check_events(b);
}

/* The header: no later than the return of the last record that fulfils the condition. */
static void
tripped(void)
{
	rheo_breaker_snapshot_t s;

	rheo_breaker_snapshot(b, 5, &s, sizeof s);
	EX_CHECK(s.state == RHEO_OPEN && s.generation == 1, "%s after the last record, generation %llu",
		 rheo_state_name(s.state), (unsigned long long)s.generation);
	finish();
}

static void
tripped_hours_later(void)
{
	rheo_breaker_snapshot_t s;

	rheo_breaker_snapshot(b, HOURS + 5, &s, sizeof s);
	EX_CHECK(s.state == RHEO_OPEN && s.generation == 1, "%s in generation %llu before the open time is over",
		 rheo_state_name(s.state), (unsigned long long)s.generation);
	breaker_check_events(b);
}

/* Tripped at the time of the reset before it: no transition is earlier than the one it follows. */
static void
finish_in_order(void)
{
	rheo_breaker_event_t e[2];
	uint32_t n;

	breaker_check_events(b);
	rheo_breaker_events(b, 0, e, 2, &n);
	EX_CHECK(n == 2 && e[1].at_ns == 20, "%u transitions, the second at %llu", n, (unsigned long long)e[1].at_ns);
}

/* It was tripped, and no open time ends before it is over. */
static void
finish_hours_later(void)
{
	uint64_t permit;

	EX_CHECK(state_now() != RHEO_CLOSED, "CLOSED after the last record");
	rheo_breaker_try_acquire(b, HOURS + 5, &permit);
	breaker_check_events(b);
}

/* Where lanes are the CPUs' own a success may miss the watch: then the next tick does it. */
static void
tripped_by_the_tick(void)
{
	rheo_breaker_tick(b, 4, NULL);
	tripped();
}

static void
counted(void)
{
	rheo_breaker_snapshot_t s;

	rheo_breaker_snapshot(b, 3, &s, sizeof s);
	EX_CHECK(s.successes + s.failures == calls->counted && s.stale == calls->stale,
		 "P15: %llu + %llu counted of %llu, %llu stale of %llu", (unsigned long long)s.successes,
		 (unsigned long long)s.failures, (unsigned long long)calls->counted, (unsigned long long)s.stale,
		 (unsigned long long)calls->stale);
	/* All permits are of generation 0. */
	EX_CHECK(s.generation == 0 || s.window_calls == 0, "P9: %llu calls of an earlier generation in the window",
		 (unsigned long long)s.window_calls);
}

static void
tripped_and_counted(void)
{
	counted();
	tripped();
}

static void
finish_counted(void)
{
	counted();
	finish();
}

/* Both in the later slice, and the one of setup in the slice before it. */
static void
three_in_window(void)
{
	rheo_breaker_snapshot_t s;

	rheo_breaker_snapshot(b, 600, &s, sizeof s);
	EX_CHECK(s.window_calls == 3, "%llu calls, not 3", (unsigned long long)s.window_calls);
	finish_counted();
}

/* Where the lane was in slice 2, what it had counted in slice 1 is not in the window that begins a round later. */
static void
finish_round(void)
{
	rheo_breaker_snapshot_t s;

	rheo_breaker_snapshot(b, ROUND + 1, &s, sizeof s);
	EX_CHECK(!calls->moved_first || s.window_calls == 1, "%llu calls, not 1", (unsigned long long)s.window_calls);
	EX_CHECK(s.successes == 5, "P15: %llu counted of 5", (unsigned long long)s.successes);
}

static void
finish_two_of_four(void)
{
	EX_CHECK(state_now() == RHEO_OPEN, "two of four failed, and the fourth was not looked at");
	finish();
}

static void
two_succeeded(void)
{
	rheo_breaker_snapshot_t s;

	rheo_breaker_snapshot(b, 3, &s, sizeof s);
	EX_CHECK(s.window_calls == 2 && s.window_failures == 0 && s.window_slow == 0, "%llu calls, %llu failures, %llu slow",
		 (unsigned long long)s.window_calls, (unsigned long long)s.window_failures, (unsigned long long)s.window_slow);
	finish_counted();
}

/* Three of four failed, in whatever order they came: more than half at every length. */
static void
finish_forced(void)
{
	uint64_t permit;
	uint32_t mode;

	rheo_breaker_state(b, NULL, &mode);
	EX_CHECK(mode == RHEO_FORCED_OPEN && state_now() == RHEO_OPEN, "not forced open");
	EX_CHECK(rheo_breaker_try_acquire(b, 10000, &permit) == RHEO_REJ_OPEN, "forced open admits");
	breaker_check_events(b);
}

const struct ex_scenario breaker_scenarios[] = {
	{"breaker.two_failures_trip", 2, 0, 0, setup, {fail_one, fail_one}, tripped_and_counted},
	{"breaker.three_failures_trip", 3, 0, 0, setup, {fail_one, fail_one, fail_one}, tripped_and_counted},
	{"breaker.success_completes_minimum", 2, 0, 0, setup_minimum_3, {fail_one, succeed_one}, tripped_and_counted},
	{"breaker.success_completes_minimum_1", 2, 0, 1, setup_minimum_3, {fail_one, succeed_one}, tripped_and_counted},
	{"breaker.failure_meets_success", 2, 0, 0, setup_minimum_3_first, {succeed_one, fail_one}, tripped_and_counted},
	{"breaker.successes_complete_minimum", 2, 0, 0, setup_minimum_4, {succeed_one, succeed_one}, tripped_and_counted},
	{"breaker.watch", 3, 0, 0, setup_minimum_3, {fail_one, succeed_one, succeed_one}, tripped_and_counted},
	{"breaker.watch_of_the_next", 2, 0, 0, setup_minimum_4_two_cpus, {fail_one, begin_again_and_fail_two_of_four}, finish_two_of_four},
	{"breaker.success_completes_minimum_timed", 2, 0, 1, setup_minimum_3_timed, {fail_one, succeed_one}, tripped_and_counted},
	{"breaker.one_lane_for_all", 2, 0, 0, setup_one_lane, {succeed_one, succeed_one}, two_succeeded},
	{"breaker.tick_look", 2, 0, 0, setup_never_trips_one_cpu, {succeed_two_slices_then_tick, look}, finish_counted},
	{"breaker.two_move_on", 2, 0, 0, setup_never_trips_one_cpu, {succeed_later, succeed_later}, three_in_window},
	{"breaker.round_look", 2, 0, 0, setup_round, {succeed_round, look_round}, finish_counted},
	{"breaker.round_move_on", 2, 0, 0, setup_round, {succeed_at_1_and_2, succeed_round}, finish_round},
	{"breaker.trip_tick", 2, 0, 0, setup, {fail_two, tick_next_slice}, finish_counted},
	{"breaker.trip_slice", 3, 0, 0, setup, {fail_one, fail_one, succeed_later}, finish_counted},
	{"breaker.trip_ask", 3, 0, 0, setup, {fail_one, fail_one, ask}, tripped_and_counted},
	{"breaker.trip_hours_later_ask", 2, 0, 0, setup, {fail_hours_later, ask_hours_later}, tripped_hours_later},
	{"breaker.trip_hours_later_tick", 2, 0, 0, setup, {fail_hours_later, tick_hours_later}, tripped_hours_later},
	{"breaker.tick_reset_fail", 2, 0, 0, setup_minimum_1, {tick_at_5, reset_then_fail_at_20}, finish_in_order},
	{"breaker.trip_hours_later_tick_before", 2, 0, 0, setup, {fail_hours_later, tick_hours_before}, finish_hours_later},
	{"breaker.trip_hours_later_tell", 2, 0, 1, setup, {fail_hours_later, tick_hours_before}, finish_hours_later},
	{"breaker.reset_hours_later_ask", 2, 0, 0, setup_open, {reset_then_trip_hours_later, ask_at_25}, finish_events},
	{"breaker.ask_reset_hours_later", 2, 0, 0, setup_open, {ask_at_25, reset_then_trip_hours_later}, finish_events},
	{"breaker.count_window", 2, 0, 0, setup_count_window, {fail_one, fail_one}, tripped_and_counted},
	{"breaker.count_window_mixed", 2, 0, 0, setup_count_window, {fail_two, succeed_one}, tripped_and_counted},
	{"breaker.count_window_completed", 2, 0, 0, setup_count_window_minimum_3, {fail_one, succeed_one}, tripped_and_counted},
	{"breaker.count_window_completed_1", 2, 0, 1, setup_count_window_minimum_3, {fail_one, succeed_one}, tripped_and_counted},
	{"breaker.count_window_reset", 2, 0, 0, setup_count_window_never_trips, {fail_one, reset_then_fail}, finish_one_call},
	{"breaker.in_a_row", 2, 0, 0, setup_in_a_row, {fail_one, fail_one}, tripped},
	{"breaker.in_a_row_broken", 3, 0, 0, setup_in_a_row, {fail_one, fail_one, succeed_one}, finish_counted},
	{"breaker.trip_force", 3, 0, 0, setup, {fail_one, fail_one, force_open}, finish_forced},
	{"breaker.trip_force_auto", 2, 0, 0, setup, {fail_two, force_open_then_auto}, finish},
	{"breaker.trip_reset", 2, 0, 0, setup, {fail_two, reset}, finish_counted},
	{"breaker.reset_then_fail", 2, 0, 0, setup_never_trips, {fail_two, reset_then_fail}, finish_one_call},
	{"breaker.force_reset", 2, 0, 0, setup, {force_open_then_auto, reset}, finish},
	{"breaker.trip_reconfigure", 2, 0, 0, setup, {fail_two, reconfigure}, finish_counted},
	{"breaker.poll_write", 2, 0, 1, setup_unwritten, {poll, write_down}, finish},
	{"breaker.write_poll", 2, 0, 1, setup_unwritten, {write_down, poll}, finish},
	{"breaker.trip_probe_poll", 2, 0, 1, setup_one_failed, {fail_then_probe, poll_from_1}, finish},
	{"breaker.recorder_dies", 2, EX_MORTAL(0), 0, setup, {fail_two, fail_one}, finish},
	{"breaker.forcer_dies_reset", 2, EX_MORTAL(0), 2, setup, {force_open_then_auto, reset}, finish_events},
	{"breaker.forcer_dies_force", 2, EX_MORTAL(0), 2, setup, {force_open_then_auto, disable}, finish_events},
	{"breaker.resetter_dies_forced", 2, EX_MORTAL(0), 0, setup, {reset, force_open_then_auto}, finish},
	{"own.two_failures_trip", 2, EX_OWN | EX_MOVES, 0, setup, {fail_one, fail_one}, tripped_and_counted},
	{"own.three_failures_trip", 3, EX_OWN, 0, setup_one_cpu, {fail_one, fail_one, fail_one}, tripped_and_counted},
	{"own.success_completes_minimum", 2, EX_OWN | EX_MOVES, 0, setup_minimum_3, {fail_one, succeed_one}, tripped_by_the_tick},
	{"own.two_succeed", 2, EX_OWN | EX_MOVES, 0, setup_never_trips_one_cpu, {succeed_one, succeed_one}, finish_counted},
	{"own.two_move_on", 2, EX_OWN | EX_MOVES, 0, setup_never_trips_one_cpu, {succeed_two_slices, succeed_two_slices}, finish_counted},
	{"own.move_on_watched", 3, EX_OWN, 0, setup_one_cpu, {fail_one, succeed_two_slices, tick_next_slice}, finish_counted},
	{"own.reset_then_fail", 2, EX_OWN | EX_MOVES, 0, setup_never_trips, {fail_two, reset_then_fail}, finish_one_call},
	{"own.reset_then_succeed", 2, EX_OWN | EX_MOVES, 0, setup_never_trips_one_cpu, {succeed_one, reset_then_fail}, finish_one_call},
	{"own.recorder_dies", 2, EX_OWN | EX_MORTAL(0), 0, setup_one_cpu, {fail_two, fail_one}, finish},
	{"breaker.resetter_dies", 2, EX_MORTAL(0), 0, setup, {reset, fail_two}, finish},
	{0},
};
