/* SPDX-License-Identifier: BSD-2-Clause */
#include "answer.h"

#include <inttypes.h>
#include <stdio.h>

#define SECOND UINT64_C(1000000000)

static uint64_t
seconds_up(uint64_t ns)
{
	return ns / SECOND + (ns % SECOND != 0);
}

/* What a client needs in order to check the promises from outside. */
static void
add_trace(struct exchange *x, const struct route *route, const rheo_verdict_t *v, uint64_t asked_ns)
{
	uint64_t generation;
	uint32_t probe;

	exchange_field(x, "X-Rheo-Status", "%s", rheo_status_name(v->status));
	if (v->shadow_status != v->status)
		exchange_field(x, "X-Rheo-Shadow", "%s", rheo_status_name(v->shadow_status));
	exchange_field(x, "X-Rheo-Asked-Ns", "%" PRIu64, asked_ns);
	exchange_field(x, "X-Rheo-Decided-Ns", "%" PRIu64, v->decided_ns);
	if (rheo_breaker_permit(route->breaker, v->permit, &generation, &probe) != RHEO_OK)
		return;
	exchange_field(x, "X-Rheo-Generation", "%" PRIu64, generation);
	exchange_field(x, "X-Rheo-Probe", "%" PRIu32, probe);
}

void
answer_fields(struct exchange *x, const struct route *route, const rheo_verdict_t *v, uint64_t asked_ns,
	      bool trace)
{
	if (route->policy[0] != '\0')
		exchange_field(x, "RateLimit-Policy", "%s", route->policy);
	if (v->bucket < route->buckets)
		exchange_field(x, "RateLimit", "\"%s\";r=%" PRIu64 ";t=%" PRIu64, route->name[v->bucket],
			       v->remaining, seconds_up(v->more_ns));
	if (trace)
		add_trace(x, route, v, asked_ns);
}

void
answer_refused(struct exchange *x, const struct route *route, const rheo_verdict_t *v)
{
	/* Probes report by the route's own time-out; the breaker cannot know that. */
	bool probing = v->status == RHEO_REJ_PROBE && v->retry_after_ns > route->settings->timeout_ns;
	uint64_t wait_s = seconds_up(probing ? route->settings->timeout_ns : v->retry_after_ns);
	char more[SETTINGS_PREFIX_MAX + 40] = "";

	if (v->retry_after_ns != RHEO_FOREVER)
		exchange_field(x, "Retry-After", "%" PRIu64, wait_s == 0 ? 1 : wait_s);
	if (v->status < RHEO_OK || v->refused_by == RHEO_BY_BREAKER) {
		exchange_problem(x, v->status < RHEO_OK ? 500 : 503, rheo_status_text(v->status));
		return;
	}
	if (v->bucket < route->buckets)
		snprintf(more, sizeof more, ",\"violated-policies\":[\"%s\"]", route->name[v->bucket]);
	/* The type that comes with the RateLimit fields. */
	exchange_problem_as(x, 429, "https://iana.org/assignments/http-problem-types#quota-exceeded",
			    "Request cannot be satisfied as assigned quota has been exceeded",
			    rheo_status_text(v->status), more);
}
