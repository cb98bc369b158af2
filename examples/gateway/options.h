/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GATEWAY_OPTIONS_H
#define GATEWAY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "settings.h"

#define OPTIONS_ROUTES_MAX 64u
#define EXIT_USAGE 2

struct options {
	const char *listen;
	const char *upstream;
	uint64_t threads;
	uint64_t upstream_connections; /* a thread */
	uint64_t max_body_bytes;
	uint64_t idle_timeout_ns;
	uint64_t drain_timeout_ns;
	bool trace;
	unsigned routes;
	struct settings route[OPTIONS_ROUTES_MAX];
};

/* Reads the command line; answers --help and --version, and ends the program where it is wrong. */
void options_read(int argc, char **argv, struct options *options);

/* One line on stderr, exit status 2. */
_Noreturn void options_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
