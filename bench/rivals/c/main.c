/* SPDX-License-Identifier: BSD-2-Clause */

/* Our objects and those written by hand, in one program with one harness. */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "by_hand.h"
#include "harness.h"
#include "rheo/rheo.h"

/* So much that it does not run out, at a token a nanosecond. */
#define PLENTY (UINT64_C(1) << 57)

#define INLINE static inline __attribute__((always_inline))
#define RUN(name, call_passes) \
	static uint64_t name(void *object, uint64_t calls, uint64_t *now) \
	{ \
		uint64_t as_wanted = 0; \
		(void)now; \
		for (uint64_t i = 0; i < calls; i++) \
			as_wanted += (call_passes); \
		return as_wanted; \
	}

/* --- by hand --- */

static void *
make_mutex_bucket(uint64_t *bytes, double tokens, double per_ns)
{
	struct mutex_bucket *b = lines_of_its_own(*bytes = sizeof *b);

	pthread_mutex_init(&b->lock, NULL);
	b->tokens = b->burst = tokens;
	b->per_ns = per_ns;
	b->last_ns = clock_ns();
	return b;
}

static void *
full_mutex_bucket(uint64_t *bytes)
{
	return make_mutex_bucket(bytes, 1e9, 1);
}

static void *
empty_mutex_bucket(uint64_t *bytes)
{
	return make_mutex_bucket(bytes, 0, 1e-18);
}

RUN(mutex_accept, mutex_bucket_take(object) == 1)
RUN(mutex_refuse, mutex_bucket_take(object) == 0)

static void *
full_counter(uint64_t *bytes)
{
	struct window_counter *c = lines_of_its_own(*bytes = sizeof *c);

	c->limit = PLENTY;
	return c;
}

static void *
empty_counter(uint64_t *bytes)
{
	return lines_of_its_own(*bytes = sizeof(struct window_counter));
}

RUN(counter_accept, window_counter_take(object) == 1)
RUN(counter_refuse, window_counter_take(object) == 0)

static void *
full_gcra(uint64_t *bytes)
{
	struct gcra_word *g = lines_of_its_own(*bytes = sizeof *g);

	g->ns_per_token = 1;
	g->burst_ns = PLENTY;
	return g;
}

static void *
empty_gcra(uint64_t *bytes)
{
	struct gcra_word *g = lines_of_its_own(*bytes = sizeof *g);

	g->ns_per_token = PLENTY;
	g->burst_ns = PLENTY;
	g->full_at_ns = clock_ns() + PLENTY;
	return g;
}

RUN(gcra_clock_accept, gcra_word_take(object, clock_ns()) == 1)
RUN(gcra_clock_refuse, gcra_word_take(object, clock_ns()) == 0)
RUN(gcra_given_accept, gcra_word_take(object, ++*now) == 1)
RUN(gcra_given_refuse, gcra_word_take(object, ++*now) == 0)

/* --- rheo: a handle is not the memory's address, so both are kept --- */

struct ours {
	rheo_bucket_t *bucket;
	rheo_breaker_t *breaker;
	rheo_guard_t *guard;
	_Alignas(128) unsigned char memory[3][16384];
};

static struct ours *
room(void)
{
	return lines_of_its_own(sizeof(struct ours));
}

static uint64_t
fits(uint64_t bytes)
{
	if (bytes == 0 || bytes > sizeof((struct ours *)0)->memory[0])
		abort();
	return bytes;
}

static uint64_t
put_bucket(struct ours *o, int full, uint32_t lanes)
{
	rheo_bucket_config_t cfg;
	uint64_t bytes, got;

	rheo_bucket_config_init(&cfg, sizeof cfg);
	cfg.tokens_per_period = full ? 1000000000 : 1;
	cfg.period_ns = full ? 1000000000 : 365 * 86400 * UINT64_C(1000000000);
	cfg.burst = full ? PLENTY : 100000;
	cfg.lanes = lanes;
	bytes = fits(rheo_bucket_size(&cfg));
	if (rheo_bucket_init(o->memory[0], bytes, &cfg, rheo_now_ns(), &o->bucket) != RHEO_OK)
		abort();
	while (!full && rheo_bucket_acquire_upto(o->bucket, 100000, 0, &got) == RHEO_OK && got > 0)
		;
	return bytes;
}

