/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * demo-upstream: a server that does as it is told. What it is told at run time
 * (/-/control) holds for all requests; a query on a request, for that one:
 *
 *	/-/control?fail=80&delay_ms=250   80 % answer 500, each after 250 ms
 *	/-/seen                           the X-Demo-Id of every request so far
 *	/echo                             the request as it arrived
 *	/any?delay_ms=5&status=404&bytes=100&drop=1&close=1
 */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "../address.h"
#include "../units.h"
#include "loop.h"

struct upstream {
	struct event_base *base;
	uint64_t fail_percent;
	uint64_t fail_debt; /* grows by fail_percent a request; at 100 one fails */
	uint64_t delay_ms;
	uint64_t *seen;
	size_t seen_count;
};

/* What one request is answered with, once its time has come. */
struct plan {
	struct upstream *upstream;
	struct evhttp_request *request;
	struct event *timer;
	uint64_t delay_ms, status, bytes, drop, close;
};

static void
see(struct upstream *u, struct evhttp_request *request)
{
	const char *id = evhttp_find_header(evhttp_request_get_input_headers(request), "X-Demo-Id");
	uint64_t n;

	if (id == NULL || !units_count(id, &n))
		return;
	if ((u->seen_count & (u->seen_count - 1)) == 0) {
		u->seen = realloc(u->seen, (u->seen_count == 0 ? 1 : 2 * u->seen_count) * sizeof *u->seen);
		if (u->seen == NULL)
			abort();
	}
	u->seen[u->seen_count++] = n;
}

static void
echo(struct evhttp_request *request, struct evbuffer *body)
{
	static const struct {
		enum evhttp_cmd_type type;
		const char *name;
	} methods[] = {{EVHTTP_REQ_GET, "GET"},	      {EVHTTP_REQ_HEAD, "HEAD"},
		       {EVHTTP_REQ_POST, "POST"},     {EVHTTP_REQ_PUT, "PUT"},
		       {EVHTTP_REQ_DELETE, "DELETE"}, {EVHTTP_REQ_OPTIONS, "OPTIONS"},
		       {EVHTTP_REQ_PATCH, "PATCH"}};
	const struct evkeyval *h;
	unsigned i = 0;

	while (methods[i].type != evhttp_request_get_command(request) &&
	       methods[i].type != EVHTTP_REQ_PATCH)
		i++;
	evbuffer_add_printf(body, "%s %s\n", methods[i].name, evhttp_request_get_uri(request));
	TAILQ_FOREACH (h, evhttp_request_get_input_headers(request), next)
		evbuffer_add_printf(body, "%s: %s\n", h->key, h->value);
	evbuffer_add_printf(body, "\n");
	evbuffer_add_buffer(body, evhttp_request_get_input_buffer(request));
}

static void
answer(evutil_socket_t fd, short what, void *arg)
{
	struct plan *p = arg;
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(p->request));
	struct evkeyvalq *fields = evhttp_request_get_output_headers(p->request);
	struct evbuffer *body = evbuffer_new();

	(void)fd;
	(void)what;
	if (body == NULL)
		abort();
	if (p->drop && evhttp_request_get_connection(p->request) != NULL) {
		evhttp_connection_free(evhttp_request_get_connection(p->request));
	} else {
		if (strstr(path, "/echo") != NULL)
			echo(p->request, body);
		else if (p->bytes == 0)
			evbuffer_add_printf(body, p->status < 400 ? "well\n" : "not well\n");
		for (uint64_t i = 0; i < p->bytes; i++)
			evbuffer_add(body, i % 64 == 63 ? "\n" : "x", 1);
		evhttp_add_header(fields, "Content-Type", "text/plain");
		evhttp_add_header(fields, "X-Demo-Upstream", "yes");
		if (p->close)
			evhttp_add_header(fields, "Connection", "close");
		if (evhttp_request_get_command(p->request) == EVHTTP_REQ_HEAD) {
			char length[24];

			/* libevent would send the body. */
			snprintf(length, sizeof length, "%zu", evbuffer_get_length(body));
			evhttp_add_header(fields, "Content-Length", length);
			evbuffer_drain(body, evbuffer_get_length(body));
		}
		evhttp_send_reply(p->request, (int)p->status, NULL, body);
	}
	evbuffer_free(body);
	event_free(p->timer);
	free(p);
}

