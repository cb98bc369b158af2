/* SPDX-License-Identifier: BSD-2-Clause */
#include "call.h"

#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "answer.h"
#include "gateway.h"
#include "headers.h"
#include "worker.h"

struct call {
	struct exchange *client;
	const struct route *route;
	struct conn *conn;
	struct evhttp_request *sent; /* libevent's; NULL once it has been answered or given up */
	struct event *deadline;
	char *target;
	rheo_verdict_t verdict;
	uint64_t asked_ns;
	enum evhttp_request_error error;
	bool kept; /* sent on a connection that had been idle */
	bool retried;
	TAILQ_ENTRY(call) link;
};

static void send_upstream(struct call *call);

/* The end of the upstream's side; the client's side goes on until the answer is written. */
static void
end(struct call *call)
{
	struct worker *worker = call->client->worker;

	if (call->deadline != NULL)
		event_free(call->deadline);
	pool_give(&worker->pool, call->conn);
	TAILQ_REMOVE(&worker->calls, call, link);
	free(call->target);
	free(call);
}

static void
record(const struct call *call, uint32_t outcome, enum route_count count)
{
	rheo_guard_record(call->route->guard, call->verdict.permit, outcome, rheo_now_ns());
	route_count(call->route, count);
}

static void
cancel(const struct route *route, const rheo_verdict_t *v)
{
	rheo_guard_cancel(route->guard, v->permit, v->cost, rheo_now_ns());
	route_count(route, ROUTE_UNSENT);
}

static void
fields(const struct call *call)
{
	answer_fields(call->client, call->route, &call->verdict, call->asked_ns,
		      call->client->worker->gateway->options.trace);
}

static void
problem(struct call *call, int code, const char *detail)
{
	fields(call);
	exchange_problem(call->client, code, detail);
	end(call);
}

/*
 * An upstream may close an idle connection just as a request is sent on it. Such
 * a request may be sent again if doing it twice is as doing it once (RFC 9110,
 * 9.2.2); the permit goes with it.
 */
static bool
may_retry(const struct call *call)
{
	enum evhttp_cmd_type method = evhttp_request_get_command(call->client->request);

	return call->error == EVREQ_HTTP_EOF && call->kept && !call->retried && method != EVHTTP_REQ_POST &&
	       method != EVHTTP_REQ_PATCH;
}

static void
answered(struct evhttp_request *upstream, void *arg)
{
	struct call *call = arg;
	int code = upstream == NULL ? 0 : evhttp_request_get_response_code(upstream);
	const char *reason;

	call->sent = NULL;
	if (upstream == NULL && may_retry(call)) {
		call->retried = true;
		route_count(call->route, ROUTE_RETRIED);
		send_upstream(call);
		return;
	}
	if (code < 200) {
		const char *why = "the upstream gave no sound answer";

		if (upstream != NULL && code == 0)
			why = "the upstream cannot be reached";
		else if (call->error == EVREQ_HTTP_DATA_TOO_LONG)
			why = "the upstream's answer is too large";
		record(call, RHEO_FAILURE, ROUTE_BROKEN);
		problem(call, 502, why);
		return;
	}
	record(call, code >= 500 ? RHEO_FAILURE : RHEO_SUCCESS,
	       code >= 500 ? ROUTE_ANSWERED_5XX : ROUTE_ANSWERED);
	reason = evhttp_request_get_response_code_line(upstream);
	headers_to_client(upstream, call->client->request);
	fields(call);
	exchange_answer(call->client, code, reason != NULL && *reason != '\0' ? reason : NULL,
			evhttp_request_get_input_buffer(upstream));
	end(call);
}

static void
failed(enum evhttp_request_error error, void *arg)
{
	struct call *call = arg;

	call->error = error;
}

/* Gives the request up: libevent frees it, closes the connection and calls nobody but failed(). */
static void
give_up(struct call *call)
{
	struct evhttp_request *sent = call->sent;

	call->sent = NULL;
	evhttp_cancel_request(sent);
}

