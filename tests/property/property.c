/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Random histories against their oracles.
 *
 *	property [histories [seed]]
 *
 * A failure prints its seed; `property 1 SEED` plays it again.
 */

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>

#define MOST_BYTES 6000u

static int
play(const char *name, history *run, uint64_t seed, uint64_t count)
{
	static uint8_t bytes[MOST_BYTES];
	uint64_t steps = 0;

	for (uint64_t i = 0; i < count; i++) {
		uint64_t state = seed + i;
		size_t length = 100 + next_random(&state) % (MOST_BYTES - 100);
		const char *result;
		int n;

		for (size_t k = 0; k < length; k++)
			bytes[k] = (uint8_t)next_random(&state);
		result = run((struct bytes){bytes, length}, &n);
		steps += (uint64_t)n;
		if (result != NULL) {
			printf("property: %s, seed %llu: %s\n", name, (unsigned long long)(seed + i), result);
			return 1;
		}
	}
	printf("property: %s: %llu histories from seed %llu, %llu calls, all as the oracle says\n", name,
	       (unsigned long long)count, (unsigned long long)seed, (unsigned long long)steps);
	return steps < count;
}

int
main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 0) : 20000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

	return play("buckets", bucket_history, seed, count) | play("batches", batch_history, seed, count) |
	       play("breakers", breaker_history, seed, count);
}
