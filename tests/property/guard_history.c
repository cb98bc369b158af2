/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A guard against its parts. What it will say is read off the parts before it is
 * asked (what is available, what a copy of the breaker says); what it did is read
 * off them after: all or nothing, to the token and to the probe. Where it only
 * passes a call on, the same is done by hand to a copy of the parts, which must
 * then be the same to the byte. Whether a wait is exact is tried out on copies.
 */

#include "harness.h"

#include <string.h>

#include "rheo/rheo.h"

#define BUCKETS RHEO_GUARD_BUCKETS
#define PERMITS 16u

/* A guard and its parts. Parts hold no pointers, so a copy of their memory is a copy of them. */
struct world {
	struct room room[BUCKETS + 2]; /* the buckets', the breaker's, the guard's */
	rheo_bucket_t *bucket[BUCKETS];
	rheo_breaker_t *breaker;
	rheo_guard_t *guard;
	rheo_guard_config_t cfg;
	unsigned buckets;
};

struct oracle {
	struct world now, copy;
	uint64_t limit[BUCKETS];
	rheo_guard_stats_t stats;
	uint64_t permit[PERMITS], cost[PERMITS];
	unsigned held;
};

/* What there is to see of the parts. */
struct view {
	uint64_t tokens[BUCKETS];
	rheo_breaker_snapshot_t breaker;
};

static struct view
view(const struct world *w, uint64_t now)
{
	struct view v = {0};

	for (unsigned i = 0; i < w->buckets; i++)
		rheo_bucket_available(w->bucket[i], now, &v.tokens[i]);
	if (w->breaker != NULL)
		rheo_breaker_snapshot(w->breaker, now, &v.breaker, sizeof v.breaker);
	return v;
}

static struct room *
room_of(struct world *w, unsigned part)
{
	return part < w->buckets || (part == BUCKETS && w->breaker != NULL) ? &w->room[part] : NULL;
}

static bool
make_guard(struct world *w)
{
	struct room *r = &w->room[BUCKETS + 1];

	for (unsigned i = 0; i < w->buckets; i++)
		w->cfg.bucket[i] = w->bucket[i];
	w->cfg.breaker = w->breaker;
	if (r->at == NULL)
		*r = room_make((size_t)rheo_guard_size(&w->cfg));
	return rheo_guard_init(r->at, r->size, &w->cfg, 0, &w->guard) == RHEO_OK;
}

/* The parts as they are now, once more. */
static bool
copy_world(struct world *to, struct world *from)
{
	bool good = true;

	to->buckets = from->buckets;
	to->cfg = from->cfg;
	to->breaker = from->breaker;
	for (unsigned i = 0; i <= BUCKETS; i++) {
		struct room *r = room_of(from, i);

		if (r == NULL)
			continue;
		if (to->room[i].at == NULL)
			to->room[i] = room_make(r->size);
		memcpy(to->room[i].at, r->at, r->size);
		if (i == BUCKETS)
			good &= rheo_breaker_attach(to->room[i].at, r->size, &to->breaker) == RHEO_OK;
		else
			good &= rheo_bucket_attach(to->room[i].at, r->size, &to->bucket[i]) == RHEO_OK;
	}
	return good && make_guard(to);
}

static bool
same_parts(struct world *a, struct world *b)
{
	for (unsigned i = 0; i <= BUCKETS; i++)
		if (room_of(a, i) != NULL && memcmp(a->room[i].at, b->room[i].at, a->room[i].size) != 0)
			return false;
	return true;
}

static bool
worlds_intact(const struct oracle *o)
{
	const struct world *all[] = {&o->now, &o->copy};

	for (unsigned k = 0; k < 2; k++)
		for (unsigned i = 0; i < BUCKETS + 2; i++)
			if (all[k]->room[i].at != NULL && !room_intact(&all[k]->room[i]))
				return false;
	return true;
}

