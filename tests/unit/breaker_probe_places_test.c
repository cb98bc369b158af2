/* SPDX-License-Identifier: BSD-2-Clause */

/* Places of probes: what others leave in them, who is overtaken there, and what is given up when. */

#include "helpers.h"

#include "breaker/self.h"

#define HALF (5 * SECOND)

static rheo_breaker_t *b;
static uint64_t other, now;
static const char *where;
static void (*what)(void);

static struct rh_breaker *
raw(void)
{
	return rh_breaker_self(b).b;
}

static uint64_t
word(void)
{
	return rh_load_acq(&raw()->state);
}

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
#define MEANWHILE(point, doing, statement)              \
	do {                                            \
		where = (point);                        \
		what = (doing);                         \
		rh_inject_hook = at_point;              \
		statement;                              \
		rh_inject_hook = NULL;                  \
		cr_assert(where == NULL, "not passed"); \
	} while (0)

/* OPEN since 0, over at HALF; `calls` probes of a second, which close or reopen it only when all have ended. */
static void
opened(uint32_t calls, uint32_t flags)
{
	rheo_breaker_config_t cfg = breaker_config();

	cfg.half_open_calls = calls;
	cfg.half_open_successes = calls;
	cfg.half_open_failures = calls;
	cfg.flags = flags;
	b = breaker_from(&cfg, 0);
	trip(b, 0);
}

/* A probe at now_ns by one that dies before its permit is in its place; not the first, which begins probing. */
static void
lose_probe(uint64_t now_ns)
{
	volatile int died;
	uint64_t permit;

	KILL_AT(1, died, rheo_breaker_try_acquire(b, now_ns, &permit));
	cr_assert(died);
}

static void
begin_probing(void)
{
	assert_status(rheo_breaker_tick(b, HALF, NULL), RHEO_OK);
	cr_assert(state_of(b) == RHEO_HALF_OPEN);
}

static void
take_a_probe(void)
{
	other = probe_at(b, now);
}

Test(breaker_probe_places, the_first_prober_has_the_first_place_though_another_was_quicker)
{
	uint64_t permit = 0;

	opened(2, 0);
	now = HALF;
	MEANWHILE("BREAKER_AFTER_TURN", take_a_probe, permit = probe_at(b, HALF));
	assert_u64(rh_permit_slot(permit), 0);
	assert_u64(rh_permit_slot(other), 1);
}

/* Whoever begins to probe empties the places of earlier generations, unless it dies before. */
Test(breaker_probe_places, p9_permits_that_nobody_swept_out_neither_count_nor_take_places)
{
	rheo_breaker_snapshot_t s;
	uint64_t old, first, second;
	volatile int died;

	opened(2, 0);
	old = probe_at(b, HALF);
	assert_status(rheo_breaker_reset(b, HALF), RHEO_OK);
	trip(b, HALF);
	KILL_AT(2, died, rheo_breaker_tick(b, 2 * HALF, NULL));
	cr_assert(died && state_of(b) == RHEO_HALF_OPEN);
	assert_u64(rh_load_rlx(&raw()->probe[0]), old);
	first = probe_at(b, 2 * HALF);
	assert_u64(rh_permit_slot(first), 0);
	assert_u64(rh_load_rlx(&raw()->probe[0]), first);
	/* one further: the time of the old one has long been over, and nothing fails by that */
	assert_status(rheo_breaker_cancel(b, first, 2 * HALF), RHEO_OK);
	rh_store_init(&raw()->probe[1], old);
	rh_store_init(&raw()->probe[7], old);
	second = probe_at(b, 2 * HALF);
	assert_u64(rh_permit_slot(second), 1);
	assert_status(rheo_breaker_tick(b, 2 * HALF + SECOND / 2, NULL), RHEO_OK);
	s = breaker_snapshot(b, 2 * HALF + SECOND / 2);
	cr_assert(s.state == RHEO_HALF_OPEN && s.probes_issued == 1 && s.probes_failed == 0);
	assert_u64(s.retry_after_ns, 0);
	assert_status(rheo_breaker_record(b, old, RHEO_SUCCESS, 2 * HALF + SECOND / 2), RHEO_STALE);
	assert_status(rheo_breaker_record(b, second, RHEO_SUCCESS, 2 * HALF + SECOND / 2), RHEO_OK);
}

