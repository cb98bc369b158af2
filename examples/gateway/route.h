/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GATEWAY_ROUTE_H
#define GATEWAY_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include <rheo/rheo.h>

#include "settings.h"

/* What became of admitted requests, counted per route. */
enum route_count {
	ROUTE_ADMITTED,
	ROUTE_ANSWERED, /* by the upstream, below 500 */
	ROUTE_ANSWERED_5XX,
	ROUTE_BROKEN, /* no connection, or no sound answer */
	ROUTE_TIMED_OUT,
	ROUTE_UNSENT, /* cancelled: the call was never made */
	ROUTE_CUT, /* sent, but the gateway ended first */
	ROUTE_RETRIED, /* sent again after a kept connection turned out to be closed */
	ROUTE_COUNTS
};

/* One guard: a breaker, up to two buckets, and the names they have in header fields. */
struct route {
	const struct settings *settings;
	size_t prefix_length;
	char name[SETTINGS_LIMITS][SETTINGS_PREFIX_MAX + 8];
	char policy[512]; /* the RateLimit-Policy field; empty: no limit */
	rheo_breaker_t *breaker;
	rheo_bucket_t *bucket[SETTINGS_LIMITS];
	unsigned buckets;
	rheo_guard_t *guard;
	rheo_counter_t *counts;
	void *memory[SETTINGS_LIMITS + 3];
	unsigned memories;
};

struct routes {
	struct route *route;
	unsigned count;
};

/* Makes the guards; false and one line in `why` where a route's settings cannot be had. */
bool routes_make(struct routes *routes, const struct settings *settings, unsigned count, uint64_t now_ns,
		 char *why, size_t why_size);
void routes_free(struct routes *routes);

/* The route with the longest prefix of a canonical path (path.h), at a boundary; NULL: none. */
const struct route *routes_match(const struct routes *routes, const char *path);

/* The timer hook of every guard; returns how long to wait until the next call. */
uint64_t routes_tick(const struct routes *routes, uint64_t now_ns);

void route_count(const struct route *route, enum route_count which);
uint64_t route_counted(const struct route *route, enum route_count which);

#endif
