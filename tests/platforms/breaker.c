/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Breakers: windows by time and by count, jitter, backoff, probes, modes. With
 * one thread, and a clock that does not go back, nothing depends on the lane
 * that a call is counted in: the section on many lanes comes to the same hash
 * as the one on one.
 */

#include "trace.h"

#define PERMITS 64u

void
any_breaker_config(struct trace *t, rheo_breaker_config_t *c, uint32_t lanes)
{
	static const uint32_t rates[] = {0, 1, 3333, 5000, 5001, 9999, 10000, 2500};

	do {
		answer(t, rheo_breaker_config_init(c, sizeof *c));
		c->flags = below(t, 2) ? RHEO_BREAKER_PROBE_TIMEOUT_CANCELS : 0;
		c->failure_rate_bp = rates[below(t, 8)];
		c->slow_call_rate_bp = below(t, 2) ? rates[below(t, 8)] : 0;
		c->slow_call_ns = below(t, 5000);
		c->consecutive_failures = below(t, 3) ? 0 : (uint32_t)(1 + below(t, 6));
		c->minimum_calls = (uint32_t)(1 + below(t, 12));
		c->window_slices = (uint32_t)(1 + below(t, 16));
		c->window_ns = c->window_slices * (1 + below(t, 5000));
		c->window_ns -= below(t, c->window_slices);
		c->open_ns = 1 + below(t, below(t, 8) ? 40000 : UINT64_C(1) << 57);
		c->open_backoff_bp = (uint32_t)(below(t, 4) * 7500);
		c->open_max_ns = below(t, 2) ? 0 : c->open_ns * (1 + below(t, 7));
		c->open_jitter_bp = below(t, 2) ? 0 : (uint32_t)below(t, 10001);
		c->jitter_seed = any_number(t, 64);
		c->half_open_calls = (uint32_t)(1 + below(t, below(t, 4) ? 5 : 32));
		c->half_open_successes = (uint32_t)below(t, c->half_open_calls + 2u);
		c->half_open_failures = (uint32_t)below(t, c->half_open_calls + 1u);
		c->probe_timeout_ns = 1 + below(t, 60000);
		c->lanes = lanes;
		fold_text(t, rheo_breaker_config_fault(c));
	} while (answer(t, rheo_breaker_config_check(c)) != RHEO_OK);
}

rheo_breaker_t *
new_breaker(struct trace *t, const rheo_breaker_config_t *cfg, uint64_t now, void **mem)
{
	uint64_t size = rheo_breaker_size(cfg);
	rheo_breaker_t *b = NULL;

	*mem = memory_for(size);
	answer(t, rheo_breaker_init(*mem, size, cfg, now, &b));
	answer(t, rheo_breaker_attach(*mem, size - below(t, 2), &b));
	return b;
}

static void
fold_events(struct trace *t, const rheo_breaker_t *b, uint64_t *seen)
{
	rheo_breaker_event_t e[4];
	uint32_t n = 0;

	memset(e, 0, sizeof e);
	answer(t, rheo_breaker_events(b, *seen, e, 4, &n));
	fold(t, n);
	for (uint32_t i = 0; i < n; i++) {
		*seen = e[i].generation;
		fold(t, e[i].generation);
		fold(t, e[i].at_ns);
		fold(t, e[i].from_state | e[i].to_state << 8 | e[i].from_mode << 16 | e[i].to_mode << 24);
		fold(t, e[i].cause);
		fold(t, e[i].partial);
		fold(t, e[i].calls);
		fold(t, e[i].failures);
		fold(t, e[i].slow);
		fold(t, e[i].open_ns);
		fold(t, e[i].reserved[0] | e[i].reserved[1] | e[i].reserved[2]);
	}
}

static void
fold_snapshot(struct trace *t, const rheo_breaker_t *b, uint64_t now)
{
	rheo_breaker_snapshot_t s;

	memset(&s, 0, sizeof s);
	answer(t, rheo_breaker_snapshot(b, now, &s, sizeof s));
	fold(t, s.state);
	fold(t, s.mode);
	fold(t, s.generation);
	fold(t, s.retry_after_ns);
	fold(t, s.window_calls);
	fold(t, s.window_failures);
	fold(t, s.window_slow);
	fold(t, s.failure_rate_bp);
	fold(t, s.slow_call_rate_bp);
	fold(t, s.consecutive_failures);
	fold(t, s.backoff_level);
	fold(t, s.probes_issued);
	fold(t, s.probes_succeeded);
	fold(t, s.probes_failed);
	fold(t, s.probes_ignored);
	fold(t, s.probes_slow);
	fold(t, s.reserved);
	fold(t, s.successes);
	fold(t, s.failures);
	fold(t, s.slow);
	fold(t, s.ignored);
	fold(t, s.stale);
	fold(t, s.refused_open);
	fold(t, s.refused_probe);
	fold(t, s.clock_regressions);
	fold(t, s.cas_retries);
}

