/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The guard: enters the breaker, then the buckets, and undoes on refusal. It
 * knows its parts by their public headers alone, and keeps no state but counts:
 * all that can go wrong between threads is settled inside the parts.
 *
 * All or nothing (P3): what was taken is taken back by refund, which cancels
 * exactly (P4), and by cancel, which gives the permit to the next caller (P9).
 * A caller killed in between leaves what it took: at most one request's tokens,
 * and a permit that times out (P11).
 */

#include "rheo/guard.h"

#include "../base/config.h"
#include "../base/object.h"
#include "../counter/lines.h"

enum {
	GCOUNT_BREAKER,
	GCOUNT_BUCKET, /* and the next three */
	GCOUNT_SHADOWED = GCOUNT_BUCKET + RHEO_GUARD_BUCKETS,
	GCOUNT_CANCELLED
};

#define MAX_LANES_LOG2 6u

struct rh_guard {
	uint32_t flags;
	uint32_t buckets;
	rheo_breaker_t *breaker;
	rheo_bucket_t *bucket[RHEO_GUARD_BUCKETS];
	struct rh_line line[];
};

_Static_assert(sizeof(rheo_verdict_t) == 128, "a verdict is 128 bytes");
_Static_assert(offsetof(struct rh_guard, line) == 64, "the parts are one line, counts the next");

/* The handle's bits: lanes 0 to 6 (log2) in three, whether they are the CPUs' own in one. */
#define TAG_OWN 8u

static struct rh_guard *
guard_of(const rheo_guard_t *guard)
{
	return rh_handle_memory(guard);
}

static inline struct rh_lines
lines_of(const rheo_guard_t *guard)
{
	unsigned tag = rh_handle_tag(guard);

	return (struct rh_lines){guard_of(guard)->line, RH_LINES_TOGETHER, tag & 7u, (tag & TAG_OWN) != 0};
}

static void
count(const rheo_guard_t *guard, unsigned index)
{
	rh_lines_add(lines_of(guard), index, 1);
}

int32_t
rheo_guard_config_init(rheo_guard_config_t *cfg, uint64_t size)
{
	const rheo_guard_config_t defaults = {.struct_size = sizeof defaults};

	return rh_config_defaults(cfg, size, &defaults, sizeof defaults);
}

/* The parts of a valid configuration, in order and without holes. */
static int32_t
config_read(const rheo_guard_config_t *theirs, struct rh_guard *g, unsigned *lanes_log2)
{
	rheo_guard_config_t cfg;
	int32_t st;

	rheo_guard_config_init(&cfg, sizeof cfg);
	st = rh_config_copy(&cfg, sizeof cfg, theirs);
	if (st != RHEO_OK)
		return st;
	memset(g, 0, sizeof *g);
	g->flags = cfg.flags;
	g->breaker = cfg.breaker;
	for (unsigned i = 0; i < RHEO_GUARD_BUCKETS; i++) {
		for (unsigned k = 0; k < g->buckets; k++)
			if (cfg.bucket[i] == g->bucket[k])
				return RHEO_ERR_INVAL;
		if (cfg.bucket[i] != NULL)
			g->bucket[g->buckets++] = cfg.bucket[i];
	}
	if ((cfg.flags & ~(RHEO_GUARD_SHADOW | RHEO_GUARD_LEAN)) != 0 || cfg.reserved != 0 ||
	    cfg.lanes > 1u << MAX_LANES_LOG2 || (g->breaker == NULL && g->buckets == 0))
		return RHEO_ERR_INVAL;
	*lanes_log2 = rh_lanes_log2(cfg.lanes, MAX_LANES_LOG2);
	return RHEO_OK;
}

static uint64_t
size_of(unsigned lanes_log2)
{
	return rh_whole(sizeof(struct rh_guard) + rh_lines_size(lanes_log2));
}

uint64_t
rheo_guard_size(const rheo_guard_config_t *cfg)
{
	struct rh_guard g;
	unsigned lanes_log2;

	return config_read(cfg, &g, &lanes_log2) == RHEO_OK ? size_of(lanes_log2) : 0;
}

uint64_t
rheo_guard_align(void)
{
	return RH_ALIGN;
}

