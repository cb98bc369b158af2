/* SPDX-License-Identifier: BSD-2-Clause */
#include "outcomes.h"

#include <stdio.h>
#include <stdlib.h>

static unsigned
place_of(const struct outcomes *set, uint64_t outcome)
{
	unsigned i = (unsigned)((outcome * UINT64_C(0x9e3779b97f4a7c15)) >> 40) % OUTCOMES;

	while (set->slot[i] != 0 && set->slot[i] != outcome + 1)
		i = (i + 1) % OUTCOMES;
	return i;
}

void
outcomes_add(struct outcomes *set, uint64_t outcome)
{
	unsigned i = place_of(set, outcome);

	if (set->slot[i] != 0)
		return;
	if (set->count == OUTCOMES - 1) {
		fprintf(stderr, "more than %u outcomes\n", OUTCOMES);
		abort();
	}
	set->slot[i] = outcome + 1;
	set->count++;
}

bool
outcomes_have(const struct outcomes *set, uint64_t outcome)
{
	return set->slot[place_of(set, outcome)] != 0;
}

bool
outcomes_same(const struct outcomes *a, const struct outcomes *b)
{
	if (a->count != b->count)
		return false;
	for (unsigned i = 0; i < OUTCOMES; i++)
		if (a->slot[i] != 0 && !outcomes_have(b, a->slot[i] - 1))
			return false;
	return true;
}
