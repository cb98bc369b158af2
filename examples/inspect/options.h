/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef INSPECT_OPTIONS_H
#define INSPECT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define EXIT_USAGE 2

enum action { LOOK, FORCE_OPEN, FORCE_CLOSED, AUTO, RESET };

struct options {
	const char *segment;
	const char *which; /* what to act on, as given */
	enum action action;
	bool json;
	bool watch;
	uint64_t every_ns;
	bool has_now;
	uint64_t now_ns;
	uint64_t started_ns; /* by rheo_now_ns(): when now_ns was given */
};

/* Reads the command line; answers --help and --version, and ends the program where it is wrong. */
void options_read(int argc, char **argv, struct options *options);

/* The time to go by: as given, and while watching moving on from there, or the clock's. */
uint64_t options_now(const struct options *options);

#endif
