/* SPDX-License-Identifier: BSD-2-Clause */
#include "status.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>
#include <rheo/breaker.h>

static uint64_t
number(const json_t *object, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(object, name));
}

static uint32_t
state(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	for (uint32_t i = 0; text != NULL && i <= RHEO_HALF_OPEN; i++)
		if (strcmp(text, rheo_state_name(i)) == 0)
			return i;
	return UINT32_MAX;
}

static bool
is_auto(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL && strcmp(text, rheo_mode_name(RHEO_AUTO)) == 0;
}

static void
read_transition(const json_t *event, struct transition *t)
{
	const char *cause = json_string_value(json_object_get(event, "cause"));

	*t = (struct transition){
		.generation = number(event, "generation"),
		.at_ns = number(event, "at_ns"),
		.from = state(event, "from"),
		.to = state(event, "to"),
		.automatic = is_auto(event, "from_mode") && is_auto(event, "to_mode"),
		.partial = json_is_true(json_object_get(event, "partial")),
		.calls = number(event, "calls"),
		.failures = number(event, "failures"),
		.slow = number(event, "slow"),
		.open_ns = number(event, "open_ns"),
	};
	snprintf(t->cause, sizeof t->cause, "%s", cause == NULL ? "?" : cause);
}

static bool
read_route(const json_t *route, struct history *h)
{
	const json_t *breaker = json_object_get(route, "breaker"), *calls = json_object_get(route, "calls");
	const json_t *bucket = json_array_get(json_object_get(route, "buckets"), 0), *event;
	const json_t *events = json_object_get(route, "events");
	size_t i;

	if (breaker == NULL || calls == NULL || bucket == NULL || events == NULL)
		return false;
	json_array_foreach (events, i, event)
		if (h->transitions < TRANSITIONS_MAX)
			read_transition(event, &h->transition[h->transitions++]);
	h->state = state(breaker, "state");
	h->level = number(bucket, "level");
	h->counts = (struct counts){
		.generation = number(breaker, "generation"),
		.admitted = number(calls, "admitted"),
		.unsent = number(calls, "unsent"),
		.refused_rate = number(bucket, "refused_rate"),
		.refused_open = number(breaker, "refused_open"),
		.refused_probe = number(breaker, "refused_probe"),
		.successes = number(breaker, "successes"),
		.failures = number(breaker, "failures"),
		.ignored = number(breaker, "ignored"),
		.stale = number(breaker, "stale"),
	};
	return true;
}

bool
status_read(const char *text, struct history *history)
{
	json_t *json = json_loads(text, 0, NULL);
	bool good = read_route(json_array_get(json_object_get(json, "routes"), 0), history);

	json_decref(json);
	return good;
}
