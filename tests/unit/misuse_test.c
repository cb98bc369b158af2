/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Every misuse of every function, in one table: a negative status, and nothing
 * changed, neither the objects nor what the caller would have got back.
 * tests/abi/symbols.sh checks that no exported function is missing here.
 */

#include "helpers.h"

static struct {
	void *mem[4], *copy[4];
	uint64_t size[4];
} image;

static rheo_counter_t *counter;
static rheo_bucket_t *bucket;
static rheo_breaker_t *breaker;
static rheo_guard_t *guard;

static rheo_counter_config_t counter_cfg;
static rheo_bucket_config_t bucket_cfg;
static rheo_breaker_config_t breaker_cfg;
static rheo_guard_config_t guard_cfg;

static void
keep(int i, void *mem, uint64_t size)
{
	image.mem[i] = mem;
	image.size[i] = size;
	image.copy[i] = malloc(size);
	memcpy(image.copy[i], mem, size);
}

static void
make_all(void)
{
	uint64_t size;
	void *mem;

	rheo_counter_config_init(&counter_cfg, sizeof counter_cfg);
	bucket_cfg = bucket_config(10, 1000);
	bucket_cfg.lanes = 4;
	breaker_cfg = breaker_config();
	rheo_guard_config_init(&guard_cfg, sizeof guard_cfg);
	size = rheo_counter_size(&counter_cfg);
	assert_status(rheo_counter_init(mem = memory_for(size), size, &counter_cfg, 0, &counter), RHEO_OK);
	keep(0, mem, size);
	size = rheo_bucket_size(&bucket_cfg);
	assert_status(rheo_bucket_init(mem = memory_for(size), size, &bucket_cfg, 0, &bucket), RHEO_OK);
	keep(1, mem, size);
	size = rheo_breaker_size(&breaker_cfg);
	assert_status(rheo_breaker_init(mem = memory_for(size), size, &breaker_cfg, 0, &breaker), RHEO_OK);
	keep(2, mem, size);
	guard_cfg.breaker = breaker;
	guard_cfg.bucket[0] = bucket;
	size = rheo_guard_size(&guard_cfg);
	assert_status(rheo_guard_init(mem = memory_for(size), size, &guard_cfg, 0, &guard), RHEO_OK);
	keep(3, mem, size);
}

/* What a caller passes to get something back: filled with a pattern that must stay. */
static union {
	unsigned char bytes[4096];
	uint64_t number;
	uint32_t word;
	rheo_verdict_t verdict;
	rheo_bucket_stats_t bucket_stats;
	rheo_bucket_quota_t quota;
	rheo_breaker_snapshot_t snapshot;
	rheo_breaker_event_t events[16];
	rheo_guard_stats_t guard_stats;
	rheo_counter_t *counter;
	rheo_bucket_t *bucket;
	rheo_breaker_t *breaker;
	rheo_guard_t *guard;
} out;

static int rows;

static void
assert_misuse(int32_t st, const char *what)
{
	rows++;
	cr_assert(st == RHEO_ERR_INVAL, "%s gave %s", what, rheo_status_name(st));
	for (int i = 0; i < 4; i++)
		cr_assert(memcmp(image.mem[i], image.copy[i], image.size[i]) == 0, "%s changed object %d", what, i);
	for (size_t i = 0; i < sizeof out; i++)
		cr_assert(out.bytes[i] == 0x5a, "%s wrote byte %zu of what it should return", what, i);
}

#define BAD(expr) assert_misuse(expr, #expr)
#define FAULT(expr, field) cr_assert_str_eq(expr, field, "%s", #expr)
#define ZERO(expr) cr_assert((expr) == 0, "%s", #expr)

