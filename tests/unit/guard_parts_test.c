/* SPDX-License-Identifier: BSD-2-Clause */

/* A guard on parts that are missing, or that a neighbour has overwritten (P14). */

#include "helpers.h"

#include "base/object.h"

static rheo_guard_config_t cfg;

static rheo_guard_t *
guard_over(rheo_breaker_t *breaker, rheo_bucket_t *first, rheo_bucket_t *second)
{
	rheo_guard_t *g;
	uint64_t size;

	rheo_guard_config_init(&cfg, sizeof cfg);
	cfg.breaker = breaker;
	cfg.bucket[0] = first;
	cfg.bucket[1] = second;
	size = rheo_guard_size(&cfg);
	assert_status(rheo_guard_init(memory_for(size), size, &cfg, 0, &g), RHEO_OK);
	return g;
}

/* All but the header and the line after it, no word like another; a part has more than 640 bytes. */
static void
overwrite(void *part)
{
	unsigned char *mem = rh_handle_memory(part);

	for (unsigned i = 128; i < 640; i++)
		mem[i] = (unsigned char)(i * i / 7);
}

Test(guard_parts, what_is_reserved_must_be_0)
{
	guard_over(NULL, bucket_of(10, 10), NULL);
	cfg.reserved = 1;
	assert_u64(rheo_guard_size(&cfg), 0);
}

Test(guard_parts, the_tick_of_buckets_alone_says_when_the_first_of_them_is_due)
{
	rheo_bucket_t *slow = bucket_of(1, 8), *quick = bucket_of(10, 8);
	uint64_t next = 0;

	assert_status(rheo_guard_tick(guard_over(NULL, slow, quick), 0, &next), RHEO_OK);
	assert_u64(next, 100 * MS);
	assert_status(rheo_guard_tick(guard_over(NULL, quick, slow), 0, &next), RHEO_OK);
	assert_u64(next, 100 * MS);
}

Test(guard_parts, p14_the_tick_goes_by_the_parts_that_can_say_when)
{
	rheo_breaker_config_t k = breaker_config();
	rheo_breaker_t *breaker = breaker_from(&k, 0);
	rheo_bucket_t *good = bucket_of(1, 8), *bad = bucket_of(100, 8);
	uint64_t next = 0;

	overwrite(breaker);
	overwrite(bad);
	assert_status(rheo_guard_tick(guard_over(breaker, bad, good), 0, &next), RHEO_OK);
	assert_u64(next, SECOND);
	assert_status(rheo_guard_tick(guard_over(breaker, bad, NULL), 0, &next), RHEO_OK);
	assert_u64(next, RHEO_FOREVER);
}

static rheo_bucket_t *wanting;

/* A token comes after the refusal and before what to say of it is looked for. */
static void
bring_one(const char *point)
{
	if (strcmp(point, "BUCKET_BEFORE_GIVE") != 0)
		return;
	rh_inject_hook = NULL;
	assert_status(rheo_bucket_refund(wanting, 1), RHEO_OK);
}

Test(guard_parts, where_nothing_is_missing_any_more_there_is_nothing_to_wait_for)
{
	rheo_verdict_t v;
	rheo_guard_t *g;

	wanting = bucket_of(10, 1);
	g = guard_over(NULL, bucket_of(10, 10), wanting);
	assert_status(rheo_bucket_try_acquire(wanting, 1), RHEO_OK);
	rh_inject_hook = bring_one;
	assert_status(rheo_guard_try_acquire(g, 1, 0, &v), RHEO_REJ_RATE);
	cr_assert(rh_inject_hook == NULL && v.refused_by == RHEO_BY_BUCKET + 1);
	assert_u64(v.retry_after_ns, 0);
}

Test(guard_parts, one_lane_of_counts_is_in_memory_and_all_count_there)
{
	rheo_guard_stats_t s;
	rheo_guard_t *g;

	cfg = (rheo_guard_config_t){0};
	rheo_guard_config_init(&cfg, sizeof cfg);
	cfg.bucket[0] = bucket_of(10, 10);
	cfg.lanes = 1;
	assert_status(rheo_guard_init(memory_for(rheo_guard_size(&cfg)), rheo_guard_size(&cfg), &cfg, 0, &g), RHEO_OK);
	assert_u64(rh_handle_tag(g), 0);
	for (int i = 0; i < 3; i++)
		assert_status(rheo_guard_cancel(g, RHEO_PERMIT_NONE, 0, 0), RHEO_OK);
	assert_status(rheo_guard_stats(g, &s, sizeof s), RHEO_OK);
	assert_u64(s.cancelled, 3);
}
