/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DEMO_CHILD_H
#define DEMO_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A program started by the demo; it is killed with the demo, however that ends. */
struct child {
	const char *program;
	pid_t pid; /* 0: none */
	int output; /* the reading end of its stdout */
	uint16_t port; /* from its line "listening on HOST:PORT" */
};

/* Starts it and waits for that line; false where it does not come, with a line on stderr. */
bool child_start(struct child *child, const char *program, char *const *arguments);

/* SIGTERM, patience, SIGKILL. Returns its exit status, or -1 where it did not end by itself. */
int child_stop(struct child *child);

/* Runs a program to its end; returns its exit status, or -1. */
int child_run(const char *program, char *const *arguments);

#endif
