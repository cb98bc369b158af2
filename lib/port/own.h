/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_PORT_OWN_H
#define RHEO_PORT_OWN_H

/*
 * Words that one CPU writes: no locked instruction, a quarter of its cost.
 *
 * Where the kernel offers restartable sequences and glibc has registered them
 * (2.35 and later), a few instructions that end in one store are done as a
 * whole on one CPU or not at all: if the thread is preempted, moved or
 * signalled in between, the kernel sends it to `lost`, and nothing has been
 * written. So all writes that go through this file to one word, by any thread
 * of any process, come from one CPU, one after the other; and each thread sees
 * there what the one before it on that CPU had written. To C11 that is a
 * read-modify-write whose success releases, and acquires what earlier writers
 * of the word released; it is not seq_cst (the store may wait in the CPU's
 * buffer while later loads are done).
 *
 * A word is written through here, or by atomics, never by both. Objects decide
 * at init which it is to be; who cannot (a process without registration, a CPU
 * beyond the lanes, a lost race) writes a shared word beside it instead. All
 * of an object's users must run on one kernel: two virtual machines that share
 * memory both have a CPU 0.
 *
 * The sequence's descriptor is taken back after each use, so a library that is
 * unloaded leaves the kernel no pointer into it. A debugger that steps through
 * a sequence makes it fail, and the shared word is used.
 *
 * RHEO_NO_RSEQ builds without. x86-64 and aarch64; elsewhere nobody has a CPU
 * of his own, and every caller takes the other way.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/atomic.h"
#include "../base/internal.h"

/* A CPU that is the thread's own for the moment; none where cpu is negative. */
struct rh_own {
	ptrdiff_t at;
	int cpu;
};

#if defined(__linux__) && defined(__GLIBC__) && defined(__GNUC__) && defined(__LP64__) && !defined(RHEO_NO_RSEQ)
#if defined(__x86_64__) || (defined(__aarch64__) && defined(__AARCH64EL__))
#define RH_HAVE_OWN
#endif
#endif

#ifdef RH_HAVE_OWN

/* Where the thread's registration is, from its thread pointer; 0: there is none. cpu_linux.c */
RH_SHARED_DATA ptrdiff_t rh_rseq_at;

/* A descriptor 770 of the sequence 771 to 772, with its way out 774. */
#define RH_OWN_DESCRIPTOR(sig, jump)                                                       \
	".pushsection __rseq_cs, \"aw\"\n\t.balign 32\n"                                   \
	"770:\t.long 0, 0\n\t.quad 771f, 772f - 771f, 774f\n\t.popsection\n\t"             \
	".pushsection __rseq_failure, \"ax\"\n\t" sig "\n774:\t" jump " %l[lost]\n\t.popsection\n\t"

/*
 * What a machine has: the sequence's beginning and end, its three bodies, and
 * the operands that these name (`at` or `area`, where the registration is; the
 * word; its upper half).
 */
#ifdef __x86_64__

/* The signature, as the operand of an undefined instruction. */
#define RH_OWN_BEGIN                                                                       \
	RH_OWN_DESCRIPTOR(".byte 0x0f, 0xb9, 0x3d\n\t.long 0x53053053", "jmp")             \
	"leaq 770b(%%rip), %%rax\n\tmovq %%rax, %%fs:8(%[at])\n"                           \
	"771:\tcmpl %[cpu], %%fs:4(%[at])\n\tjne %l[lost]\n\t"
#define RH_OWN_END "\n772:\tmovq $0, %%fs:8(%[at])\n"
#define RH_OWN_ADD "addq %[n], %[word]"
#define RH_OWN_COUNT "cmpl %[high], %[top]\n\tjne %l[lost]\n\taddq $1, %[word]"
#define RH_OWN_CAS "cmpq %[seen], %[word]\n\tjne %l[lost]\n\tmovq %[v], %[word]"
#define RH_OWN_REGISTRATION(own) [at] "r"((own).at)
#define RH_OWN_OPERANDS(a)                                                                 \
	[word] "m"(*(uint64_t *)(void *)(a)), [top] "m"(((uint32_t *)(void *)(a))[1])
#define RH_OWN_SCRATCH "rax"

static inline int
rh_own_number(ptrdiff_t at)
{
	int cpu;

	__asm__ volatile("movl %%fs:4(%1), %0" : "=r"(cpu) : "r"(at));
	return cpu;
}

