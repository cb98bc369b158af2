/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BREAKER_WINDOW_H
#define RHEO_BREAKER_WINDOW_H

/* What window.c offers to the breaker; the essay is in window.c. */

#include "../base/align.h"
#include "../base/atomic.h"
#include "../base/inject.h"
#include "../base/internal.h"
#include "../base/wide.h"
#include "../port/cpu.h"
#include "state.h"

/* What shapes a window: fixed at init, part of the header's checksum. */
struct rh_shape {
	uint64_t slice_ns;
	uint64_t slice_d; /* the same as a divisor (base/wide.h) */
	uint64_t slice_recip;
	uint32_t slice_norm;
	uint32_t slices;
	uint32_t window_calls;
	uint32_t sum; /* of the rest: what attach trusts it by */
};

/* A count over the slices of a window: one word a slice, [ tag : 32 | count : 32 ]. */
struct rh_track {
	RH_ALIGNED(64) rh_a64 slice; /* the latest slice counted in, a full number */
	rh_a64 folded; /* counts that have left the cells */
	rh_a64 cell[];
};

/* A window as the breaker knows it; computed from the handle, never stored. */
struct rh_window {
	const rh_a64 *word; /* the breaker's state: a record checks its generation against it */
	unsigned char *blocks; /* with the tracks of calls, one a lane and one that all share; failures; slow calls */
	rh_a64 *ring; /* a count window's outcomes, 16 calls a word; NULL: a time window */
	rh_a64 *head; /* ... and how many there have been */
	bool own; /* the lanes' tracks are the CPUs' own */
	unsigned lanes_log2;
	unsigned apart; /* blocks, log2 */
	unsigned cells; /* a track's, or the ring's: a power of two; bounds every index */
	struct rh_shape shape;
};

struct rh_counts {
	uint64_t calls;
	uint64_t failures;
	uint64_t slow;
};

/* How a record went. */
struct rh_recorded {
	bool stale; /* the breaker is in a later generation: nothing was counted */
	bool first; /* the first of its slice on its lane: what the window holds may have changed */
	uint64_t slice; /* in which it was counted */
};

/* Geometry from a handle's tag. */
RH_INTERNAL unsigned rh_window_cells(bool by_calls, unsigned code);
RH_INTERNAL uint64_t rh_window_size(bool by_calls, unsigned code, unsigned lanes_log2);

RH_INTERNAL void rh_window_init(const struct rh_window *w, uint64_t now_ns);

/* Counts one call of a generation. */
RH_INTERNAL struct rh_recorded rh_window_record(const struct rh_window *w, uint32_t generation, bool failed,
				    bool slow, uint64_t now_ns);

/* Failures and slow calls in the window; of a count window the calls as well. *slice is raised to the
   latest that the window has seen. */
RH_INTERNAL void rh_window_bad(const struct rh_window *w, uint32_t generation, uint64_t *slice,
		   struct rh_counts *counts);

/* The latest slice that any lane has counted in, if it is later than `slice`. */
RH_INTERNAL uint64_t rh_window_latest(const struct rh_window *w, uint64_t slice);

/* Calls in a time window; a count window's stand already. */
RH_INTERNAL void rh_window_calls(const struct rh_window *w, uint32_t generation, uint64_t slice,
		     struct rh_counts *counts);

/* Counts a bad call that is not in the window: for the totals alone. */
RH_INTERNAL void rh_window_note(const struct rh_window *w, bool failed, bool slow);

/* All that was ever counted, whatever the generation. */
RH_INTERNAL struct rh_counts rh_window_ever(const struct rh_window *w);

static inline uint64_t
rh_window_slice(const struct rh_window *w, uint64_t now_ns)
{
	struct rh_divisor d = {w->shape.slice_d, w->shape.slice_recip, w->shape.slice_norm};

	return rh_divisor_apply(d, (rh_u128){0, now_ns});
}

/* In a block: a line of counts, then a track. */
#define RH_TRACK_AT 64u

/* log2 of a block's size, with 16, 32 or 64 cells, none of them used in a count window. */
static inline unsigned
rh_block_size(bool by_calls, unsigned code)
{
	return by_calls ? 8 : 8 + (code & 3u);
}

/* How many there are: the lanes', the one that all share, failures, slow calls. */
static inline size_t
rh_blocks(unsigned lanes_log2)
{
	return ((size_t)1 << lanes_log2) + 3;
}

/* Names a slice of a generation in 32 bits. */
static inline uint32_t
rh_window_tag(uint32_t generation, uint64_t slice)
{
	return (generation << 16) + (uint32_t)slice;
}

static inline struct rh_track *
rh_window_track(const struct rh_window *w, unsigned i)
{
	return (struct rh_track *)(void *)(w->blocks + ((size_t)i << w->apart) + RH_TRACK_AT);
}

/*
 * Counts a call where nothing but a count changes: the track, this CPU's, is in
 * the slice of now_ns and has counted calls of the generation there. False, and
 * nothing written, where it is not so.
 */
RH_INLINE bool
rh_window_count_on(struct rh_track *t, unsigned cells, const struct rh_own *own, uint64_t slice_ns,
		   uint32_t generation, uint64_t now_ns)
{
	uint64_t slice = rh_load_acq(&t->slice), v; /* W-A2 <- W-R2: its cells */
	rh_a64 *cell = &t->cell[slice & (cells - 1)];

	if (!rh_likely(now_ns - slice * slice_ns < slice_ns))
		return false;
	v = rh_load_acq(cell); /* W-A1 <- W-R1: the count */
	RHEO_INJECT(WINDOW_BEFORE_ADD);
	/* Half full is full enough to look closer. */
	if (!rh_likely((int32_t)(uint32_t)v > 0))
		return false;
	if (own != NULL)
		/* W-R1 -> W-A1: the count, and what came before it */
		return rh_likely(rh_own_count(cell, *own, rh_window_tag(generation, slice)));
	if (v >> 32 != rh_window_tag(generation, slice))
		return false;
	return rh_cas_sc(cell, &v, v + 1); /* W-R1 -> W-A1: the count, and what came before it */
}

#endif
