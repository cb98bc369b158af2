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

/* Whoever made the transition sleeps; the next one is made meanwhile, and writes the edge down for it. */
static void
reset_meanwhile(const char *point)
{
	if (strcmp(point, "LOG_BEFORE_WORD") != 0 || --points_left > 0)
		return;
	rh_inject_hook = NULL;
	assert_status(rheo_breaker_reset(shared, 9), RHEO_OK);
}

Test(breaker_log, an_edge_that_another_wrote_down_is_whole_once_its_own_writer_wakes)
{
	/* before each of the eight words of the entry */
	for (int word = 1; word <= 8; word++) {
		rheo_breaker_config_t cfg = breaker_config();
		rheo_breaker_event_t e[3];
		uint32_t n;

		shared = breaker_from(&cfg, 0);
		for (int i = 0; i < 3; i++)
			call(shared, RHEO_FAILURE, 0, 0);
		points_left = word;
		rh_inject_hook = reset_meanwhile;
		call(shared, RHEO_FAILURE, 7, 0);
		cr_assert(rh_inject_hook == NULL, "not passed");
		assert_status(rheo_breaker_events(shared, 0, e, 3, &n), RHEO_OK);
		cr_assert(n == 2 && e[0].generation == 1 && e[1].generation == 2 && e[1].partial == 0);
		cr_assert(e[0].partial == 0 && e[0].cause == RHEO_CAUSE_FAILURE_RATE && e[0].at_ns == 7 &&
			  e[0].calls == 4 && e[0].failures == 4 && e[0].open_ns == 5 * SECOND, "word %d", word);
	}
}

/* Nobody's details are told as another's; the edge, which is whole, is. */
Test(breaker_log, an_edge_of_which_a_detail_is_of_another_generation_is_partial)
{
	for (int newer = 0; newer < 2; newer++)
		for (unsigned i = 0; i < 7; i++) {
			rheo_breaker_config_t cfg = breaker_config();
			rheo_breaker_t *b = breaker_from(&cfg, 0);
			struct rh_event *raw = &rh_breaker_self(b).b->log[1];
			rh_a64 *const detail[] = {&raw->at_low, &raw->at_high, &raw->calls, &raw->failures, &raw->slow,
						  &raw->open_low, &raw->open_high};
			rheo_breaker_event_t want = {.generation = 1, .from_state = RHEO_CLOSED, .to_state = RHEO_OPEN,
						     .cause = RHEO_CAUSE_FAILURE_RATE, .partial = 1}, e;
			uint32_t n;

			trip(b, UINT64_C(0x123456789a));
			rh_swap_rlx(detail[i], newer ? UINT64_C(17) << 32 | 99 : 0);
			assert_status(rheo_breaker_events(b, 0, &e, 1, &n), RHEO_OK);
			cr_assert(n == 1 && memcmp(&e, &want, sizeof e) == 0, "detail %u, %s", i,
				  newer ? "newer" : "older");
		}
}

/* While a poller waits, the writer wakes. */
static void
write_it_down(const char *point)
{
	struct rh_reason reason = {.cause = RHEO_CAUSE_RESET, .counts = {.calls = 3, .failures = 2, .slow = 1}};
	struct rh_state closed = {.state = RHEO_CLOSED};

	if (strcmp(point, "LOG_WAITS") != 0 || --points_left > 0)
		return;
	rh_inject_hook = NULL;
	rh_log_write(rh_breaker_self(shared), 1, closed, closed, 5, 0, &reason);
}

Test(breaker_log, a_poller_waits_a_moment_for_a_transition_that_is_being_written_down)
{
	const int moments[] = {1, 2, 1000};

	for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
		rheo_breaker_config_t cfg = breaker_config();
		volatile int died;
		rheo_breaker_event_t e;
		uint32_t n;

		shared = breaker_from(&cfg, 0);
		/* at the third point it has made the transition, and not written it down */
		KILL_AT(2, died, rheo_breaker_reset(shared, 5));
		cr_assert(died);
		assert_u64(breaker_snapshot(shared, 5).generation, 1);
		points_left = moments[i];
		rh_inject_hook = write_it_down;
		assert_status(rheo_breaker_events(shared, 0, &e, 1, &n), RHEO_OK);
		cr_assert(rh_inject_hook == NULL, "it did not wait");
		cr_assert(n == 1 && e.generation == 1 && e.partial == 0 && e.cause == RHEO_CAUSE_RESET);
		cr_assert(e.at_ns == 5 && e.calls == 3 && e.failures == 2 && e.slow == 1);
	}
}

static void
die_after_the_turn(const char *point)
{
	if (strcmp(point, "BREAKER_AFTER_TURN") != 0)
		return;
	rh_inject_hook = NULL;
	siglongjmp(death, 1);
}

