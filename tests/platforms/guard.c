/* SPDX-License-Identifier: BSD-2-Clause */

/* Guards: one to four buckets, some on lanes, with and without a breaker, with every flag. */

#include "trace.h"

#define ADMITTED 16u

struct parts {
	rheo_guard_t *guard;
	rheo_breaker_t *breaker;
	rheo_bucket_t *bucket[RHEO_GUARD_BUCKETS];
	rheo_bucket_config_t limit;
	uint64_t seen;
	rheo_verdict_t admitted[ADMITTED];
	unsigned next;
	void *mem[RHEO_GUARD_BUCKETS + 2];
};

static void
fold_verdict(struct trace *t, const rheo_verdict_t *v)
{
	fold(t, (uint64_t)(int64_t)v->status);
	fold(t, (uint64_t)(int64_t)v->shadow_status);
	fold(t, v->refused_by);
	fold(t, v->bucket);
	fold(t, v->permit);
	fold(t, v->cost);
	fold(t, v->retry_after_ns);
	fold(t, v->limit);
	fold(t, v->window_ns);
	fold(t, v->remaining);
	fold(t, v->more_ns);
	fold(t, v->reset_ns);
	fold(t, v->decided_ns);
	for (unsigned i = 0; i < 5; i++)
		fold(t, v->reserved[i]);
}

static void
fold_guard(struct trace *t, struct parts *p, uint64_t now)
{
	rheo_guard_stats_t s;

	memset(&s, 0, sizeof s);
	answer(t, rheo_guard_stats(p->guard, &s, sizeof s));
	fold(t, s.refused_by_breaker);
	for (unsigned i = 0; i < RHEO_GUARD_BUCKETS; i++)
		fold(t, s.refused_by_bucket[i]);
	fold(t, s.shadowed);
	fold(t, s.cancelled);
	for (unsigned i = 0; i < RHEO_GUARD_BUCKETS; i++)
		if (p->bucket[i] != NULL)
			fold_bucket(t, p->bucket[i], now);
	if (p->breaker != NULL)
		fold_breaker(t, p->breaker, now, &p->seen);
}

static void
make(struct trace *t, struct parts *p, uint32_t flags, unsigned buckets, uint64_t now)
{
	rheo_breaker_config_t breaker;
	rheo_guard_config_t cfg;
	uint64_t size;

	memset(p, 0, sizeof *p);
	answer(t, rheo_guard_config_init(&cfg, sizeof cfg));
	for (unsigned i = 0; i < buckets; i++) {
		do
			any_bucket_config(t, &p->limit, i % 2 ? 4 : 1);
		while (p->limit.burst > 100000);
		cfg.bucket[i] = p->bucket[i] = new_bucket(t, &p->limit, now, &p->mem[i]);
	}
	any_breaker_config(t, &breaker, 2);
	if (buckets == 0 || below(t, 4) != 0)
		cfg.breaker = p->breaker = new_breaker(t, &breaker, now, &p->mem[RHEO_GUARD_BUCKETS]);
	cfg.flags = flags;
	cfg.lanes = 4;
	size = rheo_guard_size(&cfg);
	fold(t, size);
	p->mem[RHEO_GUARD_BUCKETS + 1] = memory_for(size);
	answer(t, rheo_guard_init(p->mem[RHEO_GUARD_BUCKETS + 1], size, &cfg, now, &p->guard));
}

static void
call(struct trace *t, struct parts *p, uint64_t now)
{
	rheo_verdict_t *held = &p->admitted[below(t, ADMITTED)];
	uint64_t v = 0, cost = below(t, 16) ? 1 + below(t, 4) : any_number(t, 20);
	int32_t st;

	switch (below(t, 16)) {
	case 0:
		st = rheo_guard_tick(p->guard, now, &v);
		answer_with(t, st, v);
		break;
	case 1:
		answer(t, rheo_guard_cancel(p->guard, held->permit, held->cost, now));
		held->cost = 0;
		break;
	case 2:
	case 3:
	case 4:
	case 5:
	case 6:
	case 7:
		answer(t, rheo_guard_record(p->guard, held->permit, (uint32_t)below(t, 4), now));
		break;
	case 8:
		if (below(t, 4) == 0)
			fold_guard(t, p, now);
		break;
	default:
		held = &p->admitted[p->next % ADMITTED];
		memset(held, 0, sizeof *held);
		p->next += answer(t, rheo_guard_try_acquire(p->guard, cost, now, held)) == RHEO_OK;
		fold_verdict(t, held);
	}
}

void
trace_guards(struct trace *t)
{
	for (unsigned i = 0; i < 400; i++) {
		uint64_t now = any_number(t, 64);
		struct parts p;

		make(t, &p, i % 4, i / 4 % 5, now);
		for (unsigned k = 0; k < 300; k++) {
			now = p.bucket[0] != NULL ? any_time(t, &p.limit, now) : later(now, below(t, 3000));
			if (below(t, 8) == 0)
				trace_cpu = (unsigned)next_random(&t->random);
			call(t, &p, now);
		}
		fold_guard(t, &p, now);
		for (unsigned k = 0; k < RHEO_GUARD_BUCKETS + 2; k++)
			free(p.mem[k]);
	}
}
