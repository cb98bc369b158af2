/* SPDX-License-Identifier: BSD-2-Clause */

/* Transitions: one CAS each, deadlines to the nanosecond, backoff by the book. */

#include "helpers.h"

#include "breaker/self.h"

Test(breaker_turn, open_is_over_on_the_exact_nanosecond)
{
	const uint64_t at[] = {0, 1, 12345, SECOND + 7, UINT64_C(1) << 44, (UINT64_C(1) << 60) + 3};

	for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
		rheo_breaker_config_t cfg = breaker_config();
		rheo_breaker_t *b = breaker_from(&cfg, at[i]);
		uint64_t permit, delay;

		trip(b, at[i]);
		assert_status(rheo_breaker_try_acquire(b, at[i] + 5 * SECOND - 1, &permit), RHEO_REJ_OPEN);
		assert_status(rheo_breaker_retry_after_ns(b, at[i] + 5 * SECOND - 1, &delay), RHEO_OK);
		assert_u64(delay, 1);
		assert_status(rheo_breaker_try_acquire(b, at[i] + 5 * SECOND, &permit), RHEO_OK);
	}
}

Test(breaker_turn, each_reopening_waits_longer_and_a_close_starts_anew)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;
	const uint64_t waits[] = {5, 10, 20, 40, 50, 50, 50};
	uint64_t t = 0, delay;

	cfg.open_backoff_bp = 10000;
	b = breaker_from(&cfg, 0);
	trip(b, t);
	for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
		rheo_breaker_retry_after_ns(b, t, &delay);
		assert_u64(delay, waits[i] * SECOND);
		assert_u64(breaker_snapshot(b, t).backoff_level, i);
		t += delay;
		rheo_breaker_record(b, probe_at(b, t), RHEO_FAILURE, t);
	}
	t += 50 * SECOND;
	rheo_breaker_record(b, probe_at(b, t), RHEO_SUCCESS, t);
	rheo_breaker_record(b, probe_at(b, t), RHEO_SUCCESS, t);
	cr_assert(state_of(b) == RHEO_CLOSED);
	trip(b, t);
	rheo_breaker_retry_after_ns(b, t, &delay);
	assert_u64(delay, 5 * SECOND);
}

Test(breaker_turn, an_inconclusive_reopening_neither_waits_nor_grows)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;
	uint64_t t = 5 * SECOND;

	cfg.open_backoff_bp = 10000;
	cfg.half_open_calls = 1;
	b = breaker_from(&cfg, 0);
	trip(b, 0);
	for (int i = 0; i < 10; i++) {
		rheo_breaker_record(b, probe_at(b, t), RHEO_IGNORED, t);
		assert_u64(breaker_snapshot(b, t).backoff_level, 0);
	}
	rheo_breaker_record(b, probe_at(b, t), RHEO_FAILURE, t);
	assert_u64(breaker_snapshot(b, t).backoff_level, 1);
}

Test(breaker_turn, a_clock_gone_back_neither_shortens_nor_prolongs_the_open_time_for_ever)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	uint64_t permit;

	trip(b, 1000 * SECOND);
	/* an hour back: time stands still until it has caught up */
	assert_status(rheo_breaker_try_acquire(b, 0, &permit), RHEO_REJ_OPEN);
	assert_status(rheo_breaker_try_acquire(b, 1004 * SECOND, &permit), RHEO_REJ_OPEN);
	assert_status(rheo_breaker_try_acquire(b, 1005 * SECOND, &permit), RHEO_OK);
	assert_u64(breaker_snapshot(b, 0).clock_regressions, 1);
}

Test(breaker_turn, the_last_moment_of_time_is_no_trap)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);

	trip(b, UINT64_MAX);
	cr_assert(state_of(b) == RHEO_OPEN);
	/* the deadline lies beyond all time, which is now */
	rheo_breaker_record(b, probe_at(b, UINT64_MAX), RHEO_SUCCESS, UINT64_MAX);
	rheo_breaker_record(b, probe_at(b, 0), RHEO_SUCCESS, 0);
	cr_assert(state_of(b) == RHEO_CLOSED);
}

Test(breaker_turn, long_open_times_are_rounded_up_to_their_unit)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b;
	uint64_t day = 86400 * SECOND, permit;

	cfg.open_ns = 30 * day;
	b = breaker_from(&cfg, 0);
	trip(b, 12345);
	assert_status(rheo_breaker_try_acquire(b, 12345 + 30 * day - 1, &permit), RHEO_REJ_OPEN);
	assert_status(rheo_breaker_try_acquire(b, 12345 + 30 * day + 16384, &permit), RHEO_OK);
}

