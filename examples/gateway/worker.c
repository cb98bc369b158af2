/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker.h"

#include <stdio.h>
#include <string.h>

#include <event2/event.h>
#include <event2/listener.h>

#include "gateway.h"
#include "headers.h"
#include "path.h"
#include "status.h"

#define MS UINT64_C(1000000)
#define TICK_LEAST_NS (1 * MS)
#define TICK_MOST_NS (100 * MS)
/* What the answers of a drain that was cut short get, to leave the socket. */
#define FLUSH_NS (200 * MS)
#define MAX_HEADERS_BYTES (64 << 10)
#define TARGET_MAX 8192

static struct timeval
time_of(uint64_t ns)
{
	return (struct timeval){.tv_sec = (time_t)(ns / (1000 * MS)),
				.tv_usec = (suseconds_t)(ns % (1000 * MS) / 1000)};
}

static void
tick(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	uint64_t next_ns = routes_tick(&w->gateway->routes, rheo_now_ns());
	struct timeval time;

	(void)fd;
	(void)what;
	if (!w->draining)
		evconnlistener_enable(evhttp_bound_socket_get_listener(w->socket));
	next_ns = next_ns < TICK_LEAST_NS ? TICK_LEAST_NS : next_ns > TICK_MOST_NS ? TICK_MOST_NS : next_ns;
	time = time_of(next_ns);
	evtimer_add(w->tick, &time);
}

/* Most likely out of descriptors: deaf until the next tick, or the loop would spin on one connection. */
static void
accept_failed(struct evconnlistener *listener, void *arg)
{
	(void)arg;
	evconnlistener_disable(listener);
}

/* A request that is not forwarded, on a connection whose next bytes may not be a request. */
static void
refuse(struct exchange *x, const char *why)
{
	exchange_field(x, "Connection", "close");
	exchange_problem(x, 400, why);
}

/*
 * The path and the query of a request, as they came; false where they are too
 * long or not sound. libevent would read "//a/b" as host a, path /b, so its view
 * is only taken where there is a scheme.
 */
static bool
read_target(struct evhttp_request *request, char path[TARGET_MAX], char query[TARGET_MAX])
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *target = evhttp_request_get_uri(request);
	size_t path_length, query_length = 0;

	if (target[0] != '/') {
		if (evhttp_uri_get_scheme(uri) == NULL)
			return false;
		target = strstr(target, "//");
		target = target == NULL ? "" : target + 2 + strcspn(target + 2, "/?#");
	}
	path_length = strcspn(target, "?#");
	if (target[path_length] == '?')
		query_length = strcspn(target + path_length, "#");
	if (path_length >= TARGET_MAX || query_length >= TARGET_MAX)
		return false;
	snprintf(path, TARGET_MAX, "%.*s", (int)path_length, target);
	snprintf(query, TARGET_MAX, "%.*s", (int)query_length, target + path_length);
	if (path_length == 0)
		strcpy(path, "/");
	return path_query_is_clean(query);
}

/* A whole request has arrived. */
static void
arrived(struct evhttp_request *request, void *arg)
{
	struct worker *w = arg;
	struct exchange *x = exchange_begin(w, request);
	char path[TARGET_MAX], query[TARGET_MAX], canonical[TARGET_MAX], target[2 * TARGET_MAX];
	const struct route *route;
	const char *why;

	w->requests++;
	if (!headers_are_sound(request, &why)) {
		refuse(x, why);
		return;
	}
	if (!read_target(request, path, query) || !path_canonical(path, canonical, sizeof canonical)) {
		refuse(x, "the target of the request is not sound");
		return;
	}
	if (strcmp(canonical, "/-/status") == 0) {
		status_answer(x, query[0] == '?' ? query + 1 : query);
		return;
	}
	route = strncmp(canonical, "/-/", 3) == 0 ? NULL : routes_match(&w->gateway->routes, canonical);
	if (route == NULL) {
		exchange_problem(x, 404, "no route has this path");
		return;
	}
	snprintf(target, sizeof target, "%s%s", path, query);
	call_begin(x, route, target);
}

void
worker_exchange_ended(struct worker *w)
{
	if (w->draining && TAILQ_EMPTY(&w->exchanges))
		event_base_loopbreak(w->base);
}

static void
begin_drain(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	struct timeval time = time_of(w->gateway->options.drain_timeout_ns);

	(void)fd;
	(void)what;
	w->draining = true;
	evhttp_del_accept_socket(w->http, w->socket);
	evtimer_add(w->last_call, &time);
	worker_exchange_ended(w);
}

static void
end_drain(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	struct timeval flush = time_of(FLUSH_NS);

	(void)fd;
	(void)what;
	w->cut = call_cut_all(w);
	event_base_loopexit(w->base, &flush);
}

static void *
run(void *arg)
{
	struct worker *w = arg;

	event_base_dispatch(w->base);
	event_active(w->ended, EV_TIMEOUT, 0);
	return NULL;
}

static bool
set_up(struct worker *w, int fd)
{
	const struct options *o = &w->gateway->options;
	struct timeval idle = time_of(o->idle_timeout_ns);
	struct evconnlistener *listener;

	w->base = event_base_new();
	w->http = w->base != NULL ? evhttp_new(w->base) : NULL;
	if (w->http == NULL)
		return false;
	listener = evconnlistener_new(w->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE, 0, fd);
	w->socket = listener != NULL ? evhttp_bind_listener(w->http, listener) : NULL;
	w->tick = evtimer_new(w->base, tick, w);
	w->drain = event_new(w->base, -1, 0, begin_drain, w);
	w->last_call = evtimer_new(w->base, end_drain, w);
	if (w->socket == NULL || w->tick == NULL || w->drain == NULL || w->last_call == NULL)
		return false;
	evconnlistener_set_error_cb(listener, accept_failed);
	evhttp_set_gencb(w->http, arrived, w);
	evhttp_set_timeout_tv(w->http, &idle);
	evhttp_set_max_headers_size(w->http, MAX_HEADERS_BYTES);
	evhttp_set_max_body_size(w->http, (ev_ssize_t)o->max_body_bytes);
	/* A 413 arrives only if the rest of the body has been read. */
	evhttp_set_flags(w->http, EVHTTP_SERVER_LINGERING_CLOSE);
	evhttp_set_default_content_type(w->http, NULL);
	evhttp_set_allowed_methods(w->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
						    EVHTTP_REQ_PUT | EVHTTP_REQ_PATCH | EVHTTP_REQ_DELETE |
						    EVHTTP_REQ_OPTIONS);
	return true;
}

bool
worker_start(struct worker *w, const struct gateway *gateway, int fd, struct event *ended)
{
	w->gateway = gateway;
	w->ended = ended;
	TAILQ_INIT(&w->exchanges);
	TAILQ_INIT(&w->calls);
	if (!set_up(w, fd))
		return false;
	w->pool = (struct pool){.base = w->base,
				.upstream = &gateway->upstream,
				.limit = gateway->options.upstream_connections,
				.max_body_bytes = gateway->options.max_body_bytes};
	event_active(w->tick, EV_TIMEOUT, 0);
	return pthread_create(&w->thread, NULL, run, w) == 0;
}

void
worker_drain(struct worker *w)
{
	event_active(w->drain, EV_TIMEOUT, 0);
}

void
worker_join(struct worker *w)
{
	pthread_join(w->thread, NULL);
	event_free(w->ended);
	evhttp_free(w->http);
	pool_close(&w->pool);
	event_free(w->tick);
	event_free(w->drain);
	event_free(w->last_call);
	event_base_free(w->base);
}
