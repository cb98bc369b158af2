/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_STEPS_H
#define RHEO_TESTS_STEPS_H

#include <stddef.h>
#include <stdint.h>

/*
 * The machine that an input runs on: one CPU or four, with words of their own or
 * not, threads moved between them or not. By the input's length, so that each
 * history meets each machine and none has to know.
 */
void steps_machine(size_t length);

/*
 * A thread's current call, in atomic operations (count.h). A call that takes
 * more than STEPS_MOST of them is taken for one that never ends.
 */
#define STEPS_MOST (UINT64_C(1) << 26)

/* Begins a call on a CPU, of which there may be fewer; `between`, if not NULL, runs before each of its atomic operations. */
void steps_begin(unsigned cpu, void (*between)(void *, uint64_t step), void *arg);

/* Ends it; returns how many there were. */
uint64_t steps_end(void);

#endif
