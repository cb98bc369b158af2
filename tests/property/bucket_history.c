/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The oracle. Credit is an unbounded count of units of 2^-k token, 128 bits
 * wide, from the same k the library chose; spent likewise. Nothing wraps and
 * nothing is renewed, so whatever the library does to keep within 64 bits must
 * not show.
 *
 * Two things that the library does past a curve's span are not visible in a
 * level, but later: it publishes the time of the call, and if it skipped more
 * than 2^61 units beyond the span it counts on from a whole unit. pass_span does
 * the same here.
 */

#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "bucket/curve.h"
#include "rheo/bucket.h"

__extension__ typedef __int128 i128;
__extension__ typedef unsigned __int128 u128;

struct admission {
	i128 credit; /* at its time */
	uint64_t tokens;
};

struct oracle {
	rheo_bucket_config_t cfg;
	unsigned shift;
	uint64_t t0;
	i128 base; /* credit at t0, units */
	i128 spent;
	uint64_t piece_t0; /* where the library's piece of the curve begins */
	uint64_t published_ns;
	i128 published;
	uint64_t admitted, refunded, charged, refused_rate, refused_never, regressions;
	struct admission *taken; /* every one, for P1 over all intervals */
	size_t ntaken;
};

static i128
earned(const struct oracle *o, uint64_t t)
{
	uint64_t dt = t > o->t0 ? t - o->t0 : 0;
	uint64_t g = rh_gcd(o->cfg.tokens_per_period, o->cfg.period_ns);
	u128 mult = (u128)(o->cfg.tokens_per_period / g) << o->shift;

	/* mult < 2^61 and dt < 2^64: the product fits. */
	return o->base + (i128)(mult * dt / (o->cfg.period_ns / g));
}

static i128
burst_units(const struct oracle *o)
{
	return (i128)o->cfg.burst << o->shift;
}

static i128
credit_at(const struct oracle *o, const uint64_t *now)
{
	i128 e = o->published;

	if (now != NULL && *now > o->published_ns && earned(o, *now) > e)
		e = earned(o, *now);
	return e;
}

static i128
level(const struct oracle *o, i128 e)
{
	i128 l = e - o->spent;

	return l > burst_units(o) ? burst_units(o) : l;
}

static int32_t
oracle_take(struct oracle *o, uint64_t n, const uint64_t *now, i128 debt, i128 until, i128 *end)
{
	i128 e = credit_at(o, now), l = level(o, e), cost = (i128)n << o->shift, allowed = 0;

	if (n > o->cfg.burst)
		return RHEO_REJ_NEVER;
	if (debt > 0 && until > e)
		allowed = until - e < debt ? until - e : debt;
	*end = e - l + cost;
	if (l + allowed < cost)
		return RHEO_REJ_RATE;
	o->spent = *end;
	return RHEO_OK;
}

static void
oracle_hook(struct oracle *o, uint64_t now)
{
	if (now <= o->published_ns) {
		o->regressions += now < o->published_ns;
		return;
	}
	o->published_ns = now;
	if (earned(o, now) > o->published)
		o->published = earned(o, now);
	if (o->published - o->spent > burst_units(o))
		o->spent = o->published - burst_units(o);
}

/* How long the library's piece of the curve is used. */
static u128
span_of(const struct oracle *o)
{
	uint64_t g = rh_gcd(o->cfg.tokens_per_period, o->cfg.period_ns);

	return ((u128)1 << 62) * (o->cfg.period_ns / g) / ((u128)(o->cfg.tokens_per_period / g) << o->shift);
}

/* Every call that asks for credit at `now` passes here. */
static void
pass_span(struct oracle *o, uint64_t now)
{
	uint64_t g = rh_gcd(o->cfg.tokens_per_period, o->cfg.period_ns);
	u128 mult = (u128)(o->cfg.tokens_per_period / g) << o->shift;
	uint64_t period = o->cfg.period_ns / g;
	u128 units;

	if (now <= o->piece_t0 || now - o->piece_t0 <= span_of(o))
		return;
	units = mult * (now - o->piece_t0) / period;
	/* What is published by then is the whole units of the span: 2^62, or one less. */
	if (units > mult * span_of(o) / period + ((u128)1 << 61)) {
		o->base = earned(o, now);
		o->t0 = o->piece_t0 = now;
	} else {
		o->piece_t0 += (now - o->piece_t0) / period * period;
	}
	if (now > o->published_ns)
		oracle_hook(o, now);
}

