/* SPDX-License-Identifier: BSD-2-Clause */

#include "ticks.h"

#include <stdio.h>

#include "rheo/rheo.h"

#define CALIBRATE_NS 100000000u

double ns_per_tick;

/* What all differences are multiples of: a counter may count by many at a time. */
static uint64_t
grain(void)
{
	uint64_t a = 0;

	for (int i = 0; i < 1000 && a != 1; i++) {
		uint64_t from = ticks(), d = ticks() - from;

		while (d != 0) {
			uint64_t rest = a % d;

			a = d;
			d = rest;
		}
	}
	return a;
}

void
ticks_init(void)
{
	uint64_t from_ns = rheo_now_ns(), from = ticks(), now_ns;

	do
		now_ns = rheo_now_ns();
	while (now_ns - from_ns < CALIBRATE_NS);
	ns_per_tick = (double)(now_ns - from_ns) / (double)(ticks() - from);
	printf("timed by %s: %.3f ns a tick, in steps of %.2f ns\n", TICKS_WHAT, ns_per_tick,
	       (double)grain() * ns_per_tick);
}
