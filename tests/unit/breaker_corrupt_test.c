/* SPDX-License-Identifier: BSD-2-Clause */

/* P14, where garbage_test.c throws at random: each part of a breaker overwritten on purpose, and what is said then. */

#include "helpers.h"

#include "breaker/self.h"

static rheo_breaker_config_t cfg;

static struct rh_breaker *
memory_of(rheo_breaker_t *b)
{
	return rh_breaker_self(b).b;
}

static rheo_breaker_t *
fresh(uint32_t window_calls)
{
	cfg = breaker_config();
	cfg.window_calls = window_calls;
	return breaker_from(&cfg, 0);
}

static void
wreck_rules(rheo_breaker_t *b)
{
	for (unsigned i = 0; i < 4 * BRULE_FIELDS; i++)
		rh_store_init(&memory_of(b)->rules[i], UINT64_MAX);
}

Test(breaker_corrupt, p14_every_call_that_needs_rules_says_so_where_none_are_whole)
{
	rheo_breaker_t *b = fresh(0);
	rheo_breaker_snapshot_t s;
	uint64_t permit = probe_at(b, 0), out;

	wreck_rules(b);
	assert_status(rheo_breaker_record(b, permit, RHEO_SUCCESS, 0), RHEO_ERR_CORRUPT);
	assert_status(rheo_breaker_tick(b, 0, &out), RHEO_ERR_CORRUPT);
	assert_status(rheo_breaker_snapshot(b, 0, &s, sizeof s), RHEO_ERR_CORRUPT);
	assert_status(rheo_breaker_config(b, &cfg, sizeof cfg), RHEO_ERR_CORRUPT);
	assert_status(rheo_breaker_reconfigure(b, &cfg, 0), RHEO_ERR_CORRUPT);
	/* what needs none goes on */
	assert_status(rheo_breaker_try_acquire(b, 0, &permit), RHEO_OK);
	assert_status(rheo_breaker_retry_after_ns(b, 0, &out), RHEO_OK);
	assert_u64(out, 0);
	assert_status(rheo_breaker_record(b, permit, RHEO_IGNORED, 0), RHEO_OK);
	assert_status(rheo_breaker_force(b, RHEO_FORCED_OPEN, 0), RHEO_OK);
	assert_status(rheo_breaker_retry_after_ns(b, 0, &out), RHEO_ERR_CORRUPT);
	assert_status(rheo_breaker_reset(b, 0), RHEO_OK);
}

/* The watch (judge.c) makes a success look at the window, which takes rules. */
Test(breaker_corrupt, p14_a_success_that_has_to_look_says_so_where_no_rules_are_whole)
{
	rheo_breaker_t *b = fresh(0);

	call(b, RHEO_SUCCESS, 0, 0);
	rh_breaker_watch(rh_breaker_self(b));
	wreck_rules(b);
	assert_status(rheo_breaker_record(b, probe_at(b, 0), RHEO_SUCCESS, 0), RHEO_ERR_CORRUPT);
}

/* A disabled breaker asks for nothing but how long is slow. */
Test(breaker_corrupt, p14_a_call_that_may_be_slow_cannot_be_counted_without_rules)
{
	rheo_breaker_t *b;
	uint64_t permit;

	cfg = breaker_config();
	cfg.slow_call_rate_bp = 5000;
	cfg.slow_call_ns = MS;
	b = breaker_from(&cfg, 0);
	assert_status(rheo_breaker_force(b, RHEO_DISABLED, 0), RHEO_OK);
	permit = probe_at(b, 0);
	wreck_rules(b);
	assert_status(rheo_breaker_record(b, permit, RHEO_SUCCESS, 0), RHEO_ERR_CORRUPT);
}

static rheo_breaker_t *moved;
static unsigned moves;

/* A neighbour that is always first: the word is another each time it is swapped. */
static void
move_the_word(const char *point)
{
	struct rh_state s;

	if (strcmp(point, "BREAKER_BEFORE_TURN") != 0)
		return;
	s = rh_state_unpack(rh_load_acq(&memory_of(moved)->state));
	s.in_a_row = ++moves;
	rh_store_init(&memory_of(moved)->state, rh_state_pack(s));
}

Test(breaker_corrupt, p12_p14_a_transition_that_never_comes_about_is_given_up_and_said)
{
	moved = fresh(0);
	rh_inject_hook = move_the_word;
	assert_status(rheo_breaker_force(moved, RHEO_FORCED_OPEN, 0), RHEO_ERR_CORRUPT);
	assert_status(rheo_breaker_reset(moved, 0), RHEO_ERR_CORRUPT);
	rh_inject_hook = NULL;
	assert_u64(moves, 2 * RH_STATE_TRIES);
	cr_assert(state_of(moved) == RHEO_CLOSED);
}

Test(breaker_corrupt, p14_an_open_breaker_without_rules_stays_open_until_its_deadline)
{
	rheo_breaker_t *b = fresh(0);
	uint64_t permit;

	trip(b, 0);
	wreck_rules(b);
	assert_status(rheo_breaker_try_acquire(b, 5 * SECOND - 1, &permit), RHEO_REJ_OPEN);
	assert_status(rheo_breaker_try_acquire(b, 5 * SECOND, &permit), RHEO_ERR_CORRUPT);
}

