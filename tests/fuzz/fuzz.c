/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * One fuzz target: a history as libFuzzer wants it. FUZZ_TARGET names it
 * (config, bucket, breaker, guard, attach, neighbour).
 */

#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "steps.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define TEXT_(a) #a
#define TEXT(a) TEXT_(a)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int runs;
	const char *result;
	int steps;

	runs++;
	steps_machine(size);
	result = JOIN(FUZZ_TARGET, _history)((struct bytes){data, size}, &steps);
	if (result == NULL)
		return 0;
	fprintf(stderr, "fuzz: BROKEN: %s, run %d: %s\n", TEXT(FUZZ_TARGET), runs, result);
	abort();
}
