/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GATEWAY_HEADERS_H
#define GATEWAY_HEADERS_H

#include <stdbool.h>

#include <event2/http.h>

/*
 * Whether a request's fields mean the same to every reader. libevent is
 * lenient; where it and an upstream might disagree on where a body ends, or on
 * what a field is called, the request is refused: *why says why.
 */
bool headers_are_sound(struct evhttp_request *client, const char **why);

/* Copies the end-to-end fields of the client's request; adds Host, Via and X-Forwarded-For. */
void headers_to_upstream(struct evhttp_request *client, const char *peer, const char *host,
			 struct evhttp_request *upstream);

/* Copies the end-to-end fields of the upstream's answer into the client's; adds Via. */
void headers_to_client(struct evhttp_request *upstream, struct evhttp_request *client);

#endif
