/* SPDX-License-Identifier: BSD-2-Clause */
#include "load.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <event2/http.h>
#include <rheo/clock.h>

#include "plan.h"

#define PATIENCE_S 15

/* A connection, and the request that is on it. */
struct client {
	struct load *load;
	struct evhttp_connection *http;
	struct record *record;
	struct client *next; /* idle ones */
};

struct load {
	struct event_base *base;
	uint16_t port;
	struct records *records;
	size_t next; /* to be sent */
	size_t answered;
	struct client client[LOAD_CONNECTIONS];
	unsigned clients;
	struct client *idle;
	struct event *timer;
	struct tally tally;
	void (*done)(void *);
	void *arg;
};

void
load_schedule(struct records *records, uint64_t begin_ns)
{
	size_t count = 0, at = 0;

	for (unsigned phase = 0; phase < PLAN_PHASES; phase++)
		count += plan_requests(phase);
	records->record = calloc(count, sizeof *records->record);
	if (records->record == NULL)
		abort();
	records->count = count;
	for (unsigned phase = 0; phase < PLAN_PHASES; phase++)
		for (size_t i = 0; i < plan_requests(phase); i++, at++) {
			records->record[at].phase = (uint16_t)phase;
			records->record[at].scheduled_ns =
				begin_ns + plan_begin_ns(phase) +
				i * UINT64_C(1000000000) / plan_phase[phase].rate_per_s;
		}
}

static uint64_t
number(const struct evkeyvalq *fields, const char *name)
{
	const char *text = evhttp_find_header(fields, name);

	return text == NULL ? 0 : strtoull(text, NULL, 10);
}

static enum verdict
verdict_of(const struct evkeyvalq *fields)
{
	static const struct {
		const char *name;
		enum verdict verdict;
	} known[] = {{"OK", ADMITTED},
		     {"REJ_RATE", REFUSED_RATE},
		     {"REJ_OPEN", REFUSED_OPEN},
		     {"REJ_PROBE", REFUSED_PROBE}};
	const char *name = evhttp_find_header(fields, "X-Rheo-Status");

	for (unsigned i = 0; name != NULL && i < sizeof known / sizeof *known; i++)
		if (strcmp(name, known[i].name) == 0)
			return known[i].verdict;
	return UNDECIDED;
}

static void
note(struct tally *t, const struct record *r)
{
	t->admitted += r->verdict == ADMITTED;
	t->rate += r->verdict == REFUSED_RATE;
	t->breaker += r->verdict == REFUSED_OPEN || r->verdict == REFUSED_PROBE;
	t->errors += r->verdict == LOST || (r->verdict == ADMITTED && r->code >= 500);
}

static void
answered(struct evhttp_request *request, void *arg)
{
	struct client *client = arg;
	struct load *load = client->load;
	struct record *r = client->record;

	r->answered_ns = rheo_now_ns();
	if (request != NULL && evhttp_request_get_response_code(request) != 0) {
		const struct evkeyvalq *fields = evhttp_request_get_input_headers(request);

		r->code = (uint16_t)evhttp_request_get_response_code(request);
		r->verdict = verdict_of(fields);
		r->asked_ns = number(fields, "X-Rheo-Asked-Ns");
		r->decided_ns = number(fields, "X-Rheo-Decided-Ns");
		r->generation = number(fields, "X-Rheo-Generation");
		r->probe = (uint32_t)number(fields, "X-Rheo-Probe");
	}
	note(&load->tally, r);
	client->next = load->idle;
	load->idle = client;
	if (++load->answered == load->records->count)
		load->done(load->arg);
}

static struct client *
take_client(struct load *load)
{
	struct client *client = load->idle;

	if (client != NULL) {
		load->idle = client->next;
		return client;
	}
	if (load->clients == LOAD_CONNECTIONS)
		return NULL;
	client = &load->client[load->clients++];
	client->load = load;
	client->http = evhttp_connection_base_new(load->base, NULL, "127.0.0.1", load->port);
	if (client->http == NULL)
		abort();
	evhttp_connection_set_timeout(client->http, PATIENCE_S);
	return client;
}

static void
send_one(struct client *client, size_t id)
{
	struct evhttp_request *request = evhttp_request_new(answered, client);
	char text[24];

	if (request == NULL)
		abort();
	client->record = &client->load->records->record[id];
	snprintf(text, sizeof text, "%zu", id);
	evhttp_add_header(evhttp_request_get_output_headers(request), "Host", "demo");
	evhttp_add_header(evhttp_request_get_output_headers(request), "X-Demo-Id", text);
	evhttp_make_request(client->http, request, EVHTTP_REQ_GET, "/demo/work");
}

/* Sends what is due. */
static void
pump(evutil_socket_t fd, short what, void *arg)
{
	struct load *load = arg;
	uint64_t now_ns = rheo_now_ns();
	struct client *client;

	(void)fd;
	(void)what;
	while (load->next < load->records->count &&
	       load->records->record[load->next].scheduled_ns <= now_ns &&
	       (client = take_client(load)) != NULL) {
		load->tally.offered++;
		send_one(client, load->next++);
	}
}

struct load *
load_start(struct event_base *base, uint16_t port, struct records *records, void (*done)(void *), void *arg)
{
	const struct timeval millisecond = {.tv_usec = 1000};
	struct load *load = calloc(1, sizeof *load);

	if (load == NULL)
		abort();
	*load = (struct load){.base = base, .port = port, .records = records, .done = done, .arg = arg};
	load->timer = event_new(base, -1, EV_PERSIST, pump, load);
	if (load->timer == NULL)
		abort();
	event_add(load->timer, &millisecond);
	return load;
}

struct tally
load_tally(const struct load *load)
{
	return load->tally;
}

void
load_free(struct load *load)
{
	if (load == NULL)
		return;
	for (unsigned i = 0; i < load->clients; i++)
		evhttp_connection_free(load->client[i].http);
	event_free(load->timer);
	free(load);
}
