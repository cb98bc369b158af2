/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RIVALS_HARNESS_H
#define RIVALS_HARNESS_H

/*
 * Times one call in a loop, on one thread and on two that share the object, and
 * prints a row each. ns a call = wall time * threads / calls: what a thread
 * waits for its call. Calls of malloc are counted by wrapping it at link time.
 */

#include <stdint.h>

struct contender {
	const char *library, *version, *mode;
	const char *outcome; /* accept, refuse, closed, open: what every call must come to */
	const char *clock; /* who reads one a call: yes, no */
	/* The object, full or used up as the outcome wants it; its size in *bytes. */
	void *(*make)(uint64_t *bytes);
	/* Makes so many calls and says how many came out as they must; *now: this thread's time. */
	uint64_t (*run)(void *object, uint64_t calls, uint64_t *now);
};

/* Measures it with 1 and with 2 threads, `ms` milliseconds each; 0, or 1 and a word to stderr. */
int measure(const struct contender *c, int ms);

/* Memory on lines of its own. */
void *lines_of_its_own(uint64_t bytes);

uint64_t clock_ns(void);

#endif
