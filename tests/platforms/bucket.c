/* SPDX-License-Identifier: BSD-2-Clause */

/* Buckets: one word, lanes while the CPU changes, and the edges of every range. */

#include "trace.h"

void
any_bucket_config(struct trace *t, rheo_bucket_config_t *cfg, uint32_t lanes)
{
	static const uint64_t periods[] = {1, 7, 1000, 1000000, 1000000000, UINT64_C(60000000000),
					   UINT64_C(3600000000000), UINT64_C(31557600000000000)};

	do {
		answer(t, rheo_bucket_config_init(cfg, sizeof *cfg));
		cfg->period_ns = below(t, 4) ? periods[below(t, 8)] : any_number(t, 64);
		cfg->tokens_per_period = any_number(t, below(t, 2) ? 10 : 41);
		cfg->burst = any_number(t, below(t, 2) ? 10 : 58);
		cfg->max_debt = below(t, 3) ? 0 : any_number(t, 40);
		cfg->flags = below(t, 4) ? 0 : RHEO_BUCKET_START_EMPTY;
		cfg->lanes = lanes;
		cfg->counter_lanes = (uint32_t)(1 + below(t, 4));
		fold_text(t, rheo_bucket_config_fault(cfg));
	} while (answer(t, rheo_bucket_config_check(cfg)) != RHEO_OK);
}

rheo_bucket_t *
new_bucket(struct trace *t, const rheo_bucket_config_t *cfg, uint64_t now, void **mem)
{
	uint64_t size = rheo_bucket_size(cfg);
	rheo_bucket_t *b = NULL;

	fold(t, size);
	*mem = memory_for(size);
	answer(t, rheo_bucket_init(*mem, size, cfg, now, &b));
	answer(t, rheo_bucket_attach(*mem, size - below(t, 2), &b));
	return b;
}

/* Mostly about as long as a few tokens take, sometimes far, sometimes back. */
uint64_t
any_time(struct trace *t, const rheo_bucket_config_t *cfg, uint64_t now)
{
	uint64_t token = cfg->period_ns / cfg->tokens_per_period, step;

	switch (below(t, 32)) {
	case 0:
		return any_number(t, 64);
	case 1:
		step = any_number(t, 20);
		return now > step ? now - step : 0;
	case 2:
		return later(now, any_number(t, 63));
	case 3:
	case 4:
		return now;
	default:
		step = token / 16 * below(t, 100) + token % 16;
		return later(now, step + below(t, 3));
	}
}

static void
fold_quota(struct trace *t, const rheo_bucket_t *b, uint64_t now)
{
	rheo_bucket_quota_t q;

	memset(&q, 0, sizeof q);
	answer(t, rheo_bucket_quota(b, now, &q));
	fold(t, q.limit);
	fold(t, q.window_ns);
	fold(t, q.remaining);
	fold(t, q.more_ns);
	fold(t, q.full_ns);
	fold(t, q.time_ns);
	fold(t, q.reserved[0] | q.reserved[1]);
}

static void
fold_stats(struct trace *t, const rheo_bucket_t *b)
{
	rheo_bucket_stats_t s;

	memset(&s, 0, sizeof s);
	answer(t, rheo_bucket_stats(b, &s, sizeof s));
	fold(t, s.admitted);
	fold(t, s.charged);
	fold(t, s.refunded);
	fold(t, s.refused_rate);
	fold(t, s.refused_never);
	fold(t, s.clock_regressions);
	fold(t, s.cas_retries);
	fold(t, (uint64_t)s.level);
	fold(t, s.published_ns);
	fold(t, s.max_cost);
	fold(t, s.parked);
	fold(t, s.lanes);
	fold(t, s.reserved);
}

/* All that can be asked of a bucket without changing it. */
void
fold_bucket(struct trace *t, const rheo_bucket_t *b, uint64_t now)
{
	uint64_t v = 0;
	int32_t st = rheo_bucket_available(b, now, &v);

	answer_with(t, st, v);
	st = rheo_bucket_next_refill_ns(b, now, &v);
	answer_with(t, st, v);
	st = rheo_bucket_wait_ns(b, 1 + below(t, 8), now, &v);
	answer_with(t, st, v);
	fold_quota(t, b, now);
	fold_stats(t, b);
}

