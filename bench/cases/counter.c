/* SPDX-License-Identifier: BSD-2-Clause */

#include "cases.h"

static rheo_counter_t *counter;

static void
setup_counter(void)
{
	rheo_counter_config_t cfg;

	rheo_counter_config_init(&cfg, sizeof cfg);
	counter = counter_from(&cfg, 0);
}

static void
add(bench_state *s)
{
	FOR_CALLS(s)
		rheo_counter_add(counter, 0, 1);
}

static void
read_clock(bench_state *s)
{
	uint64_t sum = 0;

	FOR_CALLS(s)
		sum += rheo_now_ns();
	if (sum == 0)
		bench_fail(s, "no clock");
}

void
counter_cases(void)
{
	bench_case("counter: add", setup_counter, add);
	bench_case("clock: read", NULL, read_clock);
}
