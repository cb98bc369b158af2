/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GATEWAY_WORKER_H
#define GATEWAY_WORKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "call.h"
#include "exchange.h"
#include "pool.h"

/*
 * One thread with its own event loop, listening socket, HTTP server and
 * upstream connections. Workers share the guards and nothing else.
 */
struct worker {
	const struct gateway *gateway;
	struct event *ended; /* the main loop's, made active when this worker is done */
	pthread_t thread;
	struct event_base *base;
	struct evhttp *http;
	struct evhttp_bound_socket *socket;
	struct event *tick; /* the guards' timer hook */
	struct event *drain; /* made active by the main thread */
	struct event *last_call; /* the drain has taken long enough */
	struct pool pool;
	struct exchange_list exchanges;
	struct call_list calls;
	bool draining;
	/* Read by the main thread when this one has ended. */
	uint64_t requests;
	unsigned cut;
};

/* Takes the listening socket over; false where the thread could not be started. */
bool worker_start(struct worker *worker, const struct gateway *gateway, int fd, struct event *ended);

/* From the main thread: stop accepting, finish what is in flight, end. */
void worker_drain(struct worker *worker);

/* From the main thread, after `ended`. */
void worker_join(struct worker *worker);

/* For exchange.c: one has left the list. */
void worker_exchange_ended(struct worker *worker);

#endif
