/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_FUZZ_H
#define RHEO_TESTS_FUZZ_H

#include "property/harness.h"

/* Histories that need the library built with count.h. */
history attach_history, neighbour_history;

/* libFuzzer's: runs one input, or aborts saying what was wrong. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