static rheo_bucket_config_t
any_bucket(struct bytes *in)
{
	rheo_bucket_config_t c;

	rheo_bucket_config_init(&c, sizeof c);
	c.period_ns = 1 + take(in, 2) * (take(in, 1) % 2 ? 1 : 1000);
	c.tokens_per_period = 1 + take(in, 1) % 32;
	c.burst = take(in, 1) % 8 ? 1 + take(in, 1) % 16 : 1 + take(in, 2);
	c.max_debt = take(in, 1) % 2 ? take(in, 1) : 0;
	c.flags = take(in, 1) % 4 ? 0 : RHEO_BUCKET_START_EMPTY;
	c.counter_lanes = 1;
	return c;
}

static rheo_breaker_config_t
any_breaker(struct bytes *in)
{
	rheo_breaker_config_t c;

	rheo_breaker_config_init(&c, sizeof c);
	c.minimum_calls = 1 + (uint32_t)take(in, 1) % 4;
	c.consecutive_failures = (uint32_t)take(in, 1) % 4;
	c.window_calls = take(in, 1) % 2 ? 0 : 1 + (uint32_t)take(in, 1) % 20;
	c.window_ns = 10 + take(in, 2);
	c.open_ns = 1 + take(in, 2);
	c.open_backoff_bp = (uint32_t)take(in, 1) % 2 * 10000;
	c.half_open_calls = 1 + (uint32_t)take(in, 1) % 5;
	c.half_open_successes = (uint32_t)take(in, 1) % (c.half_open_calls + 1);
	c.half_open_failures = (uint32_t)take(in, 1) % (c.half_open_calls + 1);
	c.probe_timeout_ns = 1 + take(in, 2);
	c.flags = take(in, 1) % 2 ? RHEO_BREAKER_PROBE_TIMEOUT_CANCELS : 0;
	c.jitter_seed = 1;
	c.lanes = 1;
	return c;
}

/* Up to four buckets and, mostly, a breaker. */
static bool
make_world(struct oracle *o, struct bytes *in, uint64_t now)
{
	struct world *w = &o->now;
	bool good = true;

	rheo_guard_config_init(&w->cfg, sizeof w->cfg);
	w->cfg.lanes = 1;
	w->cfg.flags = take(in, 1) % 4 ? 0 : RHEO_GUARD_SHADOW;
	w->cfg.flags |= take(in, 1) % 2 ? 0 : RHEO_GUARD_LEAN;
	w->buckets = (unsigned)take(in, 1) % (BUCKETS + 1);
	for (unsigned i = 0; i < w->buckets; i++) {
		rheo_bucket_config_t c = any_bucket(in);

		o->limit[i] = c.burst;
		w->room[i] = room_make((size_t)rheo_bucket_size(&c));
		good &= rheo_bucket_init(w->room[i].at, w->room[i].size, &c, now, &w->bucket[i]) == RHEO_OK;
	}
	if (w->buckets == 0 || take(in, 1) % 4 != 0) {
		rheo_breaker_config_t c = any_breaker(in);

		w->room[BUCKETS] = room_make((size_t)rheo_breaker_size(&c));
		good &= rheo_breaker_init(w->room[BUCKETS].at, w->room[BUCKETS].size, &c, now, &w->breaker) ==
			RHEO_OK;
	}
	return good && make_guard(w);
}

/* What the guard has to say, by the parts as they are: the status, and who refuses. */
static int32_t
foretell(struct oracle *o, const struct view *v, uint64_t cost, uint64_t now, uint32_t *refused_by)
{
	uint64_t permit;
	int32_t st;

	*refused_by = RHEO_BY_BREAKER;
	if (!copy_world(&o->copy, &o->now))
		return RHEO_ERR_CORRUPT;
	if (o->copy.breaker != NULL) {
		st = rheo_breaker_try_acquire(o->copy.breaker, now, &permit);
		if (st != RHEO_OK)
			return st;
	}
	for (unsigned i = 0; i < o->now.buckets; i++) {
		*refused_by = RHEO_BY_BUCKET + i;
		if (cost > o->limit[i])
			return RHEO_REJ_NEVER;
		if (cost > v->tokens[i])
			return RHEO_REJ_RATE;
	}
	*refused_by = RHEO_BY_NOBODY;
	return RHEO_OK;
}

