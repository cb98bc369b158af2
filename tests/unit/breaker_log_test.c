/* SPDX-License-Identifier: BSD-2-Clause */

/* P8: each transition seen once, in order, whoever dies after making it. */

#include "helpers.h"

#include "breaker/self.h"

Test(breaker_log, a_full_circle_with_the_counts_that_caused_it)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	rheo_breaker_event_t e[16];
	uint32_t n = 99;

	assert_status(rheo_breaker_events(b, 0, e, 16, &n), RHEO_OK);
	assert_u64(n, 0);
	call(b, RHEO_SUCCESS, 0, 0);
	trip(b, SECOND);
	rheo_breaker_record(b, probe_at(b, 6 * SECOND), RHEO_FAILURE, 6 * SECOND + 5);
	rheo_breaker_record(b, probe_at(b, 12 * SECOND), RHEO_SUCCESS, 12 * SECOND);
	rheo_breaker_record(b, probe_at(b, 12 * SECOND), RHEO_SUCCESS, 12 * SECOND + 7);
	assert_status(rheo_breaker_events(b, 0, e, 16, &n), RHEO_OK);
	assert_u64(n, 5);
	for (uint32_t i = 0; i < n; i++)
		cr_assert(e[i].generation == i + 1 && e[i].partial == 0 && e[i].from_mode == 0 && e[i].to_mode == 0);
	cr_assert(e[0].from_state == RHEO_CLOSED && e[0].to_state == RHEO_OPEN &&
		  e[0].cause == RHEO_CAUSE_FAILURE_RATE && e[0].at_ns == SECOND && e[0].calls == 4 &&
		  e[0].failures == 3 && e[0].open_ns == 5 * SECOND);
	cr_assert(e[1].from_state == RHEO_OPEN && e[1].to_state == RHEO_HALF_OPEN &&
		  e[1].cause == RHEO_CAUSE_OPEN_TIME_OVER && e[1].at_ns == 6 * SECOND && e[1].open_ns == 0);
	cr_assert(e[2].from_state == RHEO_HALF_OPEN && e[2].to_state == RHEO_OPEN &&
		  e[2].cause == RHEO_CAUSE_PROBES_FAILED && e[2].calls == 1 && e[2].failures == 1 &&
		  e[2].at_ns == 6 * SECOND + 5);
	cr_assert(e[4].from_state == RHEO_HALF_OPEN && e[4].to_state == RHEO_CLOSED &&
		  e[4].cause == RHEO_CAUSE_PROBES_SUCCEEDED && e[4].calls == 2 && e[4].failures == 0 && e[4].open_ns == 0);
}

Test(breaker_log, a_poller_sees_each_once_and_learns_what_it_missed)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	rheo_breaker_event_t e[16];
	uint64_t since = 0, seen = 0;
	uint32_t n;

	for (uint64_t i = 0; i < 100; i++) {
		rheo_breaker_force(b, i % 2 ? RHEO_AUTO : RHEO_FORCED_OPEN, i);
		if (i % 3 == 0) {
			assert_status(rheo_breaker_events(b, since, e, 16, &n), RHEO_OK);
			for (uint32_t k = 0; k < n; k++) {
				cr_assert(e[k].generation == since + 1 && e[k].at_ns == since);
				since = e[k].generation;
				seen++;
			}
		}
	}
	assert_u64(seen, 100);
	/* too late: the oldest of the last sixteen says so */
	assert_status(rheo_breaker_events(b, 3, e, 16, &n), RHEO_OK);
	cr_assert(n == 16 && e[0].generation == 85 && e[15].generation == 100);
	assert_status(rheo_breaker_events(b, 3, e, 2, &n), RHEO_OK);
	cr_assert(n == 2 && e[1].generation == 86);
	assert_status(rheo_breaker_events(b, 100, e, 16, &n), RHEO_OK);
	assert_u64(n, 0);
	assert_status(rheo_breaker_events(b, UINT64_MAX, e, 16, &n), RHEO_OK);
	assert_u64(n, 0);
	assert_status(rheo_breaker_events(b, 0, NULL, 0, &n), RHEO_OK);
	assert_u64(n, 0);
}

