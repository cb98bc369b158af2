/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The search. An execution is a sequence of choices: which thread makes its
 * next operation, and, within an operation, which of the values it may read,
 * whether it fails, whether its thread dies. The choices stand on a stack; each
 * execution follows it and goes on from its top, and the next one begins by
 * changing the last choice that has something left to try.
 *
 * Reduced search. Two executions that differ only in the order of operations
 * that do not touch the same location (or only read it) are the same, so one of
 * them is enough. Which threads have to be tried at a choice is found by races:
 * when an operation k conflicts with an earlier one e of another thread, and
 * nothing between orders them, the order k before e is wanted as well. What
 * follows e without depending on it, and then k, is a way to get there; one of
 * the threads that can begin it is added at e's choice, unless one of them is
 * there already (source sets: Abdulla, Aronis, Jonsson, Sagonas, POPL 2014).
 * Threads tried at a choice sleep in what is tried after, until something
 * happens that conflicts with their next operation; where all sleep the
 * execution has been seen.
 *
 * Values add choices to operations, not to the scheduler: memory.c says which
 * are left to choose from so that the two do not say the same thing twice.
 * What this search finds is compared with what the full one does, on random
 * programs, by litmus.c.
 *
 * Bounded search. Every choice of threads with at most so many preemptions
 * (a thread that could go on is not let), and as many reads that are not of
 * the latest value.
 */

#include "core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coroutine.h"

#define MAX_CHOICES 16384u

/* A place on the stack of choices. */
struct choice {
	bool thread; /* the scheduler's; else a branch of the operation */
	uint8_t taken;
	uint8_t of; /* a branch: how many there are */
	uint8_t backtrack; /* the scheduler's, as sets: threads to try, */
	uint8_t done; /* tried, */
	uint8_t sleep; /* asleep on arrival */
};

enum end { RUNNING, REDUNDANT, FAILED };

static struct {
	const struct ex_scenario *s;
	enum ex_mode mode;
	struct ex_result *result;

	struct choice choice[MAX_CHOICES];
	unsigned choices, used, changed;

	struct event event[MAX_EVENTS];
	struct here here;
	unsigned self;
	enum end end;
	jmp_buf stop;

	const char *script; /* a replay's schedule, what is left of it */
	bool replay, trace;
	char text[4 * MAX_CHOICES]; /* this execution's schedule: a letter an operation, a digit a branch */
} x = {.self = EX_THREADS};

unsigned
ex_self(void)
{
	return x.self;
}

bool
ex_died(unsigned thread)
{
	return x.here.dead >> thread & 1u;
}

static void
leave(enum end end)
{
	x.end = end;
	if (x.self < EX_THREADS)
		co_leave();
	longjmp(x.stop, 1);
}

void
ex_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(x.result->what, sizeof x.result->what, format, args);
	va_end(args);
	x.result->file = file;
	x.result->line = line;
	leave(FAILED);
	abort();
}

void
search_die(void)
{
	x.here.dead |= (uint8_t)(1u << x.self);
	if (x.trace)
		printf("  %c dies\n", 'a' + (int)x.self);
	co_leave();
}

bool
search_mortal(unsigned thread)
{
	return (x.s->flags & EX_MORTAL(thread)) != 0;
}

bool
search_may_fail(void)
{
	return (x.s->flags & EX_SPURIOUS) != 0 && x.here.failures[x.self] < EX_SPURIOUS_FAILURES;
}

void
search_fails(void)
{
	x.here.failures[x.self]++;
}

bool
search_reduced(void)
{
	return x.mode == EX_REDUCED && x.s->preemptions == 0 && !x.replay;
}

bool
search_may_read_stale(void)
{
	return x.s->preemptions == 0 || x.replay || x.here.stale < x.s->preemptions;
}

void
search_reads_stale(void)
{
	x.here.stale++;
}

bool
search_tracing(void)
{
	return x.trace;
}

/* --- choices -------------------------------------------------------------------- */