static void
tick_when_overdue(void)
{
	assert_status(rheo_breaker_tick(b, HALF + 2 * SECOND, NULL), RHEO_OK);
}

Test(breaker_probe_places, p9_a_cancel_that_sleeps_until_its_probe_is_given_up_gives_nothing_back)
{
	rheo_breaker_snapshot_t s;
	uint64_t permit;

	opened(2, RHEO_BREAKER_PROBE_TIMEOUT_CANCELS);
	permit = probe_at(b, HALF);
	MEANWHILE("PROBE_BEFORE_GIVING_BACK", tick_when_overdue,
		  assert_status(rheo_breaker_cancel(b, permit, HALF), RHEO_STALE));
	s = breaker_snapshot(b, HALF + 2 * SECOND);
	cr_assert(s.state == RHEO_HALF_OPEN && s.probes_issued == 1 && s.probes_ignored == 1);
	assert_u64(s.stale, 1);
}

Test(breaker_probe_places, a_cancel_that_is_overtaken_gives_its_permit_back_all_the_same)
{
	uint64_t permit;

	opened(2, 0);
	permit = probe_at(b, HALF);
	now = HALF;
	MEANWHILE("PROBE_BEFORE_GIVING_BACK", take_a_probe,
		  assert_status(rheo_breaker_cancel(b, permit, HALF), RHEO_OK));
	assert_u64(breaker_snapshot(b, HALF).probes_issued, 1);
	probe_at(b, HALF);
	assert_status(rheo_breaker_try_acquire(b, HALF, &permit), RHEO_REJ_PROBE);
}

static unsigned moves;

/* A neighbour that is always first: the word is another each time it is swapped. */
static void
move_the_word(const char *point)
{
	struct rh_state s;

	if (strcmp(point, where) != 0)
		return;
	moves++;
	s = rh_state_unpack(word());
	s.ticket++;
	rh_store_init(&raw()->state, rh_state_pack(s));
}

Test(breaker_probe_places, p12_p14_an_end_that_never_comes_about_is_given_up_and_is_not_said_to_have_had_effect)
{
	uint64_t first, second;

	opened(3, 0);
	first = probe_at(b, HALF);
	second = probe_at(b, HALF);
	rh_inject_hook = move_the_word;
	where = "PROBE_BEFORE_SETTLE";
	assert_status(rheo_breaker_record(b, first, RHEO_SUCCESS, HALF), RHEO_STALE);
	where = "PROBE_BEFORE_GIVING_BACK";
	assert_status(rheo_breaker_cancel(b, second, HALF), RHEO_STALE);
	rh_inject_hook = NULL;
	assert_u64(moves, 2 * RH_STATE_TRIES);
	assert_u64(breaker_snapshot(b, HALF).probes_succeeded, 0);
	assert_u64(breaker_snapshot(b, HALF).probes_issued, 2);
}

static void
no_issue(const char *point)
{
	cr_assert(strcmp(point, "PROBE_BEFORE_ISSUE") != 0);
}

Test(breaker_probe_places, p14_a_call_refused_for_want_of_a_place_leaves_the_word_alone)
{
	uint64_t permit, before;

	opened(2, 0);
	probe_at(b, HALF);
	before = word();
	for (uint32_t slot = 0; slot < RH_PROBE_SLOTS; slot++)
		rh_store_init(&raw()->probe[slot], rh_permit_probe(rh_state_unpack(before).generation, slot, HALF));
	rh_inject_hook = no_issue;
	assert_status(rheo_breaker_try_acquire(b, HALF, &permit), RHEO_REJ_PROBE);
	rh_inject_hook = NULL;
	assert_u64(word(), before);
}

