/* SPDX-License-Identifier: BSD-2-Clause */

/* The breaker's pure arithmetic on what only garbage or the ends of time bring (P7, P14). */

#include "helpers.h"

#include "breaker/transition.h"

Test(breaker_edges, a_deadline_before_the_beginning_or_after_the_end_of_time_stands_there)
{
	/* ten units before a time of five */
	assert_u64(rh_deadline_read((UINT64_C(5) - 10) & RH_DEADLINE_MASK, 5, 0), 0);
	assert_u64(rh_deadline_read(0, 5, 0), 0);
	assert_u64(rh_deadline_read(4, 5, 0), 4);
	/* ten units after one five units before the end */
	for (unsigned unit = 0; unit <= 20; unit += 20) {
		uint64_t last = UINT64_MAX >> unit;

		assert_u64(rh_deadline_read((last + 5) & RH_DEADLINE_MASK, UINT64_MAX - (UINT64_C(5) << unit), unit),
			   UINT64_MAX);
		assert_u64(rh_deadline_read(last & RH_DEADLINE_MASK, UINT64_MAX - (UINT64_C(5) << unit), unit),
			   last << unit);
		/* one unit after the last */
		assert_u64(rh_deadline_read((last + 1) & RH_DEADLINE_MASK, UINT64_MAX, unit), UINT64_MAX);
	}
}

Test(breaker_edges, p14_an_open_time_of_garbage_is_held_to_the_longest)
{
	uint64_t state = 1;

	for (int i = 0; i < 10000; i++) {
		struct rh_brules r = {0};
		uint64_t ns;

		r.open_ns = any_number(&state);
		r.open_max_ns = i % 2 ? UINT64_MAX : any_number(&state);
		r.open_backoff_bp = (uint32_t)any_number(&state);
		r.open_jitter_bp = (uint32_t)any_number(&state);
		ns = rh_open_duration(&r, (uint32_t)(i % 70), any_number(&state), any_number(&state));
		cr_assert(ns >= 1 && (ns <= r.open_max_ns || ns == 1));
	}
	/* a spread too wide to draw from is none */
	assert_u64(rh_open_duration(&(struct rh_brules){.open_ns = UINT64_C(1) << 62,
							.open_max_ns = UINT64_MAX,
							.open_jitter_bp = 10000},
				    0, 1, 1),
		   UINT64_C(1) << 62);
}
