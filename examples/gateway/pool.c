/* SPDX-License-Identifier: BSD-2-Clause */
#include "pool.h"

#include <stdlib.h>

#include <event2/bufferevent.h>

#include "gateway.h"

/* Calls have deadlines of their own; this one only must not come before them. */
#define LONGER_THAN_ANY_CALL_S 4000
#define MAX_HEADERS_BYTES (64 << 10)

struct conn *
pool_take(struct pool *pool)
{
	const struct timeval patience = {.tv_sec = LONGER_THAN_ANY_CALL_S};
	struct conn *conn = pool->idle;

	if (conn != NULL) {
		pool->idle = conn->next;
		return conn;
	}
	if (pool->made == pool->limit)
		return NULL;
	conn = gateway_memory(sizeof *conn);
	conn->http = evhttp_connection_base_bufferevent_new(pool->base, NULL, NULL, pool->upstream->host,
							    pool->upstream->port);
	if (conn->http == NULL) {
		free(conn);
		return NULL;
	}
	evhttp_connection_set_timeout_tv(conn->http, &patience);
	evhttp_connection_set_max_body_size(conn->http, (ev_ssize_t)pool->max_body_bytes);
	evhttp_connection_set_max_headers_size(conn->http, MAX_HEADERS_BYTES);
	pool->made++;
	return conn;
}

void
pool_give(struct pool *pool, struct conn *conn)
{
	conn->next = pool->idle;
	pool->idle = conn;
}

void
pool_close(struct pool *pool)
{
	for (struct conn *conn = pool->idle; conn != NULL; conn = pool->idle) {
		pool->idle = conn->next;
		evhttp_connection_free(conn->http);
		free(conn);
		pool->made--;
	}
}

bool
pool_is_connected(const struct conn *conn)
{
	struct sockaddr_storage peer;
	socklen_t length = sizeof peer;
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(conn->http));

	return fd >= 0 && getpeername(fd, (struct sockaddr *)&peer, &length) == 0;
}
