/* SPDX-License-Identifier: BSD-2-Clause */
#include "status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "units.h"

#define TRANSITIONS_SHOWN 5u

static double
seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

static int
widest(const struct gateway *gateway)
{
	size_t width = strlen("ROUTE");

	for (unsigned i = 0; i < gateway->routes.count; i++)
		if (gateway->routes.route[i].prefix_length > width)
			width = gateway->routes.route[i].prefix_length;
	return (int)width;
}

static void
show_states(const struct status_route *look, unsigned count, int width, struct evbuffer *out)
{
	evbuffer_add_printf(out, "%-*s  %-9s  %-13s  %5s  %7s  %8s  %8s  %s\n", width, "ROUTE", "STATE",
			    "MODE", "GEN", "RETRY", "FAILED", "SLOW", "LEVEL/BURST AT RATE");
	for (const struct status_route *r = look; r < look + count; r++) {
		const rheo_breaker_snapshot_t *b = &r->breaker;
		char retry[16] = "-";

		if (b->retry_after_ns != 0 && b->retry_after_ns != RHEO_FOREVER)
			snprintf(retry, sizeof retry, "%.1fs", seconds(b->retry_after_ns));
		evbuffer_add_printf(out, "%-*s  %-9s  %-13s  %5" PRIu64 "  %7s  %7.2f%%  %7.2f%%", width,
				    r->route->settings->prefix, rheo_state_name(b->state),
				    rheo_mode_name(b->mode), b->generation, retry, b->failure_rate_bp / 100.0,
				    b->slow_call_rate_bp / 100.0);
		for (unsigned i = 0; i < r->route->buckets; i++) {
			const rheo_bucket_config_t *cfg = &r->bucket_config[i];
			char rate[64];

			units_show_rate(rate, sizeof rate, cfg->tokens_per_period, cfg->period_ns);
			evbuffer_add_printf(out, "%s%" PRIu64 "/%" PRIu64 " at %s", i == 0 ? "  " : ", ",
					    r->level[i], cfg->burst, rate);
		}
		evbuffer_add_printf(out, "%s%s\n", r->route->buckets == 0 ? "  no limit" : "",
				    r->route->settings->shadow ? "  (shadow)" : "");
	}
}

static void
show_admitted(const struct status_route *look, unsigned count, int width, struct evbuffer *out)
{
	evbuffer_add_printf(out, "\n%-*s  %10s  %8s  %8s  %8s  %8s  %8s  %8s  %8s\n", width, "ROUTE",
			    "ADMITTED", "429 RATE", "503 OPEN", "503 PROBE", "ANSWERED", "5XX", "BROKEN",
			    "TIMEOUT");
	for (const struct status_route *r = look; r < look + count; r++) {
		uint64_t refused = 0;

		for (unsigned i = 0; i < r->route->buckets; i++)
			refused += r->guard.refused_by_bucket[i];
		evbuffer_add_printf(out,
				    "%-*s  %10" PRIu64 "  %8" PRIu64 "  %8" PRIu64 "  %9" PRIu64
				    "  %8" PRIu64 "  %8" PRIu64 "  %8" PRIu64 "  %8" PRIu64 "\n",
				    width, r->route->settings->prefix,
				    route_counted(r->route, ROUTE_ADMITTED), refused,
				    r->breaker.refused_open, r->breaker.refused_probe,
				    route_counted(r->route, ROUTE_ANSWERED),
				    route_counted(r->route, ROUTE_ANSWERED_5XX),
				    route_counted(r->route, ROUTE_BROKEN),
				    route_counted(r->route, ROUTE_TIMED_OUT));
	}
}

static void
show_outcomes(const struct status_route *look, unsigned count, int width, struct evbuffer *out)
{
	evbuffer_add_printf(out, "\n%-*s  %10s  %8s  %8s  %8s  %8s  %9s  %8s  %8s\n", width, "ROUTE",
			    "SUCCESSES", "FAILURES", "SLOW", "IGNORED", "STALE", "CANCELLED", "SHADOWED",
			    "RETRIED");
	for (const struct status_route *r = look; r < look + count; r++) {
		const rheo_breaker_snapshot_t *b = &r->breaker;

		evbuffer_add_printf(out,
				    "%-*s  %10" PRIu64 "  %8" PRIu64 "  %8" PRIu64 "  %8" PRIu64
				    "  %8" PRIu64 "  %9" PRIu64 "  %8" PRIu64 "  %8" PRIu64 "\n",
				    width, r->route->settings->prefix, b->successes, b->failures, b->slow,
				    b->ignored, b->stale, r->guard.cancelled, r->guard.shadowed,
				    route_counted(r->route, ROUTE_RETRIED));
	}
}

static void
show_transition(const rheo_breaker_event_t *e, const char *prefix, int width, uint64_t now_ns,
		struct evbuffer *out)
{
	evbuffer_add_printf(out, "%-*s  #%" PRIu64 "  ", width, prefix, e->generation);
	if (!e->partial)
		evbuffer_add_printf(out, "%8.1fs ago  ",
				    seconds(now_ns > e->at_ns ? now_ns - e->at_ns : 0));
	evbuffer_add_printf(out, "%-9s -> %-9s  %s", rheo_state_name(e->from_state), rheo_state_name(e->to_state),
			    rheo_cause_name(e->cause));
	if (e->calls != 0)
		evbuffer_add_printf(out, ": %" PRIu64 " of %" PRIu64 " failed, %" PRIu64 " slow",
				    e->failures, e->calls, e->slow);
	if (e->open_ns != 0)
		evbuffer_add_printf(out, "; open for %.2fs", seconds(e->open_ns));
	evbuffer_add_printf(out, "\n");
}

void
status_text(const struct gateway *gateway, uint64_t now_ns, struct evbuffer *out)
{
	unsigned count = gateway->routes.count;
	struct status_route look[OPTIONS_ROUTES_MAX];
	int width = widest(gateway);
	bool any = false;

	for (unsigned i = 0; i < count; i++)
		status_look(&gateway->routes.route[i], 0, now_ns, &look[i]);
	evbuffer_add_printf(out, "gateway with rheo %s, up %.1fs, %" PRIu64 " threads, upstream %s\n\n",
			    rheo_version_string(), seconds(now_ns - gateway->started_ns),
			    gateway->options.threads, gateway->upstream.text);
	show_states(look, count, width, out);
	show_admitted(look, count, width, out);
	show_outcomes(look, count, width, out);
	for (unsigned i = 0; i < count; i++)
		for (uint32_t k = look[i].events > TRANSITIONS_SHOWN ? look[i].events - TRANSITIONS_SHOWN
								     : 0;
		     k < look[i].events; k++) {
			evbuffer_add_printf(out, "%s", any ? "" : "\nLast transitions\n");
			any = true;
			show_transition(&look[i].event[k], look[i].route->settings->prefix, width, now_ns,
					out);
		}
}
