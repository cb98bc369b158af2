/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Names are those of rheo's structs. RHEO_FOREVER is null. Numbers above 2^63,
 * which no sound segment has, are rounded to a real.
 */

#include "json.h"

#include <jansson.h>

static void
put(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name,
			    value == RHEO_FOREVER  ? json_null()
			    : value > INT64_MAX ? json_real((double)value)
						: json_integer((json_int_t)value));
}

static void
put_text(json_t *object, const char *name, const char *value)
{
	json_object_set_new(object, name, json_string(value));
}

/* A name that is not UTF-8 has its other bytes shown as question marks. */
static void
put_name(json_t *object, const char *name)
{
	json_t *text = json_string(name);
	char plain[4096];
	size_t i;

	if (text == NULL) {
		for (i = 0; name[i] != '\0' && i + 1 < sizeof plain; i++)
			plain[i] = (unsigned char)name[i] < 128 ? name[i] : '?';
		plain[i] = '\0';
		text = json_string(plain);
	}
	json_object_set_new(object, "segment", text);
}

static json_t *
counts(const struct look *l)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < LOOK_COUNTS; i++)
		json_array_append_new(list, json_integer((json_int_t)(l->of.counter.count[i] & INT64_MAX)));
	return list;
}

static void
put_bucket(json_t *o, const struct look *l)
{
	const rheo_bucket_config_t *c = &l->of.bucket.cfg;
	const rheo_bucket_stats_t *s = &l->of.bucket.stats;
	const rheo_bucket_quota_t *q = &l->of.bucket.quota;
	json_t *cfg = json_object(), *stats = json_object(), *quota = json_object();

	put(cfg, "flags", c->flags);
	put(cfg, "tokens_per_period", c->tokens_per_period);
	put(cfg, "period_ns", c->period_ns);
	put(cfg, "burst", c->burst);
	put(cfg, "max_debt", c->max_debt);
	put(cfg, "lanes", c->lanes);
	put(cfg, "counter_lanes", c->counter_lanes);
	json_object_set_new(o, "config", cfg);
	put(stats, "admitted", s->admitted);
	put(stats, "charged", s->charged);
	put(stats, "refunded", s->refunded);
	put(stats, "refused_rate", s->refused_rate);
	put(stats, "refused_never", s->refused_never);
	put(stats, "clock_regressions", s->clock_regressions);
	put(stats, "cas_retries", s->cas_retries);
	json_object_set_new(stats, "level", json_integer(s->level));
	put(stats, "published_ns", s->published_ns);
	put(stats, "max_cost", s->max_cost);
	put(stats, "parked", s->parked);
	put(stats, "lanes", s->lanes);
	json_object_set_new(o, "stats", stats);
	put(quota, "limit", q->limit);
	put(quota, "window_ns", q->window_ns);
	put(quota, "remaining", q->remaining);
	put(quota, "more_ns", q->more_ns);
	put(quota, "full_ns", q->full_ns);
	put(quota, "time_ns", q->time_ns);
	json_object_set_new(o, "quota", quota);
	put(o, "available", l->of.bucket.available);
}

static json_t *
breaker_config(const rheo_breaker_config_t *c)
{
	json_t *o = json_object();

	put(o, "flags", c->flags);
	put(o, "failure_rate_bp", c->failure_rate_bp);
	put(o, "slow_call_rate_bp", c->slow_call_rate_bp);
	put(o, "slow_call_ns", c->slow_call_ns);
	put(o, "consecutive_failures", c->consecutive_failures);
	put(o, "minimum_calls", c->minimum_calls);
	put(o, "window_ns", c->window_ns);
	put(o, "window_slices", c->window_slices);
	put(o, "window_calls", c->window_calls);
	put(o, "open_ns", c->open_ns);
	put(o, "open_max_ns", c->open_max_ns);
	put(o, "open_backoff_bp", c->open_backoff_bp);
	put(o, "open_jitter_bp", c->open_jitter_bp);
	put(o, "half_open_calls", c->half_open_calls);
	put(o, "half_open_successes", c->half_open_successes);
	put(o, "half_open_failures", c->half_open_failures);
	put(o, "lanes", c->lanes);
	put(o, "probe_timeout_ns", c->probe_timeout_ns);
	return o;
}