/* Killed anywhere in a transition: the edge is in the log or did not happen. */
Test(breaker_log, p11_an_edge_is_seen_once_wherever_its_maker_died)
{
	volatile int partial = 0, whole = 0, undone = 0;

	for (volatile int n = 0;; n++) {
		rheo_breaker_config_t cfg = breaker_config();
		rheo_breaker_t *b = breaker_from(&cfg, 0);
		rheo_breaker_event_t e[16];
		volatile int died;
		uint64_t last, permit;
		uint32_t count, state;

		for (int i = 0; i < 3; i++)
			call(b, RHEO_FAILURE, 0, 0);
		permit = probe_at(b, 0);
		KILL_AT(n, died, rheo_breaker_record(b, permit, RHEO_FAILURE, 0));
		if (!died)
			break;
		state = state_of(b);
		assert_status(rheo_breaker_events(b, 0, e, 16, &count), RHEO_OK);
		cr_assert(count == (state == RHEO_OPEN));
		if (count == 1) {
			cr_assert(e[0].from_state == RHEO_CLOSED && e[0].to_state == RHEO_OPEN);
			partial += e[0].partial != 0;
			whole += e[0].partial == 0;
		} else {
			undone++;
			trip(b, 0);
		}
		/* the next transitions complete the log, in order */
		last = count;
		rheo_breaker_record(b, probe_at(b, 10 * SECOND), RHEO_FAILURE, 10 * SECOND);
		assert_status(rheo_breaker_events(b, last, e, 16, &count), RHEO_OK);
		for (uint32_t i = 0; i < count; i++)
			cr_assert(e[i].generation == last + 1 + i);
		cr_assert(e[count - 1].from_state == RHEO_HALF_OPEN && e[count - 1].to_state == RHEO_OPEN);
		assert_status(rheo_breaker_events(b, 0, e, 16, &count), RHEO_OK);
		cr_assert(count == 3 && e[0].from_state == RHEO_CLOSED && e[0].to_state == RHEO_OPEN &&
			  e[1].from_state == RHEO_OPEN && e[1].to_state == RHEO_HALF_OPEN);
	}
	cr_assert(partial > 0 && undone > 0, "partial %d, whole %d, undone %d", partial, whole, undone);
}

static rheo_breaker_t *shared;

/* A thread sleeps after its transition; others make sixteen more. */
static void
go_round_the_log(const char *point)
{
	if (strcmp(point, "BREAKER_AFTER_TURN") != 0)
		return;
	rh_inject_hook = NULL;
	for (uint64_t i = 0; i < 32; i++)
		rheo_breaker_force(shared, i % 2 ? RHEO_AUTO : RHEO_FORCED_CLOSED, 7);
}

Test(breaker_log, a_writer_that_wakes_late_writes_over_nothing_newer)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_event_t e[16];
	uint32_t n;

	shared = breaker_from(&cfg, 0);
	rh_inject_hook = go_round_the_log;
	rheo_breaker_reset(shared, 5);
	rh_inject_hook = NULL;
	assert_status(rheo_breaker_events(shared, 0, e, 16, &n), RHEO_OK);
	assert_u64(n, 16);
	for (uint32_t i = 0; i < n; i++)
		cr_assert(e[i].generation == 18 + i && e[i].cause == RHEO_CAUSE_FORCED && e[i].at_ns == 7);
	assert_u64(breaker_snapshot(shared, 7).generation, 33);
}

