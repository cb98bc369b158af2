/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BENCH_CASES_H
#define RHEO_BENCH_CASES_H

#include "objects.h"
#include "shim.h"

#define FOR_CALLS(state) while (bench_batch(state)) for (int call_ = 0; call_ < BENCH_BATCH; call_++)

/* Of cases/: a file may be missing where it does not compile with an older library (make bench-compare). */
#define MAY_BE_MISSING __attribute__((weak))

void floor_cases(void) MAY_BE_MISSING;
void bucket_cases(void) MAY_BE_MISSING;
void breaker_cases(void) MAY_BE_MISSING;
void guard_cases(void) MAY_BE_MISSING;
void counter_cases(void) MAY_BE_MISSING;

/* All of them, as they are listed in the tables. */
void bench_cases(void);

#endif
