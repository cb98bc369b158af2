/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_TORTURE_H
#define RHEO_TESTS_TORTURE_H

/*
 * Torture programs are plain main(): they run under TSan. Each prints what it
 * counted and exits 1 when an oracle, not a crash, says that a promise broke.
 *
 *	intervals.h  P1 over every interval, and its histogram
 *	follow.h     P8: transitions in order of generation, legal edges
 *	permits.h    P9: permits of each half-open generation, and its histogram
 *	world.h      objects, a clock and actors in one block of memory
 *	act.h        one random call by one actor, and what it notes
 *	verdict.h    what must hold of a world at rest: the above, P10, P15
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheo/rheo.h"

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif
#ifndef UNDER_TSAN
#define UNDER_TSAN 0
#endif

static inline uint64_t
env_number(const char *name, uint64_t otherwise)
{
	const char *s = getenv(name);

	return s != NULL && *s != '\0' ? strtoull(s, NULL, 0) : otherwise;
}

/*
 * Faults that the oracles are shown to catch (make test-torture-catches): built
 * with -DTORTURE_BROKEN the environment chooses one of them, otherwise there
 * are none.
 */
enum broken {
	MINTED_TOKEN = 1, /* P1: a refusal is taken for an admission */
	MINTED_REFUND, /* P1: tokens come back that were never taken */
	PROBE_TOO_MANY, /* P9: a refusal is taken for a probe's permit */
	REPEATED_REPORT, /* P9: stale reports of probes are taken for good ones */
	DROPPED_EVENT, /* P8: the follower does not see a transition */
	PROBE_FOR_EVER, /* P10: the time of half-open permits is never over */
	LOST_COUNT, /* P15: a refusal is not counted */
	LEVEL_TOO_HIGH /* P4: more is said to be there than the burst */
};

#ifdef TORTURE_BROKEN
static inline bool
broken(enum broken what)
{
	static uint64_t chosen = UINT64_MAX;

	if (chosen == UINT64_MAX)
		chosen = env_number("BROKEN", 0);
	return chosen == (uint64_t)what;
}
#else
#define broken(what) false
#endif

static inline uint64_t
next_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

#define ULL(x) ((unsigned long long)(x))

/* What to start again with: SEED from the environment, and the world it has come to. */
static uint64_t seed_given, world_number;

#define CHECK(cond, ...)                                                               \
	do {                                                                           \
		if (!(cond)) {                                                         \
			fflush(stdout);                                                \
			fprintf(stderr, "%s:%d: BROKEN: ", __FILE__, __LINE__);        \
			fprintf(stderr, __VA_ARGS__);                                  \
			fprintf(stderr, " (SEED=%llu, world %llu)\n", ULL(seed_given), \
				ULL(world_number));                                    \
			exit(1);                                                       \
		}                                                                      \
	} while (0)

#endif
