/* SPDX-License-Identifier: BSD-2-Clause */

/* A breaker and a bucket with lanes behind one call. */

#include "cases.h"

static rheo_guard_t *guard;

static void
make_guard(uint32_t flags)
{
	rheo_guard_config_t cfg;

	rheo_guard_config_init(&cfg, sizeof cfg);
	cfg.flags = flags;
	cfg.breaker = breaker_of();
	cfg.bucket[0] = bucket_of(1000000000, PLENTY, 8);
	guard = guard_from(&cfg, 0);
}

static void
setup_guard(void)
{
	make_guard(0);
}

static void
setup_lean(void)
{
	make_guard(RHEO_GUARD_LEAN);
}

static void
pass(bench_state *s)
{
	rheo_verdict_t v;
	uint64_t now = 0;
	int32_t st = 0;

	FOR_CALLS(s) {
		st |= rheo_guard_try_acquire(guard, 1, ++now, &v);
		st |= rheo_guard_record(guard, v.permit, RHEO_SUCCESS, now);
	}
	if (st != RHEO_OK)
		bench_fail(s, "not all were admitted and recorded");
}

void
guard_cases(void)
{
	bench_case("guard: acquire, record", setup_guard, pass);
	bench_case("guard, lean: acquire, record", setup_lean, pass);
}