static uint64_t
put_breaker(struct ours *o, int open, uint32_t window_calls)
{
	rheo_breaker_config_t cfg;
	uint64_t bytes, permit, now = rheo_now_ns();

	rheo_breaker_config_init(&cfg, sizeof cfg);
	cfg.window_calls = window_calls;
	cfg.open_ns = 3600 * UINT64_C(1000000000);
	bytes = fits(rheo_breaker_size(&cfg));
	if (rheo_breaker_init(o->memory[1], bytes, &cfg, now, &o->breaker) != RHEO_OK)
		abort();
	while (open && rheo_breaker_try_acquire(o->breaker, now, &permit) == RHEO_OK)
		rheo_breaker_record(o->breaker, permit, RHEO_FAILURE, now);
	return bytes;
}

static uint64_t
put_guard(struct ours *o, int full, uint32_t flags)
{
	rheo_guard_config_t cfg;
	uint64_t bytes, parts = put_bucket(o, full, 0) + put_breaker(o, 0, 0);

	rheo_guard_config_init(&cfg, sizeof cfg);
	cfg.flags = flags;
	cfg.breaker = o->breaker;
	cfg.bucket[0] = o->bucket;
	bytes = fits(rheo_guard_size(&cfg));
	if (rheo_guard_init(o->memory[2], bytes, &cfg, rheo_now_ns(), &o->guard) != RHEO_OK)
		abort();
	return parts + bytes;
}

#define MAKE(name, put) \
	static void *name(uint64_t *bytes) \
	{ \
		struct ours *o = room(); \
		*bytes = (put); \
		return o; \
	}
MAKE(full_word, put_bucket(o, 1, 1))
MAKE(empty_word, put_bucket(o, 0, 1))
MAKE(full_lanes, put_bucket(o, 1, 2))
MAKE(empty_lanes, put_bucket(o, 0, 2))
MAKE(closed_by_time, put_breaker(o, 0, 0))
MAKE(open_by_time, put_breaker(o, 1, 0))
MAKE(closed_by_count, put_breaker(o, 0, 100))
MAKE(open_by_count, put_breaker(o, 1, 100))
MAKE(full_guard, put_guard(o, 1, 0))
MAKE(full_lean_guard, put_guard(o, 1, RHEO_GUARD_LEAN))
MAKE(empty_guard, put_guard(o, 0, 0))
MAKE(empty_lean_guard, put_guard(o, 0, RHEO_GUARD_LEAN))

INLINE rheo_bucket_t *
bucket_of(void *object)
{
	return ((struct ours *)object)->bucket;
}

INLINE int32_t
closed_call(void *object, uint64_t begin, uint64_t end)
{
	rheo_breaker_t *b = ((struct ours *)object)->breaker;
	uint64_t permit;
	int32_t st = rheo_breaker_try_acquire(b, begin, &permit);

	return st != RHEO_OK ? st : rheo_breaker_record(b, permit, RHEO_SUCCESS, end);
}

INLINE int32_t
open_call(void *object, uint64_t now)
{
	uint64_t permit;

	return rheo_breaker_try_acquire(((struct ours *)object)->breaker, now, &permit);
}

INLINE int32_t
guard_call(void *object, uint64_t now)
{
	rheo_guard_t *g = ((struct ours *)object)->guard;
	rheo_verdict_t v;
	int32_t st = rheo_guard_try_acquire(g, 1, now, &v);

	return st != RHEO_OK ? st : rheo_guard_record(g, v.permit, RHEO_SUCCESS, now);
}

RUN(bucket_accept, rheo_bucket_try_acquire(bucket_of(object), 1) == RHEO_OK)
RUN(bucket_refuse, rheo_bucket_try_acquire(bucket_of(object), 1) == RHEO_REJ_RATE)
RUN(bucket_given_accept, rheo_bucket_try_acquire_at(bucket_of(object), 1, ++*now) == RHEO_OK)
RUN(bucket_given_refuse, rheo_bucket_try_acquire_at(bucket_of(object), 1, ++*now) == RHEO_REJ_RATE)
RUN(bucket_clock_accept, rheo_bucket_try_acquire_at(bucket_of(object), 1, rheo_now_ns()) == RHEO_OK)
RUN(bucket_clock_refuse, rheo_bucket_try_acquire_at(bucket_of(object), 1, rheo_now_ns()) == RHEO_REJ_RATE)
RUN(breaker_given_closed, closed_call(object, *now, *now + 1) == RHEO_OK && ++*now)
RUN(breaker_given_open, open_call(object, ++*now) == RHEO_REJ_OPEN)
RUN(breaker_clock_closed, closed_call(object, rheo_now_ns(), rheo_now_ns()) == RHEO_OK)
RUN(breaker_clock_open, open_call(object, rheo_now_ns()) == RHEO_REJ_OPEN)
RUN(guard_given_accept, guard_call(object, ++*now) == RHEO_OK)
RUN(guard_given_refuse, guard_call(object, ++*now) == RHEO_REJ_RATE)