Test(breaker_corrupt, p14_probes_cannot_be_ended_without_rules)
{
	rheo_breaker_t *b = fresh(0);
	uint64_t permit;

	trip(b, 0);
	permit = probe_at(b, 5 * SECOND);
	wreck_rules(b);
	assert_status(rheo_breaker_record(b, permit, RHEO_SUCCESS, 5 * SECOND), RHEO_ERR_CORRUPT);
	assert_status(rheo_breaker_cancel(b, permit, 5 * SECOND), RHEO_ERR_CORRUPT);
	cr_assert(state_of(b) == RHEO_HALF_OPEN);
}

Test(breaker_corrupt, p10_p14_a_deadline_later_than_any_that_is_set_is_over)
{
	rheo_breaker_t *b = fresh(0);
	struct rh_state s;
	uint64_t permit, delay = 1;

	trip(b, 0);
	s = rh_state_unpack(rh_load_acq(&memory_of(b)->state));
	/* open_max_ns, 50 s, may still be one that was set */
	s.deadline = 50 * SECOND;
	rh_store_init(&memory_of(b)->state, rh_state_pack(s));
	assert_status(rheo_breaker_try_acquire(b, 0, &permit), RHEO_REJ_OPEN);
	s.deadline = 3600 * SECOND;
	rh_store_init(&memory_of(b)->state, rh_state_pack(s));
	assert_status(rheo_breaker_retry_after_ns(b, 0, &delay), RHEO_OK);
	assert_u64(delay, 0);
	assert_status(rheo_breaker_try_acquire(b, 0, &permit), RHEO_OK);
	cr_assert(state_of(b) == RHEO_HALF_OPEN);
}

/* As a neighbour leaves it, or times of which one is garbage: by a nanosecond or by hours, in either unit. */
Test(breaker_corrupt, p10_p14_a_deadline_one_unit_later_than_any_that_is_set_is_over)
{
	const uint64_t longest[] = {50 * SECOND, 36000 * SECOND};

	for (unsigned i = 0; i < 2; i++)
		for (uint64_t more = 0; more <= 3600; more = more < 3 ? more + 1 : more * 10) {
			rheo_breaker_t *b;
			struct rh_state s;
			uint64_t permit, units;
			unsigned unit;

			cfg = breaker_config();
			cfg.open_max_ns = longest[i];
			b = breaker_from(&cfg, 0);
			unit = rh_breaker_unit(rh_breaker_self(b));
			cr_assert((unit == 0) == (i == 0));
			units = longest[i] >> unit;
			trip(b, 0);
			s = rh_state_unpack(rh_load_acq(&memory_of(b)->state));
			s.deadline = units + more;
			rh_store_init(&memory_of(b)->state, rh_state_pack(s));
			/* rounded up to a unit a deadline may lie one further */
			assert_status(rheo_breaker_try_acquire(b, 0, &permit), more <= 1 ? RHEO_REJ_OPEN : RHEO_OK);
		}
}

/* Nor does a tick end another open time than a caller would. */
Test(breaker_corrupt, p10_p14_a_tick_ends_no_open_time_that_may_have_been_set)
{
	for (uint64_t more = 0; more <= 2; more++) {
		rheo_breaker_t *b = fresh(0);
		struct rh_state s;

		trip(b, 0);
		s = rh_state_unpack(rh_load_acq(&memory_of(b)->state));
		s.deadline = rh_load_rlx(&memory_of(b)->longest) + more;
		rh_store_init(&memory_of(b)->state, rh_state_pack(s));
		assert_status(rheo_breaker_tick(b, 0, NULL), RHEO_OK);
		cr_assert(state_of(b) == (more <= 1 ? RHEO_OPEN : RHEO_HALF_OPEN));
	}
}

Test(breaker_corrupt, p14_a_table_full_of_permits_that_nobody_took_refuses)
{
	rheo_breaker_t *b = fresh(0);
	uint64_t permit;
	uint32_t generation;

	trip(b, 0);
	probe_at(b, 5 * SECOND);
	generation = rh_state_unpack(rh_load_acq(&memory_of(b)->state)).generation;
	for (uint32_t slot = 0; slot < RH_PROBE_SLOTS; slot++)
		rh_store_init(&memory_of(b)->probe[slot], rh_permit_probe(generation, slot, 5 * SECOND));
	assert_status(rheo_breaker_try_acquire(b, 5 * SECOND, &permit), RHEO_REJ_PROBE);
	assert_u64(breaker_snapshot(b, 5 * SECOND).probes_issued, 1);
	/* P10: their time ends too */
	assert_status(rheo_breaker_try_acquire(b, 11 * SECOND, &permit), RHEO_OK);
}

Test(breaker_corrupt, p14_a_window_of_no_time_is_never_due)
{
	rheo_breaker_t *b = fresh(0);
	uint64_t next = 0;

	memory_of(b)->shape.slice_ns = 0;
	assert_status(rheo_breaker_tick(b, 0, &next), RHEO_OK);
	assert_u64(next, RHEO_FOREVER);
}

Test(breaker_corrupt, p14_a_window_of_more_calls_than_there_is_room_for_is_read_no_further)
{
	rheo_breaker_t *b = fresh(20);
	rheo_breaker_snapshot_t s;

	call(b, RHEO_FAILURE, 0, 0);
	memory_of(b)->shape.window_calls = UINT32_C(1) << 31;
	s = breaker_snapshot(b, 0);
	assert_u64(s.window_calls, 1);
	assert_u64(s.window_failures, 1);
}
