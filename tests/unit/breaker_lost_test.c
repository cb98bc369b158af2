/* SPDX-License-Identifier: BSD-2-Clause */

/* P10, P11: callers that die at one named step: what is given up, when, and what is known of it. */

#include "helpers.h"

#include "breaker/self.h"

#define HALF (5 * SECOND)

static const char *deadly;

static void
die_there(const char *point)
{
	if (strcmp(point, deadly) != 0)
		return;
	rh_inject_hook = NULL;
	siglongjmp(death, 1);
}

/* The statement as a thread that is killed where it first passes the point. */
#define DIES_AT(point, statement)                \
	do {                                     \
		volatile int lived = 0;          \
		deadly = (point);                \
		if (sigsetjmp(death, 0) == 0) {  \
			rh_inject_hook = die_there; \
			statement;               \
			lived = 1;               \
		}                                \
		rh_inject_hook = NULL;           \
		cr_assert(!lived, "not passed"); \
	} while (0)

static rheo_breaker_t *
tripped(uint32_t calls, uint32_t failures)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;

	cfg.half_open_calls = calls;
	cfg.half_open_failures = failures;
	b = breaker_from(&cfg, 0);
	trip(b, 0);
	return b;
}

/* Whether it is HALF_OPEN after a tick at now_ns. */
static bool
still_half_open(rheo_breaker_t *b, uint64_t now_ns)
{
	assert_status(rheo_breaker_tick(b, now_ns, NULL), RHEO_OK);
	return state_of(b) == RHEO_HALF_OPEN;
}

Test(breaker_lost, the_first_permit_that_nobody_holds_is_given_up_at_its_time_out_and_not_much_sooner)
{
	rheo_breaker_t *b = tripped(1, 1);
	uint64_t permit;

	DIES_AT("PROBE_BEFORE_INSTALL", rheo_breaker_try_acquire(b, HALF, &permit));
	assert_status(rheo_breaker_try_acquire(b, HALF + SECOND / 2, &permit), RHEO_REJ_PROBE);
	cr_assert(still_half_open(b, HALF + SECOND * 14 / 16));
	cr_assert(!still_half_open(b, HALF + SECOND));
}

Test(breaker_lost, a_permit_that_nobody_holds_is_not_given_up_when_an_earlier_one_is_late)
{
	rheo_breaker_t *b = tripped(2, 2);
	uint64_t permit;

	permit = probe_at(b, HALF);
	DIES_AT("PROBE_BEFORE_INSTALL", rheo_breaker_try_acquire(b, HALF + SECOND * 3 / 4, &permit));
	/* the first has failed */
	cr_assert(still_half_open(b, HALF + SECOND));
	assert_u64(breaker_snapshot(b, HALF + SECOND).probes_failed, 1);
	cr_assert(still_half_open(b, HALF + SECOND * 3 / 4 + SECOND * 14 / 16));
	cr_assert(!still_half_open(b, HALF + SECOND * 3 / 4 + SECOND));
}

Test(breaker_lost, an_edge_whose_maker_died_is_told_with_the_modes_it_went_between)
{
	static const struct {
		uint32_t before, mode, from, to;
	} way[] = {
		{RHEO_AUTO, RHEO_FORCED_OPEN, RHEO_CLOSED, RHEO_OPEN},
		{RHEO_FORCED_OPEN, RHEO_DISABLED, RHEO_OPEN, RHEO_CLOSED},
		{RHEO_DISABLED, RHEO_FORCED_CLOSED, RHEO_CLOSED, RHEO_CLOSED},
		{RHEO_FORCED_CLOSED, RHEO_AUTO, RHEO_CLOSED, RHEO_CLOSED},
		{RHEO_FORCED_OPEN, RHEO_AUTO, RHEO_OPEN, RHEO_OPEN},
	};

	for (unsigned i = 0; i < sizeof way / sizeof *way; i++)
		/* told by a reader, or written down by whoever goes on */
		for (volatile int goes_on = 0; goes_on < 2; goes_on++) {
			rheo_breaker_config_t cfg = breaker_config();
			rheo_breaker_t *b = breaker_from(&cfg, 0);
			rheo_breaker_event_t e[3];
			uint32_t count;
			uint64_t last;

			rheo_breaker_force(b, way[i].before, 0);
			last = breaker_snapshot(b, 0).generation;
			DIES_AT("BREAKER_AFTER_TURN", rheo_breaker_force(b, way[i].mode, 0));
			if (goes_on)
				rheo_breaker_reset(b, 0);
			assert_status(rheo_breaker_events(b, last, e, 3, &count), RHEO_OK);
			cr_assert(count == 1 + (uint32_t)goes_on && e[0].generation == last + 1);
			cr_assert(e[0].from_mode == way[i].before && e[0].to_mode == way[i].mode);
			cr_assert(e[0].from_state == way[i].from && e[0].to_state == way[i].to);
			cr_assert(e[0].partial == 1 && e[0].cause == RHEO_CAUSE_FORCED);
			if (goes_on)
				cr_assert(e[1].from_mode == way[i].mode && e[1].cause == RHEO_CAUSE_RESET &&
					  e[1].partial == 0);
		}
}

Test(breaker_lost, the_end_of_an_open_time_is_told_as_such_though_its_maker_died)
{
	rheo_breaker_t *b = tripped(1, 1);
	rheo_breaker_event_t e;
	uint32_t count;

	DIES_AT("BREAKER_AFTER_TURN", rheo_breaker_tick(b, HALF, NULL));
	assert_status(rheo_breaker_events(b, 1, &e, 1, &count), RHEO_OK);
	cr_assert(count == 1 && e.generation == 2 && e.partial == 1 && e.at_ns == 0 && e.calls == 0);
	cr_assert(e.from_state == RHEO_OPEN && e.to_state == RHEO_HALF_OPEN && e.cause == RHEO_CAUSE_OPEN_TIME_OVER);
}