static const char *where;

/* Somebody sleeps; fifteen other transitions, after which the edge before the one of its time has left the log. */
static void
fifteen_more(const char *point)
{
	if (strcmp(point, where) != 0)
		return;
	rh_inject_hook = NULL;
	for (int i = 0; i < 15; i++)
		assert_status(rheo_breaker_force(shared, i % 2 ? RHEO_AUTO : RHEO_FORCED_OPEN, 7), RHEO_OK);
}

Test(breaker_log, an_edge_that_was_written_down_for_its_maker_is_not_changed_by_one_that_slept)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_event_t before, e[16];
	uint32_t n;

	shared = breaker_from(&cfg, 0);
	assert_status(rheo_breaker_reset(shared, 0), RHEO_OK);
	rh_inject_hook = die_after_the_turn;
	if (sigsetjmp(death, 0) == 0)
		rheo_breaker_reset(shared, 0);
	assert_status(rheo_breaker_events(shared, 1, &before, 1, &n), RHEO_OK);
	cr_assert(n == 1 && before.generation == 2 && before.partial == 1 && before.from_state == RHEO_CLOSED);
	for (int i = 0; i < 3; i++)
		call(shared, RHEO_FAILURE, 0, 0);
	where = "JUDGE_BEFORE_TRIP";
	rh_inject_hook = fifteen_more;
	call(shared, RHEO_FAILURE, 0, 0);
	cr_assert(rh_inject_hook == NULL, "not passed");
	assert_u64(breaker_snapshot(shared, 7).generation, 17);
	assert_status(rheo_breaker_events(shared, 1, e, 16, &n), RHEO_OK);
	cr_assert(n == 16 && memcmp(&e[0], &before, sizeof before) == 0, "from %s, mode %u",
		  rheo_state_name(e[0].from_state), e[0].from_mode);
}

Test(breaker_log, the_first_edge_begins_at_closed_however_late_it_is_put_together)
{
	/* by a poller, or by who would make the next transition */
	for (int poller = 0; poller < 2; poller++) {
		rheo_breaker_config_t cfg = breaker_config();
		rheo_breaker_event_t e;
		uint32_t n = 0;

		shared = breaker_from(&cfg, 0);
		rh_inject_hook = die_after_the_turn;
		if (sigsetjmp(death, 0) == 0)
			rheo_breaker_reset(shared, 0);
		for (int i = 0; i < 3; i++)
			call(shared, RHEO_FAILURE, 0, 0);
		where = "LOG_BEFORE_EDGE";
		rh_inject_hook = fifteen_more;
		if (!poller)
			call(shared, RHEO_FAILURE, 0, 0);
		assert_status(rheo_breaker_events(shared, 0, &e, 1, &n), RHEO_OK);
		cr_assert(rh_inject_hook == NULL, "not passed");
		assert_u64(breaker_snapshot(shared, 7).generation, 16);
		cr_assert(n == 1 && e.generation == 1 && e.partial == 1);
		cr_assert(e.from_state == RHEO_CLOSED && e.from_mode == RHEO_AUTO);
	}
}

/* The maker of generation 2 died. Before who found its entry missing put it together, that of generation 1 was gone. */
Test(breaker_log, p8_an_edge_is_put_together_from_the_entry_before_it_or_not_at_all)
{
	for (volatile int poller = 0; poller < 2; poller++) {
		rheo_breaker_config_t cfg = breaker_config();
		rheo_breaker_event_t before, after;
		uint32_t n;

		shared = breaker_from(&cfg, 0);
		assert_status(rheo_breaker_force(shared, RHEO_FORCED_CLOSED, 0), RHEO_OK);
		rh_inject_hook = die_after_the_turn;
		if (sigsetjmp(death, 0) == 0)
			rheo_breaker_force(shared, RHEO_AUTO, 0);
		assert_status(rheo_breaker_events(shared, 1, &before, 1, &n), RHEO_OK);
		cr_assert(n == 1 && before.partial && before.from_mode == RHEO_FORCED_CLOSED);
		for (int i = 0; i < 3; i++)
			call(shared, RHEO_FAILURE, 0, 0);
		where = "LOG_BEFORE_EDGE";
		rh_inject_hook = fifteen_more;
		if (!poller)
			call(shared, RHEO_FAILURE, 0, 0);
		assert_status(rheo_breaker_events(shared, 1, &after, 1, &n), RHEO_OK);
		cr_assert(rh_inject_hook == NULL, "not passed");
		assert_u64(breaker_snapshot(shared, 7).generation, 17);
		cr_assert(n == 1 && memcmp(&before, &after, sizeof before) == 0, "from %s, %s",
			  rheo_state_name(after.from_state), rheo_mode_name(after.from_mode));
	}
}
