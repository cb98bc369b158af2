/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan.h"

#define TEXT(macro) TEXT_OF(macro)
#define TEXT_OF(text) #text

const struct phase plan_phase[PLAN_PHASES] = {
	[PLAN_STEADY] = {"steady", 3000, 300, 0, 5},
	[PLAN_OVERLOAD] = {"3 x the limit", 3000, 3 * PLAN_LIMIT_PER_S, 0, 5},
	[PLAN_FAILING] = {"upstream failing", 4000, 300, 80, 5},
	[PLAN_RECOVERY] = {"well again", 3000, 300, 0, 5},
	[PLAN_SLOW] = {"upstream slow", 4000, 300, 0, 250},
	[PLAN_END] = {"recovery", 4000, 300, 0, 5},
};

/*
 * The window holds a second, so that half of it has failed after about 0.6 s of
 * failing; the open time doubles each time the probes fail.
 */
const char plan_route[] =
	"/demo rate=" TEXT(PLAN_LIMIT_PER_S) "/s burst=" TEXT(PLAN_BURST)
	" failure_rate=50% min_calls=50 window=1s slow=" TEXT(PLAN_SLOW_MS) "ms slow_rate=50%"
	" open=400ms backoff=100% open_max=1600ms jitter=10% half_open=" TEXT(PLAN_HALF_OPEN_CALLS)
	" probe_timeout=2s timeout=1s";

uint64_t
plan_begin_ns(unsigned phase)
{
	uint64_t ms = 0;

	for (unsigned i = 0; i < phase; i++)
		ms += plan_phase[i].length_ms;
	return ms * UINT64_C(1000000);
}

size_t
plan_requests(unsigned phase)
{
	return (size_t)(plan_phase[phase].rate_per_s * plan_phase[phase].length_ms / 1000);
}
