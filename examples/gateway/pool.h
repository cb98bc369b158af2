/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GATEWAY_POOL_H
#define GATEWAY_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include <event2/http.h>

#include "address.h"

/*
 * A worker's connections to the upstream, kept alive between calls, one call on
 * each at a time. The one used last is taken first, so that what a burst has
 * opened falls idle and is closed by the upstream.
 *
 * A connection that failed goes back like any other: libevent has reset it, and
 * connects again at its next use.
 */
struct conn {
	struct evhttp_connection *http;
	struct conn *next;
};

struct pool {
	struct event_base *base;
	const struct address *upstream;
	uint64_t limit;
	uint64_t made;
	uint64_t max_body_bytes;
	struct conn *idle;
};

/* NULL where all that may be had are in use. */
struct conn *pool_take(struct pool *pool);
void pool_give(struct pool *pool, struct conn *conn);

/* Frees the idle ones; at the end that is all. */
void pool_close(struct pool *pool);

/* Whether what is sent on it goes out at once, rather than after a connect that may fail. */
bool pool_is_connected(const struct conn *conn);

#endif
