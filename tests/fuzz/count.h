/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_COUNT_H
#define RHEO_TESTS_COUNT_H

/*
 * The library that fuzz targets link is compiled with this file included first:
 * every atomic operation passes fuzz_between. So a call's length is counted, not
 * timed, and something can happen between any two of its steps. Orders are
 * dropped: these targets look for accesses and loops, not for reorderings.
 *
 * Which CPU a call is on, and so which lane it takes, how many CPUs there are,
 * and whether a thread is moved just then, is for the input to say (steps.h), or
 * a failure could not be replayed. So this takes the place of lib/port/own.h,
 * whose assembly would hide an access outside from ASan; the port's other
 * functions, declared and defined with (void), are compiled under other names.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/internal.h"

void fuzz_between(void);
unsigned fuzz_cpu(void);
unsigned fuzz_cpus(void);
int fuzz_own_cpu(void);
bool fuzz_moves(void);

#define rh_cpu_guess(arg) fuzz_guess_##arg
#define fuzz_guess_void rh_cpu_guess_of_the_port(void)
#define fuzz_guess_ fuzz_cpu()
#define rh_cpu_count(arg) fuzz_count_##arg
#define fuzz_count_void rh_cpu_count_of_the_port(void)
#define fuzz_count_ fuzz_cpus()

static inline uint64_t
fuzz_load(const _Atomic uint64_t *a)
{
	fuzz_between();
	return atomic_load(a);
}

static inline uint64_t
fuzz_add(_Atomic uint64_t *a, uint64_t n)
{
	fuzz_between();
	return atomic_fetch_add(a, n);
}

static inline uint64_t
fuzz_swap(_Atomic uint64_t *a, uint64_t v)
{
	fuzz_between();
	return atomic_exchange(a, v);
}

static inline bool
fuzz_cas(_Atomic uint64_t *a, uint64_t *seen, uint64_t v)
{
	fuzz_between();
	return atomic_compare_exchange_strong(a, seen, v);
}

/* A CPU's own words: what the kernel makes one step is one here. */
#define RHEO_PORT_OWN_H
struct rh_own {
	int cpu;
};

static inline struct rh_own
rh_own_here(void)
{
	return (struct rh_own){fuzz_own_cpu()};
}

static inline bool
fuzz_own_add(_Atomic uint64_t *a, uint64_t n)
{
	return !fuzz_moves() && (fuzz_add(a, n), true);
}

static inline bool
fuzz_own_cas(_Atomic uint64_t *a, uint64_t seen, uint64_t v)
{
	return !fuzz_moves() && fuzz_cas(a, &seen, v);
}

static inline bool
fuzz_own_count(_Atomic uint64_t *a, uint32_t high)
{
	uint64_t seen = fuzz_load(a);

	return seen >> 32 == high && fuzz_own_cas(a, seen, seen + 1);
}

#define rh_own_add(a, own, n) ((void)(own), fuzz_own_add(&(a)->v, n))
#define rh_own_cas(a, own, seen, n) ((void)(own), fuzz_own_cas(&(a)->v, seen, n))
#define rh_own_count(a, own, high) ((void)(own), fuzz_own_count(&(a)->v, high))

#undef atomic_load_explicit
#undef atomic_fetch_add_explicit
#undef atomic_exchange_explicit
#undef atomic_compare_exchange_strong_explicit
#define atomic_load_explicit(a, order) fuzz_load(a)
#define atomic_fetch_add_explicit(a, n, order) fuzz_add(a, n)
#define atomic_exchange_explicit(a, v, order) fuzz_swap(a, v)
#define atomic_compare_exchange_strong_explicit(a, seen, v, yes, no) fuzz_cas(a, seen, v)

#endif
