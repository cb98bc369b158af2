/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GATEWAY_ADDRESS_H
#define GATEWAY_ADDRESS_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct address {
	struct sockaddr_storage socket;
	socklen_t length;
	char host[64]; /* numeric */
	uint16_t port;
	char text[96]; /* host:port or [host]:port */
};

/* Looks up "host:port", "[v6]:port" or ":port"; where it cannot, false and the reason in *why. */
bool address_find(const char *text, bool to_listen, struct address *address, const char **why);

/*
 * `count` listening sockets on one address, among which the kernel deals the
 * connections; port 0 becomes a real one. False, errno and none open where the
 * address is taken, by another gateway too.
 */
bool address_listen(struct address *address, int *fds, unsigned count);

#endif
