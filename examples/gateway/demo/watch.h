/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DEMO_WATCH_H
#define DEMO_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

/* Polls the gateway's status, collecting transitions, and talks to the upstream's own pages. */
struct event_base;
struct watch;

struct watch *watch_start(struct event_base *base, uint16_t gateway_port, uint16_t upstream_port,
			  struct history *history);

/* What a phase wants of the upstream. */
void watch_tell_upstream(struct watch *watch, unsigned phase);

/* A last look at both, after which it calls done(arg); history->seen is then filled in. */
void watch_finish(struct watch *watch, void (*done)(void *), void *arg);

/* Looks that gave nothing usable; NULL: none. */
const char *watch_trouble(const struct watch *watch);

void watch_free(struct watch *watch);

#endif