/* After a sequence that was left half-way: nothing is under way; false. */
static inline bool
rh_own_leave(struct rh_own own)
{
	__asm__ volatile("movq $0, %%fs:8(%0)" : : "r"(own.at) : "memory");
	return false;
}

#else /* __aarch64__ */

#define RH_OWN_BEGIN                                                                       \
	RH_OWN_DESCRIPTOR(".inst 0xd428bc00", "b")                                         \
	"adrp x16, 770b\n\tadd x16, x16, :lo12:770b\n\tstr x16, [%[area], #8]\n"           \
	"771:\tldr w16, [%[area], #4]\n\tcmp w16, %w[cpu]\n\tb.ne %l[lost]\n\t"
#define RH_OWN_END "\n772:\tstr xzr, [%[area], #8]\n"
#define RH_OWN_ADD "ldr x16, [%[word]]\n\tadd x16, x16, %[n]\n\tstr x16, [%[word]]"
#define RH_OWN_COUNT                                                                       \
	"ldr w16, [%[word], #4]\n\tcmp w16, %w[high]\n\tb.ne %l[lost]\n\t"               \
	"ldr x16, [%[word]]\n\tadd x16, x16, #1\n\tstlr x16, [%[word]]"
#define RH_OWN_CAS                                                                         \
	"ldr x16, [%[word]]\n\tcmp x16, %[seen]\n\tb.ne %l[lost]\n\tstlr %[v], [%[word]]"
#define RH_OWN_REGISTRATION(own) [area] "r"(rh_own_area((own).at))
#define RH_OWN_OPERANDS(a) [word] "r"(a)
#define RH_OWN_SCRATCH "x16"

static inline char *
rh_own_area(ptrdiff_t at)
{
	return (char *)__builtin_thread_pointer() + at;
}

static inline int
rh_own_number(ptrdiff_t at)
{
	return *(volatile int *)(void *)(rh_own_area(at) + 4);
}

static inline bool
rh_own_leave(struct rh_own own)
{
	*(volatile uint64_t *)(void *)(rh_own_area(own.at) + 8) = 0;
	return false;
}

#endif

/* Runs a body; goes to `lost` where nothing of it was done. */
#define RH_OWN_RUN(own, a, body, ...)                                                      \
	__asm__ goto(RH_OWN_BEGIN body RH_OWN_END                                          \
		     :                                                                     \
		     : RH_OWN_REGISTRATION(own), [cpu] "r"((own).cpu), RH_OWN_OPERANDS(a), __VA_ARGS__ \
		     : RH_OWN_SCRATCH, "memory", "cc"                                      \
		     : lost)

static inline struct rh_own
rh_own_here(void)
{
	struct rh_own own = {rh_rseq_at, -1};

	if (rh_likely(own.at != 0))
		own.cpu = rh_own_number(own.at);
	return own;
}

/* Adds n to a word of this CPU's; false: nothing was added, the thread has moved. */
static inline bool
rh_own_add(rh_a64 *a, struct rh_own own, uint64_t n)
{
	RH_OWN_RUN(own, a, RH_OWN_ADD, [n] "r"(n));
	return true;
lost:
	return rh_own_leave(own);
}

/*
 * Adds one to a word of this CPU's whose upper half is `high`, and whose lower
 * half surely has room; false: nothing was written.
 */
static inline bool
rh_own_count(rh_a64 *a, struct rh_own own, uint32_t high)
{
	RH_OWN_RUN(own, a, RH_OWN_COUNT, [high] "r"(high));
	return true;
lost:
	return rh_own_leave(own);
}

/* Replaces `seen` by v in a word of this CPU's; false: nothing was written. */
static inline bool
rh_own_cas(rh_a64 *a, struct rh_own own, uint64_t seen, uint64_t v)
{
	RH_OWN_RUN(own, a, RH_OWN_CAS, [seen] "r"(seen), [v] "r"(v));
	return true;
lost:
	return rh_own_leave(own);
}

#else /* nobody has a CPU of his own */

static inline struct rh_own
rh_own_here(void)
{
	return (struct rh_own){0, -1};
}

static inline bool
rh_own_add(rh_a64 *a, struct rh_own own, uint64_t n)
{
	(void)a, (void)own, (void)n;
	return false;
}

static inline bool
rh_own_cas(rh_a64 *a, struct rh_own own, uint64_t seen, uint64_t v)
{
	(void)a, (void)own, (void)seen, (void)v;
	return false;
}

static inline bool
rh_own_count(rh_a64 *a, struct rh_own own, uint32_t high)
{
	(void)a, (void)own, (void)high;
	return false;
}

#endif

#endif
