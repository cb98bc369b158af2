/* SPDX-License-Identifier: BSD-2-Clause */
#include "status.h"

#include <stdlib.h>

#include <jansson.h>

/* JSON has signed 64 bits here; counts beyond that are not reached. */
static void
put(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name,
			    json_integer((json_int_t)(value <= INT64_MAX ? value : INT64_MAX)));
}

static void
put_text(json_t *object, const char *name, const char *value)
{
	json_object_set_new(object, name, json_string(value));
}

static json_t *
breaker(const rheo_breaker_snapshot_t *b)
{
	json_t *o = json_object(), *window = json_object(), *probes = json_object();

	put_text(o, "state", rheo_state_name(b->state));
	put_text(o, "mode", rheo_mode_name(b->mode));
	put(o, "generation", b->generation);
	if (b->retry_after_ns != RHEO_FOREVER)
		put(o, "retry_after_ns", b->retry_after_ns);
	put(window, "calls", b->window_calls);
	put(window, "failures", b->window_failures);
	put(window, "slow", b->window_slow);
	put(window, "failure_rate_bp", b->failure_rate_bp);
	put(window, "slow_call_rate_bp", b->slow_call_rate_bp);
	json_object_set_new(o, "window", window);
	put(o, "consecutive_failures", b->consecutive_failures);
	put(o, "backoff_level", b->backoff_level);
	put(probes, "issued", b->probes_issued);
	put(probes, "succeeded", b->probes_succeeded);
	put(probes, "failed", b->probes_failed);
	put(probes, "ignored", b->probes_ignored);
	json_object_set_new(o, "probes", probes);
	put(o, "successes", b->successes);
	put(o, "failures", b->failures);
	put(o, "slow", b->slow);
	put(o, "ignored", b->ignored);
	put(o, "stale", b->stale);
	put(o, "refused_open", b->refused_open);
	put(o, "refused_probe", b->refused_probe);
	put(o, "clock_regressions", b->clock_regressions);
	put(o, "cas_retries", b->cas_retries);
	return o;
}

static json_t *
bucket(const struct status_route *r, unsigned i)
{
	const rheo_bucket_config_t *cfg = &r->bucket_config[i];
	const rheo_bucket_stats_t *s = &r->bucket[i];
	json_t *o = json_object();

	put_text(o, "name", r->route->name[i]);
	put(o, "tokens_per_period", cfg->tokens_per_period);
	put(o, "period_ns", cfg->period_ns);
	put(o, "burst", cfg->burst);
	put(o, "level", r->level[i]);
	put(o, "lanes", s->lanes);
	put(o, "admitted", s->admitted);
	put(o, "refunded", s->refunded);
	put(o, "refused_rate", s->refused_rate);
	put(o, "refused_never", s->refused_never);
	put(o, "clock_regressions", s->clock_regressions);
	put(o, "cas_retries", s->cas_retries);
	return o;
}

static json_t *
guard(const struct status_route *r)
{
	json_t *o = json_object(), *by_bucket = json_array();

	put(o, "refused_by_breaker", r->guard.refused_by_breaker);
	for (unsigned i = 0; i < r->route->buckets; i++)
		json_array_append_new(by_bucket, json_integer((json_int_t)r->guard.refused_by_bucket[i]));
	json_object_set_new(o, "refused_by_bucket", by_bucket);
	put(o, "shadowed", r->guard.shadowed);
	put(o, "cancelled", r->guard.cancelled);
	return o;
}

static json_t *
calls(const struct route *route)
{
	static const char *const names[ROUTE_COUNTS] = {"admitted",  "answered", "answered_5xx", "broken",
							"timed_out", "unsent",	 "cut",		 "retried"};
	json_t *o = json_object();

	for (unsigned i = 0; i < ROUTE_COUNTS; i++)
		put(o, names[i], route_counted(route, (enum route_count)i));
	return o;
}

static json_t *
event(const rheo_breaker_event_t *e)
{
	json_t *o = json_object();

	put(o, "generation", e->generation);
	put(o, "at_ns", e->at_ns);
	put_text(o, "from", rheo_state_name(e->from_state));
	put_text(o, "to", rheo_state_name(e->to_state));
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
route_of(const struct status_route *r)
{
	json_t *o = json_object(), *buckets = json_array(), *events = json_array();

	put_text(o, "prefix", r->route->settings->prefix);
	json_object_set_new(o, "shadow", json_boolean(r->route->settings->shadow));
	json_object_set_new(o, "breaker", breaker(&r->breaker));
	for (unsigned i = 0; i < r->route->buckets; i++)
		json_array_append_new(buckets, bucket(r, i));
	json_object_set_new(o, "buckets", buckets);
	json_object_set_new(o, "guard", guard(r));
	json_object_set_new(o, "calls", calls(r->route));
	for (uint32_t i = 0; i < r->events; i++)
		json_array_append_new(events, event(&r->event[i]));
	json_object_set_new(o, "events", events);
	return o;
}

void
status_json(const struct gateway *gateway, uint64_t now_ns, uint64_t since, struct evbuffer *out)
{
	json_t *o = json_object(), *routes = json_array();
	struct status_route look;
	char *text;

	put_text(o, "rheo", rheo_version_string());
	put_text(o, "upstream", gateway->upstream.text);
	put(o, "threads", gateway->options.threads);
	put(o, "now_ns", now_ns);
	put(o, "up_ns", now_ns - gateway->started_ns);
	for (unsigned i = 0; i < gateway->routes.count; i++) {
		status_look(&gateway->routes.route[i], since, now_ns, &look);
		json_array_append_new(routes, route_of(&look));
	}
	json_object_set_new(o, "routes", routes);
	text = json_dumps(o, JSON_INDENT(1));
	if (text != NULL)
		evbuffer_add_printf(out, "%s\n", text);
	free(text);
	json_decref(o);
}