/* All or nothing: tokens and probes, before and after a verdict. */
static const char *
check_parts(const struct oracle *o, const struct view *a, const struct view *b, const rheo_verdict_t *v,
	    bool admitted)
{
	uint32_t before = a->breaker.generation == b->breaker.generation ? a->breaker.probes_issued : 0;

	for (unsigned i = 0; i < o->now.buckets; i++)
		if (b->tokens[i] != a->tokens[i] - v->cost)
			return wrong("bucket %u: %llu tokens became %llu at cost %llu", i,
				     (unsigned long long)a->tokens[i], (unsigned long long)b->tokens[i],
				     (unsigned long long)v->cost);
	if (o->now.breaker == NULL)
		return v->permit == RHEO_PERMIT_NONE ? NULL : "a permit of no breaker";
	if ((v->permit != RHEO_PERMIT_NONE) != admitted)
		return admitted ? "admitted without a permit" : "refused with a permit";
	if (b->breaker.state == RHEO_HALF_OPEN && b->breaker.probes_issued != before + admitted)
		return wrong("%u probes issued, were %u", b->breaker.probes_issued, before);
	return NULL;
}

/* What the verdict says of a bucket. */
static const char *
check_quota(const struct oracle *o, const rheo_verdict_t *v, const struct view *after, uint64_t now)
{
	rheo_bucket_quota_t q;
	uint64_t latest = now;

	for (unsigned i = 0; i < o->now.buckets; i++) {
		rheo_bucket_quota(o->now.bucket[i], now, &q);
		latest = q.time_ns > latest ? q.time_ns : latest;
		if (v->refused_by < RHEO_BY_BUCKET && v->bucket < BUCKETS && after->tokens[i] < v->remaining)
			return wrong("bucket %u is described, %u has fewer tokens", v->bucket, i);
	}
	if (v->decided_ns != latest)
		return "decided_ns is not the latest time known";
	if (o->now.buckets == 0)
		return v->bucket == UINT32_MAX ? NULL : "a bucket is described, and there is none";
	if (v->bucket >= o->now.buckets ||
	    (v->refused_by >= RHEO_BY_BUCKET && v->bucket != v->refused_by - RHEO_BY_BUCKET))
		return wrong("bucket %u is described, refused by %u", v->bucket, v->refused_by);
	rheo_bucket_quota(o->now.bucket[v->bucket], now, &q);
	if (v->limit != q.limit || v->limit != o->limit[v->bucket] || v->window_ns != q.window_ns ||
	    v->remaining != q.remaining || v->remaining != after->tokens[v->bucket] ||
	    v->more_ns != q.more_ns || v->reset_ns != q.full_ns)
		return wrong("the verdict differs from bucket %u's quota", v->bucket);
	return NULL;
}

static const char *
check_verdict(const struct oracle *o, const rheo_verdict_t *v, int32_t st, int32_t want, uint32_t by,
	      uint64_t cost)
{
	bool shadow = (o->now.cfg.flags & RHEO_GUARD_SHADOW) != 0;

	if (v->shadow_status != want || v->refused_by != by)
		return wrong("verdict %d by %u, the parts say %d by %u", v->shadow_status, v->refused_by, want, by);
	if (v->status != st || st != (shadow ? RHEO_OK : want))
		return wrong("status %d, in the verdict %d, decided %d", st, v->status, want);
	if (v->cost != (want == RHEO_OK ? cost : 0))
		return "the cost taken";
	for (unsigned i = 0; i < sizeof v->reserved / sizeof v->reserved[0]; i++)
		if (v->reserved[i] != 0)
			return "what is reserved is not 0";
	return (v->retry_after_ns != 0) == (want != RHEO_OK) ? NULL : "retry_after of 0 on a refusal, or not on OK";
}

/* What a guard alone would say at another time. */
static int32_t
ask_copy(struct oracle *o, uint64_t cost, uint64_t now)
{
	rheo_verdict_t v;

	if (!copy_world(&o->copy, &o->now) || rheo_guard_try_acquire(o->copy.guard, cost, now, &v) < 0)
		return RHEO_ERR_CORRUPT;
	return v.shadow_status;
}

