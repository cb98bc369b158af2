/* SPDX-License-Identifier: BSD-2-Clause */

#include "objects.h"

#include <stdio.h>
#include <stdlib.h>

void *
memory_for(uint64_t size)
{
	void *mem = size == 0 ? NULL : aligned_alloc(128, size);

	if (mem == NULL) {
		fprintf(stderr, "bench: a configuration without a size, or no memory\n");
		exit(1);
	}
	return mem;
}

static void
must(int32_t st, const char *what)
{
	if (st == RHEO_OK)
		return;
	fprintf(stderr, "bench: init of a %s: status %d\n", what, (int)st);
	exit(1);
}

rheo_bucket_t *
bucket_from(const rheo_bucket_config_t *cfg, uint64_t now_ns)
{
	uint64_t size = rheo_bucket_size(cfg);
	rheo_bucket_t *bucket;

	must(rheo_bucket_init(memory_for(size), size, cfg, now_ns, &bucket), "bucket");
	return bucket;
}

rheo_breaker_t *
breaker_from(const rheo_breaker_config_t *cfg, uint64_t now_ns)
{
	uint64_t size = rheo_breaker_size(cfg);
	rheo_breaker_t *breaker;

	must(rheo_breaker_init(memory_for(size), size, cfg, now_ns, &breaker), "breaker");
	return breaker;
}

rheo_guard_t *
guard_from(const rheo_guard_config_t *cfg, uint64_t now_ns)
{
	uint64_t size = rheo_guard_size(cfg);
	rheo_guard_t *guard;

	must(rheo_guard_init(memory_for(size), size, cfg, now_ns, &guard), "guard");
	return guard;
}

rheo_counter_t *
counter_from(const rheo_counter_config_t *cfg, uint64_t now_ns)
{
	uint64_t size = rheo_counter_size(cfg);
	rheo_counter_t *counter;

	must(rheo_counter_init(memory_for(size), size, cfg, now_ns, &counter), "counter");
	return counter;
}

rheo_bucket_t *
bucket_of(uint64_t rate, uint64_t burst, uint32_t lanes)
{
	rheo_bucket_config_t cfg;

	rheo_bucket_config_init(&cfg, sizeof cfg);
	cfg.tokens_per_period = rate;
	cfg.burst = burst;
	cfg.lanes = lanes;
	return bucket_from(&cfg, 0);
}

rheo_breaker_t *
breaker_of(void)
{
	rheo_breaker_config_t cfg;

	rheo_breaker_config_init(&cfg, sizeof cfg);
	return breaker_from(&cfg, 0);
}