/* All that can be asked of a breaker without changing it. */
void
fold_breaker(struct trace *t, const rheo_breaker_t *b, uint64_t now, uint64_t *seen)
{
	uint32_t state = 0, mode = 0;
	uint64_t v = 0;
	int32_t st = rheo_breaker_retry_after_ns(b, now, &v);

	answer_with(t, st, v);
	st = rheo_breaker_state(b, &state, &mode);
	answer_with(t, st, state | mode << 8);
	fold_events(t, b, seen);
	fold_snapshot(t, b, now);
}

static void
reconfigure(struct trace *t, rheo_breaker_t *b, rheo_breaker_config_t *cfg, uint64_t now)
{
	rheo_breaker_config_t other;

	any_breaker_config(t, &other, cfg->lanes);
	other.window_ns = cfg->window_ns;
	other.window_slices = cfg->window_slices;
	other.window_calls = cfg->window_calls;
	if (answer(t, rheo_breaker_reconfigure(b, &other, now)) == RHEO_OK)
		*cfg = other;
	memset(&other, 0, sizeof other);
	answer(t, rheo_breaker_config(b, &other, sizeof other));
	fold(t, other.struct_size);
	fold(t, other.flags);
	fold(t, other.failure_rate_bp);
	fold(t, other.slow_call_rate_bp);
	fold(t, other.slow_call_ns);
	fold(t, other.consecutive_failures);
	fold(t, other.minimum_calls);
	fold(t, other.window_ns);
	fold(t, other.window_slices);
	fold(t, other.window_calls);
	fold(t, other.open_ns);
	fold(t, other.open_max_ns);
	fold(t, other.open_backoff_bp);
	fold(t, other.open_jitter_bp);
	fold(t, other.jitter_seed);
	fold(t, other.half_open_calls);
	fold(t, other.half_open_successes);
	fold(t, other.half_open_failures);
	fold(t, other.probe_timeout_ns);
}

struct held {
	uint64_t permit[PERMITS];
	unsigned next;
};

static void
acquire(struct trace *t, rheo_breaker_t *b, struct held *h, uint64_t now)
{
	uint64_t permit = 0, generation = 0;
	uint32_t probe = 0;
	int32_t st = rheo_breaker_try_acquire(b, now, &permit);

	if (answer_with(t, st, permit) == RHEO_OK)
		h->permit[h->next++ % PERMITS] = permit;
	st = rheo_breaker_permit(b, permit, &generation, &probe);
	answer_with(t, st, generation << 1 | probe);
}

/* Mostly the newest permit; also any of an older time, or one that was reported already. */
static uint64_t
any_permit(struct trace *t, const struct held *h)
{
	unsigned back = (unsigned)below(t, below(t, 8) ? 4 : PERMITS);

	return h->permit[(h->next - 1 - back) % PERMITS];
}

static void
call(struct trace *t, rheo_breaker_t *b, rheo_breaker_config_t *cfg, struct held *h, uint64_t now)
{
	static const uint32_t outcomes[] = {RHEO_SUCCESS, RHEO_SUCCESS, RHEO_SUCCESS, RHEO_FAILURE,
					    RHEO_FAILURE, RHEO_FAILURE, RHEO_IGNORED, 3};
	uint64_t v = below(t, 8);
	int32_t st;

	switch (below(t, 32)) {
	case 0:
	case 1:
		st = rheo_breaker_tick(b, now, &v);
		answer_with(t, st, v);
		return;
	case 2:
		answer(t, rheo_breaker_cancel(b, any_permit(t, h), now));
		return;
	case 3:
		if (below(t, 8) == 0)
			answer(t, rheo_breaker_force(b, (uint32_t)below(t, 5), now));
		return;
	case 4:
		if (below(t, 16) == 0)
			answer(t, rheo_breaker_reset(b, now));
		return;
	case 5:
		if (below(t, 8) == 0)
			reconfigure(t, b, cfg, now);
		return;
	case 6:
	case 7:
	case 8:
	case 9:
	case 10:
	case 11:
	case 12:
	case 13:
	case 14:
	case 15:
	case 16:
	case 17:
		answer(t, rheo_breaker_record(b, any_permit(t, h), outcomes[v], now));
		return;
	default:
		acquire(t, b, h, now);
	}
}

/* A little, about a slice, about an open time, back, far. */
static uint64_t
any_step(struct trace *t, const rheo_breaker_config_t *cfg, uint64_t now, bool goes_back)
{
	uint64_t back;

	switch (below(t, 64)) {
	case 0:
		back = goes_back ? below(t, 5000) : 0;
		return now > back ? now - back : 0;
	case 1:
		return later(now, below(t, 16) ? 0 : any_number(t, 63));
	case 2:
	case 3:
	case 4:
		return later(now, below(t, cfg->open_ns * 2));
	case 5:
	case 6:
		return later(now, below(t, cfg->probe_timeout_ns * 2));
	default:
		return later(now, below(t, 2) ? below(t, 8) : below(t, cfg->window_ns / cfg->window_slices + 1));
	}
}

