/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GATEWAY_CALL_H
#define GATEWAY_CALL_H

#include <sys/queue.h>

#include "exchange.h"
#include "route.h"

/*
 * One request on its way: asks the route's guard, and if that admits it calls
 * the upstream, records the outcome and answers the client. Every permit is
 * reported exactly once, whatever happens to the client or the gateway.
 */
struct call;

TAILQ_HEAD(call_list, call);

/* `target` is the path and query to send; the call takes care of x from here on. */
void call_begin(struct exchange *x, const struct route *route, const char *target);

/* The end of the drain: gives up what is under way and answers 503. Returns how many were cut. */
unsigned call_cut_all(struct worker *worker);

#endif
