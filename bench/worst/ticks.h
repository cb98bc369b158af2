/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_WORST_TICKS_H
#define RHEO_WORST_TICKS_H

/*
 * Time around a single call: the processor's counter, between fences so that
 * nothing before or after the call is counted with it; else the clock.
 */

#include <stdint.h>
#include <time.h>

#if defined(__x86_64__) || defined(__i386__)

#include <x86intrin.h>
#define TICKS_WHAT "the TSC between fences"

static inline uint64_t
ticks(void)
{
	uint64_t t;

	_mm_lfence();
	t = __rdtsc();
	_mm_lfence();
	return t;
}

#elif defined(__aarch64__)

#define TICKS_WHAT "CNTVCT_EL0 between barriers"

static inline uint64_t
ticks(void)
{
	uint64_t t;

	__asm__ volatile("isb; mrs %0, cntvct_el0; isb" : "=r"(t) : : "memory");
	return t;
}

#else

#define TICKS_WHAT "clock_gettime"

static inline uint64_t
ticks(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

#endif

/* Settled by ticks_init, which says so. */
extern double ns_per_tick;
void ticks_init(void);

/* Ticks taken less the timer's own, in nanoseconds. */
static inline double
ticks_ns(double taken, double own)
{
	return taken > own ? (taken - own) * ns_per_tick : 0;
}

#endif