static const char branch_names[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

static void
write_down(char c)
{
	if (x.here.texts < sizeof x.text - 1)
		x.text[x.here.texts++] = c;
}

/* Loads without a turn are in the schedule all the same: a replay gives each its turn. */
bool
search_skips(void)
{
	if (!search_reduced())
		return false;
	write_down((char)('a' + x.self));
	return true;
}

static struct choice *
new_choice(void)
{
	if (x.choices == MAX_CHOICES)
		ex_fail(__FILE__, __LINE__, "an execution without end: %u choices", x.choices);
	x.choice[x.choices] = (struct choice){0};
	return &x.choice[x.choices++];
}

static bool
is_branch(char c)
{
	return c != '\0' && strchr(branch_names, c) != NULL;
}

static unsigned
scripted_branch(unsigned n)
{
	if (is_branch(*x.script)) {
		unsigned b = (unsigned)(strchr(branch_names, *x.script++) - branch_names);

		return b < n ? b : 0;
	}
	return 0;
}

unsigned
search_branch(unsigned n)
{
	struct choice *c;

	if (n <= 1)
		return 0;
	if (n >= sizeof branch_names)
		ex_fail(__FILE__, __LINE__, "a branch of %u", n);
	if (x.here.used == x.choices) {
		c = new_choice();
		c->of = (uint8_t)n;
		c->taken = (uint8_t)(x.replay ? scripted_branch(n) : 0);
	}
	c = &x.choice[x.here.used++];
	write_down(branch_names[c->taken]);
	return c->taken;
}

uint32_t
ex_choose(uint32_t n)
{
	return search_branch(n);
}

static unsigned
lowest(unsigned set)
{
	unsigned i = 0;

	while (!(set >> i & 1u))
		i++;
	return i;
}

static unsigned
prefer(unsigned set)
{
	return x.here.last < EX_THREADS && (set >> x.here.last & 1u) ? x.here.last : lowest(set);
}

static unsigned
scripted_thread(unsigned enabled)
{
	while (is_branch(*x.script))
		x.script++;
	if (*x.script >= 'a' && *x.script < 'a' + (int)EX_THREADS) {
		unsigned t = (unsigned)(*x.script++ - 'a');

		if (enabled >> t & 1u)
			return t;
	}
	return prefer(enabled);
}

/* The thread whose turn it is; EX_THREADS where all that could are asleep. */
static unsigned
choose_thread(unsigned enabled)
{
	bool free_choice = x.here.last >= EX_THREADS || !(enabled >> x.here.last & 1u);
	struct choice *c;

	if (x.here.used == x.choices) {
		unsigned among = enabled & ~(unsigned)x.here.sleep;

		if (among == 0)
			return EX_THREADS;
		c = new_choice();
		c->thread = true;
		c->sleep = x.here.sleep;
		if (x.replay)
			c->taken = (uint8_t)scripted_thread(enabled);
		else
			c->taken = (uint8_t)prefer(among);
		c->backtrack = (uint8_t)(1u << c->taken);
		if (x.mode == EX_FULL)
			c->backtrack = (uint8_t)enabled;
		else if (x.s->preemptions != 0 && (free_choice || x.here.preemptions < x.s->preemptions))
			c->backtrack = (uint8_t)enabled;
	}
	c = &x.choice[x.here.used];
	x.here.turn = x.here.used++;
	write_down((char)('a' + c->taken));
	if (!free_choice && c->taken != x.here.last)
		x.here.preemptions++;
	return c->taken;
}

/* The next execution's choices: false where there is none. */
static bool
advance(void)
{
	while (x.choices > 0) {
		struct choice *c = &x.choice[x.choices - 1];

		if (!c->thread) {
			if (++c->taken < c->of)
				break;
		} else {
			unsigned left;

			c->done |= (uint8_t)(1u << c->taken);
			left = c->backtrack & ~(unsigned)c->done & ~(unsigned)c->sleep;
			if (left != 0) {
				c->taken = (uint8_t)lowest(left);
				break;
			}
		}
		x.choices--;
	}
	x.changed = x.choices - 1;
	return x.choices > 0;
}

/* --- events and races -------------------------------------------------------------- */

bool
search_past(unsigned thread, uint16_t event)
{
	const struct event *e;

	if (event == NO_EVENT)
		return true;
	e = &x.event[event];
	return x.here.clock[thread][e->thread] >= e->clock[e->thread];
}

static bool
follows(const struct event *later, const struct event *e)
{
	return later->clock[e->thread] >= e->clock[e->thread];
}

/*
 * Event k could have come before e. Of what can begin the way there (what
 * follows e and does not depend on it, then k) one thread has to be tried.
 */
static void
reverse(unsigned e, unsigned k)
{
	struct choice *c = &x.choice[x.event[e].choice];
	uint16_t first[EX_THREADS] = {0}; /* clock of each thread's first event on that way */
	unsigned initials = 0;

	for (unsigned j = e + 1; j <= k; j++) {
		const struct event *v = &x.event[j];
		bool initial = true;

		if (first[v->thread] != 0 || (j != k && follows(v, &x.event[e])))
			continue;
		for (unsigned t = 0; t < EX_THREADS; t++)
			initial = initial && (first[t] == 0 || v->clock[t] < first[t]);
		first[v->thread] = v->clock[v->thread];
		initials |= (unsigned)initial << v->thread;
	}
	if ((initials & c->backtrack) == 0)
		c->backtrack |= (uint8_t)(1u << lowest(initials));
}

static void
find_races(unsigned k, uint16_t last_write, const uint16_t readers[EX_THREADS], const uint16_t before[EX_THREADS])
{
	const struct event *v = &x.event[k];
	bool read_since = false;

	for (unsigned t = 0; v->write && t < EX_THREADS; t++) {
		if (readers[t] == NO_EVENT || t == v->thread)
			continue;
		read_since = true;
		if (before[t] < x.event[readers[t]].clock[t])
			reverse(readers[t], k);
	}
	if (last_write != NO_EVENT && !read_since) {
		const struct event *e = &x.event[last_write];

		if (e->thread != v->thread && before[e->thread] < e->clock[e->thread])
			reverse(last_write, k);
	}
}

uint16_t
search_event(uint16_t location, bool write, uint16_t last_write, const uint16_t readers[EX_THREADS])
{
	unsigned k = x.here.events;
	uint16_t *clock = x.here.clock[x.self], before[EX_THREADS];
	struct event *v = &x.event[k];
	uint8_t asleep;

	if (k == MAX_EVENTS)
		ex_fail(__FILE__, __LINE__, "an execution without end: %u operations", k);
	x.here.events++;
	memcpy(before, clock, sizeof before);
	for (unsigned t = 0; t < EX_THREADS; t++) {
		if (last_write != NO_EVENT && x.event[last_write].clock[t] > clock[t])
			clock[t] = x.event[last_write].clock[t];
		for (unsigned r = 0; write && r < EX_THREADS; r++)
			if (readers[r] != NO_EVENT && x.event[readers[r]].clock[t] > clock[t])
				clock[t] = x.event[readers[r]].clock[t];
	}
	clock[x.self]++;
	v->thread = (uint8_t)x.self;
	v->location = location;
	v->write = write;
	v->choice = (uint16_t)x.here.turn;
	memcpy(v->clock, clock, sizeof v->clock);
	if (!search_reduced())
		return (uint16_t)k;
	if (x.here.used > x.changed)
		find_races(k, last_write, readers, before);
	asleep = x.choice[x.here.turn].sleep | x.choice[x.here.turn].done;
	for (unsigned q = 0; q < x.s->threads; q++)
		if (q != x.self && (asleep >> q & 1u) && x.here.pending[q].active &&
		    memory_location(x.here.pending[q].at) == location && (write || x.here.pending[q].may_write))
			asleep &= (uint8_t)~(1u << q);
	x.here.sleep = asleep & (uint8_t)~(1u << x.self);
	return (uint16_t)k;
}

void
search_turn(const uint64_t *at, bool may_write)
{
	x.here.pending[x.self] = (struct pending){at, true, may_write};
	co_yield();
}

/* --- executions ----------------------------------------------------------------------- */

static void
resume(unsigned t)
{
	x.self = t;
	x.here.pending[t].active = false;
	co_resume(t);
	x.self = EX_THREADS;
}

static void
begin_threads(void)
{
	world_restore();
	memory_begin();
	memset(&x.here, 0, sizeof x.here);
	x.here.last = EX_THREADS;
	for (unsigned t = 0; t < x.s->threads && x.end == RUNNING; t++) {
		co_start(t, x.s->thread[t]);
		resume(t);
	}
}

static void
run_threads(void)
{
	while (x.end == RUNNING) {
		unsigned enabled = 0, t;

		if (!x.replay)
			checkpoint_make(&x.here);
		for (t = 0; t < x.s->threads; t++)
			enabled |= (unsigned)x.here.pending[t].active << t;
		if (enabled == 0)
			return;
		t = choose_thread(enabled);
		if (t == EX_THREADS)
			leave(REDUNDANT);
		/* A turn without an event (a death) wakes nobody. */
		if (search_reduced())
			x.here.sleep = (x.choice[x.here.turn].sleep | x.choice[x.here.turn].done) & (uint8_t)~(1u << t);
		resume(t);
		x.here.last = t;
	}
}

static enum end
execute(void)
{
	x.self = EX_THREADS;
	x.end = RUNNING;
	if (setjmp(x.stop) == 0) {
		if (x.replay || !checkpoint_return(x.changed, &x.here))
			begin_threads();
		run_threads();
		if (x.end == RUNNING && x.s->finish != NULL)
			x.s->finish();
	}
	x.self = EX_THREADS;
	return x.end;
}

/* The next execution is the first. */
static void
from_the_beginning(void)
{
	x.choices = x.changed = 0;
	checkpoint_forget();
}

static void
begin(const struct ex_scenario *s, enum ex_mode mode, struct ex_result *result)
{
	x.s = s;
	x.mode = mode;
	x.result = result;
	from_the_beginning();
	memory_forget();
	world_new(s->flags);
	memset(result, 0, sizeof *result);
	if (s->setup != NULL)
		s->setup();
	world_keep();
}

/* --- schedules -------------------------------------------------------------------------- */

static char *
schedule_text(void)
{
	char *text = malloc(x.here.texts + 1);

	memcpy(text, x.text, x.here.texts);
	text[x.here.texts] = '\0';
	return text;
}

static enum end
replay(const char *schedule, bool trace)
{
	x.replay = true;
	x.trace = trace;
	x.script = schedule;
	from_the_beginning();
	execute();
	x.replay = x.trace = false;
	return x.end;
}

char *
search_fails_again(const char *schedule, int line)
{
	struct ex_result kept = *x.result;

	if (replay(schedule, false) == FAILED && x.result->line == line)
		return schedule_text();
	*x.result = kept;
	return NULL;
}

/* --- the outside ---------------------------------------------------------------------------- */

struct ex_result
ex_explore(const struct ex_scenario *s, enum ex_mode mode, uint64_t limit)
{
	struct ex_result result;

	begin(s, mode, &result);
	for (;;) {
		enum end end = execute();

		if (x.here.events > result.longest)
			result.longest = x.here.events;
		if (end == FAILED) {
			result.executions++;
			result.failed = true;
			result.schedule = search_shorten(schedule_text(), result.line);
			return result;
		}
		if (memory_has_grown()) {
			from_the_beginning();
			result.discarded += result.executions + result.redundant + 1;
			result.executions = result.redundant = result.longest = 0;
			continue;
		}
		if (end == REDUNDANT)
			result.redundant++;
		else
			result.executions++;
		if (limit != 0 && result.executions + result.redundant >= limit)
			return result;
		if (!advance()) {
			result.exhausted = true;
			return result;
		}
	}
}

bool
ex_replay(const struct ex_scenario *s, const char *schedule, struct ex_result *result)
{
	begin(s, EX_REDUCED, result);
	result->failed = replay(schedule, true) == FAILED;
	return result->failed;
}