Test(misuse, of_counters)
{
	rheo_counter_config_t bad;
	char *odd;

	make_all();
	memset(&out, 0x5a, sizeof out);
	bad = counter_cfg;
	bad.counts = 0;
	odd = (char *)image.mem[0] + 8;
	BAD(rheo_counter_config_init(NULL, sizeof counter_cfg));
	BAD(rheo_counter_config_init((rheo_counter_config_t *)out.bytes, 0));
	BAD(rheo_counter_config_init((rheo_counter_config_t *)out.bytes, 7));
	BAD(rheo_counter_config_init((rheo_counter_config_t *)out.bytes, UINT64_MAX));
	ZERO(rheo_counter_size(NULL));
	ZERO(rheo_counter_size(&bad));
	BAD(rheo_counter_init(NULL, 4096, &counter_cfg, 0, &out.counter));
	BAD(rheo_counter_init(odd, 4096, &counter_cfg, 0, &out.counter));
	BAD(rheo_counter_init(image.mem[0], 4096, NULL, 0, &out.counter));
	BAD(rheo_counter_init(image.mem[0], 4096, &bad, 0, &out.counter));
	BAD(rheo_counter_init(image.mem[0], 4096, &counter_cfg, 0, NULL));
	BAD(rheo_counter_attach(NULL, 4096, &out.counter));
	BAD(rheo_counter_attach(odd, 4096, &out.counter));
	BAD(rheo_counter_attach(image.mem[0], 4096, NULL));
	BAD(rheo_counter_add(NULL, 0, 1));
	BAD(rheo_counter_add(counter, 8, 1));
	BAD(rheo_counter_add(counter, UINT32_MAX, 1));
	BAD(rheo_counter_read(NULL, 0, &out.number));
	BAD(rheo_counter_read(counter, 8, &out.number));
	BAD(rheo_counter_read(counter, 0, NULL));
	cr_assert(rheo_counter_align() == 128 && rows == 18);
}

Test(misuse, of_buckets)
{
	rheo_bucket_config_t bad, unset;
	char *odd;
	const uint64_t too_much = UINT64_C(1) << 58;

	make_all();
	memset(&out, 0x5a, sizeof out);
	bad = bucket_cfg;
	bad.burst = 0;
	unset = bucket_cfg;
	unset.struct_size = 0;
	odd = (char *)image.mem[1] + 64;
	BAD(rheo_bucket_config_init(NULL, sizeof bucket_cfg));
	BAD(rheo_bucket_config_init((rheo_bucket_config_t *)out.bytes, 4));
	BAD(rheo_bucket_config_check(NULL));
	BAD(rheo_bucket_config_check(&bad));
	BAD(rheo_bucket_config_check(&unset));
	FAULT(rheo_bucket_config_fault(NULL), "struct_size");
	FAULT(rheo_bucket_config_fault(&unset), "struct_size");
	ZERO(rheo_bucket_size(NULL));
	ZERO(rheo_bucket_size(&bad));
	BAD(rheo_bucket_init(NULL, 8192, &bucket_cfg, 0, &out.bucket));
	BAD(rheo_bucket_init(odd, 8192, &bucket_cfg, 0, &out.bucket));
	BAD(rheo_bucket_init(image.mem[1], 8192, NULL, 0, &out.bucket));
	BAD(rheo_bucket_init(image.mem[1], 8192, &bad, 0, &out.bucket));
	BAD(rheo_bucket_init(image.mem[1], 8192, &unset, 0, &out.bucket));
	BAD(rheo_bucket_init(image.mem[1], 8192, &bucket_cfg, 0, NULL));
	BAD(rheo_bucket_attach(NULL, 8192, &out.bucket));
	BAD(rheo_bucket_attach(odd, 8192, &out.bucket));
	BAD(rheo_bucket_attach(image.mem[1], 8192, NULL));
	BAD(rheo_bucket_try_acquire(NULL, 1));
	BAD(rheo_bucket_try_acquire(bucket, 0));
	BAD(rheo_bucket_try_acquire_at(NULL, 1, 0));
	BAD(rheo_bucket_try_acquire_at(bucket, 0, 0));
	BAD(rheo_bucket_acquire_upto(NULL, 1, 0, &out.number));
	BAD(rheo_bucket_acquire_upto(bucket, 0, 0, &out.number));
	BAD(rheo_bucket_acquire_upto(bucket, 1, 0, NULL));
	BAD(rheo_bucket_reserve(NULL, 1, 0, 0, &out.number));
	BAD(rheo_bucket_reserve(bucket, 0, 0, 0, &out.number));
	BAD(rheo_bucket_reserve(bucket, 1, 0, 0, NULL));
	BAD(rheo_bucket_refund(NULL, 1));
	BAD(rheo_bucket_refund(bucket, 0));
	BAD(rheo_bucket_refund(bucket, too_much));
	BAD(rheo_bucket_refund(bucket, UINT64_MAX));
	BAD(rheo_bucket_charge(NULL, 1, 0));
	BAD(rheo_bucket_charge(bucket, 0, 0));
	BAD(rheo_bucket_charge(bucket, too_much, 0));
	BAD(rheo_bucket_charge(bucket, UINT64_MAX, 0));
	BAD(rheo_bucket_refill(NULL, 0));
	BAD(rheo_bucket_next_refill_ns(NULL, 0, &out.number));
	BAD(rheo_bucket_next_refill_ns(bucket, 0, NULL));
	BAD(rheo_bucket_wait_ns(NULL, 1, 0, &out.number));
	BAD(rheo_bucket_wait_ns(bucket, 0, 0, &out.number));
	BAD(rheo_bucket_wait_ns(bucket, 1, 0, NULL));
	BAD(rheo_bucket_available(NULL, 0, &out.number));
	BAD(rheo_bucket_available(bucket, 0, NULL));
	BAD(rheo_bucket_quota(NULL, 0, &out.quota));
	BAD(rheo_bucket_quota(bucket, 0, NULL));
	BAD(rheo_bucket_reconfigure(NULL, &bucket_cfg, 0, RHEO_BUCKET_KEEP));
	BAD(rheo_bucket_reconfigure(bucket, NULL, 0, RHEO_BUCKET_KEEP));
	BAD(rheo_bucket_reconfigure(bucket, &bad, 0, RHEO_BUCKET_KEEP));
	BAD(rheo_bucket_reconfigure(bucket, &unset, 0, RHEO_BUCKET_KEEP));
	BAD(rheo_bucket_reconfigure(bucket, &bucket_cfg, 0, 3));
	BAD(rheo_bucket_config(NULL, (rheo_bucket_config_t *)out.bytes, 48));
	BAD(rheo_bucket_config(bucket, NULL, 48));
	BAD(rheo_bucket_config(bucket, (rheo_bucket_config_t *)out.bytes, 4));
	BAD(rheo_bucket_stats(NULL, &out.bucket_stats, sizeof out.bucket_stats));
	BAD(rheo_bucket_stats(bucket, NULL, sizeof out.bucket_stats));
	BAD(rheo_bucket_stats(bucket, &out.bucket_stats, 0));
	BAD(rheo_bucket_stats(bucket, &out.bucket_stats, UINT64_MAX));
	cr_assert(rheo_bucket_align() == 128 && rows == 54);
}

