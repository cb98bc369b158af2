/* SPDX-License-Identifier: BSD-2-Clause */

/* HALF_OPEN: so many permits, each ended once, never stuck whoever dies. */

#include "helpers.h"

#include "breaker/self.h"

#define OPENED SECOND /* when it trips */
#define HALF (OPENED + 5 * SECOND) /* when it lets probes through */

static rheo_breaker_t *
half_open(uint32_t calls, uint32_t successes, uint32_t failures, uint32_t flags)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;

	cfg.half_open_calls = calls;
	cfg.half_open_successes = successes;
	cfg.half_open_failures = failures;
	cfg.flags = flags;
	b = breaker_from(&cfg, 0);
	trip(b, OPENED);
	return b;
}

static void
assert_refused(rheo_breaker_t *b, uint64_t now_ns, int32_t want)
{
	uint64_t permit = 99;

	assert_status(rheo_breaker_try_acquire(b, now_ns, &permit), want);
	assert_u64(permit, RHEO_PERMIT_NONE);
}

Test(breaker_probe, p9_so_many_permits_and_no_more)
{
	for (uint32_t n = 1; n <= 32; n++) {
		rheo_breaker_t *b = half_open(n, 0, 0, 0);
		uint64_t permits[32];

		for (uint32_t i = 0; i < n; i++) {
			uint32_t probe = 0;
			uint64_t generation = 0;

			permits[i] = probe_at(b, HALF);
			assert_status(rheo_breaker_permit(b, permits[i], &generation, &probe), RHEO_OK);
			cr_assert(probe == 1 && generation == 2);
			for (uint32_t k = 0; k < i; k++)
				cr_assert(permits[k] != permits[i], "the same permit twice");
		}
		assert_refused(b, HALF, RHEO_REJ_PROBE);
		for (uint32_t i = 0; i < n; i++)
			assert_status(rheo_breaker_record(b, permits[i], RHEO_SUCCESS, HALF), RHEO_OK);
		cr_assert(state_of(b) == RHEO_CLOSED);
	}
}

Test(breaker_probe, a_success_short_of_the_number_and_a_failure_decide_as_configured)
{
	rheo_breaker_t *b = half_open(4, 2, 2, 0);
	uint64_t p[4];

	for (int i = 0; i < 4; i++)
		p[i] = probe_at(b, HALF);
	rheo_breaker_record(b, p[0], RHEO_FAILURE, HALF);
	rheo_breaker_record(b, p[1], RHEO_SUCCESS, HALF);
	cr_assert(state_of(b) == RHEO_HALF_OPEN);
	rheo_breaker_record(b, p[2], RHEO_FAILURE, HALF);
	cr_assert(state_of(b) == RHEO_OPEN);
	assert_status(rheo_breaker_record(b, p[3], RHEO_SUCCESS, HALF), RHEO_STALE);
	cr_assert(state_of(b) == RHEO_OPEN);
}

Test(breaker_probe, p9_a_repeated_report_has_no_effect)
{
	rheo_breaker_t *b = half_open(3, 3, 3, 0);
	uint64_t p = probe_at(b, HALF);

	assert_status(rheo_breaker_record(b, p, RHEO_SUCCESS, HALF), RHEO_OK);
	for (uint32_t outcome = 0; outcome < 3; outcome++)
		assert_status(rheo_breaker_record(b, p, outcome, HALF), RHEO_STALE);
	assert_status(rheo_breaker_cancel(b, p, HALF), RHEO_STALE);
	assert_u64(breaker_snapshot(b, HALF).probes_succeeded, 1);
	assert_u64(breaker_snapshot(b, HALF).probes_issued, 1);
	assert_u64(breaker_snapshot(b, HALF).stale, 4);
	cr_assert(state_of(b) == RHEO_HALF_OPEN);
}

Test(breaker_probe, p9_stragglers_of_closed_have_no_effect)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	uint64_t old[5];

	for (int i = 0; i < 5; i++)
		old[i] = probe_at(b, 0);
	trip(b, OPENED);
	probe_at(b, HALF);
	for (int i = 0; i < 5; i++)
		assert_status(rheo_breaker_record(b, old[i], i % 3 == 0 ? RHEO_SUCCESS : RHEO_IGNORED, HALF),
			      RHEO_STALE);
	cr_assert(state_of(b) == RHEO_HALF_OPEN);
	assert_u64(breaker_snapshot(b, HALF).probes_issued, 1);
}

