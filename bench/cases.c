/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What a call costs, one thread and two on one object. The floor is an
 * uncontended compare-and-swap on a line of its own, called through a function.
 */

#include <stdatomic.h>
#include <stdlib.h>

#include "rheo/rheo.h"
#include "shim.h"

#define FOR_CALLS(state) while (bench_batch(state)) for (int call_ = 0; call_ < BENCH_BATCH; call_++)

static void *
memory_for(uint64_t size)
{
	return aligned_alloc(128, size);
}

/* --- the floor --- */

static _Alignas(128) _Atomic uint64_t own[16][16];

__attribute__((noinline)) static int
cas(_Atomic uint64_t *a)
{
	uint64_t v = atomic_load_explicit(a, memory_order_relaxed);

	return atomic_compare_exchange_strong(a, &v, v + 1);
}

static void
floor_cas(bench_state *s)
{
	_Atomic uint64_t *a = own[bench_thread(s) & 15];

	FOR_CALLS(s)
		cas(a);
}

static void
floor_shared_add(bench_state *s)
{
	FOR_CALLS(s)
		atomic_fetch_add(&own[0][0], 1);
}

/* --- buckets --- */

static rheo_bucket_t *bucket;

static void
make_bucket(uint64_t rate, uint64_t burst, uint32_t lanes)
{
	rheo_bucket_config_t cfg;
	uint64_t size;

	rheo_bucket_config_init(&cfg, sizeof cfg);
	cfg.tokens_per_period = rate;
	cfg.burst = burst;
	cfg.lanes = lanes;
	size = rheo_bucket_size(&cfg);
	if (rheo_bucket_init(memory_for(size), size, &cfg, 0, &bucket) != RHEO_OK)
		abort();
}

/* So much that it does not run out; the hook is not what is measured. */
#define PLENTY (UINT64_C(1) << 57)

static void
setup_word(void)
{
	make_bucket(1000000000, PLENTY, 1);
}

static void
setup_lanes(void)
{
	make_bucket(1000000000, PLENTY, 8);
}

static void
setup_empty(void)
{
	uint64_t got;

	make_bucket(1, 1000, 1);
	rheo_bucket_acquire_upto(bucket, 1000, 0, &got);
}

static void
setup_lanes_empty(void)
{
	uint64_t got;

	make_bucket(1, 100000, 8);
	rheo_bucket_acquire_upto(bucket, 100000, 0, &got);
	rheo_bucket_try_acquire(bucket, 1);
}

static void
accept(bench_state *s)
{
	int32_t st = 0;

	FOR_CALLS(s)
		st |= rheo_bucket_try_acquire(bucket, 1);
	if (st != RHEO_OK)
		bench_fail(s, "not all were admitted");
}

static void
accept_at(bench_state *s)
{
	uint64_t now = 0;
	int32_t st = 0;

	FOR_CALLS(s)
		st |= rheo_bucket_try_acquire_at(bucket, 1, ++now);
	if (st != RHEO_OK)
		bench_fail(s, "not all were admitted");
}

static void
refuse(bench_state *s)
{
	int32_t st = RHEO_REJ_RATE;

	FOR_CALLS(s)
		st &= rheo_bucket_try_acquire(bucket, 1);
	if (st != RHEO_REJ_RATE)
		bench_fail(s, "not all were refused");
}

/* --- breakers, guards, counters --- */

static rheo_breaker_t *breaker;
static rheo_guard_t *guard;
static rheo_counter_t *counter;

static void
setup_breaker(void)
{
	rheo_breaker_config_t cfg;
	uint64_t size;

	rheo_breaker_config_init(&cfg, sizeof cfg);
	size = rheo_breaker_size(&cfg);
	if (rheo_breaker_init(memory_for(size), size, &cfg, 0, &breaker) != RHEO_OK)
		abort();
}

