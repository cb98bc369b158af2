/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BREAKER_STATE_H
#define RHEO_BREAKER_STATE_H

/*
 * The breaker's one word, and permits, bit by bit. Pure.
 *
 *	 63 62   61 60   59 ........ 44   43 ......................... 0
 *	[state] [mode]  [generation:16]  [what the state needs:44      ]
 *
 *	CLOSED     failures in a row : 32
 *	OPEN       deadline : 44, in units of 2^unit ns
 *	HALF_OPEN  overdue : 8 | ticket, slow, ignored, failed, succeeded,
 *	           issued : 6 each
 *
 * CLOSED in AUTO mode is four zero bits at the top: one comparison.
 *
 * The generation changes with every transition and with nothing else; a permit
 * carries it, so a report of an earlier period is recognised (stale). Sixteen
 * bits: a permit would have to sleep through 65536 transitions exactly.
 *
 * The deadline is the low 44 bits of a time. It is read back as the one such
 * time nearest to what the breaker was last told (told_ns, a full word, raised
 * to the present before a deadline is set and by nothing else while OPEN but a
 * tick, which ends OPEN first): however long nobody calls, it is exact. unit is
 * 0, a nanosecond, where open_max_ns is at most 2^42 ns (73 minutes).
 *
 * overdue says when permits that are issued but not to be seen in the probe
 * table (their holder died, or is between two instructions) are given up:
 * sixteenths of the probe time-out, modulo 2^8.
 *
 * A permit:
 *
 *	 63      62 ........ 47   46 ............................ 0
 *	[probe] [gen. + 1  :16]  [closed: start of the call : 47  ]
 *	                         [probe: slot : 6 | start : 41    ]
 *
 * RH_NARROW shrinks the generation and the deadline so that tests wrap them.
 */

#include <stdbool.h>
#include <stdint.h>

#include "rheo/breaker.h"

#ifdef RH_NARROW
#define RH_GEN_BITS 5
#define RH_DEADLINE_BITS 22
#else
#define RH_GEN_BITS 16
#define RH_DEADLINE_BITS 44
#endif

#define RH_GEN_MASK ((UINT32_C(1) << RH_GEN_BITS) - 1)
#define RH_DEADLINE_MASK ((UINT64_C(1) << RH_DEADLINE_BITS) - 1)

#define RH_OVERDUE_BITS 8
#define RH_OVERDUE_MASK ((1u << RH_OVERDUE_BITS) - 1)
#define RH_OVERDUE_STEPS 16u

#define RH_PROBE_SLOTS 64u
#define RH_PROBES_MAX 32u

struct rh_state {
	uint32_t state;
	uint32_t mode;
	uint32_t generation; /* RH_GEN_BITS of it */
	uint32_t in_a_row; /* CLOSED */
	uint64_t deadline; /* OPEN, RH_DEADLINE_BITS of it */
	uint32_t issued; /* HALF_OPEN, cancelled ones not counted */
	uint32_t succeeded;
	uint32_t failed;
	uint32_t ignored;
	uint32_t slow; /* of these */
	uint32_t ticket; /* the next probe slot to try */
	uint32_t overdue;
};

static inline struct rh_state
rh_state_unpack(uint64_t w)
{
	struct rh_state s = {
		.state = (uint32_t)(w >> 62),
		.mode = (uint32_t)(w >> 60) & 3u,
		.generation = (uint32_t)(w >> 44) & RH_GEN_MASK,
	};

	switch (s.state) {
	case RHEO_CLOSED:
		s.in_a_row = (uint32_t)w;
		break;
	case RHEO_OPEN:
		s.deadline = w & RH_DEADLINE_MASK;
		break;
	default:
		s.issued = (uint32_t)w & 63u;
		s.succeeded = (uint32_t)(w >> 6) & 63u;
		s.failed = (uint32_t)(w >> 12) & 63u;
		s.ignored = (uint32_t)(w >> 18) & 63u;
		s.slow = (uint32_t)(w >> 24) & 63u;
		s.ticket = (uint32_t)(w >> 30) & 63u;
		s.overdue = (uint32_t)(w >> 36) & RH_OVERDUE_MASK;
	}
	return s;
}

static inline uint64_t
rh_state_pack(struct rh_state s)
{
	uint64_t w = (uint64_t)s.state << 62 | (uint64_t)(s.mode & 3u) << 60 |
		     (uint64_t)(s.generation & RH_GEN_MASK) << 44;

	switch (s.state) {
	case RHEO_CLOSED:
		return w | s.in_a_row;
	case RHEO_OPEN:
		return w | (s.deadline & RH_DEADLINE_MASK);
	default:
		return w | (s.issued & 63u) | (uint64_t)(s.succeeded & 63u) << 6 |
		       (uint64_t)(s.failed & 63u) << 12 | (uint64_t)(s.ignored & 63u) << 18 |
		       (uint64_t)(s.slow & 63u) << 24 | (uint64_t)(s.ticket & 63u) << 30 |
		       (uint64_t)(s.overdue & RH_OVERDUE_MASK) << 36;
	}
}

