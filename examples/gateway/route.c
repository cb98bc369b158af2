/* SPDX-License-Identifier: BSD-2-Clause */
#include "route.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway.h"

static void *
memory_for(struct route *r, uint64_t size, uint64_t align)
{
	void *mem = aligned_alloc(align, size);

	if (mem == NULL)
		abort();
	r->memory[r->memories++] = mem;
	return mem;
}

static bool
make_breaker(struct route *r, uint64_t now_ns)
{
	const struct settings *s = r->settings;
	rheo_breaker_config_t cfg;
	uint64_t size;

	rheo_breaker_config_init(&cfg, sizeof cfg);
	cfg.failure_rate_bp = (uint32_t)s->failure_rate_bp;
	cfg.slow_call_rate_bp = (uint32_t)s->slow_rate_bp;
	cfg.slow_call_ns = s->slow_ns;
	cfg.consecutive_failures = (uint32_t)s->consecutive;
	cfg.minimum_calls = (uint32_t)s->min_calls;
	cfg.window_ns = s->window_ns;
	cfg.window_slices = (uint32_t)s->slices;
	cfg.window_calls = (uint32_t)s->window_calls;
	cfg.open_ns = s->open_ns;
	cfg.open_max_ns = s->open_max_ns;
	cfg.open_backoff_bp = (uint32_t)s->backoff_bp;
	cfg.open_jitter_bp = (uint32_t)s->jitter_bp;
	cfg.half_open_calls = (uint32_t)s->half_open;
	cfg.half_open_successes = (uint32_t)s->successes;
	cfg.half_open_failures = (uint32_t)s->failures;
	cfg.probe_timeout_ns = s->probe_timeout_ns;
	size = rheo_breaker_size(&cfg);
	return size != 0 && rheo_breaker_init(memory_for(r, size, rheo_breaker_align()), size, &cfg, now_ns,
					      &r->breaker) == RHEO_OK;
}

static bool
make_bucket(struct route *r, unsigned limit, uint64_t now_ns, uint64_t *max_cost)
{
	const struct settings *s = r->settings;
	rheo_bucket_config_t cfg;
	rheo_bucket_stats_t stats;
	uint64_t size;

	rheo_bucket_config_init(&cfg, sizeof cfg);
	cfg.tokens_per_period = s->limit[limit].tokens;
	cfg.period_ns = s->limit[limit].period_ns;
	cfg.burst = s->limit[limit].burst != 0 ? s->limit[limit].burst : s->limit[limit].tokens;
	cfg.lanes = (uint32_t)s->lanes;
	size = rheo_bucket_size(&cfg);
	if (size == 0 || rheo_bucket_init(memory_for(r, size, rheo_bucket_align()), size, &cfg, now_ns,
					  &r->bucket[r->buckets]) != RHEO_OK)
		return false;
	rheo_bucket_stats(r->bucket[r->buckets], &stats, sizeof stats);
	*max_cost = stats.max_cost;
	r->buckets++;
	return true;
}

/* "pay";q=200;w=2: the burst, and the whole seconds in which it is earned. */
static void
name_policy(struct route *r, unsigned bucket)
{
	const char *plain = r->prefix_length > 1 ? r->settings->prefix + 1 : "default";
	size_t length = strlen(r->policy);
	rheo_bucket_quota_t quota;

	rheo_bucket_quota(r->bucket[bucket], 0, &quota);
	snprintf(r->name[bucket], sizeof r->name[bucket], bucket == 0 ? "%s" : "%s-2", plain);
	snprintf(r->policy + length, sizeof r->policy - length, "%s\"%s\";q=%" PRIu64 ";w=%" PRIu64,
		 length == 0 ? "" : ", ", r->name[bucket], quota.limit,
		 (quota.window_ns - 1) / UINT64_C(1000000000) + 1);
}