/* A place of the log that holds another generation's entry: newer, as while it is being read; older, as never. */
Test(breaker_log, an_entry_of_another_generation_is_not_told_as_the_one_asked_for)
{
	for (int newer = 0; newer < 2; newer++) {
		rheo_breaker_config_t cfg = breaker_config();
		rheo_breaker_t *b = breaker_from(&cfg, 0);
		struct rh_breaker *raw = rh_breaker_self(b).b;
		rheo_breaker_event_t e[16];
		uint32_t n = 99;

		for (int i = 0; i < 20; i++)
			rheo_breaker_reset(b, 0);
		rh_swap_rlx(&raw->log[18 % RH_LOG_EVENTS].what,
			    (rh_load_rlx(&raw->log[18 % RH_LOG_EVENTS].what) & UINT32_MAX) |
				    (uint64_t)(newer ? 34 : 2) << 32);
		assert_status(rheo_breaker_events(b, 16, e, 16, &n), RHEO_OK);
		assert_u64(n, 3);
		cr_assert(e[0].generation == 17 && e[1].generation == 19 && e[2].generation == 20);
	}
}

Test(breaker_log, a_poller_gets_no_more_than_it_has_room_for_and_the_rest_next_time)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	rheo_breaker_event_t e[3];
	uint32_t n;

	for (int i = 0; i < 16; i++)
		rheo_breaker_reset(b, 0);
	for (uint64_t since = 0, left = 16; left != 0; since += n, left -= n) {
		memset(e, 0, sizeof e);
		assert_status(rheo_breaker_events(b, since, e, 2, &n), RHEO_OK);
		cr_assert(n == 2 && e[0].generation == since + 1 && e[1].generation == since + 2);
		assert_u64(e[2].generation, 0);
	}
	assert_status(rheo_breaker_events(b, 16, e, 3, &n), RHEO_OK);
	assert_u64(n, 0);
	assert_status(rheo_breaker_events(b, 0, NULL, 0, &n), RHEO_OK);
	assert_u64(n, 0);
}

Test(breaker_log, all_64_bits_of_times_and_the_low_32_of_counts_are_told)
{
	rheo_breaker_config_t cfg = breaker_config();
	const uint64_t at = UINT64_C(0x123456789abcdef0);
	rheo_breaker_t *b;
	rheo_breaker_event_t e;
	uint32_t n;

	cfg.open_ns = UINT64_C(0x123456789a);
	cfg.slow_call_rate_bp = 10000;
	cfg.slow_call_ns = MS;
	b = breaker_from(&cfg, at);
	for (int i = 0; i < 4; i++)
		call(b, RHEO_SUCCESS, at, 2 * MS);
	assert_status(rheo_breaker_events(b, 0, &e, 1, &n), RHEO_OK);
	cr_assert(n == 1 && e.at_ns == at + 2 * MS && e.open_ns == cfg.open_ns && e.calls == 4 && e.failures == 0 &&
		  e.slow == 4 && e.cause == RHEO_CAUSE_SLOW_CALL_RATE);
	for (int i = 0; i < 3; i++)
		assert_u64(e.reserved[i], 0);
}

/* The log has 32 bits for a count: more are told as so many. */
Test(breaker_log, counts_beyond_32_bits_are_told_as_the_most_there_are)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	struct rh_reason reason = {.cause = RHEO_CAUSE_FORCED,
				   .counts = {.calls = UINT64_C(1) << 33, .failures = UINT32_MAX, .slow = UINT32_MAX - 1}};
	struct rh_state from = {.state = RHEO_CLOSED}, to = {.state = RHEO_OPEN, .mode = RHEO_FORCED_OPEN};
	rheo_breaker_event_t e;
	uint32_t n = 0;

	assert_status(rheo_breaker_force(b, RHEO_FORCED_OPEN, 0), RHEO_OK);
	/* as the second generation, which force then begins */
	rh_log_write(rh_breaker_self(b), 2, from, to, 0, 0, &reason);
	assert_status(rheo_breaker_force(b, RHEO_FORCED_CLOSED, 0), RHEO_OK);
	assert_status(rheo_breaker_events(b, 1, &e, 1, &n), RHEO_OK);
	cr_assert(n == 1 && e.generation == 2);
	assert_u64(e.calls, UINT32_MAX);
	assert_u64(e.failures, UINT32_MAX);
	assert_u64(e.slow, UINT32_MAX - 1);
}
