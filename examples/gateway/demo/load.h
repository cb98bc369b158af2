/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DEMO_LOAD_H
#define DEMO_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

/*
 * An open loop: each request has its time, fixed before the start, and is sent
 * then, whether or not earlier ones have been answered. Latency counts from
 * that time, so a stall shows in every request that it held up.
 *
 * At most LOAD_CONNECTIONS are in flight; what is due beyond that waits, and
 * its wait counts as well.
 */
#define LOAD_CONNECTIONS 400u

struct event_base;
struct load;

/* The times of all requests of the plan, from begin_ns on. */
void load_schedule(struct records *records, uint64_t begin_ns);

/* Sends them to a port of the loopback; calls done(arg) when the last is answered or lost. */
struct load *load_start(struct event_base *base, uint16_t port, struct records *records,
			void (*done)(void *), void *arg);

/* What has been sent and answered so far, for the display. */
struct tally {
	uint64_t offered, admitted, rate, breaker, errors;
};
struct tally load_tally(const struct load *load);

void load_free(struct load *load);

#endif
