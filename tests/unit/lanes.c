/* SPDX-License-Identifier: BSD-2-Clause */

#include "lanes.h"

#include <sched.h>

#include "helpers.h"

void
stay_here(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)sched_getcpu(), &set);
	sched_setaffinity(0, sizeof set, &set);
}

rheo_bucket_t *
laned(uint32_t lanes, uint32_t flags)
{
	rheo_bucket_config_t cfg = bucket_config(1000, 320 * lanes);

	cfg.lanes = lanes;
	cfg.flags = flags;
	stay_here();
	return bucket_from(&cfg, 0);
}

struct rh_lane *
lane_of(rheo_bucket_t *b, unsigned i)
{
	struct rh_self self = rh_bucket_self(b);

	return rh_bucket_lanes(self) + ((rh_cpu_hint() + i) & ((1u << self.lanes) - 1));
}

uint64_t
parked(rheo_bucket_t *b, unsigned i)
{
	return rh_load_rlx(&lane_of(b, i)->parked) & 0xffff;
}

void
park(rheo_bucket_t *b, unsigned i, uint64_t n)
{
	uint64_t w = rh_load_rlx(&lane_of(b, i)->parked);

	rh_swap_rlx(&lane_of(b, i)->parked, (w & ~UINT64_C(0xffff)) | n);
	rh_bucket_count(rh_bucket_self(b), COUNT_ADJUSTED, n - (w & 0xffff));
}

void
leave(rheo_bucket_t *b, uint64_t n)
{
	assert_status(rheo_bucket_charge(b, bucket_stats(b).max_cost - n, 0), RHEO_OK);
}
