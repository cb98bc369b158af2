/* SPDX-License-Identifier: BSD-2-Clause */

#include "cases.h"

static rheo_breaker_t *breaker;

static void
setup_closed(void)
{
	breaker = breaker_of();
}

static void
setup_open(void)
{
	breaker = breaker_of();
	for (int i = 0; i < 20; i++) {
		uint64_t permit;

		if (rheo_breaker_try_acquire(breaker, 0, &permit) == RHEO_OK)
			rheo_breaker_record(breaker, permit, RHEO_FAILURE, 0);
	}
}

static void
closed(bench_state *s)
{
	uint64_t permit, now = 0;
	int32_t st = 0;

	FOR_CALLS(s) {
		st |= rheo_breaker_try_acquire(breaker, now, &permit);
		st |= rheo_breaker_record(breaker, permit, RHEO_SUCCESS, ++now);
	}
	if (st != RHEO_OK)
		bench_fail(s, "not all were admitted and recorded");
}

static void
refuse(bench_state *s)
{
	uint64_t permit;
	int32_t st = RHEO_REJ_OPEN;

	FOR_CALLS(s)
		st &= rheo_breaker_try_acquire(breaker, 1, &permit);
	if (st != RHEO_REJ_OPEN)
		bench_fail(s, "not all were refused");
}

void
breaker_cases(void)
{
	bench_case("breaker closed: acquire, record", setup_closed, closed);
	bench_case("breaker open: refuse", setup_open, refuse);
}
