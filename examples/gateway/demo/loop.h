/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DEMO_LOOP_H
#define DEMO_LOOP_H

#include <event2/event.h>

/*
 * An event loop whose timers are precise. libevent's usual ones go by a clock
 * that moves every 4 ms, which is more than what is measured here.
 */
struct event_base *loop_new(void);

#endif
