/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RIVALS_BY_HAND_H
#define RIVALS_BY_HAND_H

/*
 * The limiters that services in C write for themselves, each as good as its
 * idea allows: a bucket behind a mutex, a counter that a timer would reset, and
 * one word that holds the time at which the bucket is full again (GCRA). All
 * return 1 where the call may pass.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct mutex_bucket {
	pthread_mutex_t lock;
	double tokens, burst, per_ns;
	uint64_t last_ns;
};

int mutex_bucket_take(struct mutex_bucket *b); /* reads the clock, inside the lock */

struct window_counter {
	_Atomic uint64_t used;
	uint64_t limit;
};

int window_counter_take(struct window_counter *c);

struct gcra_word {
	_Atomic uint64_t full_at_ns;
	uint64_t ns_per_token, burst_ns;
};

int gcra_word_take(struct gcra_word *g, uint64_t now_ns);

#endif