int32_t
rheo_guard_init(void *mem, uint64_t size, const rheo_guard_config_t *cfg, uint64_t now_ns,
		rheo_guard_t **guard)
{
	struct rh_guard g;
	unsigned lanes_log2, tag;
	int32_t st = rh_memory_check(mem, guard);

	(void)now_ns;
	if (st == RHEO_OK)
		st = config_read(cfg, &g, &lanes_log2);
	if (st != RHEO_OK)
		return st;
	if (size < size_of(lanes_log2))
		return RHEO_ERR_NOSPC;
	memcpy(mem, &g, sizeof g);
	tag = lanes_log2 | (rh_lanes_own(lanes_log2) ? TAG_OWN : 0);
	rh_lines_init(lines_of(rh_handle_make(mem, tag)));
	*guard = rh_handle_make(mem, tag);
	return RHEO_OK;
}

/* Says of a bucket what an answer to the client needs. */
static void
describe(rheo_verdict_t *v, uint32_t index, const rheo_bucket_quota_t *q)
{
	v->bucket = index;
	v->limit = q->limit;
	v->window_ns = q->window_ns;
	v->remaining = q->remaining;
	v->more_ns = q->more_ns;
	v->reset_ns = q->full_ns;
}

/* Describes bucket `which`, or the one with the fewest tokens left. */
static void
describe_quota(const struct rh_guard *g, rheo_verdict_t *v, uint32_t which, uint64_t now_ns)
{
	rheo_bucket_quota_t q;

	for (uint32_t i = 0; i < g->buckets; i++) {
		if (rheo_bucket_quota(g->bucket[i], now_ns, &q) != RHEO_OK)
			continue;
		if (q.time_ns > v->decided_ns)
			v->decided_ns = q.time_ns;
		if (i == which ||
		    (which == UINT32_MAX && (v->bucket == UINT32_MAX || q.remaining < v->remaining)))
			describe(v, i, &q);
	}
}

/*
 * When every part might let it pass: the longest of their waits. What the
 * verdict says already is not asked again: to an empty bucket one token comes
 * when any does.
 */
static uint64_t
retry_after(const struct rh_guard *g, uint64_t cost, uint64_t now_ns, const rheo_verdict_t *v)
{
	uint64_t longest = 0, wait_ns;

	if (g->breaker != NULL && rheo_breaker_retry_after_ns(g->breaker, now_ns, &longest) != RHEO_OK)
		longest = RHEO_FOREVER;
	for (uint32_t i = 0; i < g->buckets; i++) {
		if (i == v->bucket && v->remaining == 0 && cost == 1)
			wait_ns = v->more_ns;
		else if (rheo_bucket_wait_ns(g->bucket[i], cost, now_ns, &wait_ns) < RHEO_OK)
			wait_ns = RHEO_FOREVER;
		longest = wait_ns > longest ? wait_ns : longest;
	}
	return longest;
}

/* All that a verdict says unless something is found to say. */
RH_INLINE void
say_nothing(rheo_verdict_t *v, uint64_t cost, uint64_t now_ns)
{
	/* In parts: in one go it is compiled to a loop that costs more than the decision. */
	v->status = v->shadow_status = RHEO_OK;
	v->refused_by = RHEO_BY_NOBODY;
	v->bucket = UINT32_MAX;
	v->permit = RHEO_PERMIT_NONE;
	v->cost = cost;
	memset(&v->retry_after_ns, 0, offsetof(rheo_verdict_t, decided_ns) - offsetof(rheo_verdict_t, retry_after_ns));
	v->decided_ns = now_ns;
	memset(v->reserved, 0, sizeof v->reserved);
}

/*
 * Refused, by the breaker or, if that admitted, by bucket i: undoes what was
 * taken, counts, and says who it was and when to come again.
 */
RH_COLD static int32_t
refused(rheo_guard_t *guard, uint64_t cost, uint64_t now_ns, rheo_verdict_t *v, uint32_t i, int32_t st)
{
	struct rh_guard *g = guard_of(guard);
	bool by_breaker = i == UINT32_MAX, dry_run = st > RHEO_OK && (g->flags & RHEO_GUARD_SHADOW) != 0;

	for (uint32_t k = 0; !by_breaker && k < i; k++)
		rheo_bucket_refund(g->bucket[k], cost);
	/* In a dry run the call is made and will be reported. */
	if (!by_breaker && !dry_run) {
		rheo_breaker_cancel(g->breaker, v->permit, now_ns);
		v->permit = RHEO_PERMIT_NONE;
	}
	v->cost = 0;
	v->status = dry_run ? RHEO_OK : st;
	v->shadow_status = st;
	v->refused_by = by_breaker ? RHEO_BY_BREAKER : RHEO_BY_BUCKET + i;
	count(guard, by_breaker ? GCOUNT_BREAKER : GCOUNT_BUCKET + i);
	describe_quota(g, v, i, now_ns);
	v->retry_after_ns = retry_after(g, cost, now_ns, v);
	if (dry_run)
		count(guard, GCOUNT_SHADOWED);
	return v->status;
}

