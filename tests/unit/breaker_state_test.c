/* SPDX-License-Identifier: BSD-2-Clause */

/* Words and permits, bit by bit. */

#include "helpers.h"

#include "breaker/state.h"

static uint64_t seed = 1;

static uint32_t
bits(unsigned n)
{
	return (uint32_t)(next_random(&seed) >> (64 - n));
}

Test(breaker_state, every_field_survives_packing_in_every_state)
{
	for (int i = 0; i < 100000; i++) {
		struct rh_state s = {.state = bits(2) % 3, .mode = bits(2), .generation = bits(16)}, t;

		if (s.state == RHEO_CLOSED) {
			s.in_a_row = bits(32);
		} else if (s.state == RHEO_OPEN) {
			s.deadline = next_random(&seed) >> 20;
		} else {
			s.issued = bits(6);
			s.succeeded = bits(6);
			s.failed = bits(6);
			s.ignored = bits(6);
			s.slow = bits(6);
			s.ticket = bits(6);
			s.overdue = bits(8);
		}
		t = rh_state_unpack(rh_state_pack(s));
		cr_assert(s.state == t.state && s.mode == t.mode && s.generation == t.generation);
		cr_assert(s.in_a_row == t.in_a_row && s.deadline == t.deadline);
		cr_assert(s.issued == t.issued && s.succeeded == t.succeeded && s.failed == t.failed &&
			  s.ignored == t.ignored && s.slow == t.slow);
		cr_assert(s.ticket == t.ticket && s.overdue == t.overdue);
	}
}

Test(breaker_state, only_closed_in_auto_mode_passes)
{
	for (uint32_t state = 0; state < 3; state++)
		for (uint32_t mode = 0; mode < 4; mode++) {
			struct rh_state s = {.state = state, .mode = mode, .generation = 0xffff, .in_a_row = UINT32_MAX};

			cr_assert(rh_state_passes(rh_state_pack(s)) == (state == RHEO_CLOSED && mode == RHEO_AUTO));
		}
}

Test(breaker_state, the_nearest_difference_is_exact_within_half_the_range)
{
	const unsigned widths[] = {5, 12, 16, 41, 44, 47};

	for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
		for (int i = 0; i < 20000; i++) {
			uint64_t a = next_random(&seed), half = UINT64_C(1) << (widths[w] - 1);
			int64_t d = (int64_t)(next_random(&seed) % (2 * half)) - (int64_t)half;

			cr_assert(rh_nearest(a + (uint64_t)d, a, widths[w]) == d);
			/* whatever stands above the bits that are known */
			cr_assert(rh_nearest((a + (uint64_t)d) ^ (UINT64_C(1) << widths[w]), a, widths[w]) == d);
		}
}

Test(breaker_state, a_deadline_is_read_back_exactly_however_long_ago_it_was_set)
{
	for (int i = 0; i < 100000; i++) {
		uint64_t told = any_number(&seed), ahead = next_random(&seed) >> 23;
		uint64_t at = told > UINT64_MAX - ahead ? UINT64_MAX : told + ahead;

		assert_u64(rh_deadline_read(rh_deadline_make(at, 0), told, 0), at);
	}
}

Test(breaker_state, a_coarser_deadline_is_never_early_and_late_by_less_than_its_unit)
{
	for (unsigned unit = 1; unit < 16; unit++)
		for (int i = 0; i < 10000; i++) {
			uint64_t told = next_random(&seed) >> 2, at = told + (next_random(&seed) >> 23);
			uint64_t got = rh_deadline_read(rh_deadline_make(at, unit), told, unit);

			cr_assert(got >= at && got - at < UINT64_C(1) << unit);
		}
}

Test(breaker_state, deadlines_at_the_end_of_time_do_not_wrap)
{
	for (unsigned unit = 0; unit < 16; unit++) {
		uint64_t got = rh_deadline_read(rh_deadline_make(UINT64_MAX, unit), UINT64_MAX, unit);

		cr_assert(got >= UINT64_MAX - (UINT64_C(1) << unit));
	}
}

