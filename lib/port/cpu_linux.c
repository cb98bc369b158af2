/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Where glibc has registered restartable sequences (2.35 and later) and the
 * compiler knows the thread pointer (not on POWER), the kernel keeps this
 * thread's CPU number in a word beside it: one load. Else sched_getcpu where
 * the vDSO answers it without a system call (x86), else a hash of the thread
 * (its stack's address; a thread-local variable might be allocated on first
 * use).
 */

#ifdef __linux__

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "cpu.h"

#include "../base/atomic.h"

#include <sched.h>
#include <unistd.h>

/* glibc's; absent elsewhere, hence weak. */
extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned int __rseq_size __attribute__((weak));

#define RSEQ_CPU_ID_OFFSET 4

#if defined(__GLIBC__) && defined(__has_builtin)
#if __has_builtin(__builtin_thread_pointer) && !defined(__powerpc__) /* gcc has the name there, not the code */
#define HAS_RSEQ
#endif
#endif

#ifdef RH_HAVE_OWN
RH_DEFINE_DATA ptrdiff_t rh_rseq_at;

/* Before main, or when the library is loaded; until then every thread takes the shared words. */
__attribute__((constructor)) static void
find_registration(void)
{
	if (&__rseq_size != NULL && __rseq_size != 0)
		rh_rseq_at = __rseq_offset;
}
#endif

unsigned
rh_cpu_guess(void)
{
#ifdef HAS_RSEQ
	if (&__rseq_size != NULL && __rseq_size != 0) {
		const char *self = (const char *)__builtin_thread_pointer() + __rseq_offset;
		int cpu = *(const volatile int *)(const void *)(self + RSEQ_CPU_ID_OFFSET);

		if (cpu >= 0)
			return (unsigned)cpu;
	}
#endif
#if (defined(__x86_64__) || defined(__i386__)) && defined(__GLIBC__)
	{
		int cpu = sched_getcpu();

		if (cpu >= 0)
			return (unsigned)cpu;
	}
#endif
	char here;
	uint64_t x = (uint64_t)(uintptr_t)&here >> 16;

	x *= UINT64_C(0x9e3779b97f4a7c15);
	return (unsigned)(x >> 33);
}

/* How many CPUs there are, once somebody has asked: the C library reads it from files. It does not change. */
static rh_a64 cpus;

unsigned
rh_cpu_count(void)
{
	uint64_t known = rh_load_rlx(&cpus);
	long n;

	if (known == 0) {
		n = sysconf(_SC_NPROCESSORS_CONF);
		known = n < 1 ? 1 : n > 65536 ? 65536 : (uint64_t)n;
		rh_swap_rlx(&cpus, known);
	}
	return (unsigned)known;
}

#endif
