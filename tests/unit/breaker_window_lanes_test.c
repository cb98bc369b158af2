/* SPDX-License-Identifier: BSD-2-Clause */

/* A window over several lanes, recorded from one CPU and then from another. */

#include "helpers.h"

#include <pthread.h>
#include <sched.h>

#include "breaker/self.h"
#include "port/own.h"

/* Moves to one of the first two CPUs that this process may use; false where there is but one. */
static int
go_to_cpu(unsigned which)
{
	static cpu_set_t allowed;
	static int known;
	cpu_set_t one;

	if (!known++)
		sched_getaffinity(0, sizeof allowed, &allowed);
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed) || which-- != 0)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		return sched_setaffinity(0, sizeof one, &one) == 0;
	}
	return 0;
}

static rheo_breaker_t *
watcher(void)
{
	rheo_breaker_config_t cfg = breaker_config();

	cfg.window_ns = 5 * SECOND;
	cfg.window_slices = 5;
	cfg.minimum_calls = 1000;
	cfg.slow_call_rate_bp = 10000;
	cfg.slow_call_ns = MS;
	cfg.lanes = 128;
	return breaker_from(&cfg, 0);
}

/* A bad call that is reported late goes where bad calls are counted, itself as well as its badness. */
Test(breaker_window_lanes, a_bad_call_leaves_the_window_together_with_its_badness)
{
	for (int slow = 0; slow < 2; slow++) {
		rheo_breaker_t *b = watcher();
		rheo_breaker_snapshot_t s;
		uint32_t outcome = slow ? RHEO_SUCCESS : RHEO_FAILURE;

		if (!go_to_cpu(0))
			return;
		call(b, RHEO_FAILURE, 8 * SECOND, 2 * MS);
		if (!go_to_cpu(1))
			return;
		call(b, outcome, 6 * SECOND, slow ? 2 * MS : 0);
		s = breaker_snapshot(b, 12 * SECOND);
		cr_assert(s.window_calls == 2 && s.window_failures == (slow ? 1 : 2) && s.window_slow == (slow ? 2 : 1));
		s = breaker_snapshot(b, 13 * SECOND);
		cr_assert(s.window_calls == 0 && s.window_failures == 0 && s.window_slow == 0);
	}
}

/* A good one is counted on its own CPU's lane, where nothing later has been. */
Test(breaker_window_lanes, a_good_call_counts_in_its_own_slice)
{
	rheo_breaker_t *b = watcher();

	if (!go_to_cpu(0))
		return;
	call(b, RHEO_SUCCESS, 8 * SECOND, 0);
	if (!go_to_cpu(1))
		return;
	call(b, RHEO_SUCCESS, 6 * SECOND, 0);
	assert_u64(breaker_snapshot(b, 10 * SECOND).window_calls, 2);
	assert_u64(breaker_snapshot(b, 11 * SECOND).window_calls, 1);
	assert_u64(breaker_snapshot(b, 13 * SECOND).window_calls, 0);
	assert_u64(breaker_snapshot(b, 13 * SECOND).successes, 2);
}

Test(breaker_window_lanes, the_verdict_counts_calls_of_every_lane)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;

	cfg.lanes = 128;
	b = breaker_from(&cfg, 0);
	for (unsigned i = 0; i < 4; i++) {
		if (!go_to_cpu(i % 2))
			return;
		cr_assert(state_of(b) == RHEO_CLOSED);
		call(b, i < 2 ? RHEO_SUCCESS : RHEO_FAILURE, 0, 0);
	}
	cr_assert(state_of(b) == RHEO_OPEN);
}

Test(breaker_window_lanes, with_one_lane_every_cpu_counts_on_it)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	rheo_breaker_snapshot_t s;

	for (unsigned i = 0; i < 4 && go_to_cpu(i % 2); i++)
		call(b, RHEO_SUCCESS, 0, 0);
	s = breaker_snapshot(b, 0);
	cr_assert(s.window_calls == s.successes && s.window_failures == 0 && s.window_slow == 0 && s.failures == 0);
}

/* Failures that the window has left behind do not trip it by a clock that is behind. */
Test(breaker_window_lanes, calls_of_another_lane_move_the_window_on)
{
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		rheo_breaker_config_t cfg = breaker_config();
		rheo_breaker_t *b;

		cfg.window_ns = 5 * SECOND;
		cfg.window_slices = 5;
		cfg.minimum_calls = 5;
		cfg.lanes = 128;
		b = breaker_from(&cfg, 0);
		if (!go_to_cpu(1 - cpu) || !go_to_cpu(cpu))
			return;
		for (int i = 0; i < 4; i++)
			call(b, RHEO_FAILURE, 3 * SECOND, 0);
		go_to_cpu(1 - cpu);
		call(b, RHEO_SUCCESS, 9 * SECOND, 0);
		go_to_cpu(cpu);
		call(b, RHEO_FAILURE, 4 * SECOND, 0);
		cr_assert(state_of(b) == RHEO_CLOSED);
	}
}

