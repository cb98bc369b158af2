/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_TORTURE_CLOCK_H
#define RHEO_TESTS_TORTURE_CLOCK_H

/* For programs with one object at a time: a clock that the test moves, and memory. */

#include "torture.h"

static _Atomic uint64_t virtual_ns;

/* Every thread sees the same time, and it is exact. */
static inline uint64_t
now_ns(void)
{
	return atomic_load(&virtual_ns);
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

#endif