Test(breaker_probe, a_cancelled_permit_goes_to_the_next_caller)
{
	rheo_breaker_t *b = half_open(1, 1, 1, 0);

	for (int i = 0; i < 300; i++) {
		uint64_t p = probe_at(b, HALF + (uint64_t)i);

		assert_refused(b, HALF + (uint64_t)i, RHEO_REJ_PROBE);
		assert_status(rheo_breaker_cancel(b, p, HALF), RHEO_OK);
		assert_status(rheo_breaker_record(b, p, RHEO_SUCCESS, HALF), RHEO_STALE);
		cr_assert(state_of(b) == RHEO_HALF_OPEN);
	}
	assert_u64(breaker_snapshot(b, HALF).generation, 2);
}

Test(breaker_probe, a_probe_is_too_late_on_the_exact_nanosecond)
{
	rheo_breaker_t *b = half_open(2, 1, 1, 0);
	uint64_t p = probe_at(b, HALF), q = probe_at(b, HALF + 10);

	assert_status(rheo_breaker_record(b, p, RHEO_SUCCESS, HALF + SECOND), RHEO_STALE);
	cr_assert(state_of(b) == RHEO_OPEN, "a late success counted");
	assert_status(rheo_breaker_record(b, q, RHEO_SUCCESS, HALF + SECOND), RHEO_STALE);
	b = half_open(2, 1, 1, 0);
	p = probe_at(b, HALF);
	assert_status(rheo_breaker_record(b, p, RHEO_SUCCESS, HALF + SECOND - 1), RHEO_OK);
	cr_assert(state_of(b) == RHEO_CLOSED);
}

Test(breaker_probe, a_lost_probe_counts_as_failed_when_its_own_time_is_over)
{
	rheo_breaker_t *b = half_open(2, 2, 1, 0);
	uint64_t next;

	probe_at(b, HALF);
	probe_at(b, HALF + 900 * MS);
	assert_refused(b, HALF + SECOND - 1, RHEO_REJ_PROBE);
	rheo_breaker_tick(b, HALF + 950 * MS, &next);
	assert_u64(next, 50 * MS);
	assert_refused(b, HALF + SECOND, RHEO_REJ_OPEN);
	cr_assert(state_of(b) == RHEO_OPEN);
	/* and the next one comes after another open time */
	assert_refused(b, HALF + 6 * SECOND - 1, RHEO_REJ_OPEN);
	probe_at(b, HALF + 6 * SECOND);
}

Test(breaker_probe, a_lost_probe_failed_when_its_time_was_over_whenever_it_is_noticed)
{
	for (int ticks = 0; ticks < 2; ticks++)
		for (uint64_t later = SECOND; later < 20 * SECOND; later += 500 * MS) {
			rheo_breaker_t *b = half_open(1, 1, 1, 0);
			rheo_breaker_event_t e[16];
			uint64_t delay, permit;
			uint32_t n;

			probe_at(b, HALF);
			for (uint64_t t = HALF; ticks && t < HALF + later; t += 100 * MS)
				rheo_breaker_tick(b, t, NULL);
			rheo_breaker_retry_after_ns(b, HALF + later, &delay);
			assert_u64(delay, later < 6 * SECOND ? 6 * SECOND - later : 0);
			assert_status(rheo_breaker_try_acquire(b, HALF + later, &permit),
				      later < 6 * SECOND ? RHEO_REJ_OPEN : RHEO_OK);
			rheo_breaker_events(b, 2, e, 16, &n);
			cr_assert(n >= 1 && e[0].to_state == RHEO_OPEN && e[0].at_ns == HALF + SECOND);
		}
}

Test(breaker_probe, a_lost_probe_is_cancelled_by_flag_and_another_may_try_at_once)
{
	rheo_breaker_t *b = half_open(2, 2, 1, RHEO_BREAKER_PROBE_TIMEOUT_CANCELS);
	rheo_breaker_event_t e[16];
	uint64_t p;
	uint32_t n;

	probe_at(b, HALF);
	probe_at(b, HALF);
	p = probe_at(b, HALF + SECOND);
	assert_status(rheo_breaker_record(b, p, RHEO_SUCCESS, HALF + SECOND), RHEO_OK);
	rheo_breaker_events(b, 2, e, 16, &n);
	cr_assert(n == 2 && e[0].cause == RHEO_CAUSE_PROBES_INCONCLUSIVE && e[0].to_state == RHEO_OPEN &&
		  e[0].open_ns == 0 && e[1].to_state == RHEO_HALF_OPEN);
}

