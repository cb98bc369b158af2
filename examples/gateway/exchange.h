/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GATEWAY_EXCHANGE_H
#define GATEWAY_EXCHANGE_H

#include <stdbool.h>
#include <sys/queue.h>

#include <event2/buffer.h>
#include <event2/http.h>

/*
 * The client's side of one request, from its arrival until the last byte of the
 * answer is written or the client is gone. A drain waits for these.
 */
struct worker;

struct exchange {
	struct worker *worker;
	struct evhttp_request *request;
	char peer[64];
	bool answered;
	TAILQ_ENTRY(exchange) link;
};

TAILQ_HEAD(exchange_list, exchange);

struct exchange *exchange_begin(struct worker *worker, struct evhttp_request *request);

/* Answers, with the fields added to the request so far. `body` (or NULL) is emptied, not freed. */
void exchange_answer(struct exchange *x, int code, const char *reason, struct evbuffer *body);

/* An answer made by the gateway itself: application/problem+json (RFC 9457). */
void exchange_problem(struct exchange *x, int code, const char *detail);

/* The same of another type than its status code is; `more`: further JSON members, each after a comma. */
void exchange_problem_as(struct exchange *x, int code, const char *type, const char *title,
			 const char *detail, const char *more);

/* The field list of the answer. */
struct evkeyvalq *exchange_fields(struct exchange *x);
void exchange_field(struct exchange *x, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
