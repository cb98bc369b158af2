/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_PORT_CPU_H
#define RHEO_PORT_CPU_H

/*
 * The CPU hint. Contract: any value is correct, a good one is fast; no system
 * call, no allocation, safe in a signal handler and after fork; the caller
 * folds it into the lanes it has. A thread may be moved between the hint and
 * its use, so the hint never decides who may write a word (own.h does).
 */

#include "own.h"

/* The hint where this thread has no CPU of its own. */
RH_INTERNAL unsigned rh_cpu_guess(void);

/* A small number that threads on different CPUs seldom share. */
static inline unsigned
rh_cpu_hint(void)
{
	int cpu = rh_own_here().cpu;

	return cpu >= 0 ? (unsigned)cpu : rh_cpu_guess();
}

/* How many CPUs lanes are made for, at least 1. Set-up only: it may be a system call. */
RH_INTERNAL unsigned rh_cpu_count(void);

#endif
