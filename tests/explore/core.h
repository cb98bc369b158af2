/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_EXPLORE_CORE_H
#define RHEO_TESTS_EXPLORE_CORE_H

/* What search.c (which thread next, which branch) and memory.c (which value) offer each other. */

#include <stddef.h>

#include "explore.h"

#define NO_EVENT UINT16_MAX
#define MAX_EVENTS 8192u /* a reader of the log waits for as many as 4096 loads */

/* One operation that was executed. */
struct event {
	uint16_t clock[EX_THREADS]; /* by thread: how many of its events are this one or before it */
	uint16_t choice; /* of the scheduler, that let it happen */
	uint16_t location;
	uint8_t thread;
	bool write;
};

/* What a thread will do next. */
struct pending {
	const uint64_t *at;
	bool active;
	bool may_write;
};

/* How far an execution is: with so much of its choices, events and text, all that the search knows of it. */
struct here {
	unsigned used, events, texts; /* choices used, ... */
	uint16_t clock[EX_THREADS][EX_THREADS]; /* each thread's last event's */
	struct pending pending[EX_THREADS];
	unsigned turn; /* the choice that this operation is made by */
	unsigned last; /* the thread whose turn was the last */
	uint8_t sleep, dead;
	unsigned preemptions, stale, failures[EX_THREADS];
};

/* --- search.c ------------------------------------------------------------------- */

/* A branch of the operation being executed; 0 is the one that a schedule need not name. */
unsigned search_branch(unsigned n);

/* Whether an event is in the past of what a thread has done so far. */
bool search_past(unsigned thread, uint16_t event);

/* Only reads that cannot be had by another order of the threads are wanted. */
bool search_reduced(void);

/* One stale read of those that a bounded search may make; false: none is left. */
bool search_may_read_stale(void);
void search_reads_stale(void);

bool search_mortal(unsigned thread);
/* One more failure of a compare-and-swap without a reason, of those that a thread may have. */
bool search_may_fail(void);
void search_fails(void);

void search_die(void) __attribute__((noreturn));

/* Yields to the scheduler until it is this thread's turn. */
void search_turn(const uint64_t *at, bool may_write);

/*
 * The operation is done: its event follows last_write (or nothing), and, being
 * a write, the readers. Returns its number.
 */
uint16_t search_event(uint16_t location, bool write, uint16_t last_write,
		      const uint16_t readers[EX_THREADS]);

bool search_tracing(void);

/* A load of what nobody writes goes without a turn: true, and it is noted. */
bool search_skips(void);

/* A schedule's execution once more: the schedule it went by, where it fails at that line as before; else NULL. */
char *search_fails_again(const char *schedule, int line);

/* --- shorten.c ------------------------------------------------------------------- */

/* Takes the schedule of a failure, returns a shorter one of the same. */
char *search_shorten(char *best, int line);

/* --- checkpoint.c ---------------------------------------------------------------- */

/* Not every time. */
void checkpoint_make(struct here *here);

/* Returns to the last one from which the choice `changed` is still to come; false: there is none. */
bool checkpoint_return(unsigned changed, struct here *here);
void checkpoint_forget(void);

/* One part, to be called for each in the same order when it is made and when it is returned to. */
void checkpoint_part(void *part, size_t size);

/* --- world.c --------------------------------------------------------------------- */

/* A new scenario; its memory as setup left it; a new execution. */
void world_new(unsigned flags);
void world_keep(void);
void world_restore(void);
void world_parts(void);

/* --- memory.c -------------------------------------------------------------------- */

/* A new scenario. */
void memory_forget(void);

/* A new execution. */
void memory_begin(void);
void memory_parts(void);

/* Whether a location has been written that was taken for one that nobody writes. */
bool memory_has_grown(void);

/* The location of a pending operation, as events name it. */
uint16_t memory_location(const uint64_t *at);

#endif