Test(breaker_turn, generations_go_on_past_the_bits_of_the_word)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	rheo_breaker_event_t e;
	uint32_t n;
	uint64_t old = probe_at(b, 0), generation;

	for (uint64_t i = 1; i <= 140000; i++) {
		rheo_breaker_reset(b, i);
		if (i % 10000 == 0) {
			assert_u64(breaker_snapshot(b, i).generation, i);
			assert_status(rheo_breaker_events(b, i - 1, &e, 1, &n), RHEO_OK);
			cr_assert(n == 1 && e.generation == i && e.at_ns == i);
			rheo_breaker_permit(b, probe_at(b, i), &generation, NULL);
			assert_u64(generation, i);
		}
	}
	assert_status(rheo_breaker_record(b, old, RHEO_FAILURE, 140001), RHEO_STALE);
}

static rheo_breaker_t *shared;

/* Another caller makes the same transition while this one is about to. */
static void
trip_between(const char *point)
{
	if (strcmp(point, "BREAKER_BEFORE_TURN") != 0)
		return;
	rh_inject_hook = NULL;
	if (state_of(shared) == RHEO_CLOSED)
		call(shared, RHEO_FAILURE, 5, 0);
	else
		probe_at(shared, 100 * SECOND);
}

Test(breaker_turn, p8_two_that_make_the_same_transition_make_one)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_event_t e[16];
	uint64_t permit = 0;
	uint32_t n;

	shared = breaker_from(&cfg, 0);
	for (int i = 0; i < 3; i++)
		call(shared, RHEO_FAILURE, 0, 0);
	rh_inject_hook = trip_between;
	call(shared, RHEO_FAILURE, 0, 0);
	rh_inject_hook = NULL;
	cr_assert(state_of(shared) == RHEO_OPEN);
	assert_u64(breaker_snapshot(shared, 5).generation, 1);
	/* both become probes of one generation */
	rh_inject_hook = trip_between;
	assert_status(rheo_breaker_try_acquire(shared, 100 * SECOND, &permit), RHEO_OK);
	rh_inject_hook = NULL;
	assert_u64(breaker_snapshot(shared, 100 * SECOND).generation, 2);
	assert_u64(breaker_snapshot(shared, 100 * SECOND).probes_issued, 2);
	rheo_breaker_events(shared, 0, e, 16, &n);
	cr_assert(n == 2 && e[0].calls == 5 && e[0].failures == 5);
}

/* A transition that sleeps while others make more than half as many as the word can tell apart. */
#define MANY ((1u << (RH_GEN_BITS - 1)) + 10)
static rheo_breaker_t *shared;

static void
force_many_times(const char *point)
{
	if (strcmp(point, "BREAKER_BEFORE_ANNOUNCE") != 0)
		return;
	rh_inject_hook = NULL;
	for (unsigned i = 0; i < MANY; i++)
		assert_status(rheo_breaker_force(shared, i % 2 ? RHEO_AUTO : RHEO_FORCED_OPEN, 0), RHEO_OK);
}

Test(breaker_turn, one_that_slept_takes_no_generation_back)
{
	rheo_breaker_config_t cfg = breaker_config();
	uint64_t before;

	shared = breaker_from(&cfg, 0);
	rh_inject_hook = force_many_times;
	assert_status(rheo_breaker_force(shared, RHEO_FORCED_CLOSED, 0), RHEO_OK);
	rh_inject_hook = NULL;
	before = breaker_snapshot(shared, 0).generation;
	assert_u64(before, MANY + 1);
	assert_status(rheo_breaker_force(shared, RHEO_DISABLED, 0), RHEO_OK);
	assert_u64(breaker_snapshot(shared, 0).generation, before + 1);
}

/* Memory in which every word looks like a level of 7 of a generation to come. */
static unsigned looked;

static void
look_at_level(const char *point)
{
	if (strcmp(point, "BREAKER_AFTER_TURN") != 0)
		return;
	looked++;
	assert_u64(breaker_snapshot(shared, 0).backoff_level, 0);
}

