/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GATEWAY_STATUS_H
#define GATEWAY_STATUS_H

#include "exchange.h"
#include "gateway.h"

/* /-/status: answered by the worker itself, past every guard. */
void status_answer(struct exchange *x, const char *query);

/* Everything there is to see of a route at one time. */
#define STATUS_EVENTS 16u

struct status_route {
	const struct route *route;
	rheo_breaker_snapshot_t breaker;
	rheo_bucket_config_t bucket_config[SETTINGS_LIMITS];
	rheo_bucket_stats_t bucket[SETTINGS_LIMITS];
	uint64_t level[SETTINGS_LIMITS];
	rheo_guard_stats_t guard;
	rheo_breaker_event_t event[STATUS_EVENTS];
	uint32_t events;
};

void status_look(const struct route *route, uint64_t since, uint64_t now_ns, struct status_route *out);

/* The two ways of telling it. */
void status_text(const struct gateway *gateway, uint64_t now_ns, struct evbuffer *out);
void status_json(const struct gateway *gateway, uint64_t now_ns, uint64_t since, struct evbuffer *out);

#endif
