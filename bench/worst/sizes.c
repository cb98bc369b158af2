/* SPDX-License-Identifier: BSD-2-Clause */

/* Bytes an object, by its lanes; counts have lanes of their own, as many up to what is allowed. */

#include <math.h>
#include <stddef.h>

#include "objects.h"
#include "table.h"
#include "worst.h"

#define BUCKET_COUNTERS_MAX 128u

static uint64_t
bucket_bytes(uint32_t lanes, uint32_t counter_lanes)
{
	rheo_bucket_config_t cfg;

	rheo_bucket_config_init(&cfg, sizeof cfg);
	cfg.tokens_per_period = 1000000;
	cfg.burst = PLENTY >> 20;
	cfg.lanes = lanes;
	cfg.counter_lanes = counter_lanes;
	return rheo_bucket_size(&cfg);
}

static uint64_t
bucket_word(uint32_t lanes)
{
	return bucket_bytes(1, lanes);
}

static uint64_t
bucket_lanes(uint32_t lanes)
{
	return bucket_bytes(lanes, lanes < BUCKET_COUNTERS_MAX ? lanes : BUCKET_COUNTERS_MAX);
}

static uint64_t
breaker_bytes(uint32_t lanes, uint32_t window_calls)
{
	rheo_breaker_config_t cfg;

	rheo_breaker_config_init(&cfg, sizeof cfg);
	cfg.window_calls = window_calls;
	cfg.lanes = lanes;
	return rheo_breaker_size(&cfg);
}

static uint64_t
breaker_time(uint32_t lanes)
{
	return breaker_bytes(lanes, 0);
}

static uint64_t
breaker_count(uint32_t lanes)
{
	return breaker_bytes(lanes, 1000);
}

static uint64_t
guard_lanes(uint32_t lanes)
{
	rheo_guard_config_t cfg;
	static rheo_breaker_t *breaker;

	if (breaker == NULL)
		breaker = breaker_of();
	rheo_guard_config_init(&cfg, sizeof cfg);
	cfg.breaker = breaker;
	cfg.lanes = lanes;
	return rheo_guard_size(&cfg);
}

static uint64_t
counter_lanes(uint32_t lanes)
{
	rheo_counter_config_t cfg;

	rheo_counter_config_init(&cfg, sizeof cfg);
	cfg.lanes = lanes;
	return rheo_counter_size(&cfg);
}

static const struct {
	const char *name;
	uint64_t (*bytes)(uint32_t lanes);
} object[] = {
	{"bucket, one word", bucket_word},
	{"bucket, lanes", bucket_lanes},
	{"breaker, 10 slices of time", breaker_time},
	{"breaker, the last 1000 calls", breaker_count},
	{"guard, without its parts", guard_lanes},
	{"counter", counter_lanes},
};

int
worst_sizes(void)
{
	double value[TABLE_COLUMNS];
	struct table t;

	table_lanes(&t, "bytes, by lanes");
	table_head(&t);
	for (size_t i = 0; i < sizeof object / sizeof object[0]; i++) {
		for (int log2 = 0; log2 < TABLE_COLUMNS; log2++) {
			uint64_t bytes = object[i].bytes(1u << log2);

			value[log2] = bytes == 0 ? NAN : (double)bytes;
		}
		table_row(&t, object[i].name, value);
	}
	return 0;
}
