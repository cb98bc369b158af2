/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_PLATFORMS_TRACE_H
#define RHEO_TESTS_PLATFORMS_TRACE_H

/*
 * A golden trace: long histories of calls, drawn from a fixed seed, with every
 * status, verdict, wait, event and report folded into a hash a section. Values
 * are folded as numbers, so byte order and padding do not count. C leaves the
 * order of operands and arguments open, so no expression draws twice. Compiles
 * as C11 and as C++11.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rheo/rheo.h"

struct trace {
	uint64_t random;
	uint64_t hash;
	uint64_t calls;
};

/* What rh_cpu_hint() says: see hint.h. */
extern unsigned trace_cpu;

static inline void
fold(struct trace *t, uint64_t v)
{
	t->hash = (t->hash ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	t->hash ^= t->hash >> 29;
}

static inline void
fold_text(struct trace *t, const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		fold(t, (unsigned char)*text);
	fold(t, text == NULL);
}

/* Every call passes here. TRACE_BROKEN: one answer in each section is another one. */
static inline int32_t
answer(struct trace *t, int32_t status)
{
	t->calls++;
#ifdef TRACE_BROKEN
	if (t->calls == 10)
		status = status == RHEO_OK ? RHEO_REJ_RATE : RHEO_OK;
#endif
	fold(t, (uint64_t)(int64_t)status);
	return status;
}

/* A call that has one number to tell. */
static inline int32_t
answer_with(struct trace *t, int32_t status, uint64_t value)
{
	fold(t, value);
	return answer(t, status);
}

/* The trace's own generator: golden.txt depends on it. */
static inline uint64_t
next_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline uint64_t
below(struct trace *t, uint64_t n)
{
	return next_random(&t->random) % n;
}

/* Numbers of every magnitude up to so many bits, the edges more often than chance has them. */
static inline uint64_t
any_number(struct trace *t, unsigned most_bits)
{
	unsigned bits = (unsigned)below(t, most_bits + 1u);
	uint64_t ones = bits == 0 ? 0 : UINT64_MAX >> (64 - bits), v = next_random(&t->random);

	switch (below(t, 8)) {
	case 0:
		return ones;
	case 1:
		return ones / 2 + 1;
	default:
		return v & ones;
	}
}

static inline uint64_t
later(uint64_t now, uint64_t step)
{
	return now > UINT64_MAX - step ? UINT64_MAX : now + step;
}

/* Dirty memory, as a caller's may be. */
static inline void *
memory_for(uint64_t size)
{
	void *mem = aligned_alloc((size_t)rheo_bucket_align(), (size_t)size);

	if (mem == NULL)
		abort();
	memset(mem, 0xa5, (size_t)size);
	return mem;
}

/* bucket.c */
void any_bucket_config(struct trace *t, rheo_bucket_config_t *cfg, uint32_t lanes);
uint64_t any_time(struct trace *t, const rheo_bucket_config_t *cfg, uint64_t now);
void fold_bucket(struct trace *t, const rheo_bucket_t *b, uint64_t now);
rheo_bucket_t *new_bucket(struct trace *t, const rheo_bucket_config_t *cfg, uint64_t now, void **mem);

/* breaker.c */
void any_breaker_config(struct trace *t, rheo_breaker_config_t *cfg, uint32_t lanes);
void fold_breaker(struct trace *t, const rheo_breaker_t *b, uint64_t now, uint64_t *seen);
rheo_breaker_t *new_breaker(struct trace *t, const rheo_breaker_config_t *cfg, uint64_t now, void **mem);

/* The sections. */
void trace_names(struct trace *t);
void trace_counters(struct trace *t);
void trace_buckets(struct trace *t);
void trace_bucket_edges(struct trace *t);
void trace_bucket_lanes(struct trace *t);
void trace_breakers_by_time(struct trace *t);
void trace_breakers_on_lanes(struct trace *t);
void trace_breakers_clock_back(struct trace *t);
void trace_breakers_by_count(struct trace *t);
void trace_breaker_edges(struct trace *t);
void trace_breaker_many_calls(struct trace *t);
void trace_guards(struct trace *t);

#endif
