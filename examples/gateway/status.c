/* SPDX-License-Identifier: BSD-2-Clause */
#include "status.h"

#include <string.h>
#include <sys/queue.h>

#include <event2/keyvalq_struct.h>

#include "units.h"
#include "worker.h"

void
status_look(const struct route *route, uint64_t since, uint64_t now_ns, struct status_route *out)
{
	memset(out, 0, sizeof *out);
	out->route = route;
	rheo_breaker_snapshot(route->breaker, now_ns, &out->breaker, sizeof out->breaker);
	for (unsigned i = 0; i < route->buckets; i++) {
		rheo_bucket_config(route->bucket[i], &out->bucket_config[i], sizeof out->bucket_config[i]);
		rheo_bucket_stats(route->bucket[i], &out->bucket[i], sizeof out->bucket[i]);
		rheo_bucket_available(route->bucket[i], now_ns, &out->level[i]);
	}
	rheo_guard_stats(route->guard, &out->guard, sizeof out->guard);
	rheo_breaker_events(route->breaker, since, out->event, STATUS_EVENTS, &out->events);
}

/* format=json and since=N; false where the query says anything else. */
static bool
read_query(const char *query, bool *json, uint64_t *since)
{
	struct evkeyvalq args;
	const struct evkeyval *arg;
	bool good = true;

	TAILQ_INIT(&args);
	if (query == NULL || *query == '\0')
		return true;
	if (evhttp_parse_query_str(query, &args) != 0)
		return false;
	TAILQ_FOREACH (arg, &args, next) {
		if (strcmp(arg->key, "format") == 0) {
			*json = strcmp(arg->value, "json") == 0;
			good = good && (*json || strcmp(arg->value, "text") == 0);
		} else {
			good = good && strcmp(arg->key, "since") == 0 && units_count(arg->value, since);
		}
	}
	evhttp_clear_headers(&args);
	return good;
}

void
status_answer(struct exchange *x, const char *query)
{
	enum evhttp_cmd_type method = evhttp_request_get_command(x->request);
	struct evbuffer *body;
	uint64_t since = 0;
	bool json = false;

	if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD) {
		exchange_problem(x, 400, "the status can only be read");
		return;
	}
	if (!read_query(query, &json, &since)) {
		exchange_problem(x, 400, "the status takes format=text, format=json and since=N");
		return;
	}
	body = evbuffer_new();
	if (body == NULL) {
		exchange_problem(x, 500, "out of memory");
		return;
	}
	if (json)
		status_json(x->worker->gateway, rheo_now_ns(), since, body);
	else
		status_text(x->worker->gateway, rheo_now_ns(), body);
	exchange_field(x, "Content-Type", json ? "application/json" : "text/plain; charset=utf-8");
	exchange_field(x, "Cache-Control", "no-store");
	exchange_answer(x, 200, "OK", body);
	evbuffer_free(body);
}
