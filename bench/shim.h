/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BENCH_SHIM_H
#define RHEO_BENCH_SHIM_H

/*
 * google-benchmark for C. A case is a function that calls bench_batch until it
 * returns 0, doing BENCH_BATCH calls each time: the loop costs a nanosecond a
 * turn when it is asked for every call, and nothing when asked for a thousand.
 */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BENCH_BATCH 1000

typedef struct bench_state bench_state;

/* 1 while there is more to do. */
int bench_batch(bench_state *state);

/* Which thread this is, 0 for the first. */
int bench_thread(const bench_state *state);

/* Runs fn with 1, 2, 4 ... threads up to the number of CPUs, 2 at least; setup by the first thread before each. */
void bench_case(const char *name, void (*setup)(void), void (*fn)(bench_state *));

/* What stands before the names of the cases that follow. */
void bench_prefix(const char *prefix);

/* What is measured must come about. */
void bench_fail(bench_state *state, const char *what);

#ifdef __cplusplus
}
#endif

#endif
