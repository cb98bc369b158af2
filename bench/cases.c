/* SPDX-License-Identifier: BSD-2-Clause */

/* What a call costs, one thread and several on one object: the list. */

#include "cases.h"

#include <stddef.h>

void
bench_cases(void)
{
	void (*const parts[])(void) = {floor_cases, bucket_cases, breaker_cases, guard_cases, counter_cases};

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		if (parts[i] != NULL)
			parts[i]();
}
