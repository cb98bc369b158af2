/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_EXPLORE_PROGRAM_H
#define RHEO_TESTS_EXPLORE_PROGRAM_H

/* Small programs given as tables: what the explorer itself is tested with. */

#include "explore.h"
#include "outcomes.h"

#define PROGRAM_OPS 6u
#define PROGRAM_PLACES 4u

enum op { END, LOAD, STORE, ADD, SWAP, CAS };

struct instruction {
	enum op op;
	unsigned place;
	enum ex_order order;
	uint64_t value; /* stored; added */
	uint64_t seen; /* what a CAS expects */
};

struct program {
	unsigned threads;
	struct instruction thread[EX_THREADS][PROGRAM_OPS];
};

/*
 * Runs a program in every way. An outcome is what was read, in the order of the
 * program, four bits each, thread by thread, then the final values if asked for.
 */
struct ex_result program_run(const struct program *p, enum ex_mode mode, bool finals, unsigned flags,
			     struct outcomes *out);

void program_print(const struct program *p);

#endif
