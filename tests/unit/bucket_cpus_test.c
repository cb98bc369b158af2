/* SPDX-License-Identifier: BSD-2-Clause */

/* Lanes as the CPUs allow, on machines of other sizes: the shipped file, the number of CPUs played here. */

#include "helpers.h"

#include "port/cpu.h"

static unsigned cpus;

static unsigned
played_cpu_count(void)
{
	return cpus;
}

#define rh_cpu_count played_cpu_count
#define rheo_bucket_config_init played_config_init
#define rheo_bucket_config_check played_config_check
#define rheo_bucket_config_fault played_config_fault
#define rheo_bucket_size played_size
#define rheo_bucket_align played_align
#define rheo_bucket_init played_init
#define rheo_bucket_attach played_attach
#define rheo_bucket_config played_config
#define rheo_bucket_reconfigure played_reconfigure
#define rh_bucket_config_read played_config_read
#define rh_bucket_rules_make played_rules_make
#include "bucket/config.c"

static uint32_t
lanes_for(uint64_t burst, uint32_t asked)
{
	rheo_bucket_config_t cfg = bucket_config(10, burst), got;
	uint64_t size;
	rheo_bucket_t *b = NULL;
	void *mem;

	cfg.lanes = asked;
	size = played_size(&cfg);
	mem = memory_for(size);
	assert_status(played_init(mem, size, &cfg, 0, &b), RHEO_OK);
	assert_status(played_config(b, &got, sizeof got), RHEO_OK);
	free(mem);
	return got.lanes;
}

/* A power of two with room for all CPUs, halved until a lane's share of the burst is 32. */
Test(bucket_cpus, lanes_are_as_many_as_cpus_where_the_burst_is_worth_it)
{
	for (cpus = 1; cpus <= 70; cpus += 1 + cpus / 5)
		for (uint64_t burst = 1; burst <= 5000; burst += 1 + burst / 9) {
			uint32_t want = 1;

			while (want < cpus)
				want *= 2;
			while (want > 1 && burst / want < 32)
				want /= 2;
			assert_u64(lanes_for(burst, 0), want);
		}
}

Test(bucket_cpus, lanes_that_were_asked_for_do_not_depend_on_cpus)
{
	for (cpus = 1; cpus <= 64; cpus *= 4)
		cr_assert(lanes_for(1000, 8) == 8 && lanes_for(255, 8) == 1 && lanes_for(256, 8) == 8);
}

Test(bucket_cpus, there_are_no_more_lanes_than_1024)
{
	cpus = 5000;
	assert_u64(lanes_for(UINT64_C(1) << 30, 0), 1024);
}