/* Reads numbers from a query into the places named; others are ignored. */
static bool
read_query(struct evhttp_request *request, const char *const *names, uint64_t *const *places)
{
	const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(request));
	const struct evkeyval *arg;
	struct evkeyvalq args;
	bool good = true;

	if (query == NULL || evhttp_parse_query_str(query, &args) != 0)
		return query == NULL;
	TAILQ_FOREACH (arg, &args, next)
		for (unsigned i = 0; names[i] != NULL; i++)
			if (strcmp(arg->key, names[i]) == 0)
				good = units_count(arg->value, places[i]) && good;
	evhttp_clear_headers(&args);
	return good;
}

static void
arrived(struct evhttp_request *request, void *arg)
{
	static const char *const names[] = {"delay_ms", "status", "bytes", "drop", "close", NULL};
	struct upstream *u = arg;
	struct plan *p = calloc(1, sizeof *p);
	struct timeval time;

	if (p == NULL)
		abort();
	see(u, request);
	u->fail_debt += u->fail_percent;
	*p = (struct plan){.upstream = u,
			   .request = request,
			   .delay_ms = u->delay_ms,
			   .status = u->fail_debt >= 100 ? 500 : 200,
			   .timer = evtimer_new(u->base, answer, p)};
	u->fail_debt %= 100;
	read_query(request, names,
		   (uint64_t *const[]){&p->delay_ms, &p->status, &p->bytes, &p->drop, &p->close});
	time = (struct timeval){.tv_sec = (time_t)(p->delay_ms / 1000),
				.tv_usec = (suseconds_t)(p->delay_ms % 1000 * 1000)};
	evtimer_add(p->timer, &time);
}

static void
control(struct evhttp_request *request, void *arg)
{
	static const char *const names[] = {"fail", "delay_ms", NULL};
	struct upstream *u = arg;
	struct evbuffer *body = evbuffer_new();
	bool good = read_query(request, names, (uint64_t *const[]){&u->fail_percent, &u->delay_ms});

	if (body == NULL)
		abort();
	evbuffer_add_printf(body, "fail=%" PRIu64 "%% delay_ms=%" PRIu64 "\n", u->fail_percent,
			    u->delay_ms);
	evhttp_send_reply(request, good ? 200 : 400, NULL, body);
	evbuffer_free(body);
}

static void
list_seen(struct evhttp_request *request, void *arg)
{
	struct upstream *u = arg;
	struct evbuffer *body = evbuffer_new();

	if (body == NULL)
		abort();
	for (size_t i = 0; i < u->seen_count; i++)
		evbuffer_add_printf(body, "%" PRIu64 "\n", u->seen[i]);
	evhttp_send_reply(request, 200, NULL, body);
	evbuffer_free(body);
}

static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(arg);
}

_Noreturn static void
wrong(const char *what, const char *why)
{
	fprintf(stderr, "demo-upstream: %s: %s\n", what, why);
	exit(2);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {{"listen", required_argument, NULL, 'l'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	struct upstream u = {.base = loop_new()};
	const char *where = "127.0.0.1:9000", *why;
	struct evhttp *http = u.base != NULL ? evhttp_new(u.base) : NULL;
	struct address address;
	struct event *term, *interrupt;
	int option, fd;

	while ((option = getopt_long(argc, argv, "l:h", options, NULL)) != -1) {
		if (option == 'h') {
			puts("Usage: demo-upstream [--listen HOST:PORT]   [127.0.0.1:9000]\n"
			     "A server that can be told to slow down and fail: /-/control?fail=80&delay_ms=250");
			return 0;
		}
		if (option != 'l')
			return 2;
		where = optarg;
	}
	if (!address_find(where, true, &address, &why))
		wrong(where, why);
	if (http == NULL || !address_listen(&address, &fd, 1) || evhttp_accept_socket(http, fd) != 0)
		wrong(where, strerror(errno));
	signal(SIGPIPE, SIG_IGN);
	evhttp_set_allowed_methods(http, 0x1ff);
	evhttp_set_gencb(http, arrived, &u);
	evhttp_set_cb(http, "/-/control", control, &u);
	evhttp_set_cb(http, "/-/seen", list_seen, &u);
	term = evsignal_new(u.base, SIGTERM, on_signal, u.base);
	interrupt = evsignal_new(u.base, SIGINT, on_signal, u.base);
	if (term == NULL || interrupt == NULL || event_add(term, NULL) != 0 ||
	    event_add(interrupt, NULL) != 0)
		wrong(where, "no signals");
	printf("demo-upstream: listening on %s\n", address.text);
	fflush(stdout);
	event_base_dispatch(u.base);
	event_free(term);
	event_free(interrupt);
	evhttp_free(http);
	event_base_free(u.base);
	free(u.seen);
	return 0;
}