int
main(void)
{
	const char *ms = getenv("RIVAL_MS"), *v = rheo_version_string();
	const struct contender all[] = {
		{"rheo", v, "bucket, one word, published time", "accept", "no", full_word, bucket_accept},
		{"rheo", v, "bucket, one word, published time", "refuse", "no", empty_word, bucket_refuse},
		{"rheo", v, "bucket, one word, time given", "accept", "no", full_word, bucket_given_accept},
		{"rheo", v, "bucket, one word, time given", "refuse", "no", empty_word, bucket_given_refuse},
		{"rheo", v, "bucket, one word, clock read", "accept", "yes", full_word, bucket_clock_accept},
		{"rheo", v, "bucket, one word, clock read", "refuse", "yes", empty_word, bucket_clock_refuse},
		{"rheo", v, "bucket, 2 lanes, published time", "accept", "no", full_lanes, bucket_accept},
		{"rheo", v, "bucket, 2 lanes, published time", "refuse", "no", empty_lanes, bucket_refuse},
		{"rheo", v, "bucket, 2 lanes, time given", "accept", "no", full_lanes, bucket_given_accept},
		{"rheo", v, "bucket, 2 lanes, time given", "refuse", "no", empty_lanes, bucket_given_refuse},
		{"rheo", v, "bucket, 2 lanes, clock read", "accept", "yes", full_lanes, bucket_clock_accept},
		{"rheo", v, "bucket, 2 lanes, clock read", "refuse", "yes", empty_lanes, bucket_clock_refuse},
		{"rheo", v, "guard (bucket and breaker)", "accept", "no", full_guard, guard_given_accept},
		{"rheo", v, "guard (bucket and breaker)", "refuse", "no", empty_guard, guard_given_refuse},
		{"rheo", v, "guard, lean", "accept", "no", full_lean_guard, guard_given_accept},
		{"rheo", v, "guard, lean", "refuse", "no", empty_lean_guard, guard_given_refuse},
		{"rheo", v, "breaker, time window, time given", "closed", "no", closed_by_time, breaker_given_closed},
		{"rheo", v, "breaker, time window, time given", "open", "no", open_by_time, breaker_given_open},
		{"rheo", v, "breaker, time window, clock read", "closed", "yes", closed_by_time, breaker_clock_closed},
		{"rheo", v, "breaker, time window, clock read", "open", "yes", open_by_time, breaker_clock_open},
		{"rheo", v, "breaker, count window, time given", "closed", "no", closed_by_count, breaker_given_closed},
		{"rheo", v, "breaker, count window, time given", "open", "no", open_by_count, breaker_given_open},
		{"by hand", "-", "mutex bucket", "accept", "yes", full_mutex_bucket, mutex_accept},
		{"by hand", "-", "mutex bucket", "refuse", "yes", empty_mutex_bucket, mutex_refuse},
		{"by hand", "-", "atomic counter", "accept", "no", full_counter, counter_accept},
		{"by hand", "-", "atomic counter", "refuse", "no", empty_counter, counter_refuse},
		{"by hand", "-", "GCRA word, clock read", "accept", "yes", full_gcra, gcra_clock_accept},
		{"by hand", "-", "GCRA word, clock read", "refuse", "yes", empty_gcra, gcra_clock_refuse},
		{"by hand", "-", "GCRA word, time given", "accept", "no", full_gcra, gcra_given_accept},
		{"by hand", "-", "GCRA word, time given", "refuse", "no", empty_gcra, gcra_given_refuse},
	};
	int failed = 0;

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		failed |= measure(&all[i], ms != NULL ? atoi(ms) : 100);
	return failed;
}