/* A time that earns a 64th of the burst, at least a token, beyond what is published is published. */
static void
make_known(struct oracle *o, uint64_t n, uint64_t op, uint64_t now)
{
	uint64_t quantum = o->cfg.burst / 64 != 0 ? o->cfg.burst / 64 : 1;

	/* a cost that can never pass is refused before the time is looked at */
	if (op < 8 && n > o->cfg.burst)
		return;
	if (now > o->published_ns && earned(o, now) - o->published >= (i128)quantum << o->shift)
		oracle_hook(o, now);
}

/* Whether `wait` is how long after now the credit `end` is earned, to the nanosecond. */
static bool
is_wait(const struct oracle *o, i128 end, uint64_t now, uint64_t wait)
{
	/* The last nanosecond of all is not told from beyond. */
	if (wait == RHEO_FOREVER)
		return earned(o, UINT64_MAX - 1) < end;
	return earned(o, now + wait) >= end && (wait == 0 || earned(o, now + wait - 1) < end);
}

/* The same for a level. */
static bool
is_wait_for(const struct oracle *o, i128 units, uint64_t now, uint64_t wait)
{
	i128 e = credit_at(o, &now), l = level(o, e);

	return l >= units ? wait == 0 : is_wait(o, e - l + units, now, wait);
}

static const char *
check_quota(const struct oracle *o, const rheo_bucket_t *b, uint64_t now)
{
	rheo_bucket_quota_t q;
	i128 l = level(o, credit_at(o, &now)), whole = (l > 0 ? l : 0) >> o->shift;
	u128 fill = ((u128)o->cfg.burst * o->cfg.period_ns + o->cfg.tokens_per_period - 1) / o->cfg.tokens_per_period;

	if (rheo_bucket_quota(b, now, &q) != RHEO_OK)
		return "quota";
	if (q.limit != o->cfg.burst || q.window_ns != (fill > UINT64_MAX ? UINT64_MAX : (uint64_t)fill) ||
	    q.remaining != (uint64_t)whole || q.time_ns != (now > o->published_ns ? now : o->published_ns))
		return "quota's limit, window, remaining or time";
	if (!is_wait_for(o, burst_units(o), now, q.full_ns))
		return wrong("quota: full_ns %llu", (unsigned long long)q.full_ns);
	if (l >= burst_units(o) ? q.more_ns != 0 : !is_wait_for(o, (whole + 1) << o->shift, now, q.more_ns))
		return wrong("quota: more_ns %llu", (unsigned long long)q.more_ns);
	return NULL;
}

/* The hook is due when an eighth of the burst is earned beyond what is published, or the library's piece has ended. */
static const char *
check_next(const struct oracle *o, const rheo_bucket_t *b, uint64_t now)
{
	uint64_t eighth = o->cfg.burst / 8 != 0 ? o->cfg.burst / 8 : 1, next;

	if (rheo_bucket_next_refill_ns(b, now, &next) != RHEO_OK)
		return "next_refill_ns";
	if (is_wait(o, o->published + ((i128)eighth << o->shift), now, next) ||
	    (next == 0 && now > o->piece_t0 && now - o->piece_t0 > span_of(o)))
		return NULL;
	return wrong("next_refill_ns %llu", (unsigned long long)next);
}

static void
any_config(struct bytes *in, rheo_bucket_config_t *cfg)
{
	static const uint64_t periods[] = {1, 7, 1000, 1000000, 1000000000, 60000000000,
					   3600000000000, 31557600000000000};

	rheo_bucket_config_init(cfg, sizeof *cfg);
	cfg->period_ns = periods[take(in, 1) % 8];
	if (take(in, 1) % 4 == 0)
		cfg->period_ns = any_number(in, 64);
	cfg->tokens_per_period = any_number(in, take(in, 1) % 2 ? 10 : 41);
	cfg->burst = any_number(in, take(in, 1) % 2 ? 10 : 58);
	cfg->max_debt = take(in, 1) % 3 ? 0 : any_number(in, 40);
	cfg->flags = take(in, 1) % 4 == 0 ? RHEO_BUCKET_START_EMPTY : 0;
	cfg->counter_lanes = 1;
}

static void
note(struct oracle *o, i128 end, uint64_t n)
{
	o->taken[o->ntaken].credit = end;
	o->taken[o->ntaken++].tokens = n;
}

/* now for the next call: mostly a little later, sometimes far off, sometimes back. */
static uint64_t
next_time(struct bytes *in, const struct oracle *o, uint64_t now)
{
	uint64_t back, ahead;
	u128 step;

	switch (take(in, 1) % 16) {
	case 0:
		return any_number(in, 64);
	case 1:
		back = any_number(in, 20);
		return now > back ? now - back : 0;
	case 2:
		ahead = any_number(in, 63);
		return now > UINT64_MAX - ahead ? UINT64_MAX : now + ahead;
	case 3:
		return now;
	default:
		/* about as long as a few tokens take */
		step = (u128)o->cfg.period_ns * (take(in, 2) + 1) / o->cfg.tokens_per_period / 8192;
		step += take(in, 1) % 3;
		return now > UINT64_MAX - (uint64_t)step ? now : now + (uint64_t)step;
	}
}

