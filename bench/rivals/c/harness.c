/* SPDX-License-Identifier: BSD-2-Clause */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness.h"

#define BATCH 5000
#define MAX_THREADS 2

static _Atomic uint64_t allocated;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t m);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t a, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t m);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t a, size_t n);

void *
__wrap_malloc(size_t n)
{
	atomic_fetch_add(&allocated, n);
	return __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t m)
{
	atomic_fetch_add(&allocated, n * m);
	return __real_calloc(n, m);
}

void *
__wrap_realloc(void *p, size_t n)
{
	atomic_fetch_add(&allocated, n);
	return __real_realloc(p, n);
}

void *
__wrap_aligned_alloc(size_t a, size_t n)
{
	atomic_fetch_add(&allocated, n);
	return __real_aligned_alloc(a, n);
}

void *
lines_of_its_own(uint64_t bytes)
{
	void *p = aligned_alloc(128, (bytes + 127) / 128 * 128);

	if (p == NULL)
		abort();
	return memset(p, 0, bytes);
}

uint64_t
clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct worker {
	pthread_t thread;
	const struct contender *c;
	void *object;
	pthread_barrier_t *start;
	uint64_t length_ns;
	uint64_t now, calls, wrong, begin, end, allocated;
};

static void
loop_until(struct worker *w, uint64_t deadline)
{
	do {
		w->wrong += BATCH - w->c->run(w->object, BATCH, &w->now);
		w->calls += BATCH;
	} while ((w->end = clock_ns()) < deadline);
}

static void *
work(void *arg)
{
	struct worker *w = arg;

	w->now = clock_ns();
	pthread_barrier_wait(w->start);
	loop_until(w, clock_ns() + w->length_ns / 4); /* warm */
	pthread_barrier_wait(w->start);
	w->calls = 0;
	w->allocated = atomic_load(&allocated);
	w->begin = clock_ns();
	loop_until(w, w->begin + w->length_ns);
	w->allocated = atomic_load(&allocated) - w->allocated;
	return NULL;
}

static int
measure_with(const struct contender *c, int threads, int ms)
{
	struct worker w[MAX_THREADS] = {{0}};
	pthread_barrier_t start;
	uint64_t bytes = 0, calls = 0, wrong = 0, begin = UINT64_MAX, end = 0;
	void *object = c->make(&bytes);

	pthread_barrier_init(&start, NULL, (unsigned)threads);
	for (int i = 0; i < threads; i++) {
		w[i].c = c, w[i].object = object, w[i].start = &start;
		w[i].length_ns = (uint64_t)ms * 1000000;
		if (pthread_create(&w[i].thread, NULL, work, &w[i]) != 0)
			abort();
	}
	for (int i = 0; i < threads; i++) {
		pthread_join(w[i].thread, NULL);
		calls += w[i].calls, wrong += w[i].wrong;
		begin = w[i].begin < begin ? w[i].begin : begin;
		end = w[i].end > end ? w[i].end : end;
	}
	pthread_barrier_destroy(&start);
	free(object);
	if (wrong != 0) {
		fprintf(stderr, "%s, %s: %llu calls did not come to: %s\n", c->library, c->mode,
			(unsigned long long)wrong, c->outcome);
		return 1;
	}
	printf("C\t%s\t%s\t%s\t%s\t%d\t%.2f\t%llu\t%.0f\t%s\n", c->library, c->version, c->mode, c->outcome, threads,
	       (double)(end - begin) * threads / (double)calls, (unsigned long long)bytes,
	       (double)w[0].allocated / (double)w[0].calls, c->clock);
	fflush(stdout);
	return 0;
}

int
measure(const struct contender *c, int ms)
{
	return measure_with(c, 1, ms) | measure_with(c, 2, ms);
}
