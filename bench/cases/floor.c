/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What to compare with: an uncontended compare-and-swap on a line of its own,
 * called through a function (the floor); an add that all threads share; and the
 * plainest limiter there is, a shared count that every request takes one from.
 */

#include "cases.h"

#include <stdatomic.h>

static _Alignas(128) _Atomic uint64_t own[64][16];
static _Alignas(128) _Atomic int64_t left = INT64_MAX;

__attribute__((noinline)) static int
cas(_Atomic uint64_t *a)
{
	uint64_t v = atomic_load_explicit(a, memory_order_relaxed);

	return atomic_compare_exchange_strong(a, &v, v + 1);
}

static void
floor_cas(bench_state *s)
{
	_Atomic uint64_t *a = own[bench_thread(s) & 63];

	FOR_CALLS(s)
		cas(a);
}

static void
floor_shared_add(bench_state *s)
{
	FOR_CALLS(s)
		atomic_fetch_add(&own[0][0], 1);
}

__attribute__((noinline)) static int32_t
take_one(void)
{
	if (atomic_fetch_sub(&left, 1) > 0)
		return RHEO_OK;
	atomic_fetch_add(&left, 1);
	return RHEO_REJ_RATE;
}

static void
floor_limiter(bench_state *s)
{
	int32_t st = 0;

	FOR_CALLS(s)
		st |= take_one();
	if (st != RHEO_OK)
		bench_fail(s, "not all were admitted");
}

void
floor_cases(void)
{
	bench_case("floor: own CAS", NULL, floor_cas);
	bench_case("floor: shared add", NULL, floor_shared_add);
	bench_case("floor: shared decrement as limiter", NULL, floor_limiter);
}