/* The counts come after the table; they may be any number, and are nobody's permit. */
Test(breaker_probe_places, what_lies_behind_the_table_is_no_place_of_it)
{
	const uint64_t begun = HALF + 60 * MS;
	rh_a64 *behind;
	uint64_t delay = 0;

	opened(1, 0);
	begin_probing();
	lose_probe(begun);
	behind = &raw()->probe[0] + RH_PROBE_SLOTS;
	cr_assert((void *)behind == (void *)raw()->blocks);
	rh_store_init(behind, rh_permit_probe(rh_state_unpack(word()).generation, 5, HALF - SECOND / 2));
	assert_status(rheo_breaker_retry_after_ns(b, begun, &delay), RHEO_OK);
	assert_u64(delay, SECOND);
	rh_store_init(behind, rh_permit_probe(rh_state_unpack(word()).generation, 5, begun));
	assert_status(rheo_breaker_tick(b, HALF + SECOND, NULL), RHEO_OK);
	cr_assert(state_of(b) == RHEO_OPEN, "a lost probe is not given up");
}

/* The time-out's sixteenths are counted from 0: one begins at HALF. */
Test(breaker_probe_places, a_lost_permit_issued_as_a_sixteenth_begins_is_given_up_at_its_time_out_exactly)
{
	rheo_breaker_snapshot_t s;

	opened(2, 0);
	begin_probing();
	lose_probe(HALF);
	assert_status(rheo_breaker_tick(b, HALF + SECOND - 1, NULL), RHEO_OK);
	assert_u64(breaker_snapshot(b, HALF + SECOND - 1).probes_failed, 0);
	assert_status(rheo_breaker_tick(b, HALF + SECOND, NULL), RHEO_OK);
	s = breaker_snapshot(b, HALF + SECOND);
	cr_assert(s.state == RHEO_HALF_OPEN && s.probes_failed == 1);
	/* it failed, and nobody knows how slow it would have been */
	assert_u64(s.probes_slow, 0);
}

/* Such a time-out has no sixteenths of a whole nanosecond: they are one each. */
Test(breaker_probe_places, p10_a_lost_permit_of_a_few_nanoseconds_is_given_up_after_sixteen)
{
	for (uint64_t timeout_ns = 1; timeout_ns <= 16; timeout_ns++) {
		rheo_breaker_config_t cfg = breaker_config();

		cfg.half_open_calls = 1;
		cfg.probe_timeout_ns = timeout_ns;
		b = breaker_from(&cfg, 0);
		trip(b, 0);
		begin_probing();
		lose_probe(HALF);
		assert_status(rheo_breaker_tick(b, HALF + 15, NULL), RHEO_OK);
		cr_assert(state_of(b) == RHEO_HALF_OPEN);
		assert_status(rheo_breaker_tick(b, HALF + 16, NULL), RHEO_OK);
		cr_assert(state_of(b) == RHEO_OPEN);
	}
}

Test(breaker_probe_places, all_probes_there_can_be_are_given_up_at_once)
{
	struct rh_brules r;

	opened(RH_PROBES_MAX, 0);
	begin_probing();
	for (uint32_t i = 0; i < RH_PROBES_MAX; i++)
		lose_probe(HALF);
	cr_assert(rh_brules_read(rh_breaker_self(b), &r));
	rh_probe_expire(rh_breaker_self(b), &r, HALF + SECOND);
	cr_assert(state_of(b) == RHEO_OPEN);
}

static uint64_t others_permit;

/* While the one who turned it HALF_OPEN sleeps it closes, opens, and probes again. */
static void
probe_again(const char *point)
{
	if (strcmp(point, "BREAKER_AFTER_TURN") != 0)
		return;
	rh_inject_hook = NULL;
	assert_status(rheo_breaker_reset(b, HALF), RHEO_OK);
	trip(b, HALF);
	others_permit = probe_at(b, 2 * HALF);
}

Test(breaker_probe_places, p9_one_that_slept_since_it_began_probing_does_not_take_a_later_ones_place)
{
	uint64_t permit;

	opened(1, 0);
	rh_inject_hook = probe_again;
	assert_status(rheo_breaker_try_acquire(b, HALF, &permit), RHEO_REJ_PROBE);
	cr_assert(rh_inject_hook == NULL && rh_permit_is_probe(others_permit));
	assert_status(rheo_breaker_record(b, others_permit, RHEO_SUCCESS, 2 * HALF), RHEO_OK);
	cr_assert(state_of(b) == RHEO_CLOSED);
}
