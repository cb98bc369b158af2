/* SPDX-License-Identifier: BSD-2-Clause */
#include "headers.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include <event2/keyvalq_struct.h>

#include "gateway.h"

#define VIA "1.1 " GATEWAY_NAME

static bool
is_one_of(const char *name, const char *const *list)
{
	while (*list != NULL && strcasecmp(name, *list) != 0)
		list++;
	return *list != NULL;
}

/* For one connection only; of the length libevent takes care. */
static bool
is_hop_by_hop(const char *name)
{
	static const char *const list[] = {"Connection",
					   "Keep-Alive",
					   "Proxy-Connection",
					   "Proxy-Authenticate",
					   "Proxy-Authorization",
					   "TE",
					   "Trailer",
					   "Transfer-Encoding",
					   "Upgrade",
					   "Content-Length",
					   NULL};

	return is_one_of(name, list);
}

/* Whether a Connection field names this one; Host is never for one connection only. */
static bool
is_named_by_connection(const struct evkeyvalq *headers, const char *name)
{
	const struct evkeyval *h;
	size_t length = strlen(name);

	if (strcasecmp(name, "Host") == 0)
		return false;
	TAILQ_FOREACH (h, headers, next) {
		if (strcasecmp(h->key, "Connection") != 0)
			continue;
		for (const char *p = h->value; *p != '\0';) {
			size_t n = strcspn(p, ", \t");

			if (n == length && strncasecmp(p, name, n) == 0)
				return true;
			p += n;
			p += strspn(p, ", \t");
		}
	}
	return false;
}

static bool
name_is_token(const char *name)
{
	if (*name == '\0')
		return false;
	for (; *name != '\0'; name++)
		if (!isalnum((unsigned char)*name) && strchr("!#$%&'*+-.^_`|~", *name) == NULL)
			return false;
	return true;
}

static bool
value_is_clean(const char *value)
{
	for (; *value != '\0'; value++)
		if (((unsigned char)*value < ' ' && *value != '\t') || *value == 0x7f)
			return false;
	return true;
}

bool
headers_are_sound(struct evhttp_request *client, const char **why)
{
	const struct evkeyvalq *headers = evhttp_request_get_input_headers(client);
	const char *length = NULL, *encoding = NULL;
	const struct evkeyval *h;

	TAILQ_FOREACH (h, headers, next) {
		bool is_length = strcasecmp(h->key, "Content-Length") == 0;
		bool is_encoding = strcasecmp(h->key, "Transfer-Encoding") == 0;

		*why = "a field's name or value has a character it must not have";
		if (!name_is_token(h->key) || !value_is_clean(h->value))
			return false;
		*why = "the length of the body is given twice";
		if ((is_length || is_encoding) && (length != NULL || encoding != NULL))
			return false;
		length = is_length ? h->value : length;
		encoding = is_encoding ? h->value : encoding;
	}
	*why = "Transfer-Encoding is something else than chunked";
	if (encoding != NULL && strcasecmp(encoding, "chunked") != 0)
		return false;
	*why = "a request with this method has no body";
	return evhttp_request_get_command(client) != EVHTTP_REQ_HEAD ||
	       (encoding == NULL && (length == NULL || strcmp(length, "0") == 0));
}

static void
copy(const struct evkeyvalq *from, struct evkeyvalq *to, const char *const *except)
{
	const struct evkeyval *h;

	TAILQ_FOREACH (h, from, next)
		if (!is_hop_by_hop(h->key) && !is_one_of(h->key, except) &&
		    !is_named_by_connection(from, h->key))
			evhttp_add_header(to, h->key, h->value);
}

void
headers_to_upstream(struct evhttp_request *client, const char *peer, const char *host,
		    struct evhttp_request *upstream)
{
	/* The body is here already, so nobody has to expect anything. */
	static const char *const except[] = {"Expect", "X-Forwarded-For", NULL};
	const struct evkeyvalq *from = evhttp_request_get_input_headers(client);
	struct evkeyvalq *to = evhttp_request_get_output_headers(upstream);
	const char *before = evhttp_find_header(from, "X-Forwarded-For");
	char *whole = NULL;

	copy(from, to, except);
	if (evhttp_find_header(to, "Host") == NULL)
		evhttp_add_header(to, "Host", host);
	evhttp_add_header(to, "Via", VIA);
	if (before == NULL)
		evhttp_add_header(to, "X-Forwarded-For", peer);
	else if (asprintf(&whole, "%s, %s", before, peer) > 0)
		evhttp_add_header(to, "X-Forwarded-For", whole);
	free(whole);
}

void
headers_to_client(struct evhttp_request *upstream, struct evhttp_request *client)
{
	/* What the gateway says of itself is not for the upstream to say. */
	static const char *const except[] = {"X-Rheo-Status",	  "X-Rheo-Asked-Ns", "X-Rheo-Decided-Ns",
					     "X-Rheo-Generation", "X-Rheo-Probe",    NULL};
	const struct evkeyvalq *from = evhttp_request_get_input_headers(upstream);
	struct evkeyvalq *to = evhttp_request_get_output_headers(client);
	const char *length = evhttp_find_header(from, "Content-Length");
	int code = evhttp_request_get_response_code(upstream);

	copy(from, to, except);
	/* Where there is no body to measure, the length says what there would be. */
	if (length != NULL && (evhttp_request_get_command(client) == EVHTTP_REQ_HEAD || code == 304))
		evhttp_add_header(to, "Content-Length", length);
	evhttp_add_header(to, "Via", VIA);
}
