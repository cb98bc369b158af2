/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_PLATFORMS_HINT_H
#define RHEO_TESTS_PLATFORMS_HINT_H

/*
 * Which lane serves a call depends on the CPU the kernel chose, so with lanes
 * the same calls may get other verdicts. Included before every file of the
 * library (or its amalgamation), this sends each call of rh_cpu_hint() to the
 * trace, which says what CPU it is; the port's own function, declared and
 * defined as rh_cpu_hint(void), is compiled under another name. And no CPU has
 * words of its own: which one this is, is the trace's to say.
 */
#ifndef RHEO_NO_RSEQ
#define RHEO_NO_RSEQ
#endif
#define rh_cpu_hint(arg) trace_cpu_##arg
#define trace_cpu_void rh_cpu_hint_of_the_port(void)
#define trace_cpu_ trace_cpu_now()

#ifdef __cplusplus
extern "C"
#endif
	unsigned
	trace_cpu_now(void);

#endif