Test(breaker_probe, p10_idle_for_any_time_is_no_obstacle)
{
	/* starts are kept in 41 bits, deadlines in 44: multiples of both, and a little beside them */
	const uint64_t idle[] = {UINT64_C(1) << 41, (UINT64_C(1) << 41) + 500 * MS, UINT64_C(1) << 44,
				 (UINT64_C(1) << 44) + 2 * SECOND, (UINT64_C(3) << 44) + 4 * SECOND,
				 UINT64_C(1) << 50, UINT64_C(1) << 62};

	for (size_t i = 0; i < sizeof idle / sizeof *idle; i++) {
		rheo_breaker_t *b = half_open(1, 1, 1, 0);
		uint64_t t;

		probe_at(b, HALF + idle[i]);
		/* the lost probe failed a second later, and the open time after that is long over */
		t = HALF + idle[i] + idle[i];
		probe_at(b, t);
		assert_u64(breaker_snapshot(b, t).generation, 4);
		b = half_open(1, 1, 1, 0);
		assert_refused(b, OPENED + 5 * SECOND - 1, RHEO_REJ_OPEN);
		probe_at(b, OPENED + idle[i]);
	}
}

Test(breaker_probe, a_slow_success_fails_where_slow_calls_are_judged)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_event_t e;
	rheo_breaker_t *b;
	uint32_t n;
	uint64_t p;

	cfg.slow_call_rate_bp = 5000;
	cfg.slow_call_ns = 100 * MS;
	b = breaker_from(&cfg, 0);
	trip(b, OPENED);
	p = probe_at(b, HALF);
	assert_status(rheo_breaker_record(b, p, RHEO_SUCCESS, HALF + 100 * MS), RHEO_OK);
	cr_assert(state_of(b) == RHEO_HALF_OPEN);
	p = probe_at(b, HALF);
	assert_status(rheo_breaker_record(b, p, RHEO_SUCCESS, HALF + 100 * MS + 1), RHEO_OK);
	cr_assert(state_of(b) == RHEO_OPEN);
	rheo_breaker_events(b, 2, &e, 1, &n);
	cr_assert(n == 1 && e.cause == RHEO_CAUSE_PROBES_FAILED && e.calls == 2 && e.failures == 1 && e.slow == 1);
	assert_u64(breaker_snapshot(b, HALF).slow, 1);
	assert_u64(breaker_snapshot(b, HALF).successes, 2);
}

Test(breaker_probe, ignored_outcomes_end_a_permit_without_a_verdict)
{
	rheo_breaker_t *b = half_open(2, 2, 1, 0);

	rheo_breaker_record(b, probe_at(b, HALF), RHEO_IGNORED, HALF);
	cr_assert(state_of(b) == RHEO_HALF_OPEN);
	rheo_breaker_record(b, probe_at(b, HALF), RHEO_IGNORED, HALF);
	cr_assert(state_of(b) == RHEO_OPEN);
	/* but with no wait: the next call is a probe again */
	rheo_breaker_record(b, probe_at(b, HALF), RHEO_SUCCESS, HALF);
	rheo_breaker_record(b, probe_at(b, HALF), RHEO_SUCCESS, HALF);
	cr_assert(state_of(b) == RHEO_CLOSED);
}

/* P10, P11: a caller killed anywhere while it acquires, reports, cancels, ticks. */
static void
nobody_is_stuck_after(int (*act)(rheo_breaker_t *b, int n), const char *what, int least)
{
	for (volatile int n = 0;; n++) {
		rheo_breaker_t *b = half_open(2, 2, 1, 0);
		uint64_t t = HALF + 2 * SECOND, permit;
		rheo_breaker_snapshot_t s;

		if (!act(b, n)) {
			cr_assert(n >= least, "%s: only %d points were passed", what, n);
			return;
		}
		s = breaker_snapshot(b, HALF);
		cr_assert(s.probes_issued <= 2, "%s, point %d: %u permits", what, n, s.probes_issued);
		/* one caller, alone: admitted within open time plus probe time-out */
		while (rheo_breaker_try_acquire(b, t, &permit) != RHEO_OK) {
			t += 10 * MS;
			cr_assert(t <= HALF + 8 * SECOND + 10 * MS, "%s, point %d: stuck", what, n);
		}
		/* and the breaker can be closed again by working probes */
		for (int i = 0; i < 50 && state_of(b) != RHEO_CLOSED; i++) {
			if (rheo_breaker_try_acquire(b, t, &permit) == RHEO_OK)
				rheo_breaker_record(b, permit, RHEO_SUCCESS, t);
			t += SECOND;
		}
		cr_assert(state_of(b) == RHEO_CLOSED, "%s, point %d: does not close", what, n);
	}
}

