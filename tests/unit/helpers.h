/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_HELPERS_H
#define RHEO_TESTS_HELPERS_H

#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "inject.h"
#include "rheo/rheo.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

/* Statuses by name where an assertion fails. */
#define assert_status(expr, want)                                                             \
	do {                                                                                  \
		int32_t got_ = (expr);                                                        \
		cr_assert(got_ == (want), "%s gave %s, not %s", #expr, rheo_status_name(got_), \
			  rheo_status_name(want));                                            \
	} while (0)

#define assert_u64(expr, want)                                                                   \
	do {                                                                                     \
		uint64_t got_ = (expr), want_ = (want);                                          \
		cr_assert(got_ == want_, "%s is %llu, not %llu", #expr, (unsigned long long)got_, \
			  (unsigned long long)want_);                                            \
	} while (0)

/* Memory filled with rubbish, as a caller's may be. */
static inline void *
memory_for(uint64_t size)
{
	void *mem = aligned_alloc(128, size);

	cr_assert(size % 128 == 0, "a size that C11's aligned_alloc need not take");
	cr_assert(mem != NULL);
	memset(mem, 0xa5, (size_t)size);
	return mem;
}

static inline rheo_bucket_config_t
bucket_config(uint64_t per_second, uint64_t burst)
{
	rheo_bucket_config_t cfg;

	rheo_bucket_config_init(&cfg, sizeof cfg);
	cfg.tokens_per_period = per_second;
	cfg.burst = burst;
	cfg.counter_lanes = 1;
	return cfg;
}

static inline rheo_bucket_t *
bucket_from(const rheo_bucket_config_t *cfg, uint64_t now_ns)
{
	uint64_t size = rheo_bucket_size(cfg);
	rheo_bucket_t *b = NULL;

	cr_assert(size != 0, "the configuration is not valid");
	assert_status(rheo_bucket_init(memory_for(size), size, cfg, now_ns, &b), RHEO_OK);
	return b;
}

static inline rheo_bucket_t *
bucket_of(uint64_t per_second, uint64_t burst)
{
	rheo_bucket_config_t cfg = bucket_config(per_second, burst);

	return bucket_from(&cfg, 0);
}

static inline uint64_t
available_at(const rheo_bucket_t *b, uint64_t now_ns)
{
	uint64_t tokens = 0;

	assert_status(rheo_bucket_available(b, now_ns, &tokens), RHEO_OK);
	return tokens;
}

static inline rheo_bucket_stats_t
bucket_stats(const rheo_bucket_t *b)
{
	rheo_bucket_stats_t s;

	assert_status(rheo_bucket_stats(b, &s, sizeof s), RHEO_OK);
	return s;
}

/* A breaker that is easy to trip: 50 % of at least 4 calls in 10 s, open 5 s, 2 probes of 1 s. */
static inline rheo_breaker_config_t
breaker_config(void)
{
	rheo_breaker_config_t cfg;

	rheo_breaker_config_init(&cfg, sizeof cfg);
	cfg.minimum_calls = 4;
	cfg.half_open_calls = 2;
	cfg.probe_timeout_ns = SECOND;
	cfg.lanes = 1;
	return cfg;
}

static inline rheo_breaker_t *
breaker_from(const rheo_breaker_config_t *cfg, uint64_t now_ns)
{
	uint64_t size = rheo_breaker_size(cfg);
	rheo_breaker_t *b = NULL;

	cr_assert(size != 0, "the configuration is not valid");
	assert_status(rheo_breaker_init(memory_for(size), size, cfg, now_ns, &b), RHEO_OK);
	return b;
}

static inline rheo_breaker_snapshot_t
breaker_snapshot(const rheo_breaker_t *b, uint64_t now_ns)
{
	rheo_breaker_snapshot_t s;

	assert_status(rheo_breaker_snapshot(b, now_ns, &s, sizeof s), RHEO_OK);
	return s;
}

static inline uint32_t
state_of(const rheo_breaker_t *b)
{
	uint32_t state = 99;

	assert_status(rheo_breaker_state(b, &state, NULL), RHEO_OK);
	return state;
}

/* One call: admitted at now_ns, reported `took` later. */
static inline void
call(rheo_breaker_t *b, uint32_t outcome, uint64_t now_ns, uint64_t took_ns)
{
	uint64_t permit;

	assert_status(rheo_breaker_try_acquire(b, now_ns, &permit), RHEO_OK);
	assert_status(rheo_breaker_record(b, permit, outcome, now_ns + took_ns), RHEO_OK);
}

static inline void
trip(rheo_breaker_t *b, uint64_t now_ns)
{
	while (state_of(b) == RHEO_CLOSED)
		call(b, RHEO_FAILURE, now_ns, 0);
}

static inline uint64_t
probe_at(rheo_breaker_t *b, uint64_t now_ns)
{
	uint64_t permit;

	assert_status(rheo_breaker_try_acquire(b, now_ns, &permit), RHEO_OK);
	return permit;
}

/* xoshiro-like, so that a seed means the same everywhere. */
static inline uint64_t
next_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* A random number of a random magnitude, edges included. */
static inline uint64_t
any_number(uint64_t *state)
{
	uint64_t r = next_random(state), bits = next_random(state) % 65;

	r = bits == 0 ? 0 : r >> (64 - bits);
	switch (next_random(state) % 8) {
	case 0:
		return UINT64_MAX - r % 4;
	case 1:
		return bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
	default:
		return r;
	}
}

/*
 * Runs a statement as a thread that is killed at the nth injection point it
 * passes. `died` is true if it got that far.
 */
extern sigjmp_buf death;
extern int points_left;
void die_at(const char *point);

#define KILL_AT(n, died, statement)              \
	do {                                     \
		points_left = (n);               \
		(died) = 1;                      \
		if (sigsetjmp(death, 0) == 0) {  \
			rh_inject_hook = die_at; \
			statement;               \
			(died) = 0;              \
		}                                \
		rh_inject_hook = NULL;           \
	} while (0)

#endif
