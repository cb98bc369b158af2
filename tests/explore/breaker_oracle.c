/* SPDX-License-Identifier: BSD-2-Clause */

/* What must be true of a breaker when its threads have come to rest. */

#include "scenario.h"

rheo_breaker_config_t
breaker_small(void)
{
	rheo_breaker_config_t cfg;

	rheo_breaker_config_init(&cfg, sizeof cfg);
	cfg.minimum_calls = 2;
	cfg.window_ns = 1000;
	cfg.window_slices = 2;
	cfg.open_ns = 10;
	cfg.half_open_calls = 1;
	cfg.probe_timeout_ns = 100;
	cfg.lanes = 2;
	return cfg;
}

rheo_breaker_t *
breaker_make(const rheo_breaker_config_t *cfg)
{
	uint64_t size = rheo_breaker_size(cfg);
	rheo_breaker_t *b = NULL;

	rheo_breaker_init(ex_memory(size), size, cfg, 0, &b);
	return b;
}

static bool
legal(const rheo_breaker_event_t *e)
{
	bool forced = e->cause == RHEO_CAUSE_FORCED || e->cause == RHEO_CAUSE_RESET ||
		      (e->partial && e->cause == RHEO_CAUSE_UNKNOWN);

	if (e->from_state == RHEO_CLOSED)
		return forced || e->to_state == RHEO_OPEN;
	if (e->from_state == RHEO_OPEN)
		return forced || e->to_state == RHEO_HALF_OPEN;
	return forced || e->to_state != RHEO_HALF_OPEN;
}

void
breaker_check_events(const rheo_breaker_t *b)
{
	rheo_breaker_event_t e[16];
	rheo_breaker_snapshot_t s;
	uint32_t n;

	rheo_breaker_snapshot(b, 0, &s, sizeof s);
	rheo_breaker_events(b, 0, e, 16, &n);
	EX_CHECK(n == s.generation, "P8: %u events, generation %llu", n, (unsigned long long)s.generation);
	for (uint32_t i = 0; i < n; i++) {
		EX_CHECK(e[i].generation == i + 1, "P8: event %u is generation %llu", i,
			 (unsigned long long)e[i].generation);
		EX_CHECK(legal(&e[i]), "P8: from %s to %s by %s", rheo_state_name(e[i].from_state),
			 rheo_state_name(e[i].to_state), rheo_cause_name(e[i].cause));
		EX_CHECK(i == 0 || e[i].cause != RHEO_CAUSE_OPEN_TIME_OVER || e[i].partial || e[i - 1].partial ||
				 e[i].at_ns >= e[i - 1].at_ns + e[i - 1].open_ns,
			 "P8: OPEN from %llu for %llu ends at %llu", (unsigned long long)e[i - 1].at_ns,
			 (unsigned long long)e[i - 1].open_ns, (unsigned long long)e[i].at_ns);
		EX_CHECK(i == 0 || e[i].from_state == e[i - 1].to_state, "P8: event %u begins at %s", i,
			 rheo_state_name(e[i].from_state));
	}
	EX_CHECK(n == 0 || e[n - 1].to_state == s.state, "P8: the last event leads to %s",
		 rheo_state_name(e[n - 1].to_state));
}

void
breaker_check_not_stuck(rheo_breaker_t *b, const rheo_breaker_config_t *cfg, uint64_t now_ns)
{
	uint64_t longest = cfg->open_max_ns != 0 ? cfg->open_max_ns : 10 * cfg->open_ns, permit;

	for (uint64_t until_ns = now_ns + longest + cfg->probe_timeout_ns; now_ns <= until_ns; now_ns++)
		if (rheo_breaker_try_acquire(b, now_ns, &permit) == RHEO_OK)
			return;
	EX_CHECK(false, "P10: nobody is admitted");
}