RH_NOINLINE static int32_t
admitted(const struct rh_guard *g, uint64_t now_ns, rheo_verdict_t *v)
{
	describe_quota(g, v, UINT32_MAX, now_ns);
	return RHEO_OK;
}

int32_t
rheo_guard_try_acquire(rheo_guard_t *guard, uint64_t cost, uint64_t now_ns, rheo_verdict_t *verdict)
{
	const struct rh_guard *g;
	int32_t st;

	if (guard == NULL || verdict == NULL || cost == 0)
		return RHEO_ERR_INVAL;
	g = guard_of(guard);
	say_nothing(verdict, cost, now_ns);
	if (g->breaker != NULL) {
		st = rheo_breaker_try_acquire(g->breaker, now_ns, &verdict->permit);
		if (!rh_likely(st == RHEO_OK))
			return refused(guard, cost, now_ns, verdict, UINT32_MAX, st);
	}
	for (uint32_t i = 0; i < g->buckets; i++) {
		st = rheo_bucket_try_acquire_at(g->bucket[i], cost, now_ns);
		if (!rh_likely(st == RHEO_OK))
			return refused(guard, cost, now_ns, verdict, i, st);
	}
	return (g->flags & RHEO_GUARD_LEAN) != 0 ? RHEO_OK : admitted(g, now_ns, verdict);
}

int32_t
rheo_guard_record(rheo_guard_t *guard, uint64_t permit, uint32_t outcome, uint64_t now_ns)
{
	struct rh_guard *g;

	if (guard == NULL || outcome > RHEO_IGNORED)
		return RHEO_ERR_INVAL;
	g = guard_of(guard);
	return g->breaker != NULL ? rheo_breaker_record(g->breaker, permit, outcome, now_ns) : RHEO_OK;
}

int32_t
rheo_guard_cancel(rheo_guard_t *guard, uint64_t permit, uint64_t cost, uint64_t now_ns)
{
	struct rh_guard *g;

	if (guard == NULL)
		return RHEO_ERR_INVAL;
	g = guard_of(guard);
	count(guard, GCOUNT_CANCELLED);
	for (uint32_t i = 0; i < g->buckets && cost != 0; i++)
		rheo_bucket_refund(g->bucket[i], cost);
	return g->breaker != NULL ? rheo_breaker_cancel(g->breaker, permit, now_ns) : RHEO_OK;
}

int32_t
rheo_guard_tick(rheo_guard_t *guard, uint64_t now_ns, uint64_t *next_ns)
{
	uint64_t soonest = RHEO_FOREVER, next;
	struct rh_guard *g;

	if (guard == NULL)
		return RHEO_ERR_INVAL;
	g = guard_of(guard);
	if (g->breaker != NULL && rheo_breaker_tick(g->breaker, now_ns, &next) == RHEO_OK)
		soonest = next;
	for (uint32_t i = 0; i < g->buckets; i++) {
		rheo_bucket_refill(g->bucket[i], now_ns);
		if (rheo_bucket_next_refill_ns(g->bucket[i], now_ns, &next) == RHEO_OK && next < soonest)
			soonest = next;
	}
	if (next_ns != NULL)
		*next_ns = soonest;
	return RHEO_OK;
}

int32_t
rheo_guard_stats(const rheo_guard_t *guard, rheo_guard_stats_t *stats, uint64_t size)
{
	rheo_guard_stats_t s = {0};
	struct rh_lines l;

	if (guard == NULL)
		return RHEO_ERR_INVAL;
	l = lines_of(guard);
	s.refused_by_breaker = rh_lines_sum(l, GCOUNT_BREAKER);
	for (unsigned i = 0; i < RHEO_GUARD_BUCKETS; i++)
		s.refused_by_bucket[i] = rh_lines_sum(l, GCOUNT_BUCKET + i);
	s.shadowed = rh_lines_sum(l, GCOUNT_SHADOWED);
	s.cancelled = rh_lines_sum(l, GCOUNT_CANCELLED);
	return rh_report_copy(stats, size, &s, sizeof s);
}