Test(misuse, of_breakers)
{
	rheo_breaker_config_t bad, unset;
	char *odd;

	make_all();
	memset(&out, 0x5a, sizeof out);
	bad = breaker_cfg;
	bad.minimum_calls = 0;
	unset = breaker_cfg;
	unset.struct_size = 0;
	odd = (char *)image.mem[2] + 1;
	BAD(rheo_breaker_config_init(NULL, sizeof breaker_cfg));
	BAD(rheo_breaker_config_init((rheo_breaker_config_t *)out.bytes, 4));
	BAD(rheo_breaker_config_check(NULL));
	BAD(rheo_breaker_config_check(&bad));
	BAD(rheo_breaker_config_check(&unset));
	FAULT(rheo_breaker_config_fault(NULL), "struct_size");
	FAULT(rheo_breaker_config_fault(&unset), "struct_size");
	ZERO(rheo_breaker_size(NULL));
	ZERO(rheo_breaker_size(&bad));
	BAD(rheo_breaker_init(NULL, 1 << 20, &breaker_cfg, 0, &out.breaker));
	BAD(rheo_breaker_init(odd, 1 << 20, &breaker_cfg, 0, &out.breaker));
	BAD(rheo_breaker_init(image.mem[2], 1 << 20, NULL, 0, &out.breaker));
	BAD(rheo_breaker_init(image.mem[2], 1 << 20, &bad, 0, &out.breaker));
	BAD(rheo_breaker_init(image.mem[2], 1 << 20, &unset, 0, &out.breaker));
	BAD(rheo_breaker_init(image.mem[2], 1 << 20, &breaker_cfg, 0, NULL));
	BAD(rheo_breaker_attach(NULL, 1 << 20, &out.breaker));
	BAD(rheo_breaker_attach(odd, 1 << 20, &out.breaker));
	BAD(rheo_breaker_attach(image.mem[2], 1 << 20, NULL));
	BAD(rheo_breaker_try_acquire(NULL, 0, &out.number));
	BAD(rheo_breaker_try_acquire(breaker, 0, NULL));
	BAD(rheo_breaker_record(NULL, 1, RHEO_SUCCESS, 0));
	BAD(rheo_breaker_record(breaker, 1, 3, 0));
	BAD(rheo_breaker_record(breaker, RHEO_PERMIT_NONE, UINT32_MAX, 0));
	BAD(rheo_breaker_cancel(NULL, 1, 0));
	BAD(rheo_breaker_permit(NULL, 1, &out.number, NULL));
	BAD(rheo_breaker_permit(breaker, RHEO_PERMIT_NONE, &out.number, NULL));
	BAD(rheo_breaker_tick(NULL, 0, &out.number));
	BAD(rheo_breaker_force(NULL, RHEO_AUTO, 0));
	BAD(rheo_breaker_force(breaker, 4, 0));
	BAD(rheo_breaker_reset(NULL, 0));
	BAD(rheo_breaker_state(NULL, &out.word, NULL));
	BAD(rheo_breaker_retry_after_ns(NULL, 0, &out.number));
	BAD(rheo_breaker_retry_after_ns(breaker, 0, NULL));
	BAD(rheo_breaker_snapshot(NULL, 0, &out.snapshot, sizeof out.snapshot));
	BAD(rheo_breaker_snapshot(breaker, 0, NULL, sizeof out.snapshot));
	BAD(rheo_breaker_snapshot(breaker, 0, &out.snapshot, 7));
	BAD(rheo_breaker_snapshot(breaker, 0, &out.snapshot, UINT64_MAX));
	BAD(rheo_breaker_events(NULL, 0, out.events, 16, &out.word));
	BAD(rheo_breaker_events(breaker, 0, NULL, 16, &out.word));
	BAD(rheo_breaker_events(breaker, 0, out.events, 16, NULL));
	BAD(rheo_breaker_reconfigure(NULL, &breaker_cfg, 0));
	BAD(rheo_breaker_reconfigure(breaker, NULL, 0));
	BAD(rheo_breaker_reconfigure(breaker, &bad, 0));
	BAD(rheo_breaker_reconfigure(breaker, &unset, 0));
	BAD(rheo_breaker_config(NULL, (rheo_breaker_config_t *)out.bytes, 104));
	BAD(rheo_breaker_config(breaker, NULL, 104));
	BAD(rheo_breaker_config(breaker, (rheo_breaker_config_t *)out.bytes, 4));
	cr_assert(rheo_breaker_align() == 128 && rows == 43);
}

