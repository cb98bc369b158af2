/* SPDX-License-Identifier: BSD-2-Clause */

#include "by_hand.h"
#include "harness.h"

int
mutex_bucket_take(struct mutex_bucket *b)
{
	uint64_t now;
	int passes;

	pthread_mutex_lock(&b->lock);
	now = clock_ns();
	b->tokens += (double)(now - b->last_ns) * b->per_ns;
	b->last_ns = now;
	if (b->tokens > b->burst)
		b->tokens = b->burst;
	passes = b->tokens >= 1;
	if (passes)
		b->tokens -= 1;
	pthread_mutex_unlock(&b->lock);
	return passes;
}

int
window_counter_take(struct window_counter *c)
{
	if (atomic_load_explicit(&c->used, memory_order_relaxed) >= c->limit)
		return 0;
	if (atomic_fetch_add(&c->used, 1) < c->limit)
		return 1;
	atomic_fetch_sub(&c->used, 1);
	return 0;
}

int
gcra_word_take(struct gcra_word *g, uint64_t now_ns)
{
	uint64_t next, was = atomic_load_explicit(&g->full_at_ns, memory_order_relaxed);

	do {
		next = (was > now_ns ? was : now_ns) + g->ns_per_token;
		if (next - now_ns > g->burst_ns)
			return 0;
	} while (!atomic_compare_exchange_weak(&g->full_at_ns, &was, next));
	return 1;
}
