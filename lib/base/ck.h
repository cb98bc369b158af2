/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BASE_CK_H
#define RHEO_BASE_CK_H

/*
 * The only place that includes Concurrency Kit. Taken from it:
 *
 *  - the cache line's size of the machine it was built for;
 *  - the pause instruction, to let the CPU that holds a contended line finish
 *    (a failed compare-and-swap that retries at once keeps stealing the line).
 *
 * Not taken: its atomics (inline asm that neither TSan nor a model checker can
 * see), its containers (0.7.1 lacks fixes to several; none is needed), and
 * ck_backoff_eb, whose steps are compiler barriers without the pause.
 *
 * RHEO_NO_CK builds without it, for places that have no libck (firmware, WASM,
 * musl-gcc's own folders); so does a compiler that does not find its headers.
 */

#if !defined(RHEO_NO_CK) && defined(__has_include)
#if !__has_include(<ck_pr.h>)
#define RHEO_NO_CK
#endif
#endif

#ifndef RHEO_NO_CK
#include <ck_md.h>
#include <ck_pr.h>
#define RH_LINE CK_MD_CACHELINE
static inline void
rh_pause(void)
{
	ck_pr_stall();
}
#else
#define RH_LINE 64
static inline void
rh_pause(void)
{
}
#endif

/*
 * Back off after the n-th failed compare-and-swap: 2, 4 ... 64 pauses. The
 * wait is bounded by n alone, it never waits for another thread.
 */
static inline void
rh_backoff(unsigned n)
{
	for (unsigned i = 1u << (n < 6 ? n : 6); i > 0; i--)
		rh_pause();
}

#endif
