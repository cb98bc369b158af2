/* SPDX-License-Identifier: BSD-2-Clause */
#include "watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include "plan.h"
#include "status.h"

#define POLL_MS 40
#define PATIENCE_S 10

struct watch {
	struct history *history;
	struct evhttp_connection *gateway;
	struct evhttp_connection *upstream;
	struct event *timer;
	bool looking; /* a status is on its way */
	bool finishing, last_look;
	void (*done)(void *);
	void *arg;
	const char *trouble;
};

static void
fetch(struct watch *watch, struct evhttp_connection *from, const char *target,
      void (*answered)(struct evhttp_request *, void *))
{
	struct evhttp_request *request = evhttp_request_new(answered, watch);

	if (request == NULL)
		abort();
	evhttp_add_header(evhttp_request_get_output_headers(request), "Host", "demo");
	evhttp_make_request(from, request, EVHTTP_REQ_GET, target);
}

/* The body of a good answer with a NUL behind it; NULL and a note where there is none. */
static const char *
body_of(struct watch *watch, struct evhttp_request *request, const char *trouble)
{
	struct evbuffer *body;

	if (request == NULL || evhttp_request_get_response_code(request) != 200) {
		watch->trouble = trouble;
		return NULL;
	}
	body = evhttp_request_get_input_buffer(request);
	evbuffer_add(body, "", 1);
	return (const char *)evbuffer_pullup(body, -1);
}

static void
saw_upstream(struct evhttp_request *request, void *arg)
{
	struct watch *watch = arg;
	struct history *h = watch->history;
	const char *text = body_of(watch, request, "the upstream did not say what it has seen");
	char *end;

	h->seen = calloc(text == NULL ? 1 : strlen(text) + 1, sizeof *h->seen);
	if (h->seen == NULL)
		abort();
	while (text != NULL && *text != '\0') {
		h->seen[h->seen_count++] = strtoull(text, &end, 10);
		text = *end == '\n' ? end + 1 : NULL;
	}
	watch->done(watch->arg);
}

static void look(struct watch *watch);

static void
saw_gateway(struct evhttp_request *request, void *arg)
{
	struct watch *watch = arg;
	const char *text = body_of(watch, request, "the gateway's status could not be had");

	watch->looking = false;
	if (text != NULL && !status_read(text, watch->history))
		watch->trouble = "the gateway's status could not be read";
	if (watch->last_look) {
		fetch(watch, watch->upstream, "/-/seen", saw_upstream);
	} else if (watch->finishing) {
		watch->last_look = true;
		look(watch);
	}
}

static void
look(struct watch *watch)
{
	const struct history *h = watch->history;
	char target[80];

	watch->looking = true;
	snprintf(target, sizeof target, "/-/status?format=json&since=%" PRIu64,
		 h->transitions == 0 ? 0 : h->transition[h->transitions - 1].generation);
	fetch(watch, watch->gateway, target, saw_gateway);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct watch *watch = arg;

	(void)fd;
	(void)what;
	if (!watch->looking && !watch->finishing)
		look(watch);
}

static void
was_told(struct evhttp_request *request, void *arg)
{
	body_of(arg, request, "the upstream could not be told what to do");
}

void
watch_tell_upstream(struct watch *watch, unsigned phase)
{
	char target[80];

	snprintf(target, sizeof target, "/-/control?fail=%u&delay_ms=%u", plan_phase[phase].fail_percent,
		 plan_phase[phase].delay_ms);
	fetch(watch, watch->upstream, target, was_told);
}

static struct evhttp_connection *
connection(struct event_base *base, uint16_t port)
{
	struct evhttp_connection *http = evhttp_connection_base_new(base, NULL, "127.0.0.1", port);

	if (http == NULL)
		abort();
	evhttp_connection_set_timeout(http, PATIENCE_S);
	return http;
}

struct watch *
watch_start(struct event_base *base, uint16_t gateway_port, uint16_t upstream_port, struct history *history)
{
	const struct timeval pause = {.tv_usec = POLL_MS * 1000};
	struct watch *watch = calloc(1, sizeof *watch);

	if (watch == NULL)
		abort();
	watch->history = history;
	watch->gateway = connection(base, gateway_port);
	watch->upstream = connection(base, upstream_port);
	watch->timer = event_new(base, -1, EV_PERSIST, on_timer, watch);
	if (watch->timer == NULL)
		abort();
	event_add(watch->timer, &pause);
	return watch;
}

void
watch_finish(struct watch *watch, void (*done)(void *), void *arg)
{
	watch->done = done;
	watch->arg = arg;
	watch->finishing = true;
	/* A look under way may have begun before the last answer. */
	if (!watch->looking) {
		watch->last_look = true;
		look(watch);
	}
}

const char *
watch_trouble(const struct watch *watch)
{
	return watch->trouble;
}

void
watch_free(struct watch *watch)
{
	if (watch == NULL)
		return;
	evhttp_connection_free(watch->gateway);
	evhttp_connection_free(watch->upstream);
	event_free(watch->timer);
	free(watch);
}
