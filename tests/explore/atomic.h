/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BASE_ATOMIC_H
#define RHEO_BASE_ATOMIC_H

/*
 * Stands in for lib/base/atomic.h, whose guard it takes: the library compiled
 * with this file included first hands each of its operations to the explorer.
 */

#include <stdbool.h>
#include <stdint.h>

#include "explore/explore.h"

typedef struct {
	uint64_t v;
} rh_a64;

#define EX_SITE __FILE__, __LINE__

#define rh_load_rlx(a) ex_load(&(a)->v, EX_RLX, EX_SITE)
#define rh_load_acq(a) ex_load(&(a)->v, EX_ACQ, EX_SITE)
#define rh_load_sc(a) ex_load(&(a)->v, EX_SC, EX_SITE)
#define rh_store_init(a, n) ((void)((a)->v = (n)))
#define rh_add_rlx(a, n) ex_add(&(a)->v, n, EX_RLX, EX_SITE)
#define rh_add_sc(a, n) ex_add(&(a)->v, n, EX_SC, EX_SITE)
#define rh_swap_rlx(a, n) ex_swap(&(a)->v, n, EX_RLX, EX_SITE)
#define rh_swap_rel(a, n) ex_swap(&(a)->v, n, EX_REL, EX_SITE)
#define rh_cas_rlx(a, seen, n) ex_cas(&(a)->v, seen, n, EX_RLX, EX_RLX, EX_SITE)
#define rh_cas_rel(a, seen, n) ex_cas(&(a)->v, seen, n, EX_REL, EX_RLX, EX_SITE)
#define rh_cas_ar(a, seen, n) ex_cas(&(a)->v, seen, n, EX_AR, EX_ACQ, EX_SITE)
#define rh_cas_sc(a, seen, n) ex_cas(&(a)->v, seen, n, EX_SC, EX_SC, EX_SITE)

/*
 * And for lib/port/own.h: what that file says a write to a CPU's own word is to
 * C11, and a thread that moves between two CPUs just then.
 */
#define RHEO_PORT_OWN_H
#include "base/internal.h"
struct rh_own {
	int cpu;
};
#define rh_own_here() ((struct rh_own){ex_own_cpu()})
#define rh_own_add(a, own, n) ((void)(own), !ex_moves() && (ex_add(&(a)->v, n, EX_RLX, EX_SITE), true))
#define rh_own_cas(a, own, seen, n) ((void)(own), ex_own_cas(&(a)->v, seen, n, EX_SITE))
#define rh_own_count(a, own, high) ((void)(own), ex_own_count(&(a)->v, high, EX_SITE))

#endif
