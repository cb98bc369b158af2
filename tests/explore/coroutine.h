/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_EXPLORE_COROUTINE_H
#define RHEO_TESTS_EXPLORE_COROUTINE_H

/* The threads of an execution, as coroutines of one real thread. */

/* Thread i begins anew with this function when it is next resumed, wherever it was. */
void co_start(unsigned i, void (*run)(void));

/* From the scheduler: runs thread i until it yields or returns. */
void co_resume(unsigned i);

/* From a thread: back to the scheduler. */
void co_yield(void);

/* From a thread: back to the scheduler, not to be resumed. */
void co_leave(void) __attribute__((noreturn));

/* Thread i as it stands where it has yielded, for a checkpoint. */
void co_parts(unsigned i);

#endif
