/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_TORTURE_WORLD_H
#define RHEO_TESTS_TORTURE_WORLD_H

/*
 * A world: two buckets, two breakers, a counter, a clock and the actors that
 * call them, in one block of memory without pointers, private or shared, at any
 * address. A process looks at it through a view: handles that it attached.
 *
 * An actor is a context in which calls follow each other: a thread, a process, a
 * level of signal handlers. It notes a call before it makes it and completes
 * the note after it, by one store: whoever finds `begun` ahead of `done` knows
 * that exactly one call is in doubt, and which.
 */

#include <sched.h>
#include <time.h>

#include "follow.h"

#define TANKS 2
#define BREAKERS 2
#define PROBES 3u
#define PROBE_SUCCESSES 2u
#define OPEN_MAX_NS 50000u
#define PROBE_TIMEOUT_NS 30000u
#define RATE_TOKENS 1u
#define RATE_PERIOD_NS 1000u
#define DEBT 40u
/* The other rate earns one token less in so long. */
#define SLOWER_PERCENT 3u
#define SLOWER_NS (100 * RATE_PERIOD_NS / (SLOWER_PERCENT * RATE_TOKENS))

#ifndef NOTES
#define NOTES 16384
#endif
#define ACTORS_MAX 16
#define BOARD 32

/* Traits of a world: what its actors do besides. */
enum {
	OWES = 1, /* reserve from the future, charge */
	GIVES_BACK = 2, /* refund */
	SHRINKS = 4, /* reconfigure the burst */
	BENDS = 8, /* reconfigure the rate */
	RENEWS = 16, /* reconfigure so that the level is set, too */
	FORCES = 32, /* force and reset breakers */
	RETHINKS = 64 /* reconfigure breakers */
};

/* What may be called: each its own, so that one can say where killed callers were. */
enum kind {
	TAKE, TAKE_AT, TAKE_UPTO, RESERVE, REFUND, CHARGE, REFILL, RECONFIGURE,
	ACQUIRE, RECORD, CANCEL, TICK, FORCE, RESET, RETHINK, COUNT, LOOK, KINDS
};

static const char *const kind_names[KINDS] = {
	"try_acquire", "try_acquire_at", "acquire_upto", "reserve", "refund", "charge", "refill", "reconfigure",
	"breaker", "record", "cancel", "tick", "force", "reset", "breaker_reconfigure", "counter", "looks"};

struct note {
	uint64_t lo, hi; /* the call's time lies in here */
	uint64_t n; /* tokens, or a permit */
	uint64_t generation; /* of the permit */
	uint64_t stamp;
	uint32_t outcome;
	uint8_t kind, object;
	bool doubt;
};

/* What a bucket or breaker counts itself: as its callers count it. */
struct tank_counts {
	uint64_t refused_rate, refused_never;
};

struct breaker_counts {
	uint64_t successes, failures, ignored, stale, refused_open, refused_probe;
};

struct actor {
	_Alignas(128) _Atomic uint64_t begun;
	_Atomic uint64_t done;
	uint64_t seed, calls;
	uint64_t doubts[KINDS]; /* calls in doubt, by kind ... */
	uint64_t doubted[2][KINDS]; /* ... and by object (0, 1): tokens, or calls */
	uint64_t counted; /* added to the counter */
	struct tank_counts tank[TANKS];
	struct breaker_counts breaker[BREAKERS];
	struct note note[NOTES];
};

struct world {
	_Atomic uint64_t clock, stamp;
	_Atomic uint64_t followed[BREAKERS]; /* the follower has seen so many generations */
	_Atomic uint32_t ill, stop, crowd;
	uint32_t traits, actors, crowd_max; /* crowd_max: so many in breakers at once, 0: all */
	uint32_t ahead; /* generations that actors may be ahead of the follower */
	_Atomic uint64_t board[BREAKERS][BOARD]; /* permits that anybody may report */
	uint32_t tank_at[TANKS], breaker_at[BREAKERS], counter_at;
	uint64_t burst[TANKS];
	_Alignas(128) char objects[32768];
	struct actor actor[];
};

struct view {
	struct world *w;
	rheo_bucket_t *tank[TANKS];
	rheo_breaker_t *breaker[BREAKERS];
	rheo_counter_t *counter;
};

static inline size_t
world_size(uint32_t actors)
{
	return sizeof(struct world) + actors * sizeof(struct actor);
}

static inline uint64_t
clock_of(const struct view *v)
{
	return atomic_load(&v->w->clock);
}

/* For rates, which are printed and never asserted. */
static inline double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A handful of kinds of world, by turns: strict ones first, in which nothing is lent. */
static inline uint32_t
traits_of(uint64_t round)
{
	static const uint32_t kinds[] = {0,
					 OWES,
					 FORCES,
					 GIVES_BACK | RETHINKS,
					 SHRINKS | BENDS | FORCES,
					 OWES | SHRINKS | RETHINKS,
					 RETHINKS | FORCES | BENDS,
					 OWES | GIVES_BACK | SHRINKS | RENEWS | FORCES | RETHINKS};

	return kinds[round % (sizeof kinds / sizeof *kinds)];
}

static inline rheo_bucket_config_t
tank_config(const struct world *w, unsigned t)
{
	rheo_bucket_config_t c;

	rheo_bucket_config_init(&c, sizeof c);
	c.tokens_per_period = RATE_TOKENS;
	c.period_ns = RATE_PERIOD_NS;
	c.burst = t == 0 ? 60 : 640;
	c.lanes = t == 0 ? 1 : 4;
	c.counter_lanes = 4;
	c.max_debt = (w->traits & OWES) ? DEBT : 0;
	return c;
}