static int
by_credit(const void *a, const void *b)
{
	const struct admission *x = a, *y = b;

	return (x->credit > y->credit) - (x->credit < y->credit);
}

/*
 * P1, for every interval that begins and ends at a decision: the tokens admitted
 * in it are at most burst + ceil(what was earned in it). Sorted by credit, the
 * worst beginning for each end is the one with the largest (credit - tokens
 * admitted before it).
 */
static bool
bound_holds(struct oracle *o)
{
	i128 before = 0, worst = 0, excess;

	qsort(o->taken, o->ntaken, sizeof *o->taken, by_credit);
	for (size_t i = 0; i < o->ntaken; i++) {
		i128 here = o->taken[i].credit - before;

		if (i == 0 || here > worst)
			worst = here;
		before += (i128)o->taken[i].tokens << o->shift;
		excess = before - o->taken[i].credit + worst - burst_units(o);
		if (excess > 0)
			return false;
	}
	return true;
}

const char *
bucket_history(struct bytes in, int *steps)
{
	struct oracle o;
	rheo_bucket_t *b = NULL;
	rheo_bucket_stats_t stats;
	const char *result = NULL, *differs;
	uint64_t now = any_number(&in, 64), size, n, at, got, wait;
	struct room mem = {0};
	int32_t st, want;
	i128 end = 0, e, l;

	*steps = 0;
	memset(&o, 0, sizeof o);
	any_config(&in, &o.cfg);
	size = rheo_bucket_size(&o.cfg);
	if (rheo_bucket_config_check(&o.cfg) != RHEO_OK)
		return size == 0 ? NULL : "size of an invalid configuration";
	mem = room_make((size_t)size);
	o.taken = malloc(sizeof *o.taken * (in.left + 16));
	o.shift = rh_curve_shift(o.cfg.tokens_per_period, o.cfg.period_ns, o.cfg.burst, o.cfg.max_debt);
	o.t0 = o.piece_t0 = o.published_ns = now;
	o.spent = (o.cfg.flags & RHEO_BUCKET_START_EMPTY) ? 0 : -burst_units(&o);
	if (rheo_bucket_init(mem.at, size, &o.cfg, now, &b) != RHEO_OK)
		FAIL("init refused a checked configuration");
	while (in.left > 0) {
		uint64_t op = take(&in, 1) % 16;

		++*steps;
		now = next_time(&in, &o, now);
		n = take(&in, 1) % 4 ? any_number(&in, 6) : any_number(&in, 64);
		if (n == 0)
			n = 1;
		at = now;
		if (op >= 2 && op < 10 && now < o.published_ns)
			o.regressions++;
		if (op < 10 && (op >= 2 || now > o.published_ns))
			pass_span(&o, now);
		if (op >= 2 && op < 10)
			make_known(&o, n, op, now);
		switch (op) {
		case 0:
		case 1:
			if (rheo_bucket_refill(b, now) != RHEO_OK)
				FAIL("refill");
			oracle_hook(&o, now);
			break;
		case 2:
		case 3:
		case 4:
		case 5:
			st = rheo_bucket_try_acquire_at(b, n, now);
			want = oracle_take(&o, n, &at, 0, 0, &end);
			if (st != want)
				FAIL("step %d: try_acquire_at(%llu, %llu) gave %d, oracle %d", *steps,
				     (unsigned long long)n, (unsigned long long)now, st, want);
			if (st == RHEO_OK) {
				note(&o, credit_at(&o, &at), n);
				o.admitted += n;
			}
			break;
		case 6:
		case 7:
			st = rheo_bucket_reserve(b, n, now, wait = any_number(&in, 64), &got);
			{
				uint64_t until = now + wait < now ? UINT64_MAX : now + wait;

				want = oracle_take(&o, n, &at, (i128)o.cfg.max_debt << o.shift,
						   earned(&o, until), &end);
			}
			if (st != want)
				FAIL("step %d: reserve(%llu, %llu, %llu) gave %d, oracle %d", *steps,
				     (unsigned long long)n, (unsigned long long)now,
				     (unsigned long long)wait, st, want);
			if (st != RHEO_REJ_NEVER && got != RHEO_FOREVER) {
				if (earned(&o, now + got) < end && credit_at(&o, &at) < end)
					FAIL("step %d: the wait of reserve, %llu, is too short", *steps,
					     (unsigned long long)got);
				if (got > 0 && earned(&o, now + got - 1) >= end)
					FAIL("step %d: the wait of reserve, %llu, is too long", *steps,
					     (unsigned long long)got);
			}
			if (st == RHEO_OK) {
				i128 due = credit_at(&o, &at);

				note(&o, due > end ? due : end, n);
				o.admitted += n;
			}
			break;
		case 8:
			st = rheo_bucket_acquire_upto(b, n, now, &got);
			e = credit_at(&o, &at);
			l = level(&o, e);
			{
				uint64_t there = l > 0 ? (uint64_t)(l >> o.shift) : 0;

				want = there == 0 ? RHEO_REJ_RATE : RHEO_OK;
				there = there < n ? there : n;
				if (st != want || got != there)
					FAIL("step %d: acquire_upto gave %d and %llu, oracle %d and %llu",
					     *steps, st, (unsigned long long)got, want,
					     (unsigned long long)there);
				if (st == RHEO_OK) {
					o.spent = e - l + ((i128)there << o.shift);
					note(&o, e, there);
					o.admitted += there;
				}
			}
			break;
		case 9:
			n &= (UINT64_C(1) << 36) - 1;
			n += n == 0;
			st = rheo_bucket_charge(b, n, now);
			if (st != RHEO_OK)
				FAIL("step %d: charge gave %d", *steps, st);
			e = credit_at(&o, &at);
			l = level(&o, e);
			{
				i128 cost = (i128)n << o.shift, most = l + ((i128)1 << 58);

				if (cost > most)
					cost = most > 0 ? most : 0;
				/* at the limit of debt nothing moves, not even the clamp */
				if (cost > 0)
					o.spent = e - l + cost;
			}
			o.charged += n;
			break;
		case 10:
			n &= (UINT64_C(1) << 37) - 1;
			n += n == 0;
			if (rheo_bucket_refund(b, n) != RHEO_OK)
				FAIL("step %d: refund", *steps);
			e = o.published;
			if (e - o.spent < burst_units(&o)) {
				o.spent -= (i128)n << o.shift;
				if (e - o.spent > burst_units(&o))
					o.spent = e - burst_units(&o);
			}
			o.refunded += n;
			break;
		case 11:
		case 12:
			st = rheo_bucket_wait_ns(b, n, now, &wait);
			if (n > o.cfg.burst ? st != RHEO_REJ_NEVER || wait != RHEO_FOREVER
					    : st != RHEO_OK || !is_wait_for(&o, (i128)n << o.shift, now, wait))
				FAIL("step %d: wait_ns(%llu, %llu) gave %d and %llu", *steps, (unsigned long long)n,
				     (unsigned long long)now, st, (unsigned long long)wait);
			differs = check_quota(&o, b, now);
			if (differs == NULL)
				differs = check_next(&o, b, now);
			if (differs != NULL)
				FAIL("step %d: at %llu: %s", *steps, (unsigned long long)now, differs);
			break;
		default:
			st = rheo_bucket_try_acquire(b, n);
			want = oracle_take(&o, n, NULL, 0, 0, &end);
			if (st != want)
				FAIL("step %d: try_acquire(%llu) gave %d, oracle %d", *steps,
				     (unsigned long long)n, st, want);
			if (st == RHEO_OK) {
				note(&o, credit_at(&o, NULL), n);
				o.admitted += n;
			}
		}
		if (rheo_bucket_available(b, now, &got) != RHEO_OK)
			FAIL("available");
		l = level(&o, credit_at(&o, &at));
		if (got != (l > 0 ? (uint64_t)(l >> o.shift) : 0))
			FAIL("step %d (op %d): available at %llu is %llu, oracle %lld", *steps, (int)op,
			     (unsigned long long)now, (unsigned long long)got,
			     (long long)(l >> o.shift));
	}
	if (o.refunded == 0 && !bound_holds(&o))
		FAIL("P1: more tokens admitted in an interval than burst + rate * time");
	if (rheo_bucket_stats(b, &stats, sizeof stats) != RHEO_OK)
		FAIL("stats");
	if (stats.admitted != (o.admitted & (UINT64_MAX >> o.shift)) || stats.charged != o.charged ||
	    stats.refunded != o.refunded || stats.clock_regressions != o.regressions)
		FAIL("stats: admitted %llu/%llu charged %llu/%llu refunded %llu/%llu regressions %llu/%llu",
		     (unsigned long long)stats.admitted, (unsigned long long)o.admitted,
		     (unsigned long long)stats.charged, (unsigned long long)o.charged,
		     (unsigned long long)stats.refunded, (unsigned long long)o.refunded,
		     (unsigned long long)stats.clock_regressions, (unsigned long long)o.regressions);
	if (!room_intact(&mem))
		FAIL("a call wrote beyond the bucket");
out:
	room_free(&mem);
	free(o.taken);
	return result;
}
