/* SPDX-License-Identifier: BSD-2-Clause */
#include "exchange.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway.h"
#include "worker.h"

static void
end(struct exchange *x)
{
	TAILQ_REMOVE(&x->worker->exchanges, x, link);
	worker_exchange_ended(x->worker);
	free(x);
}

/* The last byte of the answer is out. */
static void
written(struct evhttp_request *request, void *arg)
{
	struct evhttp_connection *client = evhttp_request_get_connection(request);

	if (client != NULL)
		evhttp_connection_set_closecb(client, NULL, NULL);
	end(arg);
}

/* The client is gone. An unanswered request stays ours until it is answered, into the void. */
static void
closed(struct evhttp_connection *client, void *arg)
{
	struct exchange *x = arg;

	(void)client;
	if (x->answered)
		end(x);
}

struct exchange *
exchange_begin(struct worker *worker, struct evhttp_request *request)
{
	struct evhttp_connection *client = evhttp_request_get_connection(request);
	struct exchange *x = gateway_memory(sizeof *x);
	char *peer = NULL;
	uint16_t port;

	x->worker = worker;
	x->request = request;
	TAILQ_INSERT_TAIL(&worker->exchanges, x, link);
	evhttp_connection_get_peer(client, &peer, &port);
	snprintf(x->peer, sizeof x->peer, "%s", peer == NULL ? "unknown" : peer);
	evhttp_connection_set_closecb(client, closed, x);
	return x;
}

/* libevent would send the body of an answer to HEAD. */
static void
drop_body(struct exchange *x, struct evbuffer *body)
{
	size_t length = evbuffer_get_length(body);

	if (length != 0 && evhttp_find_header(exchange_fields(x), "Content-Length") == NULL)
		exchange_field(x, "Content-Length", "%zu", length);
	evbuffer_drain(body, length);
}

void
exchange_answer(struct exchange *x, int code, const char *reason, struct evbuffer *body)
{
	bool gone = evhttp_request_get_connection(x->request) == NULL;

	if (body != NULL && evhttp_request_get_command(x->request) == EVHTTP_REQ_HEAD)
		drop_body(x, body);
	if (x->worker->draining)
		evhttp_add_header(exchange_fields(x), "Connection", "close");
	x->answered = true;
	evhttp_request_set_on_complete_cb(x->request, written, x);
	evhttp_send_reply(x->request, code, reason, body);
	if (gone)
		end(x);
}

void
exchange_problem_as(struct exchange *x, int code, const char *type, const char *title, const char *detail,
		    const char *more)
{
	struct evbuffer *body = evbuffer_new();

	if (body != NULL)
		evbuffer_add_printf(
			body, "{\"type\":\"%s\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\"%s}\n", type,
			title, code, detail, more);
	evhttp_add_header(exchange_fields(x), "Content-Type", "application/problem+json");
	evhttp_add_header(exchange_fields(x), "Cache-Control", "no-store");
	exchange_answer(x, code, code == 429 ? "Too Many Requests" : title, body);
	if (body != NULL)
		evbuffer_free(body);
}

void
exchange_problem(struct exchange *x, int code, const char *detail)
{
	static const struct {
		int code;
		const char *title;
	} titles[] = {{400, "Bad Request"},	    {404, "Not Found"},	      {502, "Bad Gateway"},
		      {503, "Service Unavailable"}, {504, "Gateway Timeout"}, {500, "Internal Server Error"}};
	unsigned i = 0;

	while (titles[i].code != code && titles[i].code != 500)
		i++;
	exchange_problem_as(x, titles[i].code, "about:blank", titles[i].title, detail, "");
}

struct evkeyvalq *
exchange_fields(struct exchange *x)
{
	return evhttp_request_get_output_headers(x->request);
}

void
exchange_field(struct exchange *x, const char *name, const char *format, ...)
{
	char value[600];
	va_list args;

	va_start(args, format);
	vsnprintf(value, sizeof value, format, args);
	va_end(args);
	evhttp_add_header(exchange_fields(x), name, value);
}
