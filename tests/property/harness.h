/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_HARNESS_H
#define RHEO_TESTS_HARNESS_H

/*
 * A history is a run of calls drawn from a stream of bytes, made on the library
 * and judged by an oracle. One function serves table tests (a line of bytes
 * each, tests/fuzz/corpus), property tests (random bytes, property.c) and
 * fuzzing (tests/fuzz): only the bytes differ.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	const uint8_t *at;
	size_t left;
};

/* Runs one history. Returns NULL, or what was wrong (a static buffer) and at which step. */
typedef const char *history(struct bytes in, int *steps);

history bucket_history, batch_history, breaker_history, guard_history, config_history;

/* A number of n bytes; zeros where the stream has ended. */
uint64_t take(struct bytes *in, unsigned n);

/* Numbers of every magnitude, edges included. */
uint64_t any_number(struct bytes *in, unsigned most_bits);

/* What was wrong, as printf would put it, in the static buffer. */
const char *wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define FAIL(...)                            \
	do {                                 \
		result = wrong(__VA_ARGS__); \
		goto out;                    \
	} while (0)

/* Memory of exactly `size` bytes at the library's alignment, full of rubbish, between two fences. */
struct room {
	uint8_t *at;
	size_t size;
	void *block;
};

struct room room_make(size_t size);
bool room_intact(const struct room *r); /* nobody has written beyond it */
void room_free(struct room *r);

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
