/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Buckets with their oracle. A decision's time is not shown to its caller, but
 * it lies between what the caller passed and the latest credit published when
 * the call returned. So P1 is checked for every interval by those decisions
 * that must have been made in it.
 */

#include "bucket/word.h"
#include "scenario.h"

struct tank
tank_make(uint64_t burst, uint32_t lanes, uint64_t max_debt, uint32_t flags)
{
	rheo_bucket_config_t cfg;
	struct tank t = {0};
	uint64_t size;

	rheo_bucket_config_init(&cfg, sizeof cfg);
	cfg.tokens_per_period = 1;
	cfg.period_ns = 1;
	cfg.burst = burst;
	cfg.lanes = lanes;
	cfg.max_debt = max_debt;
	cfg.flags = flags;
	cfg.counter_lanes = EX_THREADS;
	size = rheo_bucket_size(&cfg);
	t.log = ex_memory(sizeof *t.log);
	t.log->burst = burst;
	rheo_bucket_init(ex_memory(size), size, &cfg, 0, &t.b);
	return t;
}

/* Whole tokens of credit published: what a decision without a time of its own goes by at the latest. */
static uint64_t
published(const struct tank *t)
{
	struct rh_self self = rh_bucket_self(t->b);

	return self.b->earned.v >> self.shift;
}

static void
note_time(struct tank *t, uint64_t now_ns)
{
	if (now_ns > t->log->latest_ns)
		t->log->latest_ns = now_ns;
}

static void
note(struct tank *t, uint64_t tokens, uint64_t from_ns, uint64_t to_ns)
{
	struct admissions *a = t->log;

	EX_CHECK(a->count < ADMISSIONS, "too many admissions to log");
	a->at[a->count].tokens = tokens;
	a->at[a->count].from_ns = from_ns;
	a->at[a->count++].to_ns = to_ns;
}

/* A decision that had this time, or a later one that was published by its end. */
static void
note_at(struct tank *t, uint64_t tokens, uint64_t now_ns)
{
	uint64_t to_ns = published(t);

	note(t, tokens, now_ns, to_ns > now_ns ? to_ns : now_ns);
}

bool
tank_acquire(struct tank *t, uint64_t n)
{
	if (rheo_bucket_try_acquire(t->b, n) != RHEO_OK)
		return false;
	note(t, n, 0, published(t));
	return true;
}

bool
tank_acquire_at(struct tank *t, uint64_t n, uint64_t now_ns)
{
	note_time(t, now_ns);
	if (rheo_bucket_try_acquire_at(t->b, n, now_ns) != RHEO_OK)
		return false;
	note_at(t, n, now_ns);
	return true;
}

bool
tank_reserve(struct tank *t, uint64_t n, uint64_t now_ns, uint64_t max_wait_ns)
{
	uint64_t wait_ns;

	note_time(t, now_ns);
	if (rheo_bucket_reserve(t->b, n, now_ns, max_wait_ns, &wait_ns) != RHEO_OK)
		return false;
	EX_CHECK(wait_ns <= max_wait_ns, "a wait of %llu", (unsigned long long)wait_ns);
	/* They fall due later, and that late they count. */
	note_time(t, now_ns + wait_ns);
	if (wait_ns != 0)
		note(t, n, now_ns + wait_ns, now_ns + wait_ns);
	else
		note_at(t, n, now_ns);
	return true;
}

uint64_t
tank_upto(struct tank *t, uint64_t n, uint64_t now_ns)
{
	uint64_t taken;

	note_time(t, now_ns);
	if (rheo_bucket_acquire_upto(t->b, n, now_ns, &taken) != RHEO_OK)
		return 0;
	EX_CHECK(taken >= 1 && taken <= n, "%llu taken", (unsigned long long)taken);
	note_at(t, taken, now_ns);
	return taken;
}

void
tank_refill(struct tank *t, uint64_t now_ns)
{
	note_time(t, now_ns);
	rheo_bucket_refill(t->b, now_ns);
}

void
tank_refund(struct tank *t, uint64_t n)
{
	note(t, (uint64_t)0 - n, 0, UINT64_MAX);
	rheo_bucket_refund(t->b, n);
}

uint64_t
tank_drain(struct tank *t, uint64_t now_ns)
{
	uint64_t all = 0, taken;

	while ((taken = tank_upto(t, t->log->burst * 4, now_ns)) != 0)
		all += taken;
	return all;
}

void
tank_check(const struct tank *t)
{
	const struct admissions *a = t->log;
	uint64_t refunded = 0;

	for (unsigned i = 0; i < a->count; i++)
		if ((int64_t)a->at[i].tokens < 0)
			refunded -= a->at[i].tokens;
	for (unsigned i = 0; i < a->count; i++)
		for (unsigned k = 0; k < a->count; k++) {
			uint64_t from_ns = a->at[i].from_ns, to_ns = a->at[k].to_ns, sum = 0;

			if ((int64_t)a->at[i].tokens < 0 || (int64_t)a->at[k].tokens < 0 || to_ns < from_ns)
				continue;
			for (unsigned j = 0; j < a->count; j++)
				if ((int64_t)a->at[j].tokens > 0 && a->at[j].from_ns >= from_ns &&
				    a->at[j].to_ns <= to_ns)
					sum += a->at[j].tokens;
			EX_CHECK(sum <= a->burst + to_ns - from_ns + refunded,
				 "P1: %llu tokens from %llu to %llu ns", (unsigned long long)sum,
				 (unsigned long long)from_ns, (unsigned long long)to_ns);
		}
}

void
tank_check_stats(const struct tank *t)
{
	rheo_bucket_stats_t s;
	uint64_t admitted = 0, refunded = 0;

	rheo_bucket_stats(t->b, &s, sizeof s);
	for (unsigned i = 0; i < t->log->count; i++)
		if ((int64_t)t->log->at[i].tokens < 0)
			refunded -= t->log->at[i].tokens;
		else
			admitted += t->log->at[i].tokens;
	EX_CHECK(s.admitted == admitted && s.refunded == refunded, "P15: %llu admitted, %llu counted",
		 (unsigned long long)admitted, (unsigned long long)s.admitted);
}
