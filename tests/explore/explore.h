/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_EXPLORE_H
#define RHEO_TESTS_EXPLORE_H

/*
 * Exploration: small programs of a few threads, run in every way that the C11
 * memory model allows, on the shipped code of lib/. What is explored, and why
 * nothing is left out, is in search.c (interleavings) and memory.c (values).
 *
 * A scenario makes its objects once, in memory from ex_memory; each execution
 * begins with that memory as it was then. Its threads run until they return;
 * finish looks at what came of it. EX_CHECK ends an execution that should not
 * have been, prints where, and the schedule that leads there.
 */

#include <stdbool.h>
#include <stdint.h>

#define EX_THREADS 4u

/* flags: a strong compare-and-swap may fail for no reason, as a weak one does, so often in a thread. */
#define EX_SPURIOUS 1u
#define EX_SPURIOUS_FAILURES 2u
/* flags: thread i may die before any of its writes. */
#define EX_MORTAL(i) (2u << (i))
/* flags: a thread may be moved off its CPU, so often, when it writes a word of that CPU's own. */
#define EX_MOVES (2u << EX_THREADS)
#define EX_MOVES_MOST 1u

struct ex_scenario {
	const char *name;
	unsigned threads;
	unsigned flags;
	unsigned preemptions; /* 0: exhaustive; else at most so many, and so many stale reads */
	void (*setup)(void);
	void (*thread[EX_THREADS])(void);
	void (*finish)(void);
};

/* Memory that each execution finds as setup left it; zeroed before, aligned to 128. */
void *ex_memory(uint64_t size);

/* A branch: 0 to n - 1, each of them in some execution. */
uint32_t ex_choose(uint32_t n);

/* In a thread: its number. Elsewhere EX_THREADS. */
unsigned ex_self(void);

/* In finish: whether a thread died. */
bool ex_died(unsigned thread);

/* What rh_cpu_hint says to a thread, its number unless set. */
void ex_set_cpu(unsigned thread, unsigned cpu);

/* flags: there are two CPUs, and they have words of their own. */
#define EX_OWN (4u << EX_THREADS)

void ex_fail(const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

#define EX_CHECK(cond, ...)                                      \
	do {                                                     \
		if (!(cond))                                     \
			ex_fail(__FILE__, __LINE__, __VA_ARGS__); \
	} while (0)

/* --- running them -------------------------------------------------------------- */

enum ex_mode {
	EX_REDUCED, /* every behaviour, few executions of each */
	EX_FULL /* every interleaving: what the reduced search is checked against */
};

/* Choices between two checkpoints (checkpoint.c), at least; 0: each execution begins at its beginning. */
extern unsigned ex_checkpoints;

struct ex_result {
	uint64_t executions; /* run to the end */
	uint64_t redundant; /* given up: the same as an earlier one */
	uint64_t discarded; /* before the search began anew (memory.c, `written`) */
	uint64_t longest; /* operations */
	bool exhausted;
	bool failed;
	const char *file; /* where, if failed */
	int line;
	char what[256];
	char *schedule; /* the shortest found that fails so; to be freed */
};

/* limit: executions after which to stop, 0: none. */
struct ex_result ex_explore(const struct ex_scenario *s, enum ex_mode mode, uint64_t limit);

/* One execution by a schedule, each operation printed. True where it fails. */
bool ex_replay(const struct ex_scenario *s, const char *schedule, struct ex_result *result);

/* --- operations, for atomic.h and for litmus programs ---------------------------- */

enum ex_order { EX_RLX, EX_ACQ, EX_REL, EX_AR, EX_SC };

uint64_t ex_load(const uint64_t *at, enum ex_order order, const char *file, int line);
void ex_store(uint64_t *at, uint64_t v, enum ex_order order, const char *file, int line);
uint64_t ex_add(uint64_t *at, uint64_t n, enum ex_order order, const char *file, int line);
uint64_t ex_swap(uint64_t *at, uint64_t v, enum ex_order order, const char *file, int line);
bool ex_cas(uint64_t *at, uint64_t *seen, uint64_t v, enum ex_order order, enum ex_order failed,
	    const char *file, int line);
int ex_own_cpu(void);
bool ex_moves(void);
bool ex_own_count(uint64_t *at, uint32_t high, const char *file, int line);
bool ex_own_cas(uint64_t *at, uint64_t seen, uint64_t v, const char *file, int line);

#endif
