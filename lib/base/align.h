/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BASE_ALIGN_H
#define RHEO_BASE_ALIGN_H

#include <stdint.h>

#include "ck.h"

/*
 * Every object is aligned to RH_ALIGN, two common cache lines: the pair that
 * x86 fetches together never spans two objects. The seven low bits of its
 * address are therefore free, and a handle carries the object's geometry there
 * (object.h).
 */
#define RH_ALIGN 128u

_Static_assert(RH_LINE <= RH_ALIGN, "a line fits the alignment");

#define RH_ALIGNED(n) _Alignas(n)

/* Sizes are multiples of the alignment: what aligned_alloc wants, and arrays of objects. */
static inline uint64_t
rh_whole(uint64_t size)
{
	return (size + RH_ALIGN - 1) / RH_ALIGN * RH_ALIGN;
}

static inline unsigned
rh_log2_ceil(uint64_t n)
{
	unsigned l = 0;

	while (l < 63 && (UINT64_C(1) << l) < n)
		l++;
	return l;
}

#endif
