/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PREFORK_RANDOM_H
#define PREFORK_RANDOM_H

#include <stdint.h>

/* A number below n, and the next state; good enough to choose whom to kill. */
static inline uint64_t
random_below(uint64_t *state, uint64_t n)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return (x ^ x >> 31) % n;
}

#endif