static int
die_acquiring(rheo_breaker_t *b, int n)
{
	volatile int died;
	uint64_t permit;

	KILL_AT(n, died, rheo_breaker_try_acquire(b, HALF, &permit));
	return died;
}

static int
die_acquiring_second(rheo_breaker_t *b, int n)
{
	volatile int died;
	uint64_t permit;

	probe_at(b, HALF);
	KILL_AT(n, died, rheo_breaker_try_acquire(b, HALF, &permit));
	return died;
}

static int
die_reporting(rheo_breaker_t *b, uint32_t outcome, int n)
{
	volatile int died;
	uint64_t permit = probe_at(b, HALF);

	KILL_AT(n, died, rheo_breaker_record(b, permit, outcome, HALF));
	return died;
}

static int
die_succeeding(rheo_breaker_t *b, int n)
{
	rheo_breaker_record(b, probe_at(b, HALF), RHEO_SUCCESS, HALF);
	return die_reporting(b, RHEO_SUCCESS, n);
}

static int
die_failing(rheo_breaker_t *b, int n)
{
	return die_reporting(b, RHEO_FAILURE, n);
}

static int
die_cancelling(rheo_breaker_t *b, int n)
{
	volatile int died;
	uint64_t permit = probe_at(b, HALF);

	KILL_AT(n, died, rheo_breaker_cancel(b, permit, HALF));
	return died;
}

static int
die_ticking(rheo_breaker_t *b, int n)
{
	volatile int died;

	probe_at(b, HALF);
	probe_at(b, HALF);
	KILL_AT(n, died, rheo_breaker_tick(b, HALF + 2 * SECOND, NULL));
	return died;
}

Test(breaker_probe, p11_a_caller_killed_anywhere_leaves_nobody_stuck)
{
	nobody_is_stuck_after(die_acquiring, "the first probe", 3);
	nobody_is_stuck_after(die_acquiring_second, "the second probe", 2);
	nobody_is_stuck_after(die_succeeding, "a closing success", 3);
	nobody_is_stuck_after(die_failing, "a failure", 3);
	nobody_is_stuck_after(die_cancelling, "a cancel", 1);
	nobody_is_stuck_after(die_ticking, "a tick", 3);
}

/* While one is between its two steps, others use up its place. */
static rheo_breaker_t *shared;

static void
use_up_the_places(const char *point)
{
	if (strcmp(point, "PROBE_BEFORE_INSTALL") != 0)
		return;
	rh_inject_hook = NULL;
	for (int i = 0; i < 63; i++)
		assert_status(rheo_breaker_cancel(shared, probe_at(shared, HALF), HALF), RHEO_OK);
	/* the sixty-fourth is in the sleeper's place, and stays */
	probe_at(shared, HALF);
}

Test(breaker_probe, two_holders_of_one_place_do_not_lose_each_others_permits)
{
	uint64_t p = 0;

	shared = half_open(3, 3, 1, 0);
	rheo_breaker_cancel(shared, probe_at(shared, HALF), HALF);
	rh_inject_hook = use_up_the_places;
	assert_status(rheo_breaker_try_acquire(shared, HALF, &p), RHEO_OK);
	rh_inject_hook = NULL;
	assert_u64(breaker_snapshot(shared, HALF).probes_issued, 2);
	assert_status(rheo_breaker_record(shared, p, RHEO_SUCCESS, HALF), RHEO_OK);
	assert_u64(breaker_snapshot(shared, HALF).probes_succeeded, 1);
}