static void
too_late(evutil_socket_t fd, short what, void *arg)
{
	struct call *call = arg;

	(void)fd;
	(void)what;
	give_up(call);
	record(call, RHEO_FAILURE, ROUTE_TIMED_OUT);
	problem(call, 504, "the upstream did not answer in time");
}

static void
add_body(struct evhttp_request *from, struct evhttp_request *to)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(from);
	enum evhttp_cmd_type method = evhttp_request_get_command(from);
	size_t length = evbuffer_get_length(body);
	char text[24];

	/* By reference: it may have to be sent again. */
	if (length != 0)
		evbuffer_add_buffer_reference(evhttp_request_get_output_buffer(to), body);
	if (length != 0 || method == EVHTTP_REQ_POST || method == EVHTTP_REQ_PUT ||
	    method == EVHTTP_REQ_PATCH) {
		snprintf(text, sizeof text, "%zu", length);
		evhttp_add_header(evhttp_request_get_output_headers(to), "Content-Length", text);
	}
}

static void
send_upstream(struct call *call)
{
	struct evhttp_request *client = call->client->request;

	call->error = EVREQ_HTTP_BUFFER_ERROR;
	call->sent = evhttp_request_new(answered, call);
	if (call->sent == NULL) {
		cancel(call->route, &call->verdict);
		problem(call, 503, "out of memory");
		return;
	}
	evhttp_request_set_error_cb(call->sent, failed);
	headers_to_upstream(client, call->client->peer, call->client->worker->gateway->upstream.text,
			    call->sent);
	add_body(client, call->sent);
	call->kept = pool_is_connected(call->conn);
	/* Where connecting fails at once this calls answered(), after which there is no call. */
	if (evhttp_make_request(call->conn->http, call->sent, evhttp_request_get_command(client),
				call->target) != 0) {
		evhttp_request_free(call->sent);
		cancel(call->route, &call->verdict);
		problem(call, 503, "no connection could be made");
	}
}

static void
set_deadline(struct call *call, struct event_base *base)
{
	uint64_t ns = call->route->settings->timeout_ns;
	struct timeval time = {.tv_sec = (time_t)(ns / 1000000000),
			       .tv_usec = (suseconds_t)(ns % 1000000000 / 1000)};

	call->deadline = evtimer_new(base, too_late, call);
	if (call->deadline != NULL)
		evtimer_add(call->deadline, &time);
}

void
call_begin(struct exchange *x, const struct route *route, const char *target)
{
	uint64_t asked_ns = rheo_now_ns();
	rheo_verdict_t verdict = {.status = RHEO_ERR_INVAL, .bucket = UINT32_MAX};
	struct call *call;
	struct conn *conn;

	if (rheo_guard_try_acquire(route->guard, route->settings->cost, asked_ns, &verdict) != RHEO_OK) {
		answer_fields(x, route, &verdict, asked_ns, x->worker->gateway->options.trace);
		answer_refused(x, route, &verdict);
		return;
	}
	route_count(route, ROUTE_ADMITTED);
	conn = pool_take(&x->worker->pool);
	if (conn == NULL) {
		cancel(route, &verdict);
		exchange_field(x, "Retry-After", "1");
		exchange_problem(x, 503, "all connections to the upstream are in use");
		return;
	}
	call = gateway_memory(sizeof *call);
	call->client = x;
	call->route = route;
	call->conn = conn;
	call->verdict = verdict;
	call->asked_ns = asked_ns;
	call->target = gateway_copy(target);
	TAILQ_INSERT_TAIL(&x->worker->calls, call, link);
	set_deadline(call, x->worker->base);
	send_upstream(call);
}

unsigned
call_cut_all(struct worker *worker)
{
	struct call *call;
	unsigned cut = 0;

	while ((call = TAILQ_FIRST(&worker->calls)) != NULL) {
		bool sent = pool_is_connected(call->conn);

		give_up(call);
		if (sent)
			record(call, RHEO_IGNORED, ROUTE_CUT);
		else
			cancel(call->route, &call->verdict);
		problem(call, 503, "the gateway is shutting down");
		cut++;
	}
	return cut;
}
