/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_LANES_H
#define RHEO_TESTS_LANES_H

/* Buckets with lanes, and what their lanes hold. */

#include "bucket/lanes.h"

/* The own lane stays the same while a test looks at it. */
void stay_here(void);

/* 320 a lane: 40 of them parked, Q a 64th of the burst, the rest in common. */
rheo_bucket_t *laned(uint32_t lanes, uint32_t flags);

/* The lane that is i lanes from the own one, and what is parked there. */
struct rh_lane *lane_of(rheo_bucket_t *b, unsigned i);
uint64_t parked(rheo_bucket_t *b, unsigned i);

/* Parks n tokens there instead of what is, and accounts for them. */
void park(rheo_bucket_t *b, unsigned i, uint64_t n);

/* Leaves n tokens in the common part. */
void leave(rheo_bucket_t *b, uint64_t n);

#endif
