/* SPDX-License-Identifier: BSD-2-Clause */
#include "address.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 1024

/* Fills in the texts and the port from the socket address. */
static bool
describe(struct address *a)
{
	char port[16];

	if (getnameinfo((const struct sockaddr *)&a->socket, a->length, a->host, sizeof a->host, port,
			sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return false;
	a->port = (uint16_t)atoi(port);
	snprintf(a->text, sizeof a->text, strchr(a->host, ':') != NULL ? "[%s]:%s" : "%s:%s", a->host,
		 port);
	return true;
}

/* Cuts "host:port" in two; an IPv6 host is in brackets. */
static bool
split(const char *text, char *host, size_t size, const char **port)
{
	const char *colon = strrchr(text, ':'), *end = colon;

	if (colon == NULL)
		return false;
	if (text[0] == '[') {
		if (end == text || end[-1] != ']')
			return false;
		text++;
		end--;
	} else if (memchr(text, ':', (size_t)(colon - text)) != NULL) {
		return false;
	}
	if ((size_t)(end - text) >= size || colon[1] == '\0' ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1) || strlen(colon + 1) > 5 ||
	    atoi(colon + 1) > UINT16_MAX)
		return false;
	snprintf(host, size, "%.*s", (int)(end - text), text);
	*port = colon + 1;
	return true;
}

bool
address_find(const char *text, bool to_listen, struct address *a, const char **why)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = to_listen ? AI_PASSIVE : 0};
	struct addrinfo *found;
	char host[256];
	const char *port;
	int error;

	*why = "it is not of the form host:port";
	if (!split(text, host, sizeof host, &port))
		return false;
	*why = "port 0 is nowhere to send to";
	if (!to_listen && atoi(port) == 0)
		return false;
	error = getaddrinfo(host[0] != '\0' ? host : NULL, port, &hints, &found);
	*why = error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error);
	if (error != 0)
		return false;
	memcpy(&a->socket, found->ai_addr, found->ai_addrlen);
	a->length = found->ai_addrlen;
	freeaddrinfo(found);
	return describe(a);
}

static bool
listen_on(const struct address *a, int fd, bool first)
{
	int one = 1;

	/*
	 * The first is bound without SO_REUSEPORT, so it fails where anybody listens there. Accepted
	 * sockets take TCP_NODELAY over from the listening one.
	 */
	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
	       setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0 &&
	       (first || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) == 0) &&
	       bind(fd, (const struct sockaddr *)&a->socket, a->length) == 0 &&
	       (!first || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) == 0) &&
	       listen(fd, BACKLOG) == 0;
}

static bool
learn_port(struct address *a, int fd)
{
	a->length = sizeof a->socket;
	return getsockname(fd, (struct sockaddr *)&a->socket, &a->length) == 0 && describe(a);
}

bool
address_listen(struct address *a, int *fds, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		fds[i] = socket(a->socket.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fds[i] < 0 || !listen_on(a, fds[i], i == 0)) {
			int error = errno;

			for (unsigned k = 0; k <= i; k++)
				if (fds[k] >= 0)
					close(fds[k]);
			errno = error;
			return false;
		}
		if (i == 0 && !learn_port(a, fds[0]))
			return false;
	}
	return true;
}
