/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_HARNESS_H
#define RHEO_TESTS_HARNESS_H

/*
 * A history of calls on a bucket, drawn from a stream of bytes, run against the
 * library and against an oracle that keeps exact 128-bit credit. One function
 * serves table tests, property tests and fuzzing: only the bytes differ.
 */

#include <stddef.h>
#include <stdint.h>

struct bytes {
	const uint8_t *at;
	size_t left;
};

/* Runs one history. Returns NULL, or what was wrong (a static buffer) and at which step. */
const char *bucket_history(struct bytes in, int *steps);
const char *breaker_history(struct bytes in, int *steps);

/* xoshiro-like generator of the tests' own, so that a seed means the same everywhere. */
static inline uint64_t
next_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

#endif
