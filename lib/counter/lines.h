/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_COUNTER_LINES_H
#define RHEO_COUNTER_LINES_H

/*
 * Per-CPU counting, as the counter object, buckets, breakers and guards use it:
 * eight counts a cache line, one line a CPU, the lines a power of two.
 *
 * P15: a count is only ever added to, by an atomic add that is relaxed because
 * nothing else is read on its strength. A lost add is impossible, so the sum
 * is exact once the adds have returned. Each lane's count only grows, so sums
 * read one after the other only grow. A CPU hint that is wrong or out of range
 * is folded into the lanes: it costs time, never a count.
 */

#include "../base/align.h"
#include "../base/atomic.h"
#include "../port/cpu.h"

#define RH_COUNTS 8u
#define RH_MAX_LANES_LOG2 10u

struct rh_line {
	RH_ALIGNED(64) rh_a64 count[RH_COUNTS];
};

_Static_assert(sizeof(struct rh_line) == 64, "a line of counts is one cache line");

static inline void
rh_lines_init(struct rh_line *lines, unsigned lanes_log2)
{
	for (unsigned i = 0; i < 1u << lanes_log2; i++)
		for (unsigned k = 0; k < RH_COUNTS; k++)
			rh_store_init(&lines[i].count[k], 0);
}

static inline void
rh_lines_add(struct rh_line *lines, unsigned lanes_log2, unsigned index, uint64_t n)
{
	unsigned lane = rh_cpu_hint() & ((1u << lanes_log2) - 1);

	rh_add_rlx(&lines[lane].count[index], n);
}

static inline uint64_t
rh_lines_sum(const struct rh_line *lines, unsigned lanes_log2, unsigned index)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < 1u << lanes_log2; i++)
		sum += rh_load_rlx(&lines[i].count[index]);
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