static void
history(struct trace *t, uint32_t lanes, uint32_t window_calls, bool goes_back)
{
	rheo_breaker_config_t cfg;
	struct held h;
	rheo_breaker_t *b;
	uint64_t now = any_number(t, 64), seen = 0;
	void *mem;

	memset(&h, 0, sizeof h);
	any_breaker_config(t, &cfg, lanes);
	cfg.window_calls = window_calls;
	b = new_breaker(t, &cfg, now, &mem);
	for (unsigned i = 0; i < 600; i++) {
		now = any_step(t, &cfg, now, goes_back);
		if (below(t, 8) == 0)
			trace_cpu = (unsigned)next_random(&t->random);
		call(t, b, &cfg, &h, now);
		if (i % 16 == 0)
			fold_breaker(t, b, now, &seen);
	}
	fold_breaker(t, b, now, &seen);
	free(mem);
}

static void
by_time(struct trace *t, uint32_t lanes, bool goes_back)
{
	for (unsigned i = 0; i < 200; i++)
		history(t, lanes, 0, goes_back);
}

void
trace_breakers_by_time(struct trace *t)
{
	by_time(t, 1, false);
}

void
trace_breakers_on_lanes(struct trace *t)
{
	by_time(t, 8, false);
}

void
trace_breakers_clock_back(struct trace *t)
{
	by_time(t, 1, true);
	by_time(t, 4, true);
}

void
trace_breakers_by_count(struct trace *t)
{
	for (unsigned i = 0; i < 200; i++)
		history(t, 2, (uint32_t)(1 + below(t, i % 4 ? 40 : 600)), true);
}

/* The longest and shortest of everything, at both ends of time. */
void
trace_breaker_edges(struct trace *t)
{
	static const uint64_t spans[] = {1, 63, 1000, UINT64_C(1) << 32, UINT64_C(1) << 40, UINT64_C(1) << 42,
					 (UINT64_C(1) << 42) + 1, UINT64_C(1) << 57};

	for (unsigned i = 0; i < 300; i++) {
		rheo_breaker_config_t cfg;
		struct held h;
		rheo_breaker_t *b;
		uint64_t now = below(t, 2) ? UINT64_MAX - any_number(t, 60) : any_number(t, 50), seen = 0;
		void *mem;

		memset(&h, 0, sizeof h);
		do {
			any_breaker_config(t, &cfg, 2);
			cfg.window_ns = spans[below(t, 8)];
			cfg.window_slices = (uint32_t)(1 + below(t, 64));
			cfg.open_ns = spans[below(t, 8)];
			cfg.open_max_ns = spans[below(t, 8)];
			cfg.open_backoff_bp = (uint32_t)below(t, 1000001);
			cfg.probe_timeout_ns = spans[below(t, 5)];
			cfg.slow_call_ns = spans[below(t, 8)];
			fold_text(t, rheo_breaker_config_fault(&cfg));
		} while (answer(t, rheo_breaker_config_check(&cfg)) != RHEO_OK);
		b = new_breaker(t, &cfg, now, &mem);
		for (unsigned k = 0; k < 200; k++) {
			uint64_t span = spans[below(t, 8)], part = below(t, span);

			part >>= below(t, 40);
			now = later(now, below(t, 4) ? part : span - 1);
			call(t, b, &cfg, &h, now);
			if (k % 16 == 0)
				fold_breaker(t, b, now, &seen);
		}
		free(mem);
	}
}

/* So many failures that 10000 times their number passes 2^32, with one success that keeps it closed. */
void
trace_breaker_many_calls(struct trace *t)
{
	rheo_breaker_config_t cfg;
	rheo_breaker_t *b;
	uint64_t permit = 0, seen = 0;
	void *mem;

	answer(t, rheo_breaker_config_init(&cfg, sizeof cfg));
	cfg.failure_rate_bp = 10000;
	cfg.minimum_calls = 1;
	cfg.window_ns = cfg.window_slices = 1;
	cfg.lanes = 1;
	b = new_breaker(t, &cfg, 7, &mem);
	answer(t, rheo_breaker_try_acquire(b, 7, &permit));
	for (unsigned i = 0; i < 450000; i++) {
		answer(t, rheo_breaker_record(b, permit, i == 0 ? RHEO_SUCCESS : RHEO_FAILURE, 7));
		if (i % 10000 == 0)
			fold_breaker(t, b, 7, &seen);
	}
	fold_breaker(t, b, 7, &seen);
	free(mem);
}