/*
 * Nobody else being there, it is refused until then and admitted then; what
 * probes that are out will bring is not known.
 */
static const char *
check_wait(struct oracle *o, const struct view *after, uint64_t cost, uint64_t now, uint64_t wait)
{
	uint64_t at = now + wait;
	int32_t st;

	/* The last nanosecond of all is not told from beyond. */
	if (wait == RHEO_FOREVER)
		return ask_copy(o, cost, UINT64_MAX - 1) != RHEO_OK ? NULL : "refused for ever, and admitted at last";
	if (at < now)
		return "retry_after lies beyond all time";
	st = ask_copy(o, cost, at - 1);
	if (st <= RHEO_OK)
		return wrong("retry_after %llu is too long: %d before it", (unsigned long long)wait, st);
	if (after->breaker.state == RHEO_HALF_OPEN)
		return NULL;
	st = ask_copy(o, cost, at);
	return st == RHEO_OK ? NULL : wrong("retry_after %llu is too short: %d", (unsigned long long)wait, st);
}

static void
hold(struct oracle *o, const rheo_verdict_t *v)
{
	unsigned i = o->held++ % PERMITS;

	o->permit[i] = v->permit;
	o->cost[i] = v->cost;
}

static const char *
ask(struct oracle *o, uint64_t cost, uint64_t now, uint64_t *retry)
{
	struct view before = view(&o->now, now), after;
	uint32_t by;
	int32_t want = foretell(o, &before, cost, now, &by), st;
	rheo_verdict_t v;
	const char *result;
	bool shadow = (o->now.cfg.flags & RHEO_GUARD_SHADOW) != 0;

	memset(&v, 0xa5, sizeof v);
	st = rheo_guard_try_acquire(o->now.guard, cost, now, &v);
	after = view(&o->now, now);
	result = check_verdict(o, &v, st, want, by, cost);
	if (result == NULL)
		result = check_parts(o, &before, &after, &v,
				     want == RHEO_OK || (shadow && by >= RHEO_BY_BUCKET));
	if (result == NULL && (want != RHEO_OK || (o->now.cfg.flags & RHEO_GUARD_LEAN) == 0))
		result = check_quota(o, &v, &after, now);
	if (result == NULL && want != RHEO_OK)
		result = check_wait(o, &after, cost, now, v.retry_after_ns);
	o->stats.refused_by_breaker += by == RHEO_BY_BREAKER;
	if (by >= RHEO_BY_BUCKET)
		o->stats.refused_by_bucket[by - RHEO_BY_BUCKET]++;
	o->stats.shadowed += shadow && want != RHEO_OK;
	if (st == RHEO_OK)
		hold(o, &v);
	*retry = v.retry_after_ns;
	return result;
}

/* Calls that are passed on: the same by hand on a copy. */
static const char *
pass_on(struct oracle *o, unsigned op, uint32_t outcome, unsigned which, uint64_t now)
{
	struct world *c = &o->copy;
	uint64_t next = RHEO_FOREVER, said = RHEO_FOREVER, part;
	int32_t st, want = RHEO_OK;

	if (!copy_world(c, &o->now))
		return "a copy does not attach";
	if (op == 0) {
		st = rheo_guard_record(o->now.guard, o->permit[which], outcome, now);
		if (c->breaker != NULL)
			want = rheo_breaker_record(c->breaker, o->permit[which], outcome, now);
	} else if (op == 1) {
		st = rheo_guard_cancel(o->now.guard, o->permit[which], o->cost[which], now);
		for (unsigned i = 0; i < c->buckets && o->cost[which] != 0; i++)
			rheo_bucket_refund(c->bucket[i], o->cost[which]);
		if (c->breaker != NULL)
			want = rheo_breaker_cancel(c->breaker, o->permit[which], now);
		o->stats.cancelled++;
	} else {
		st = rheo_guard_tick(o->now.guard, now, &said);
		if (c->breaker != NULL)
			rheo_breaker_tick(c->breaker, now, &next);
		for (unsigned i = 0; i < c->buckets; i++) {
			rheo_bucket_refill(c->bucket[i], now);
			rheo_bucket_next_refill_ns(c->bucket[i], now, &part);
			next = part < next ? part : next;
		}
	}
	if (st != want || said != next)
		return wrong("passed on, op %u gave %d and %llu; by hand %d and %llu", op, st,
			     (unsigned long long)said, want, (unsigned long long)next);
	return same_parts(&o->now, c) ? NULL : wrong("passed on, op %u left the parts otherwise than by hand", op);
}

