/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BASE_ATOMIC_H
#define RHEO_BASE_ATOMIC_H

/*
 * The only place that includes <stdatomic.h>. One type, few operations, the
 * order in the name of each: there are no stand-alone fences (TSan cannot see
 * them). Callers label every acquire, release and seq_cst operation with its
 * partner; `make test-layers` checks that the labels pair up.
 *
 *	rlx  relaxed: atomicity only
 *	acq  acquire load
 *	rel  release on success, relaxed on failure
 *	ar   acquire and release on success, acquire on failure
 *	sc   sequentially consistent
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
	_Alignas(8) _Atomic uint64_t v; /* gcc for i386 would align the struct to 4 */
} rh_a64;

_Static_assert(sizeof(rh_a64) == 8 && _Alignof(rh_a64) == 8, "a word is eight bytes, in one line, everywhere");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics must be lock-free");

static inline uint64_t
rh_load_rlx(const rh_a64 *a)
{
	return atomic_load_explicit(&a->v, memory_order_relaxed);
}

static inline uint64_t
rh_load_acq(const rh_a64 *a)
{
	return atomic_load_explicit(&a->v, memory_order_acquire);
}

static inline uint64_t
rh_load_sc(const rh_a64 *a)
{
	return atomic_load_explicit(&a->v, memory_order_seq_cst);
}

/* Plain initialisation, before anybody else can see the object. */
static inline void
rh_store_init(rh_a64 *a, uint64_t v)
{
	atomic_init(&a->v, v);
}

static inline uint64_t
rh_add_rlx(rh_a64 *a, uint64_t n)
{
	return atomic_fetch_add_explicit(&a->v, n, memory_order_relaxed);
}

static inline uint64_t
rh_add_sc(rh_a64 *a, uint64_t n)
{
	return atomic_fetch_add_explicit(&a->v, n, memory_order_seq_cst);
}

static inline uint64_t
rh_swap_rlx(rh_a64 *a, uint64_t v)
{
	return atomic_exchange_explicit(&a->v, v, memory_order_relaxed);
}

static inline uint64_t
rh_swap_rel(rh_a64 *a, uint64_t v)
{
	return atomic_exchange_explicit(&a->v, v, memory_order_release);
}

static inline bool
rh_cas_rlx(rh_a64 *a, uint64_t *seen, uint64_t v)
{
	return atomic_compare_exchange_strong_explicit(
		&a->v, seen, v, memory_order_relaxed, memory_order_relaxed);
}

static inline bool
rh_cas_rel(rh_a64 *a, uint64_t *seen, uint64_t v)
{
	return atomic_compare_exchange_strong_explicit(
		&a->v, seen, v, memory_order_release, memory_order_relaxed);
}

static inline bool
rh_cas_ar(rh_a64 *a, uint64_t *seen, uint64_t v)
{
	return atomic_compare_exchange_strong_explicit(
		&a->v, seen, v, memory_order_acq_rel, memory_order_acquire);
}

static inline bool
rh_cas_sc(rh_a64 *a, uint64_t *seen, uint64_t v)
{
	return atomic_compare_exchange_strong_explicit(
		&a->v, seen, v, memory_order_seq_cst, memory_order_seq_cst);
}

#endif