Test(breaker_lost, the_cause_of_a_trip_whose_maker_died_is_unknown)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;
	rheo_breaker_event_t e;
	uint32_t count;

	cfg.minimum_calls = 1;
	b = breaker_from(&cfg, 0);
	DIES_AT("BREAKER_AFTER_TURN", call(b, RHEO_FAILURE, 7, 0));
	assert_status(rheo_breaker_events(b, 0, &e, 1, &count), RHEO_OK);
	cr_assert(count == 1 && e.generation == 1 && e.partial == 1 && e.cause == RHEO_CAUSE_UNKNOWN);
	cr_assert(e.from_state == RHEO_CLOSED && e.to_state == RHEO_OPEN);
}

Test(breaker_lost, a_reopening_whose_maker_died_counts_for_the_backoff)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;
	uint64_t permit, delay;

	cfg.open_backoff_bp = 10000;
	cfg.open_max_ns = 100 * SECOND;
	b = breaker_from(&cfg, 0);
	trip(b, 0);
	permit = probe_at(b, HALF);
	DIES_AT("BREAKER_AFTER_TURN", rheo_breaker_record(b, permit, RHEO_FAILURE, HALF));
	assert_u64(breaker_snapshot(b, HALF).backoff_level, 1);
	assert_status(rheo_breaker_retry_after_ns(b, HALF, &delay), RHEO_OK);
	assert_u64(delay, 10 * SECOND);
	permit = probe_at(b, HALF + 10 * SECOND);
	assert_status(rheo_breaker_record(b, permit, RHEO_FAILURE, HALF + 10 * SECOND), RHEO_OK);
	assert_u64(breaker_snapshot(b, HALF + 10 * SECOND).backoff_level, 2);
}

Test(breaker_lost, the_wait_told_after_a_lost_probe_is_the_one_that_follows)
{
	for (uint64_t seed = 1; seed < 20; seed++) {
		rheo_breaker_config_t cfg = breaker_config();
		rheo_breaker_t *b;
		uint64_t permit, told, then;

		cfg.half_open_calls = 1;
		cfg.open_backoff_bp = 10000;
		cfg.open_max_ns = 100 * SECOND;
		cfg.open_jitter_bp = 5000;
		cfg.jitter_seed = seed;
		b = breaker_from(&cfg, 0);
		trip(b, 0);
		probe_at(b, 10 * SECOND);
		assert_status(rheo_breaker_retry_after_ns(b, 11 * SECOND, &told), RHEO_OK);
		assert_status(rheo_breaker_try_acquire(b, 11 * SECOND, &permit), RHEO_REJ_OPEN);
		assert_status(rheo_breaker_retry_after_ns(b, 11 * SECOND, &then), RHEO_OK);
		assert_u64(told, then);
	}
}

Test(breaker_lost, permits_that_were_never_reported_leave_their_places_when_probing_begins_again)
{
	rheo_breaker_t *b = tripped(3, 3);
	struct rh_breaker *raw = rh_breaker_self(b).b;
	uint64_t first = probe_at(b, HALF), second = probe_at(b, HALF);

	assert_u64(rh_load_rlx(&raw->probe[0]), first);
	assert_u64(rh_load_rlx(&raw->probe[1]), second);
	assert_status(rheo_breaker_reset(b, HALF), RHEO_OK);
	trip(b, HALF);
	assert_status(rheo_breaker_tick(b, 2 * HALF, NULL), RHEO_OK);
	for (unsigned i = 0; i < RH_PROBE_SLOTS; i++)
		assert_u64(rh_load_rlx(&raw->probe[i]), 0);
	/* and where it is a caller that begins it */
	first = probe_at(b, 2 * HALF);
	second = probe_at(b, 2 * HALF);
	assert_u64(rh_load_rlx(&raw->probe[1]), second);
	assert_status(rheo_breaker_reset(b, 2 * HALF), RHEO_OK);
	trip(b, 2 * HALF);
	first = probe_at(b, 3 * HALF);
	for (unsigned i = 0; i < RH_PROBE_SLOTS; i++)
		assert_u64(rh_load_rlx(&raw->probe[i]), i == 0 ? first : 0);
}

Test(breaker_lost, one_tick_does_all_that_time_has_made_due)
{
	rheo_breaker_t *b = tripped(1, 1);

	/* the probe is lost after a second, the open time that follows is over five later */
	probe_at(b, HALF);
	assert_status(rheo_breaker_tick(b, HALF + 6 * SECOND, NULL), RHEO_OK);
	cr_assert(state_of(b) == RHEO_HALF_OPEN);
	assert_u64(breaker_snapshot(b, HALF + 6 * SECOND).generation, 4);
}

Test(breaker_lost, half_open_lasts_no_given_time_whoever_begins_it)
{
	rheo_breaker_event_t e[8];
	uint32_t n = 0;

	for (int by_tick = 0; by_tick < 2; by_tick++) {
		rheo_breaker_t *b = tripped(1, 1);

		if (by_tick)
			assert_status(rheo_breaker_tick(b, HALF, NULL), RHEO_OK);
		else
			probe_at(b, HALF);
		assert_status(rheo_breaker_events(b, 0, e, 8, &n), RHEO_OK);
		assert_u64(n, 2);
		assert_u64(e[0].open_ns, HALF);
		assert_u64(e[1].open_ns, 0);
		assert_u64(e[1].cause, RHEO_CAUSE_OPEN_TIME_OVER);
	}
}