/* One by time, whose late probes have failed; one by calls, whose late probes are cancelled. */
static inline rheo_breaker_config_t
breaker_config(unsigned k)
{
	rheo_breaker_config_t c;

	rheo_breaker_config_init(&c, sizeof c);
	c.flags = k == 0 ? 0 : RHEO_BREAKER_PROBE_TIMEOUT_CANCELS;
	c.window_ns = 100000;
	c.window_calls = k == 0 ? 0 : 50;
	c.minimum_calls = 10;
	c.consecutive_failures = 30;
	c.open_ns = 20000;
	c.open_max_ns = OPEN_MAX_NS;
	c.open_backoff_bp = 5000;
	c.open_jitter_bp = 1000;
	c.jitter_seed = k + 1;
	c.half_open_calls = PROBES;
	c.half_open_successes = PROBE_SUCCESSES;
	c.half_open_failures = 2;
	c.probe_timeout_ns = PROBE_TIMEOUT_NS;
	c.lanes = k == 0 ? 4 : 2;
	return c;
}

static inline rheo_counter_config_t
counter_config(void)
{
	rheo_counter_config_t c;

	rheo_counter_config_init(&c, sizeof c);
	c.lanes = 8;
	return c;
}

/* The next piece of the objects' memory. */
static inline void *
place(struct world *w, uint32_t *used, uint64_t size, uint32_t *at)
{
	*at = *used;
	*used += (uint32_t)size;
	CHECK(size != 0 && *used <= sizeof w->objects, "objects of %llu bytes", ULL(size));
	return w->objects + *at;
}

static inline struct view
world_attach(struct world *w)
{
	struct view v = {.w = w};
	uint64_t size = sizeof w->objects;

	for (unsigned t = 0; t < TANKS; t++)
		CHECK(rheo_bucket_attach(w->objects + w->tank_at[t], size - w->tank_at[t], &v.tank[t]) == RHEO_OK,
		      "attach to bucket %u", t);
	for (unsigned k = 0; k < BREAKERS; k++)
		CHECK(rheo_breaker_attach(w->objects + w->breaker_at[k], size - w->breaker_at[k],
					  &v.breaker[k]) == RHEO_OK,
		      "attach to breaker %u", k);
	CHECK(rheo_counter_attach(w->objects + w->counter_at, size - w->counter_at, &v.counter) == RHEO_OK,
	      "attach to counter");
	return v;
}

/* Everything anew, in memory that may hold an old world. Nobody else looks at it. */
static inline struct view
world_init(struct world *w, uint32_t actors, uint32_t crowd_max, uint32_t traits, uint64_t seed)
{
	rheo_counter_config_t cc = counter_config();
	struct view v;
	uint32_t used = 0;
	uint64_t size, now = 1000000 + next_random(&seed) % 1000000;
	void *mem;

	memset(w, 0, sizeof *w);
	memset(w->objects, 0xa5, sizeof w->objects);
	w->clock = now;
	w->traits = traits;
	w->actors = actors;
	w->crowd_max = crowd_max;
	/* The log keeps 16 transitions, a call makes three at most: so the follower misses none. */
	w->ahead = 15 - 3 * (crowd_max != 0 ? crowd_max : actors);
	CHECK(w->ahead < 15, "more actors than the log has room for");
	for (unsigned t = 0; t < TANKS; t++) {
		rheo_bucket_config_t c = tank_config(w, t);

		w->burst[t] = c.burst;
		size = rheo_bucket_size(&c);
		mem = place(w, &used, size, &w->tank_at[t]);
		CHECK(rheo_bucket_init(mem, size, &c, now, &v.tank[t]) == RHEO_OK, "init of bucket %u", t);
	}
	for (unsigned k = 0; k < BREAKERS; k++) {
		rheo_breaker_config_t c = breaker_config(k);

		size = rheo_breaker_size(&c);
		mem = place(w, &used, size, &w->breaker_at[k]);
		CHECK(rheo_breaker_init(mem, size, &c, now, &v.breaker[k]) == RHEO_OK, "init of breaker %u", k);
	}
	size = rheo_counter_size(&cc);
	mem = place(w, &used, size, &w->counter_at);
	CHECK(rheo_counter_init(mem, size, &cc, now, &v.counter) == RHEO_OK, "init of counter");
	for (uint32_t i = 0; i < actors; i++) {
		memset(&w->actor[i], 0, offsetof(struct actor, note));
		w->actor[i].seed = next_random(&seed);
	}
	return world_attach(w);
}

/* The follower's part, whoever that is: says how far it came, which lets actors go on. */
static inline void
follow_world(const struct view *v, struct follower f[BREAKERS])
{
	for (unsigned k = 0; k < BREAKERS; k++) {
		follow_once(&f[k], v->breaker[k]);
		atomic_store(&v->w->followed[k], f[k].seen);
	}
}

static inline void
followers_init(const struct view *v, struct follower f[BREAKERS])
{
	memset(f, 0, BREAKERS * sizeof *f);
	for (unsigned k = 0; k < BREAKERS; k++)
		f[k].resets = (v->w->traits & FORCES) != 0;
}

/* The actor is gone or will not go on: a call that it had begun is in doubt from now on. */
static inline void
leave_in_doubt(struct view *v, struct actor *a)
{
	uint64_t at = atomic_load(&a->done);
	struct note *e = &a->note[at];

	if (atomic_load(&a->begun) == at)
		return;
	e->doubt = true;
	e->hi = clock_of(v);
	a->doubts[e->kind]++;
	a->doubted[e->object][e->kind] += e->kind <= CHARGE ? e->n : 1;
	atomic_store(&a->done, at + 1);
}

#endif
