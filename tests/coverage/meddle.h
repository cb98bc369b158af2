/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_MEDDLE_H
#define RHEO_TESTS_MEDDLE_H

/*
 * The library that coverage is measured on is compiled with this file included
 * first: before each load and compare-and-swap a hook may change memory, as
 * another thread or a hostile neighbour would between two instructions. The
 * hook is called out of line, so that it adds no branch to the lines that are
 * measured.
 */

#include "base/atomic.h"
#include "base/internal.h"

/* A line that is forced into several places would have its branches once in each. */
#undef RH_INLINE
#define RH_INLINE static inline
#undef rh_likely
#define rh_likely(x) (x)

extern void (*meddle_hook)(rh_a64 *word, bool swaps);
void meddle(const rh_a64 *word, bool swaps);

#define rh_load_rlx(a) (meddle(a, false), rh_load_rlx(a))
#define rh_load_acq(a) (meddle(a, false), rh_load_acq(a))
#define rh_load_sc(a) (meddle(a, false), rh_load_sc(a))
#define rh_cas_rlx(a, seen, v) (meddle(a, true), rh_cas_rlx(a, seen, v))
#define rh_cas_rel(a, seen, v) (meddle(a, true), rh_cas_rel(a, seen, v))
#define rh_cas_ar(a, seen, v) (meddle(a, true), rh_cas_ar(a, seen, v))
#define rh_cas_sc(a, seen, v) (meddle(a, true), rh_cas_sc(a, seen, v))

#endif