Test(breaker_turn, levels_begin_at_nothing_whatever_the_memory_held)
{
	for (uint64_t generation = 1; generation <= RH_LEVELS; generation++) {
		rheo_breaker_config_t cfg = breaker_config();
		uint64_t size = rheo_breaker_size(&cfg), *mem = memory_for(size);

		for (uint64_t i = 0; i < size / sizeof *mem; i++)
			mem[i] = generation << 32 | 7;
		assert_status(rheo_breaker_init(mem, size, &cfg, 0, &shared), RHEO_OK);
		looked = 0;
		rh_inject_hook = look_at_level;
		for (uint64_t g = 1; g <= generation; g++)
			assert_status(rheo_breaker_force(shared, g % 2 ? RHEO_FORCED_OPEN : RHEO_FORCED_CLOSED, 0), RHEO_OK);
		rh_inject_hook = NULL;
		assert_u64(looked, generation);
	}
}

Test(breaker_turn, a_generation_that_nobody_announced_has_no_level)
{
	rheo_breaker_config_t cfg = breaker_config();

	shared = breaker_from(&cfg, 0);
	assert_u64(rh_breaker_level(rh_breaker_self(shared), 77), 0);
}

/* Open times so long that a deadline counts in units of more than a nanosecond, begun at any time. */
Test(breaker_turn, a_long_open_time_ends_when_it_says_from_wherever_it_began)
{
	uint64_t state = 7;

	for (int i = 0; i < 2000; i++) {
		rheo_breaker_config_t cfg = breaker_config();
		uint64_t t, delay, permit;

		state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
		cfg.open_ns = (UINT64_C(1) << (36 + i % 20)) + (state >> 40);
		cfg.open_max_ns = cfg.open_ns << 1;
		t = state >> (2 + i % 30);
		shared = breaker_from(&cfg, t);
		trip(shared, t);
		assert_status(rheo_breaker_retry_after_ns(shared, t, &delay), RHEO_OK);
		cr_assert(delay >= cfg.open_ns && delay - cfg.open_ns <= UINT64_C(1) << rh_breaker_unit(rh_breaker_self(shared)));
		for (uint64_t part = 0; part < 4; part++)
			assert_status(rheo_breaker_try_acquire(shared, t + delay / 4 * part, &permit), RHEO_REJ_OPEN);
		assert_status(rheo_breaker_try_acquire(shared, t + delay - 1, &permit), RHEO_REJ_OPEN);
		assert_status(rheo_breaker_try_acquire(shared, t + delay, &permit), RHEO_OK);
		free((void *)((uintptr_t)shared & ~(uintptr_t)127));
	}
}

Test(breaker_turn, the_time_told_never_goes_back)
{
	rheo_breaker_config_t cfg = breaker_config();
	struct rh_bself self = rh_breaker_self(breaker_from(&cfg, 5));

	rh_breaker_tell(self, 9);
	assert_u64(rh_load_rlx(&self.b->told_ns), 9);
	rh_breaker_tell(self, 7);
	assert_u64(rh_load_rlx(&self.b->told_ns), 9);
}

/* Whoever slept since it read its clock is as late as the breaker has been told. */
Test(breaker_turn, the_open_time_is_over_by_what_was_told_whoever_asks)
{
	rheo_breaker_config_t cfg = breaker_config();
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	struct rh_bself self = rh_breaker_self(b);
	uint64_t w;

	trip(b, 0);
	w = rh_load_acq(&self.b->state);
	rh_breaker_tell(self, 5 * SECOND - 1);
	cr_assert(!rh_breaker_over(self, w, 0));
	rh_breaker_tell(self, 5 * SECOND);
	cr_assert(rh_breaker_over(self, w, 0));
}

static void
die_before_the_turn(const char *point)
{
	if (strcmp(point, "BREAKER_BEFORE_TURN") == 0)
		siglongjmp(death, 1);
}

/* A reset that said the next generation has no level, and died, was not the one that began it. */
Test(breaker_turn, the_level_is_that_of_whoever_made_the_transition)
{
	rheo_breaker_config_t cfg = breaker_config();
	uint64_t permit;

	shared = breaker_from(&cfg, 0);
	trip(shared, 0);
	permit = probe_at(shared, 5 * SECOND);
	if (sigsetjmp(death, 0) == 0) {
		rh_inject_hook = die_before_the_turn;
		rheo_breaker_reset(shared, 5 * SECOND);
		cr_assert_fail("not met");
	}
	rh_inject_hook = NULL;
	assert_status(rheo_breaker_record(shared, permit, RHEO_FAILURE, 5 * SECOND), RHEO_OK);
	assert_u64(breaker_snapshot(shared, 5 * SECOND).backoff_level, 1);
}
