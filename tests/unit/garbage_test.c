/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * P14: whatever stands in shared memory, decisions may be wrong, but no call
 * leaves the object, runs for ever, or returns what is not a status.
 */

#include "helpers.h"

#ifndef GARBAGE_ROUNDS
#define GARBAGE_ROUNDS 3000
#endif

static uint64_t seed = 1;

/* Rubbish of several kinds, over all of it or a few words. */
static void
garble(unsigned char *mem, uint64_t size)
{
	uint64_t how = next_random(&seed) % 4, words = size / 8;

	for (uint64_t i = 0; i < (how == 0 ? words : 1 + next_random(&seed) % 12); i++) {
		uint64_t at = how == 0 ? i : next_random(&seed) % words, v = any_number(&seed);

		if (how == 3)
			v = 0;
		memcpy(mem + 8 * at, &v, 8);
	}
}

static void
assert_known(int32_t st)
{
	cr_assert(st >= RHEO_ERR_CORRUPT && st < RHEO_STATUS_AFTER_LAST, "status %d", st);
}

static unsigned char *
fenced(uint64_t size)
{
	unsigned char *mem = memory_for(size + 512);

	memset(mem, 0xa5, size + 512);
	return mem + 256;
}

static void
assert_fences(const unsigned char *mem, uint64_t size)
{
	for (int i = 0; i < 256; i++)
		cr_assert(mem[i - 256] == 0xa5 && mem[size + (uint64_t)i] == 0xa5, "a call left the object");
}

static void
use_bucket(rheo_bucket_t *b, const rheo_bucket_config_t *cfg)
{
	rheo_bucket_stats_t s;
	rheo_bucket_quota_t q;
	rheo_bucket_config_t got;
	uint64_t n = any_number(&seed) % 100 + 1, now = any_number(&seed), out;

	assert_known(rheo_bucket_try_acquire(b, n));
	assert_known(rheo_bucket_try_acquire_at(b, n, now));
	assert_known(rheo_bucket_acquire_upto(b, n, now, &out));
	assert_known(rheo_bucket_reserve(b, n, now, any_number(&seed), &out));
	assert_known(rheo_bucket_refund(b, n));
	assert_known(rheo_bucket_charge(b, n, now));
	assert_known(rheo_bucket_refill(b, now));
	assert_known(rheo_bucket_next_refill_ns(b, now, &out));
	assert_known(rheo_bucket_wait_ns(b, n, now, &out));
	assert_known(rheo_bucket_available(b, now, &out));
	assert_known(rheo_bucket_quota(b, now, &q));
	assert_known(rheo_bucket_stats(b, &s, sizeof s));
	assert_known(rheo_bucket_config(b, &got, sizeof got));
	assert_known(rheo_bucket_reconfigure(b, cfg, now, (uint32_t)(n % 3)));
}

Test(garbage, in_a_buckets_memory)
{
	for (uint32_t lanes = 1; lanes <= 8; lanes *= 8) {
		rheo_bucket_config_t cfg = bucket_config(1000, 1000);
		uint64_t size;
		unsigned char *mem;
		rheo_bucket_t *b;

		cfg.lanes = lanes;
		cfg.counter_lanes = 2;
		size = rheo_bucket_size(&cfg);
		mem = fenced(size);
		for (int i = 0; i < GARBAGE_ROUNDS; i++) {
			assert_status(rheo_bucket_init(mem, size, &cfg, any_number(&seed), &b), RHEO_OK);
			use_bucket(b, &cfg);
			garble(mem, size);
			use_bucket(b, &cfg);
			use_bucket(b, &cfg);
			assert_fences(mem, size);
		}
	}
}

static void
use_breaker(rheo_breaker_t *b, const rheo_breaker_config_t *cfg)
{
	rheo_breaker_snapshot_t s;
	rheo_breaker_config_t got;
	rheo_breaker_event_t e[16];
	uint64_t now = any_number(&seed), permit, out;
	uint32_t n, state, mode;

	assert_known(rheo_breaker_try_acquire(b, now, &permit));
	assert_known(rheo_breaker_record(b, permit, (uint32_t)(now % 3), now));
	assert_known(rheo_breaker_record(b, any_number(&seed), (uint32_t)(now % 3), now));
	assert_known(rheo_breaker_try_acquire(b, now, &permit));
	assert_known(rheo_breaker_cancel(b, permit, now));
	assert_known(rheo_breaker_tick(b, now, &out));
	assert_known(rheo_breaker_state(b, &state, &mode));
	cr_assert(state <= RHEO_HALF_OPEN && mode <= RHEO_DISABLED);
	assert_known(rheo_breaker_retry_after_ns(b, now, &out));
	assert_known(rheo_breaker_snapshot(b, now, &s, sizeof s));
	assert_known(rheo_breaker_events(b, any_number(&seed), e, 16, &n));
	cr_assert(n <= 16);
	assert_known(rheo_breaker_config(b, &got, sizeof got));
	assert_known(rheo_breaker_force(b, (uint32_t)(now % 4), now));
	assert_known(rheo_breaker_reconfigure(b, cfg, now));
	assert_known(rheo_breaker_reset(b, now));
}

Test(garbage, in_a_breakers_memory)
{
	for (uint32_t calls = 0; calls <= 300; calls += 300) {
		rheo_breaker_config_t cfg = breaker_config();
		uint64_t size;
		unsigned char *mem;
		rheo_breaker_t *b;

		cfg.window_calls = calls;
		cfg.consecutive_failures = 5;
		cfg.slow_call_rate_bp = 5000;
		cfg.slow_call_ns = 1;
		cfg.lanes = 4;
		size = rheo_breaker_size(&cfg);
		mem = fenced(size);
		for (int i = 0; i < GARBAGE_ROUNDS; i++) {
			assert_status(rheo_breaker_init(mem, size, &cfg, any_number(&seed), &b), RHEO_OK);
			use_breaker(b, &cfg);
			garble(mem, size);
			use_breaker(b, &cfg);
			use_breaker(b, &cfg);
			assert_fences(mem, size);
		}
	}
}

Test(garbage, does_not_attach)
{
	rheo_bucket_config_t cfg = bucket_config(10, 10);
	uint64_t size = rheo_bucket_size(&cfg);
	unsigned char *mem = fenced(size);
	rheo_bucket_t *b;
	rheo_breaker_t *k;
	rheo_counter_t *c;

	for (int i = 0; i < GARBAGE_ROUNDS; i++) {
		rheo_bucket_init(mem, size, &cfg, 0, &b);
		assert_status(rheo_breaker_attach(mem, UINT64_MAX, &k), RHEO_ERR_CORRUPT);
		assert_status(rheo_counter_attach(mem, UINT64_MAX, &c), RHEO_ERR_CORRUPT);
		for (uint64_t at = 0; at < size; at += 8) {
			uint64_t v = next_random(&seed);

			memcpy(mem + at, &v, 8);
		}
		cr_assert(rheo_bucket_attach(mem, size, &b) < 0);
	}
}