Test(breaker_probe, a_late_cancel_comes_to_the_same_with_and_without_a_tick)
{
	for (int tick = 0; tick < 2; tick++) {
		rheo_breaker_config_t cfg = breaker_config();
		rheo_breaker_t *b;
		uint64_t permit;
		uint32_t state;

		cfg.consecutive_failures = 1;
		cfg.open_ns = 100;
		cfg.half_open_calls = 1;
		cfg.probe_timeout_ns = 1000;
		b = breaker_from(&cfg, 0);
		assert_status(rheo_breaker_try_acquire(b, 0, &permit), RHEO_OK);
		assert_status(rheo_breaker_record(b, permit, RHEO_FAILURE, 0), RHEO_OK);
		assert_status(rheo_breaker_try_acquire(b, 100, &permit), RHEO_OK);
		if (tick)
			assert_status(rheo_breaker_tick(b, 1100, NULL), RHEO_OK);
		assert_status(rheo_breaker_cancel(b, permit, 1100), RHEO_STALE);
		assert_status(rheo_breaker_state(b, &state, NULL), RHEO_OK);
		cr_assert(state == RHEO_OPEN);
	}
}

/* One probe of 1 s, admitted `before` nanoseconds before the end of time; OPEN lasts 5 s. */
static rheo_breaker_t *
last_probe(uint64_t before)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;

	cfg.half_open_calls = 1;
	b = breaker_from(&cfg, UINT64_MAX - before - 5 * SECOND);
	trip(b, UINT64_MAX - before - 5 * SECOND);
	probe_at(b, UINT64_MAX - before);
	return b;
}

static uint64_t
retry_after(rheo_breaker_t *b, uint64_t now_ns)
{
	uint64_t delay_ns = 0;

	assert_status(rheo_breaker_retry_after_ns(b, now_ns, &delay_ns), RHEO_OK);
	assert_u64(breaker_snapshot(b, now_ns).retry_after_ns, delay_ns);
	return delay_ns;
}

Test(breaker_probe, p7_at_the_end_of_time_a_refusal_does_not_say_at_once)
{
	rheo_breaker_t *b;

	/* The probe's own time passes the end. */
	b = last_probe(0);
	assert_refused(b, UINT64_MAX, RHEO_REJ_PROBE);
	assert_u64(retry_after(b, UINT64_MAX), RHEO_FOREVER);
	/* It ends before; the OPEN that follows passes the end. */
	b = last_probe(3 * SECOND);
	assert_u64(retry_after(b, UINT64_MAX - SECOND), RHEO_FOREVER);
	assert_refused(b, UINT64_MAX - SECOND, RHEO_REJ_OPEN);
	assert_u64(retry_after(b, UINT64_MAX - SECOND), RHEO_FOREVER);
}

Test(breaker_probe, p7_a_probe_due_just_before_the_end_of_time_is_seen)
{
	rheo_breaker_t *b = last_probe(SECOND + 10);
	uint64_t next_ns = 0;

	assert_refused(b, UINT64_MAX - SECOND, RHEO_REJ_PROBE);
	assert_u64(retry_after(b, UINT64_MAX - SECOND), SECOND - 10);
	assert_status(rheo_breaker_tick(b, UINT64_MAX - 100, &next_ns), RHEO_OK);
	assert_u64(next_ns, 90);
}

Test(breaker_probe, permits_take_places_in_turn_from_the_first)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;

	cfg.half_open_calls = 5;
	b = breaker_from(&cfg, 0);
	trip(b, 0);
	for (uint32_t i = 0; i < 5; i++)
		assert_u64(rh_permit_slot(probe_at(b, 5 * SECOND)), i);
}

/* While one is between its two steps, another half-open time begins and its place is taken. */
static void
begin_again(const char *point)
{
	if (strcmp(point, "PROBE_BEFORE_INSTALL") != 0)
		return;
	rh_inject_hook = NULL;
	assert_status(rheo_breaker_force(shared, RHEO_FORCED_OPEN, HALF), RHEO_OK);
	assert_status(rheo_breaker_force(shared, RHEO_AUTO, HALF), RHEO_OK);
	for (int i = 0; i < 3; i++)
		probe_at(shared, HALF);
}

Test(breaker_probe, who_comes_too_late_gives_no_permit_of_another_generation_back)
{
	uint64_t p = 0;

	shared = half_open(3, 3, 1, 0);
	probe_at(shared, HALF);
	rh_inject_hook = begin_again;
	assert_status(rheo_breaker_try_acquire(shared, HALF, &p), RHEO_REJ_PROBE);
	rh_inject_hook = NULL;
	assert_u64(breaker_snapshot(shared, HALF).probes_issued, 3);
	assert_refused(shared, HALF, RHEO_REJ_PROBE);
}