static void
setup_open(void)
{
	setup_breaker();
	rheo_breaker_force(breaker, RHEO_FORCED_CLOSED, 0);
	rheo_breaker_force(breaker, RHEO_AUTO, 0);
	for (int i = 0; i < 20; i++) {
		uint64_t permit;

		if (rheo_breaker_try_acquire(breaker, 0, &permit) == RHEO_OK)
			rheo_breaker_record(breaker, permit, RHEO_FAILURE, 0);
	}
}

static void
breaker_closed(bench_state *s)
{
	uint64_t permit, now = 0;

	FOR_CALLS(s) {
		rheo_breaker_try_acquire(breaker, now, &permit);
		rheo_breaker_record(breaker, permit, RHEO_SUCCESS, ++now);
	}
}

static void
breaker_open(bench_state *s)
{
	uint64_t permit;
	int32_t st = RHEO_REJ_OPEN;

	FOR_CALLS(s)
		st &= rheo_breaker_try_acquire(breaker, 1, &permit);
	if (st != RHEO_REJ_OPEN)
		bench_fail(s, "not all were refused");
}

static void
make_guard(uint32_t flags)
{
	rheo_guard_config_t cfg;
	uint64_t size;

	setup_breaker();
	setup_lanes();
	rheo_guard_config_init(&cfg, sizeof cfg);
	cfg.flags = flags;
	cfg.breaker = breaker;
	cfg.bucket[0] = bucket;
	size = rheo_guard_size(&cfg);
	if (rheo_guard_init(memory_for(size), size, &cfg, 0, &guard) != RHEO_OK)
		abort();
}

static void
setup_guard(void)
{
	make_guard(0);
}

static void
setup_guard_lean(void)
{
	make_guard(RHEO_GUARD_LEAN);
}

static void
guard_call(bench_state *s)
{
	rheo_verdict_t v;
	uint64_t now = 0;

	FOR_CALLS(s) {
		if (rheo_guard_try_acquire(guard, 1, ++now, &v) == RHEO_OK)
			rheo_guard_record(guard, v.permit, RHEO_SUCCESS, now);
	}
}

static void
setup_counter(void)
{
	rheo_counter_config_t cfg;
	uint64_t size;

	rheo_counter_config_init(&cfg, sizeof cfg);
	size = rheo_counter_size(&cfg);
	if (rheo_counter_init(memory_for(size), size, &cfg, 0, &counter) != RHEO_OK)
		abort();
}

static void
counter_add(bench_state *s)
{
	FOR_CALLS(s)
		rheo_counter_add(counter, 0, 1);
}

static void
read_clock(bench_state *s)
{
	uint64_t sum = 0;

	FOR_CALLS(s)
		sum += rheo_now_ns();
	if (sum == 0)
		bench_fail(s, "no clock");
}

void
bench_cases(void)
{
	bench_case("floor: own CAS", NULL, floor_cas, 2);
	bench_case("floor: shared add", NULL, floor_shared_add, 2);
	bench_case("bucket, one word: accept", setup_word, accept, 2);
	bench_case("bucket, one word: accept at a time", setup_word, accept_at, 2);
	bench_case("bucket, one word: refuse", setup_empty, refuse, 2);
	bench_case("bucket, lanes: accept", setup_lanes, accept, 2);
	bench_case("bucket, lanes: accept at a time", setup_lanes, accept_at, 2);
	bench_case("bucket, lanes: refuse", setup_lanes_empty, refuse, 2);
	bench_case("breaker closed: acquire, record", setup_breaker, breaker_closed, 2);
	bench_case("breaker open: refuse", setup_open, breaker_open, 2);
	bench_case("guard: acquire, record", setup_guard, guard_call, 2);
	bench_case("guard, lean: acquire, record", setup_guard_lean, guard_call, 2);
	bench_case("counter: add", setup_counter, counter_add, 2);
	bench_case("clock: read", NULL, read_clock, 2);
}
