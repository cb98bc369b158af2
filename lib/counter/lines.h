/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_COUNTER_LINES_H
#define RHEO_COUNTER_LINES_H

/*
 * Per-CPU counting, as the counter object, buckets, breakers and guards use it:
 * eight counts a cache line, the lines a power of two and one more.
 *
 * Two ways, of which the object takes one at init. Own: where there is a line
 * for every CPU and the kernel offers it, a line is written by its CPU alone
 * and without a locked instruction (port/own.h); a caller that cannot, or was
 * moved just then, adds to the last line, which all share. Shared: an atomic
 * add to the line that the CPU hint names.
 *
 * P15: a count is only ever added to, by an addition that cannot be lost, and
 * relaxed because nothing else is read on its strength. So the sum is exact
 * once the adds have returned. Each line's count only grows, so sums read one
 * after the other only grow. A CPU hint that is wrong or out of range is
 * folded into the lines: it costs time, never a count.
 */

#include "../base/align.h"
#include "../base/atomic.h"
#include "../port/cpu.h"

#define RH_COUNTS 8u
#define RH_PARAM_OWN 32u /* in an object's header, beside five bits of its own */
#define RH_MAX_LANES_LOG2 10u

struct rh_line {
	RH_ALIGNED(64) rh_a64 count[RH_COUNTS];
};

_Static_assert(sizeof(struct rh_line) == 64, "a line of counts is one cache line");

/*
 * Lines, where they lie 2^apart bytes from each other: an object may put more
 * that is a CPU's between them.
 */
struct rh_lines {
	void *first;
	unsigned apart;
	unsigned lanes_log2;
	bool own;
};

#define RH_LINES_TOGETHER 6u

static inline rh_a64 *
rh_lines_count(struct rh_lines l, unsigned lane, unsigned index)
{
	return &((struct rh_line *)(void *)((char *)l.first + ((size_t)lane << l.apart)))->count[index];
}

/* How much so many lanes take: a line each, and the one that all share. */
static inline uint64_t
rh_lines_size(unsigned lanes_log2)
{
	return sizeof(struct rh_line) * ((UINT64_C(1) << lanes_log2) + 1);
}

static inline void
rh_lines_init(struct rh_lines l)
{
	for (unsigned i = 0; i <= 1u << l.lanes_log2; i++)
		for (unsigned k = 0; k < RH_COUNTS; k++)
			rh_store_init(rh_lines_count(l, i, k), 0);
}

/* Whether lanes can be the CPUs' own: asked once, at init. */
static inline bool
rh_lanes_own(unsigned lanes_log2)
{
	return rh_own_here().cpu >= 0 && 1u << lanes_log2 >= rh_cpu_count();
}

/* Adds on this CPU's own line; false, and nothing added, where it has none or has lost it just then. */
RH_INLINE bool
rh_lines_add_own(struct rh_lines l, unsigned index, uint64_t n)
{
	struct rh_own own = rh_own_here();
	unsigned cpu = (unsigned)own.cpu;

	return rh_likely(l.own) && rh_likely((uint64_t)cpu >> l.lanes_log2 == 0) &&
	       rh_likely(rh_own_add(rh_lines_count(l, cpu, index), own, n));
}

/* Adds where that cannot be. */
static inline void
rh_lines_add_shared(struct rh_lines l, unsigned index, uint64_t n)
{
	unsigned last = 1u << l.lanes_log2, lane = l.own ? last : rh_cpu_hint() & (last - 1);

	rh_add_rlx(rh_lines_count(l, lane, index), n);
}

static inline void
rh_lines_add(struct rh_lines l, unsigned index, uint64_t n)
{
	if (!rh_lines_add_own(l, index, n))
		rh_lines_add_shared(l, index, n);
}

static inline uint64_t
rh_lines_sum(struct rh_lines l, unsigned index)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i <= 1u << l.lanes_log2; i++)
		sum += rh_load_rlx(rh_lines_count(l, i, index));
	return sum;
}

/* 0 asks for as many lanes as there are CPUs, at most 2^most. */
static inline unsigned
rh_lanes_log2(uint32_t asked, unsigned most)
{
	unsigned l = rh_log2_ceil(asked != 0 ? asked : rh_cpu_count());

	return l < most ? l : most;
}

#endif