/* CLOSED and AUTO. */
static inline bool
rh_state_passes(uint64_t w)
{
	return w >> 60 == 0;
}

/* CLOSED and AUTO in a generation, no failure in a row: the word as it mostly is. */
static inline uint64_t
rh_state_quiet(uint64_t generation)
{
	return generation << 44;
}

/*
 * The generation of a permit of CLOSED, as long as no such word is quiet in it
 * where the permit is none or a probe; so not (once in 2^16) that of the last
 * one before they begin again, either.
 */
static inline uint64_t
rh_permit_quiet(uint64_t permit)
{
	return (permit >> 47) - 1 + (permit >> 63);
}

/* The difference a - b of two numbers of which only `bits` bits are known, as the nearest. */
static inline int64_t
rh_nearest(uint64_t a, uint64_t b, unsigned bits)
{
	uint64_t d = (a - b) << (64 - bits);

	return d >> 63 ? -(int64_t)((0 - d) >> (64 - bits)) : (int64_t)(d >> (64 - bits));
}

/* A deadline in units of 2^unit ns, rounded up: never early. */
static inline uint64_t
rh_deadline_make(uint64_t at_ns, unsigned unit)
{
	uint64_t d = at_ns >> unit;

	if (d << unit != at_ns && d != UINT64_MAX >> unit)
		d++;
	return d & RH_DEADLINE_MASK;
}

/* The time it stands for, told_ns being what the breaker was last told. */
static inline uint64_t
rh_deadline_read(uint64_t deadline, uint64_t told_ns, unsigned unit)
{
	uint64_t told = told_ns >> unit;
	int64_t ahead = rh_nearest(deadline, told, RH_DEADLINE_BITS);

	if (ahead < 0 && (uint64_t)-ahead > told)
		return 0;
	if (ahead > 0 && (uint64_t)ahead > (UINT64_MAX >> unit) - told)
		return UINT64_MAX;
	return (told + (uint64_t)ahead) << unit;
}

#define RH_PERMIT_PROBE (UINT64_C(1) << 63)
#define RH_START_BITS 47
#define RH_PROBE_START_BITS 41

static inline uint64_t
rh_low_bits(uint64_t x, unsigned bits)
{
	return x & ((UINT64_C(1) << bits) - 1);
}

/* One more than the generation, so that the first one's permits are not RHEO_PERMIT_NONE. */
static inline uint64_t
rh_permit_bits(uint32_t generation)
{
	return (uint64_t)(uint16_t)(generation + 1) << RH_START_BITS;
}

static inline uint64_t
rh_permit_closed(uint32_t generation, uint64_t start_ns)
{
	uint64_t p = rh_permit_bits(generation) | rh_low_bits(start_ns, RH_START_BITS);

	return p != RHEO_PERMIT_NONE ? p : 1;
}

static inline uint64_t
rh_permit_probe(uint32_t generation, uint32_t slot, uint64_t start_ns)
{
	return RH_PERMIT_PROBE | rh_permit_bits(generation) |
	       (uint64_t)(slot & (RH_PROBE_SLOTS - 1)) << RH_PROBE_START_BITS |
	       rh_low_bits(start_ns, RH_PROBE_START_BITS);
}

static inline bool
rh_permit_is_probe(uint64_t permit)
{
	return (permit & RH_PERMIT_PROBE) != 0;
}

static inline uint32_t
rh_permit_generation(uint64_t permit)
{
	return ((uint32_t)(permit >> RH_START_BITS) - 1) & RH_GEN_MASK;
}

static inline uint32_t
rh_permit_slot(uint64_t permit)
{
	return (uint32_t)(permit >> RH_PROBE_START_BITS) & (RH_PROBE_SLOTS - 1);
}

/* How long a call took that a permit of CLOSED admitted; 0 where the clock went back. */
static inline uint64_t
rh_permit_duration(uint64_t permit, uint64_t now_ns)
{
	int64_t d = rh_nearest(now_ns, permit, RH_START_BITS);

	return d > 0 ? (uint64_t)d : 0;
}

/* When a probe began, told_ns being a time at or after it. */
static inline uint64_t
rh_permit_probe_start(uint64_t permit, uint64_t told_ns)
{
	uint64_t back = rh_low_bits(told_ns - permit, RH_PROBE_START_BITS);

	return back > told_ns ? 0 : told_ns - back;
}

#endif