/* Somebody uses a part on its own. */
static void
use_part(struct oracle *o, struct bytes *in, uint64_t now)
{
	struct world *w = &o->now;
	unsigned op = (unsigned)take(in, 1) % 10;
	uint64_t n = 1 + take(in, 1) % 16, out;

	if (op < 6 && w->buckets != 0) {
		rheo_bucket_t *b = w->bucket[take(in, 1) % w->buckets];

		switch (op) {
		case 0:
			rheo_bucket_try_acquire(b, n);
			break;
		case 1:
			rheo_bucket_reserve(b, n, now, take(in, 3), &out);
			break;
		case 2:
			rheo_bucket_charge(b, n, now);
			break;
		case 3:
			rheo_bucket_refund(b, n);
			break;
		default:
			rheo_bucket_refill(b, now);
		}
	} else if (w->breaker != NULL && op < 9) {
		if (rheo_breaker_try_acquire(w->breaker, now, &out) == RHEO_OK)
			rheo_breaker_record(w->breaker, out, RHEO_FAILURE, now);
	} else if (w->breaker != NULL) {
		rheo_breaker_force(w->breaker, (uint32_t)n % 4, now);
	}
}

static uint64_t
next_time(struct bytes *in, uint64_t now, uint64_t retry)
{
	uint64_t step;

	switch (take(in, 1) % 16) {
	case 0:
	case 1:
		step = retry < RHEO_FOREVER - now ? retry : 0;
		break;
	case 2:
		return now - (now > 1000 ? take(in, 2) % 1000 : 0);
	case 3:
		step = take(in, 3);
		break;
	default:
		step = take(in, 1);
	}
	return now > UINT64_MAX - step ? now : now + step;
}

const char *
guard_history(struct bytes in, int *steps)
{
	static struct oracle o;
	uint64_t now = take(&in, 1) % 4 ? take(&in, 3) : UINT64_MAX - take(&in, 3), retry = 0;
	rheo_guard_stats_t stats;
	const char *result = NULL;

	*steps = 0;
	memset(&o, 0, sizeof o);
#ifdef RH_NARROW
	now &= UINT64_MAX >> 2;
#endif
	if (!make_world(&o, &in, now))
		FAIL("a guard of valid parts");
	while (in.left > 0 && result == NULL) {
		unsigned op = (unsigned)take(&in, 1) % 16;

		++*steps;
		now = next_time(&in, now, retry);
		if (op < 7)
			result = ask(&o, take(&in, 1) % 16 ? 1 + take(&in, 1) % 8 : 1 + take(&in, 3), now, &retry);
		else if (op < 13)
			result = pass_on(&o, op < 10 ? 0 : op == 10 ? 1 : 2, (uint32_t)take(&in, 1) % 3,
					 (unsigned)take(&in, 1) % PERMITS, now);
		else
			use_part(&o, &in, now);
	}
	if (result != NULL)
		FAIL("step %d: %s", *steps, result);
	if (rheo_guard_stats(o.now.guard, &stats, sizeof stats) != RHEO_OK ||
	    memcmp(&stats, &o.stats, sizeof stats) != 0)
		FAIL("the guard's own counts");
	if (!worlds_intact(&o))
		FAIL("a call wrote beyond its object");
out:
	for (unsigned i = 0; i < BUCKETS + 2; i++) {
		room_free(&o.now.room[i]);
		room_free(&o.copy.room[i]);
	}
	return result;
}
