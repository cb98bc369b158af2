/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_TORTURE_H
#define RHEO_TESTS_TORTURE_H

/*
 * Torture programs are plain main(): they run under TSan. Each prints what it
 * counted and exits 1 when an oracle, not a crash, says that a promise broke.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheo/rheo.h"

/* A clock that the test moves: every thread sees the same time, and it is exact. */
static _Atomic uint64_t virtual_ns;

static inline uint64_t
now_ns(void)
{
	return atomic_load(&virtual_ns);
}

static inline uint64_t
next_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline void *
memory_for(uint64_t size)
{
	void *mem = aligned_alloc(128, size);

	if (mem == NULL)
		abort();
	memset(mem, 0xa5, (size_t)size);
	return mem;
}

#define CHECK(cond, ...)                                                         \
	do {                                                                     \
		if (!(cond)) {                                                   \
			fprintf(stderr, "%s:%d: BROKEN: ", __FILE__, __LINE__);  \
			fprintf(stderr, __VA_ARGS__);                            \
			fputc('\n', stderr);                                     \
			exit(1);                                                 \
		}                                                                \
	} while (0)

#endif