static bool
make_guard(struct route *r, uint64_t now_ns)
{
	rheo_guard_config_t cfg;
	rheo_counter_config_t counter;
	uint64_t size;

	rheo_guard_config_init(&cfg, sizeof cfg);
	cfg.flags = r->settings->shadow ? RHEO_GUARD_SHADOW : 0;
	cfg.breaker = r->breaker;
	for (unsigned i = 0; i < r->buckets; i++)
		cfg.bucket[i] = r->bucket[i];
	size = rheo_guard_size(&cfg);
	if (rheo_guard_init(memory_for(r, size, rheo_guard_align()), size, &cfg, now_ns, &r->guard) !=
	    RHEO_OK)
		return false;
	rheo_counter_config_init(&counter, sizeof counter);
	counter.counts = ROUTE_COUNTS;
	size = rheo_counter_size(&counter);
	return rheo_counter_init(memory_for(r, size, rheo_counter_align()), size, &counter, now_ns,
				 &r->counts) == RHEO_OK;
}

static bool
make_route(struct route *r, const struct settings *s, uint64_t now_ns, char *why, size_t why_size)
{
	uint64_t max_cost;

	r->settings = s;
	r->prefix_length = strlen(s->prefix);
	if (!make_breaker(r, now_ns)) {
		snprintf(why, why_size, "%s: the breaker's settings do not fit together", s->prefix);
		return false;
	}
	for (unsigned i = 0; i < SETTINGS_LIMITS; i++) {
		if (s->limit[i].tokens == 0)
			continue;
		if (!make_bucket(r, i, now_ns, &max_cost)) {
			snprintf(why, why_size, "%s: rate%s and burst%s are more than a bucket can keep",
				 s->prefix, i == 0 ? "" : "2", i == 0 ? "" : "2");
			return false;
		}
		if (s->cost > max_cost) {
			snprintf(why, why_size,
				 "%s: cost=%" PRIu64 " would never pass: at most %" PRIu64
				 " tokens of burst%s can be taken at once",
				 s->prefix, s->cost, max_cost, i == 0 ? "" : "2");
			return false;
		}
		name_policy(r, r->buckets - 1);
	}
	return make_guard(r, now_ns);
}

bool
routes_make(struct routes *routes, const struct settings *settings, unsigned count, uint64_t now_ns,
	    char *why, size_t why_size)
{
	routes->route = gateway_memory(count * sizeof *routes->route);
	for (unsigned i = 0; i < count; i++) {
		routes->count = i + 1;
		if (!make_route(&routes->route[i], &settings[i], now_ns, why, why_size))
			return false;
	}
	return true;
}

void
routes_free(struct routes *routes)
{
	for (unsigned i = 0; i < routes->count; i++)
		for (unsigned k = 0; k < routes->route[i].memories; k++)
			free(routes->route[i].memory[k]);
	free(routes->route);
}

const struct route *
routes_match(const struct routes *routes, const char *path)
{
	const struct route *best = NULL;

	for (unsigned i = 0; i < routes->count; i++) {
		const struct route *r = &routes->route[i];
		char after;

		if (strncmp(path, r->settings->prefix, r->prefix_length) != 0)
			continue;
		after = path[r->prefix_length];
		if ((r->prefix_length == 1 || after == '\0' || after == '/') &&
		    (best == NULL || r->prefix_length > best->prefix_length))
			best = r;
	}
	return best;
}

uint64_t
routes_tick(const struct routes *routes, uint64_t now_ns)
{
	uint64_t soonest = RHEO_FOREVER, next_ns;

	for (unsigned i = 0; i < routes->count; i++)
		if (rheo_guard_tick(routes->route[i].guard, now_ns, &next_ns) == RHEO_OK &&
		    next_ns < soonest)
			soonest = next_ns;
	return soonest;
}

void
route_count(const struct route *route, enum route_count which)
{
	rheo_counter_add(route->counts, which, 1);
}

uint64_t
route_counted(const struct route *route, enum route_count which)
{
	uint64_t n = 0;

	rheo_counter_read(route->counts, which, &n);
	return n;
}