Test(breaker_state, a_permit_of_closed_tells_its_generation_and_how_long_the_call_took)
{
	for (int i = 0; i < 100000; i++) {
		uint32_t generation = bits(16);
		uint64_t start = any_number(&seed), took = next_random(&seed) >> 18;
		uint64_t p = rh_permit_closed(generation, start);

		cr_assert(!rh_permit_is_probe(p) && p != RHEO_PERMIT_NONE);
		if (start & 0xff)
			assert_u64(rh_permit_duration(p, start + took), took);
		assert_u64(rh_permit_duration(p, start - took - 2), 0);
		cr_assert(rh_permit_generation(p) == generation);
	}
	cr_assert(rh_permit_closed(0, 0) != RHEO_PERMIT_NONE);
}

Test(breaker_state, a_permit_of_half_open_tells_its_generation_its_place_and_its_start)
{
	for (int i = 0; i < 100000; i++) {
		uint32_t generation = bits(16), slot = bits(6);
		uint64_t start = any_number(&seed), later = next_random(&seed) >> 24;
		uint64_t p = rh_permit_probe(generation, slot, start);

		cr_assert(rh_permit_is_probe(p));
		cr_assert(rh_permit_generation(p) == generation && rh_permit_slot(p) == slot);
		if (start <= UINT64_MAX - later)
			assert_u64(rh_permit_probe_start(p, start + later), start);
	}
}

Test(breaker_state, the_shortest_call_took_a_nanosecond_and_one_that_ended_before_it_began_none)
{
	uint64_t p = rh_permit_closed(3, 1000);

	assert_u64(rh_permit_duration(p, 1001), 1);
	assert_u64(rh_permit_duration(p, 1000), 0);
	assert_u64(rh_permit_duration(p, 999), 0);
}

Test(breaker_state, the_last_deadline_of_all_is_not_rounded_up_past_the_end)
{
	for (unsigned unit = 0; unit <= 15; unit++) {
		assert_u64(rh_deadline_make(UINT64_MAX, unit), RH_DEADLINE_MASK);
		assert_u64(rh_deadline_make(UINT64_MAX << unit, unit), RH_DEADLINE_MASK);
	}
}

/* Found by proof: of the last generation before they begin again, a probe's looked like one of CLOSED. */
Test(breaker_state, no_word_is_quiet_in_the_generation_of_a_probes_permit)
{
	for (uint32_t generation = 0; generation <= RH_GEN_MASK; generation++) {
		uint64_t quiet = rh_state_quiet(rh_permit_quiet(rh_permit_probe(generation, 0, 5)));

		cr_assert(rh_state_unpack(quiet).state != RHEO_CLOSED || rh_state_unpack(quiet).mode != RHEO_AUTO,
			  "generation %u", generation);
	}
}

Test(breaker_state, a_permit_finds_its_quiet_word_and_none_where_it_has_none)
{
	for (uint32_t g = 0; g <= RH_GEN_MASK; g++) {
		uint64_t closed = rh_permit_closed(g, UINT64_MAX - g), probe = rh_permit_probe(g, g % 64, g);
		uint64_t w = rh_state_quiet(rh_permit_quiet(closed));

		if (((g + 1) & 0xffffu) != 0)
			cr_assert(w == rh_state_pack((struct rh_state){.state = RHEO_CLOSED, .generation = g}));
		else
			cr_assert(!rh_state_passes(w));
		cr_assert(!rh_state_passes(rh_state_quiet(rh_permit_quiet(probe))), "a probe's of generation %u", g);
	}
	cr_assert(!rh_state_passes(rh_state_quiet(rh_permit_quiet(RHEO_PERMIT_NONE))));
}

Test(breaker_state, permits_of_the_first_nanosecond_are_permits)
{
	uint64_t permit = rh_permit_closed(RH_GEN_MASK, 0);

	cr_assert(permit != RHEO_PERMIT_NONE);
	assert_u64(rh_permit_generation(permit), RH_GEN_MASK);
	assert_u64(rh_permit_duration(permit, 3), 2);
	/* one that says it began after all that is known began when time did */
	assert_u64(rh_permit_probe_start(rh_permit_probe(1, 0, 5), 3), 0);
	assert_u64(rh_permit_probe_start(rh_permit_probe(1, 0, 3), 3), 3);
}
