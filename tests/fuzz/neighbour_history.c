/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Threads call an object while another writes into its memory, as a hostile
 * process would that shares it (P14). Each call must come back with a status,
 * inside the memory and in a bounded number of steps; that is counted, not
 * timed. What the threads do comes from the bytes; how they interleave does
 * not, so to replay a failure run the same bytes many times (replay.c, -n).
 */

#include "fuzz.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "object.h"

#define CALLERS 2u
#define SCRIBBLES 8u
#define CALLS_A_THREAD 64u

struct stage {
	struct object object;
	const uint8_t *was;
	struct scribble scribble[SCRIBBLES];
	unsigned scribbles;
	pthread_barrier_t begin; /* or one would be done before another is there */
	atomic_uint calling;
};

struct thread {
	pthread_t id;
	struct stage *stage;
	struct bytes in;
	struct caller caller;
	uint64_t begun;
	const char *result;
};

static uint64_t histories, begun_ever, returned_ever, written_ever, longest_call;

static void *
call_on(void *arg)
{
	struct thread *t = arg;

	pthread_barrier_wait(&t->stage->begin);
	while (t->begun < CALLS_A_THREAD && t->result == NULL) {
		t->begun++;
		t->result = object_call(&t->stage->object, &t->caller, &t->in, NULL, NULL);
	}
	atomic_fetch_sub(&t->stage->calling, 1);
	return NULL;
}

/* The neighbour: writes until all have done their calls. */
static void
write_on(struct stage *s)
{
	pthread_barrier_wait(&s->begin);
	for (unsigned i = 0; atomic_load(&s->calling) != 0; i++) {
		scribble(&s->scribble[i % s->scribbles], &s->object.mem, s->was);
		written_ever++;
	}
}

static const char *
play(struct stage *s, struct bytes in)
{
	struct thread thread[CALLERS];
	const char *result = NULL;

	memset(thread, 0, sizeof thread);
	atomic_store(&s->calling, CALLERS);
	pthread_barrier_init(&s->begin, NULL, CALLERS + 1);
	for (unsigned i = 0; i < CALLERS; i++) {
		thread[i].stage = s;
		thread[i].in = (struct bytes){in.at + i * (in.left / CALLERS), in.left / CALLERS};
		thread[i].caller.now = 1000000;
		if (pthread_create(&thread[i].id, NULL, call_on, &thread[i]) != 0)
			abort();
	}
	write_on(s);
	for (unsigned i = 0; i < CALLERS; i++) {
		struct caller *c = &thread[i].caller;

		pthread_join(thread[i].id, NULL);
		if (thread[i].result != NULL)
			result = thread[i].result;
		else if (c->calls != thread[i].begun)
			result = "a call that has not come back";
		begun_ever += thread[i].begun;
		returned_ever += c->calls;
		longest_call = c->longest > longest_call ? c->longest : longest_call;
	}
	pthread_barrier_destroy(&s->begin);
	return result;
}

static void
report(void)
{
	fprintf(stderr,
		"neighbour: %llu calls begun, %llu returned, %llu writes by the neighbour meanwhile; the longest call "
		"ended after %llu atomic operations\n",
		(unsigned long long)begun_ever, (unsigned long long)returned_ever,
		(unsigned long long)written_ever, (unsigned long long)longest_call);
}

const char *
neighbour_history(struct bytes in, int *steps)
{
	struct stage s = {0};
	const char *result;
	uint8_t *was;

	if (histories++ == 0)
		atexit(report);
	*steps = (int)(CALLERS * CALLS_A_THREAD);
	object_make(&s.object, &in);
	was = malloc(s.object.mem.size);
	memcpy(was, s.object.mem.at, s.object.mem.size);
	s.was = was;
	s.scribbles = 1 + (unsigned)take(&in, 1) % SCRIBBLES;
	for (unsigned i = 0; i < s.scribbles; i++)
		s.scribble[i] = any_scribble(&in, &s.object);
	result = play(&s, in);
	if (result == NULL && (!room_intact(&s.object.mem) ||
			       (s.object.guard_mem.at != NULL && !room_intact(&s.object.guard_mem))))
		result = "a call wrote beyond the object";
	object_free(&s.object);
	free(was);
	return result;
}