#define MANY 200000

static rheo_breaker_t *contended;

static void *
succeed_many(void *which)
{
	uint64_t permit;

	go_to_cpu((int)(intptr_t)which);
	for (int i = 0; i < MANY; i++)
		if (rheo_breaker_try_acquire(contended, 0, &permit) != RHEO_OK ||
		    rheo_breaker_record(contended, permit, RHEO_SUCCESS, 0) != RHEO_OK)
			return which;
	return NULL;
}

/* Lanes that several CPUs share are not written as if each had its own (P15). */
Test(breaker_window_lanes, threads_on_two_cpus_lose_no_count_of_the_lane_that_they_share)
{
	rheo_breaker_config_t cfg = breaker_config();
	pthread_t t[2];
	void *bad;

	contended = breaker_from(&cfg, 0);
	go_to_cpu(0);
	for (intptr_t i = 0; i < 2; i++)
		cr_assert(pthread_create(&t[i], NULL, succeed_many, (void *)i) == 0);
	for (int i = 0; i < 2; i++) {
		pthread_join(t[i], &bad);
		cr_assert(bad == NULL);
	}
	assert_u64(breaker_snapshot(contended, 0).successes, 2 * MANY);
	assert_u64(breaker_snapshot(contended, 0).window_calls, 2 * MANY);
}

/* A process without restartable sequences takes part in a breaker whose lanes are the CPUs' own. */
Test(breaker_window_lanes, who_has_no_registration_counts_on_the_track_that_all_share)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;
	ptrdiff_t at = rh_rseq_at;

	cfg.lanes = 0;
	cfg.minimum_calls = 100;
	b = breaker_from(&cfg, 0);
	call(b, RHEO_SUCCESS, 0, 0);
	rh_rseq_at = 0;
	for (int i = 0; i < 3; i++)
		call(b, i == 0 ? RHEO_FAILURE : RHEO_SUCCESS, 0, 0);
	rh_rseq_at = at;
	call(b, RHEO_SUCCESS, 0, 0);
	cr_assert(breaker_snapshot(b, 0).successes == 4 && breaker_snapshot(b, 0).failures == 1);
	assert_u64(breaker_snapshot(b, 0).window_calls, 5);
}

static int kept_going;

static void
leave_the_cpu(const char *point)
{
	if (strcmp(point, "WINDOW_BEFORE_ADD") != 0)
		return;
	rh_inject_hook = NULL;
	kept_going = go_to_cpu(1);
}

/* Calls in the tracks of all lanes but one. */
static uint64_t
cells_of_others(const struct rh_window *w, unsigned lane)
{
	uint64_t total = 0;

	for (unsigned i = 0; i <= 1u << w->lanes_log2; i++)
		for (unsigned k = 0; k < w->cells && i != lane; k++)
			total += rh_load_rlx(&rh_window_track(w, i)->cell[k]) & UINT32_MAX;
	return total;
}

/* No locked instruction keeps apart who counts on a CPU's own track: nobody on another CPU may. */
Test(breaker_window_lanes, p15_who_has_left_the_cpu_leaves_its_track_alone)
{
	rheo_breaker_config_t cfg = breaker_config();
	struct rh_window w;
	rheo_breaker_t *b;
	uint64_t permit;
	unsigned first;

	cfg.lanes = 0;
	b = breaker_from(&cfg, 0);
	w = rh_breaker_window(rh_breaker_self(b));
	if (!w.own || !go_to_cpu(1) || !go_to_cpu(0))
		return;
	first = (unsigned)rh_own_here().cpu;
	call(b, RHEO_FAILURE, 0, 0);
	assert_u64(cells_of_others(&w, first), 0);
	permit = probe_at(b, 0);
	rh_inject_hook = leave_the_cpu;
	assert_status(rheo_breaker_record(b, permit, RHEO_FAILURE, 0), RHEO_OK);
	cr_assert(rh_inject_hook == NULL && kept_going);
	assert_u64(cells_of_others(&w, first), 1);
	assert_u64(breaker_snapshot(b, 0).window_calls, 2);
}

/* What a CPU's own track holds is taken into the totals once, and is no call any more. */
Test(breaker_window_lanes, p15_totals_of_own_tracks_are_exact_whatever_left_the_window)
{
	rheo_breaker_config_t cfg = breaker_config();
	uint64_t seed = 3, t = 0;
	rheo_breaker_t *b;

	cfg.lanes = 0;
	b = breaker_from(&cfg, 0);
	go_to_cpu(0);
	for (uint64_t i = 0; i < 1000; i++) {
		assert_u64(breaker_snapshot(b, t).successes, i);
		call(b, RHEO_SUCCESS, t, 0);
		t += next_random(&seed) % (30 * SECOND);
	}
}