static json_t *
breaker_snapshot(const rheo_breaker_snapshot_t *n)
{
	json_t *o = json_object();

	put_text(o, "state", rheo_state_name(n->state));
	put_text(o, "mode", rheo_mode_name(n->mode));
	put(o, "generation", n->generation);
	put(o, "retry_after_ns", n->retry_after_ns);
	put(o, "window_calls", n->window_calls);
	put(o, "window_failures", n->window_failures);
	put(o, "window_slow", n->window_slow);
	put(o, "failure_rate_bp", n->failure_rate_bp);
	put(o, "slow_call_rate_bp", n->slow_call_rate_bp);
	put(o, "consecutive_failures", n->consecutive_failures);
	put(o, "backoff_level", n->backoff_level);
	put(o, "probes_issued", n->probes_issued);
	put(o, "probes_succeeded", n->probes_succeeded);
	put(o, "probes_failed", n->probes_failed);
	put(o, "probes_ignored", n->probes_ignored);
	put(o, "probes_slow", n->probes_slow);
	put(o, "successes", n->successes);
	put(o, "failures", n->failures);
	put(o, "slow", n->slow);
	put(o, "ignored", n->ignored);
	put(o, "stale", n->stale);
	put(o, "refused_open", n->refused_open);
	put(o, "refused_probe", n->refused_probe);
	put(o, "clock_regressions", n->clock_regressions);
	put(o, "cas_retries", n->cas_retries);
	return o;
}

static json_t *
event(const rheo_breaker_event_t *e)
{
	json_t *o = json_object();

	put(o, "generation", e->generation);
	put(o, "at_ns", e->at_ns);
	put_text(o, "from_state", rheo_state_name(e->from_state));
	put_text(o, "to_state", rheo_state_name(e->to_state));
	put_text(o, "from_mode", rheo_mode_name(e->from_mode));
	put_text(o, "to_mode", rheo_mode_name(e->to_mode));
	put_text(o, "cause", rheo_cause_name(e->cause));
	json_object_set_new(o, "partial", json_boolean(e->partial));
	put(o, "calls", e->calls);
	put(o, "failures", e->failures);
	put(o, "slow", e->slow);
	put(o, "open_ns", e->open_ns);
	return o;
}

static json_t *
object(size_t index, const struct look *l)
{
	json_t *o = json_object(), *events;

	put(o, "index", index);
	put(o, "offset", l->offset);
	json_object_set_new(o, "kind", l->status == RHEO_ERR_VERSION ? json_null() : json_string(kind_name(l->kind)));
	put(o, "size", l->size);
	put_text(o, "status", rheo_status_name(l->status));
	if (l->status != RHEO_OK)
		return o;
	if (l->kind == COUNTER)
		json_object_set_new(o, "counts", counts(l));
	if (l->kind == BUCKET)
		put_bucket(o, l);
	if (l->kind == BREAKER) {
		json_object_set_new(o, "config", breaker_config(&l->of.breaker.cfg));
		json_object_set_new(o, "snapshot", breaker_snapshot(&l->of.breaker.now));
		events = json_array();
		for (uint32_t i = 0; i < l->of.breaker.events; i++)
			json_array_append_new(events, event(&l->of.breaker.event[i]));
		json_object_set_new(o, "events", events);
	}
	return o;
}

bool
json_print(FILE *out, const char *name, const struct sample *s)
{
	json_t *o = json_object(), *objects = json_array();
	bool good;

	put_text(o, "rheo", rheo_version_string());
	put_name(o, name);
	put(o, "size", s->segment_size);
	put(o, "now_ns", s->now_ns);
	json_object_set_new(o, "more", json_boolean(s->more));
	for (size_t i = 0; i < s->count; i++)
		json_array_append_new(objects, object(i, &s->look[i]));
	json_object_set_new(o, "objects", objects);
	good = json_dumpf(o, out, JSON_INDENT(1)) == 0 && fputc('\n', out) != EOF;
	json_decref(o);
	return good;
}
