/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_EXPLORE_OUTCOMES_H
#define RHEO_TESTS_EXPLORE_OUTCOMES_H

/* What small programs came to: a set of numbers, one an execution. */

#include <stdbool.h>
#include <stdint.h>

#define OUTCOMES 8192u

struct outcomes {
	uint64_t slot[OUTCOMES]; /* + 1; 0 is free */
	unsigned count;
};

void outcomes_add(struct outcomes *set, uint64_t outcome);
bool outcomes_have(const struct outcomes *set, uint64_t outcome);
bool outcomes_same(const struct outcomes *a, const struct outcomes *b);

#endif
