/* SPDX-License-Identifier: BSD-2-Clause */

#include "tank.h"

#include <stdlib.h>

void
tank_config(struct tank *t, uint64_t tokens, uint64_t period_ns, uint64_t burst)
{
	*t = (struct tank){.b = NULL};
	rheo_bucket_config_init(&t->cfg, sizeof t->cfg);
	t->cfg.tokens_per_period = tokens;
	t->cfg.period_ns = period_ns;
	t->cfg.burst = burst;
	t->cfg.max_debt = MAX_DEBT;
}

bool
tank_open(struct run *r, struct tank *t, uint64_t now_ns)
{
	size_t align = (size_t)rheo_bucket_align();
	size_t size = ((size_t)rheo_bucket_size(&t->cfg) + align - 1) / align * align;
	int32_t st;

	tank_close(t);
	t->mem = size != 0 ? aligned_alloc(align, size) : NULL;
	if (t->mem == NULL) {
		fail(r, "rheo refuses this bucket: %s",
		     rheo_status_name(rheo_bucket_config_check(&t->cfg)));
		return false;
	}
	st = rheo_bucket_init(t->mem, size, &t->cfg, now_ns, &t->b);
	if (st != RHEO_OK) {
		fail(r, "rheo_bucket_init: %s", rheo_status_name(st));
		tank_close(t);
		return false;
	}
	return true;
}

void
tank_close(struct tank *t)
{
	free(t->mem);
	t->mem = NULL;
	t->b = NULL;
}

int64_t
tank_level(struct run *r, struct tank *t, uint64_t now_ns)
{
	rheo_bucket_stats_t s;
	uint64_t there;

	rheo_bucket_refill(t->b, now_ns);
	rheo_bucket_stats(t->b, &s, sizeof s);
	rheo_bucket_available(t->b, now_ns, &there);
	must(r, (s.level > 0 ? (uint64_t)s.level : 0) == there,
	     "stats say a level of %lld, available %llu", (long long)s.level,
	     (unsigned long long)there);
	return s.level;
}

int64_t
tank_peek(struct run *r, struct tank *t, uint64_t now_ns)
{
	uint64_t there, wait_ns, token_ns = t->cfg.period_ns / t->cfg.tokens_per_period;
	rheo_bucket_quota_t q = {0};

	rheo_bucket_quota(t->b, now_ns, &q); /* the time at which it stands, should now_ns be behind */
	rheo_bucket_available(t->b, now_ns, &there);
	rheo_bucket_wait_ns(t->b, 1, q.time_ns, &wait_ns);
	must(r, there == q.remaining, "available and quota do not agree");
	must(r, (there != 0) == (wait_ns == 0), "available and wait_ns do not agree");
	if (there != 0 || wait_ns <= token_ns)
		return (int64_t)there;
	return 1 - (int64_t)(wait_ns / token_ns + (wait_ns % token_ns != 0));
}

uint64_t
tank_drain(struct tank *t, uint64_t cost, uint64_t now_ns)
{
	uint64_t taken = 0;

	while (rheo_bucket_try_acquire_at(t->b, cost, now_ns) == RHEO_OK)
		taken += cost;
	return taken;
}

static bool
whole_tokens(struct run *r, const rheo_bucket_config_t *cfg)
{
	must(r, cfg->period_ns % cfg->tokens_per_period == 0,
	     "a token is not a whole number of ns: nothing to compare with");
	return cfg->period_ns % cfg->tokens_per_period == 0;
}

bool
paper_make(struct run *r, struct paper *p, const rheo_bucket_config_t *cfg, uint64_t now_ns,
	   bool strict)
{
	if (!whole_tokens(r, cfg))
		return false;
	p->token_ns = cfg->period_ns / cfg->tokens_per_period;
	p->burst = cfg->burst;
	p->credit_ns = cfg->flags & RHEO_BUCKET_START_EMPTY ? 0 : p->burst * p->token_ns;
	p->at_ns = now_ns;
	p->strict = strict;
	return true;
}

void
paper_at(struct paper *p, i128 t)
{
	if (t > p->at_ns)
		paper_give(p, t - p->at_ns);
	if (t > p->at_ns || !p->strict)
		p->at_ns = t;
}

int64_t
paper_level(const struct paper *p, i128 t)
{
	struct paper now = *p;
	i128 level;

	paper_at(&now, t);
	level = now.credit_ns / now.token_ns;
	return (int64_t)(now.credit_ns < level * now.token_ns ? level - 1 : level);
}

bool
paper_take(struct paper *p, i128 t, i128 n, i128 max_wait_ns, i128 *due)
{
	struct paper now = *p;

	paper_at(&now, t);
	now.credit_ns -= n * now.token_ns;
	*due = now.at_ns - (now.credit_ns < 0 ? now.credit_ns : 0);
	if (n > now.burst || (max_wait_ns >= 0 && *due - t > max_wait_ns)) {
		/* A refusal changes nothing but, for a strict one, the time that is known. */
		if (p->strict)
			paper_at(p, t);
		return false;
	}
	*p = now;
	return true;
}

void
paper_give(struct paper *p, i128 credit_ns)
{
	i128 most = p->burst * p->token_ns;

	if (p->credit_ns < most)
		p->credit_ns = p->credit_ns + credit_ns < most ? p->credit_ns + credit_ns : most;
}

void
paper_rate(struct run *r, struct paper *p, const rheo_bucket_config_t *cfg, i128 t)
{
	i128 token_ns, scaled_credit;

	if (!whole_tokens(r, cfg))
		return;
	paper_at(p, t);
	token_ns = cfg->period_ns / cfg->tokens_per_period;
	scaled_credit = p->credit_ns * token_ns;
	must(r, scaled_credit % p->token_ns == 0, "the level is not a whole number of ns any more");
	p->credit_ns = scaled_credit / p->token_ns;
	p->token_ns = token_ns;
	p->burst = cfg->burst;
}
