/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PREFORK_OPTIONS_H
#define PREFORK_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define OPTIONS_MS UINT64_C(1000000)
#define OPTIONS_WORKERS_MAX 64u
#define OPTIONS_ADMISSIONS_MAX UINT64_C(20000000)
#define EXIT_USAGE 2

struct options {
	uint64_t workers;
	uint64_t seconds;
	uint64_t rate; /* a second */
	uint64_t burst;
	uint64_t lanes;
	uint64_t kill_every_ms; /* 0: nobody is killed */
	uint64_t seed;
	uint64_t cheat; /* 0: nobody cheats */
	const char *segment; /* NULL: a memfd */
};

/* Reads the command line; answers --help and --version, and ends the program where it is wrong. */
void options_read(int argc, char **argv, struct options *options);

#endif