Test(misuse, of_guards)
{
	rheo_guard_config_t bad, unset;
	char *odd;

	make_all();
	memset(&out, 0x5a, sizeof out);
	bad = guard_cfg;
	bad.bucket[3] = bad.bucket[0];
	unset = guard_cfg;
	unset.struct_size = 0;
	odd = (char *)image.mem[3] + 32;
	BAD(rheo_guard_config_init(NULL, sizeof guard_cfg));
	BAD(rheo_guard_config_init((rheo_guard_config_t *)out.bytes, 4));
	ZERO(rheo_guard_size(NULL));
	ZERO(rheo_guard_size(&bad));
	ZERO(rheo_guard_size(&unset));
	BAD(rheo_guard_init(NULL, 4096, &guard_cfg, 0, &out.guard));
	BAD(rheo_guard_init(odd, 4096, &guard_cfg, 0, &out.guard));
	BAD(rheo_guard_init(image.mem[3], 4096, NULL, 0, &out.guard));
	BAD(rheo_guard_init(image.mem[3], 4096, &bad, 0, &out.guard));
	BAD(rheo_guard_init(image.mem[3], 4096, &guard_cfg, 0, NULL));
	BAD(rheo_guard_try_acquire(NULL, 1, 0, &out.verdict));
	BAD(rheo_guard_try_acquire(guard, 0, 0, &out.verdict));
	BAD(rheo_guard_try_acquire(guard, 1, 0, NULL));
	BAD(rheo_guard_record(NULL, 1, RHEO_SUCCESS, 0));
	BAD(rheo_guard_record(guard, 1, 3, 0));
	BAD(rheo_guard_cancel(NULL, 1, 1, 0));
	BAD(rheo_guard_tick(NULL, 0, &out.number));
	BAD(rheo_guard_stats(NULL, &out.guard_stats, sizeof out.guard_stats));
	BAD(rheo_guard_stats(guard, NULL, sizeof out.guard_stats));
	BAD(rheo_guard_stats(guard, &out.guard_stats, 0));
	cr_assert(rheo_guard_align() == 128 && rows == 17);
}
