/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * P12, from outside: ten million guard calls between two marks. quiet.sh runs
 * this under strace and looks for system calls between the marks; the program
 * itself counts allocations, through malloc and its kin replaced here.
 */

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rheo/rheo.h"

static _Atomic long allocations;

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t align, size_t n);

void *
malloc(size_t n)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_realloc(p, n);
}

void *
aligned_alloc(size_t align, size_t n)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_memalign(align, n);
}

static void
mark(const char *text)
{
	if (write(2, text, strlen(text)) < 0)
		_exit(3);
}

static void *
memory_for(uint64_t size)
{
	return aligned_alloc(128, size);
}

int
main(int argc, char **argv)
{
	long calls = argc > 1 ? atol(argv[1]) : 10000000, counts[6] = {0}, before;
	rheo_breaker_config_t bc;
	rheo_bucket_config_t tc;
	rheo_guard_config_t gc;
	rheo_breaker_t *breaker;
	rheo_bucket_t *word, *lanes;
	rheo_guard_t *guard;
	uint64_t size, now;

	rheo_breaker_config_init(&bc, sizeof bc);
	bc.consecutive_failures = 50;
	bc.slow_call_rate_bp = 5000;
	bc.slow_call_ns = 1500;
	bc.open_ns = 20000000;
	bc.probe_timeout_ns = 5000000;
	size = rheo_breaker_size(&bc);
	if (rheo_breaker_init(memory_for(size), size, &bc, 0, &breaker) != RHEO_OK)
		return 2;
	rheo_bucket_config_init(&tc, sizeof tc);
	tc.tokens_per_period = 500000000;
	tc.burst = 100000;
	size = rheo_bucket_size(&tc);
	if (rheo_bucket_init(memory_for(size), size, &tc, 0, &word) != RHEO_OK)
		return 2;
	tc.lanes = 8;
	size = rheo_bucket_size(&tc);
	if (rheo_bucket_init(memory_for(size), size, &tc, 0, &lanes) != RHEO_OK)
		return 2;
	rheo_guard_config_init(&gc, sizeof gc);
	gc.breaker = breaker;
	gc.bucket[0] = word;
	gc.bucket[1] = lanes;
	size = rheo_guard_size(&gc);
	if (rheo_guard_init(memory_for(size), size, &gc, 0, &guard) != RHEO_OK)
		return 2;

	before = atomic_load(&allocations);
	mark("quiet: begin\n");
	now = 0;
	for (long i = 0; i < calls; i++) {
		rheo_verdict_t v;
		int32_t st;

		/* Times of plenty and of want, of health and of failure, of probes, of hooks. */
		now += (i / 100000) % 2 ? 1 : 20000;
		st = rheo_guard_try_acquire(guard, 1 + (uint64_t)i % 3, now, &v);
		counts[st]++;
		if (st == RHEO_OK && i % 7 != 0) /* some are never reported */
			rheo_guard_record(guard, v.permit, (i / 50000) % 5 == 4 ? RHEO_FAILURE : RHEO_SUCCESS,
					  now + (uint64_t)i % 2000);
		if (i % 1000 == 0)
			rheo_guard_tick(guard, now, NULL);
	}
	mark("quiet: end\n");
	before = atomic_load(&allocations) - before;
	printf("%ld calls: %ld admitted, %ld rate, %ld open, %ld probe; %ld allocations\n", calls, counts[0],
	       counts[1], counts[2], counts[3], before);
	return before != 0 || counts[0] == 0 || counts[1] == 0 || counts[2] == 0 || counts[3] == 0;
}
