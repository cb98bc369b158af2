/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PREFORK_WORKER_H
#define PREFORK_WORKER_H

#include <stdint.h>

#include "layout.h"

/* Asks, calls and reports until it is killed. `mem` is the segment, wherever this process has it. */
_Noreturn void worker_run(void *mem, const struct options *options, uint32_t number, uint64_t seed);

#endif