static void
reconfigure(struct trace *t, rheo_bucket_t *b, rheo_bucket_config_t *cfg, uint64_t now)
{
	rheo_bucket_config_t other;

	any_bucket_config(t, &other, cfg->lanes);
	other.counter_lanes = cfg->counter_lanes;
	if (answer(t, rheo_bucket_reconfigure(b, &other, now, (uint32_t)below(t, 4))) == RHEO_OK)
		*cfg = other;
	memset(&other, 0, sizeof other);
	answer(t, rheo_bucket_config(b, &other, sizeof other));
	fold(t, other.struct_size);
	fold(t, other.flags);
	fold(t, other.tokens_per_period);
	fold(t, other.period_ns);
	fold(t, other.burst);
	fold(t, other.max_debt);
	fold(t, other.lanes);
	fold(t, other.counter_lanes);
}

static void
call(struct trace *t, rheo_bucket_t *b, rheo_bucket_config_t *cfg, uint64_t n, uint64_t now)
{
	uint64_t v = 0;
	int32_t st;

	switch (below(t, 32)) {
	case 0:
	case 1:
	case 2:
		answer(t, rheo_bucket_refill(b, now));
		return;
	case 3:
	case 4:
		st = rheo_bucket_reserve(b, n, now, any_number(t, 64), &v);
		break;
	case 5:
	case 6:
		st = rheo_bucket_acquire_upto(b, n, now, &v);
		break;
	case 7:
		st = rheo_bucket_charge(b, n, now);
		break;
	case 8:
	case 9:
		st = rheo_bucket_refund(b, n);
		break;
	case 10:
	case 11:
		st = rheo_bucket_wait_ns(b, n, now, &v);
		break;
	case 12:
		fold_bucket(t, b, now);
		return;
	case 13:
		if (below(t, 8) == 0)
			reconfigure(t, b, cfg, now);
		return;
	default:
		st = below(t, 2) ? rheo_bucket_try_acquire(b, n) : rheo_bucket_try_acquire_at(b, n, now);
	}
	answer_with(t, st, v);
}

/* Costs that this bucket can serve, mostly; any 64-bit number now and then. */
static uint64_t
any_cost(struct trace *t, const rheo_bucket_config_t *cfg)
{
	switch (below(t, 8)) {
	case 0:
		return any_number(t, 64);
	case 1:
		return 1 + below(t, cfg->burst);
	default:
		return 1 + below(t, cfg->burst < 16 ? cfg->burst : 16);
	}
}

static void
history(struct trace *t, uint32_t lanes, unsigned steps)
{
	rheo_bucket_config_t cfg;
	rheo_bucket_t *b;
	uint64_t now = any_number(t, 64);
	void *mem;

	any_bucket_config(t, &cfg, lanes);
	b = new_bucket(t, &cfg, now, &mem);
	for (unsigned i = 0; i < steps; i++) {
		now = any_time(t, &cfg, now);
		if (below(t, 8) == 0)
			trace_cpu = (unsigned)next_random(&t->random);
		call(t, b, &cfg, any_cost(t, &cfg), now);
	}
	fold_bucket(t, b, now);
	free(mem);
}

void
trace_buckets(struct trace *t)
{
	for (unsigned i = 0; i < 600; i++)
		history(t, 1, 300);
}

void
trace_bucket_lanes(struct trace *t)
{
	for (unsigned i = 0; i < 400; i++)
		history(t, 2u << i % 6, 300);
}

/* Times and costs at, just below and just above the ends of every range. */
static uint64_t
edge(struct trace *t)
{
	static const unsigned at[] = {0, 1, 20, 31, 32, 37, 41, 57, 58, 61, 62, 63};
	uint64_t power = below(t, 12) == 0 ? 0 : UINT64_C(1) << at[below(t, 12)];

	return power + below(t, 3) - 1;
}

void
trace_bucket_edges(struct trace *t)
{
	for (unsigned i = 0; i < 1500; i++) {
		rheo_bucket_config_t cfg;
		rheo_bucket_t *b;
		uint64_t now = edge(t);
		void *mem;

		do {
			answer(t, rheo_bucket_config_init(&cfg, sizeof cfg));
			cfg.tokens_per_period = edge(t);
			cfg.period_ns = edge(t);
			cfg.burst = edge(t);
			cfg.max_debt = edge(t);
			cfg.lanes = i % 2 ? 1 : 4;
			cfg.counter_lanes = 1;
			fold_text(t, rheo_bucket_config_fault(&cfg));
		} while (answer(t, rheo_bucket_config_check(&cfg)) != RHEO_OK);
		b = new_bucket(t, &cfg, now, &mem);
		for (unsigned k = 0; k < 60; k++) {
			now = below(t, 3) ? edge(t) : later(now, edge(t) >> 24);
			call(t, b, &cfg, edge(t), now);
		}
		fold_bucket(t, b, now);
		free(mem);
	}
}
