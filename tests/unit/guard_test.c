/* SPDX-License-Identifier: BSD-2-Clause */

/* All or nothing, and a verdict with all that an answer needs. */

#include "helpers.h"

static rheo_guard_t *
guard_with(rheo_breaker_t *breaker, rheo_bucket_t *const *buckets, unsigned n, uint32_t flags)
{
	rheo_guard_config_t cfg;
	rheo_guard_t *g = NULL;
	uint64_t size;

	assert_status(rheo_guard_config_init(&cfg, sizeof cfg), RHEO_OK);
	cfg.breaker = breaker;
	for (unsigned i = 0; i < n; i++)
		cfg.bucket[i] = buckets[i];
	cfg.flags = flags;
	cfg.lanes = 2;
	size = rheo_guard_size(&cfg);
	assert_status(rheo_guard_init(memory_for(size), size, &cfg, 0, &g), RHEO_OK);
	return g;
}

static rheo_breaker_t *
a_breaker(void)
{
	rheo_breaker_config_t cfg = breaker_config();

	return breaker_from(&cfg, 0);
}

static rheo_verdict_t
ask(rheo_guard_t *g, uint64_t cost, uint64_t now_ns, int32_t want)
{
	rheo_verdict_t v;

	memset(&v, 0xa5, sizeof v);
	assert_status(rheo_guard_try_acquire(g, cost, now_ns, &v), want);
	cr_assert(v.status == want);
	for (int i = 0; i < 5; i++)
		assert_u64(v.reserved[i], 0);
	return v;
}

Test(guard, admits_when_all_parts_do_and_takes_from_each)
{
	rheo_bucket_t *b[4] = {bucket_of(10, 5), bucket_of(20, 50), bucket_of(30, 7), bucket_of(1, 100)};
	rheo_guard_t *g = guard_with(a_breaker(), b, 4, 0);
	rheo_verdict_t v = ask(g, 3, 0, RHEO_OK);

	cr_assert(v.refused_by == RHEO_BY_NOBODY && v.permit != RHEO_PERMIT_NONE && v.cost == 3 &&
		  v.retry_after_ns == 0 && v.shadow_status == RHEO_OK);
	assert_u64(available_at(b[0], 0), 2);
	assert_u64(available_at(b[1], 0), 47);
	assert_u64(available_at(b[2], 0), 4);
	assert_u64(available_at(b[3], 0), 97);
	/* of the one with the fewest tokens left */
	cr_assert(v.bucket == 0 && v.limit == 5 && v.remaining == 2 && v.window_ns == 500 * MS &&
		  v.more_ns == 100 * MS && v.reset_ns == 300 * MS);
	assert_status(rheo_guard_record(g, v.permit, RHEO_SUCCESS, 0), RHEO_OK);
}

Test(guard, p3_a_refusal_has_spent_nothing_and_leaked_no_probe)
{
	for (unsigned refusing = 0; refusing < 4; refusing++) {
		rheo_breaker_t *breaker = a_breaker();
		rheo_bucket_t *b[4];
		rheo_guard_t *g;

		for (unsigned i = 0; i < 4; i++)
			b[i] = bucket_of(1, i == refusing ? 10 : 100);
		g = guard_with(breaker, b, 4, 0);
		rheo_bucket_try_acquire(b[refusing], 8);
		trip(breaker, 0);
		for (int k = 0; k < 1000; k++) {
			rheo_verdict_t v = ask(g, 8, 5 * SECOND, RHEO_REJ_RATE);

			cr_assert(v.refused_by == RHEO_BY_BUCKET + refusing && v.permit == RHEO_PERMIT_NONE &&
				  v.cost == 0 && v.bucket == refusing && v.limit == 10);
		}
		for (unsigned i = 0; i < 4; i++)
			assert_u64(available_at(b[i], 5 * SECOND), i == refusing ? 7 : 100);
		assert_u64(breaker_snapshot(breaker, 5 * SECOND).probes_issued, 0);
		assert_u64(breaker_snapshot(breaker, 5 * SECOND).generation, 2);
	}
}

Test(guard, the_breaker_is_asked_first_and_its_refusal_costs_no_token)
{
	rheo_breaker_t *breaker = a_breaker();
	rheo_bucket_t *b = bucket_of(10, 5);
	rheo_guard_t *g = guard_with(breaker, &b, 1, 0);
	rheo_verdict_t v;

	trip(breaker, 0);
	v = ask(g, 1, SECOND, RHEO_REJ_OPEN);
	cr_assert(v.refused_by == RHEO_BY_BREAKER && v.retry_after_ns == 4 * SECOND && v.remaining == 5 &&
		  v.limit == 5);
	assert_u64(available_at(b, SECOND), 5);
	ask(g, 1, 5 * SECOND, RHEO_OK);
	ask(g, 1, 5 * SECOND, RHEO_OK);
	v = ask(g, 1, 5 * SECOND, RHEO_REJ_PROBE);
	cr_assert(v.refused_by == RHEO_BY_BREAKER && v.retry_after_ns == SECOND);
}

Test(guard, retry_after_is_when_all_parts_might_let_it_pass)
{
	rheo_bucket_t *b[2] = {bucket_of(10, 5), bucket_of(1, 5)};
	rheo_guard_t *g = guard_with(NULL, b, 2, 0);
	rheo_verdict_t v;

	ask(g, 5, 0, RHEO_OK);
	v = ask(g, 2, 0, RHEO_REJ_RATE);
	cr_assert(v.refused_by == RHEO_BY_BUCKET + 0);
	assert_u64(v.retry_after_ns, 2 * SECOND);
	ask(g, 2, 2 * SECOND, RHEO_OK);
}

/* Also where the verdict has said it already: of the bucket that refused, at each level it can have. */
static void
longest_wait_is_told(uint64_t cost, uint64_t left, uint64_t slow, uint32_t lanes)
{
	rheo_bucket_config_t cfg = bucket_config(4, 64);
	rheo_bucket_t *b[2] = {NULL, bucket_of(slow, 3)};
	uint64_t now_ns = SECOND / 8, of[2] = {0, 0}, taken;
	rheo_guard_t *g;
	rheo_verdict_t v;

	cfg.lanes = lanes;
	b[0] = bucket_from(&cfg, 0);
	g = guard_with(a_breaker(), b, 2, 0);
	assert_status(rheo_bucket_acquire_upto(b[0], 64 - left, 0, &taken), RHEO_OK);
	assert_u64(taken, 64 - left);
	assert_status(rheo_bucket_try_acquire(b[1], 3), RHEO_OK);
	v = ask(g, cost, now_ns, RHEO_REJ_RATE);
	cr_assert(v.refused_by == RHEO_BY_BUCKET + 0 && v.remaining == left);
	for (int i = 0; i < 2; i++)
		assert_status(rheo_bucket_wait_ns(b[i], cost, now_ns, &of[i]), RHEO_OK);
	assert_u64(v.retry_after_ns, of[0] > of[1] ? of[0] : of[1]);
}

Test(guard, retry_after_is_the_longest_wait_at_any_level_and_cost)
{
	for (uint64_t cost = 1; cost <= 3; cost++)
		for (uint64_t left = 0; left < cost; left++)
			for (uint64_t slow = 1; slow <= 4; slow++) {
				longest_wait_is_told(cost, left, slow, 1);
				longest_wait_is_told(cost, left, slow, 4);
			}
}

Test(guard, a_cost_that_can_never_pass_says_so)
{
	rheo_bucket_t *b[2] = {bucket_of(10, 50), bucket_of(1, 5)};
	rheo_guard_t *g = guard_with(NULL, b, 2, 0);
	rheo_verdict_t v = ask(g, 6, 0, RHEO_REJ_NEVER);

	cr_assert(v.refused_by == RHEO_BY_BUCKET + 1 && v.retry_after_ns == RHEO_FOREVER);
	assert_u64(available_at(b[0], 0), 50);
}

Test(guard, works_with_either_part_alone)
{
	rheo_bucket_t *b = bucket_of(10, 1);
	rheo_guard_t *only_bucket = guard_with(NULL, &b, 1, 0), *only_breaker = guard_with(a_breaker(), NULL, 0, 0);
	rheo_verdict_t v = ask(only_bucket, 1, 0, RHEO_OK);

	assert_u64(v.permit, RHEO_PERMIT_NONE);
	assert_status(rheo_guard_record(only_bucket, v.permit, RHEO_FAILURE, 0), RHEO_OK);
	ask(only_bucket, 1, 0, RHEO_REJ_RATE);
	assert_status(rheo_guard_cancel(only_bucket, v.permit, v.cost, 0), RHEO_OK);
	ask(only_bucket, 1, 0, RHEO_OK);
	v = ask(only_breaker, 1000000, 7, RHEO_OK);
	cr_assert(v.bucket == UINT32_MAX && v.limit == 0 && v.remaining == 0 && v.decided_ns == 7);
	for (int i = 0; i < 4; i++)
		rheo_guard_record(only_breaker, ask(only_breaker, 1, 7, RHEO_OK).permit, RHEO_FAILURE, 7);
	ask(only_breaker, 1, 7, RHEO_REJ_OPEN);
}

Test(guard, cancel_gives_tokens_and_permit_back)
{
	rheo_breaker_t *breaker = a_breaker();
	rheo_bucket_t *b[2] = {bucket_of(10, 5), bucket_of(10, 9)};
	rheo_guard_t *g = guard_with(breaker, b, 2, 0);
	rheo_guard_stats_t s;
	rheo_verdict_t v;

	trip(breaker, 0);
	v = ask(g, 4, 5 * SECOND, RHEO_OK);
	assert_status(rheo_guard_cancel(g, v.permit, v.cost, 5 * SECOND), RHEO_OK);
	assert_u64(available_at(b[0], 5 * SECOND), 5);
	assert_u64(available_at(b[1], 5 * SECOND), 9);
	assert_u64(breaker_snapshot(breaker, 5 * SECOND).probes_issued, 0);
	assert_status(rheo_guard_cancel(g, v.permit, 0, 5 * SECOND), RHEO_STALE);
	assert_status(rheo_guard_record(g, v.permit, RHEO_SUCCESS, 5 * SECOND), RHEO_STALE);
	assert_status(rheo_guard_stats(g, &s, sizeof s), RHEO_OK);
	assert_u64(s.cancelled, 2);
}

Test(guard, shadow_decides_and_counts_and_admits)
{
	rheo_breaker_t *breaker = a_breaker();
	rheo_bucket_t *b[2] = {bucket_of(1, 100), bucket_of(1, 2)};
	rheo_guard_t *g = guard_with(breaker, b, 2, RHEO_GUARD_SHADOW);
	rheo_guard_stats_t s;
	rheo_verdict_t v;

	ask(g, 2, 0, RHEO_OK);
	v = ask(g, 1, 0, RHEO_OK);
	cr_assert(v.shadow_status == RHEO_REJ_RATE && v.refused_by == RHEO_BY_BUCKET + 1 && v.cost == 0 &&
		  v.retry_after_ns == SECOND && v.permit != RHEO_PERMIT_NONE);
	assert_u64(available_at(b[0], 0), 98);
	/* the call is made, so its outcome counts */
	assert_status(rheo_guard_record(g, v.permit, RHEO_FAILURE, 0), RHEO_OK);
	assert_u64(breaker_snapshot(breaker, 0).window_failures, 1);
	assert_status(rheo_guard_cancel(g, RHEO_PERMIT_NONE, v.cost, 0), RHEO_OK);
	assert_u64(available_at(b[0], 0), 98);
	trip(breaker, 0);
	v = ask(g, 1, 0, RHEO_OK);
	cr_assert(v.shadow_status == RHEO_REJ_OPEN && v.refused_by == RHEO_BY_BREAKER &&
		  v.permit == RHEO_PERMIT_NONE);
	assert_status(rheo_guard_record(g, v.permit, RHEO_SUCCESS, 0), RHEO_OK);
	rheo_guard_stats(g, &s, sizeof s);
	cr_assert(s.shadowed == 2 && s.refused_by_breaker == 1 && s.refused_by_bucket[1] == 1);
}

Test(guard, lean_leaves_the_quota_out_of_admissions_only)
{
	rheo_bucket_t *b = bucket_of(10, 1);
	rheo_guard_t *g = guard_with(NULL, &b, 1, RHEO_GUARD_LEAN);
	rheo_verdict_t v = ask(g, 1, 0, RHEO_OK);

	cr_assert(v.limit == 0 && v.remaining == 0 && v.bucket == UINT32_MAX);
	v = ask(g, 1, 0, RHEO_REJ_RATE);
	cr_assert(v.limit == 1 && v.more_ns == 100 * MS && v.retry_after_ns == 100 * MS);
}

Test(guard, the_tick_drives_every_part_and_says_when_next)
{
	rheo_breaker_t *breaker = a_breaker();
	rheo_bucket_t *b[2] = {bucket_of(1000, 80), bucket_of(10, 8)};
	rheo_guard_t *g = guard_with(breaker, b, 2, 0);
	uint64_t next;

	rheo_bucket_try_acquire(b[0], 80);
	trip(breaker, 0);
	assert_status(rheo_guard_tick(g, 5 * MS, &next), RHEO_OK);
	assert_u64(next, 10 * MS);
	assert_status(rheo_bucket_try_acquire(b[0], 5), RHEO_OK);
	assert_status(rheo_guard_tick(g, 5 * SECOND, NULL), RHEO_OK);
	cr_assert(state_of(breaker) == RHEO_HALF_OPEN);
	assert_u64(bucket_stats(b[1]).published_ns, 5 * SECOND);
}

Test(guard, a_decision_is_dated_no_earlier_than_what_is_published)
{
	rheo_bucket_t *b = bucket_of(10, 5);
	rheo_guard_t *g = guard_with(NULL, &b, 1, 0);

	assert_u64(ask(g, 1, SECOND, RHEO_OK).decided_ns, SECOND);
	rheo_bucket_refill(b, 3 * SECOND);
	assert_u64(ask(g, 1, 2 * SECOND, RHEO_OK).decided_ns, 3 * SECOND);
}

Test(guard, parts_are_shared_between_guards)
{
	rheo_bucket_t *all = bucket_of(1, 10), *tenants[2] = {bucket_of(1, 8), bucket_of(1, 8)};
	rheo_guard_t *g[2];
	int admitted = 0;

	for (int i = 0; i < 2; i++) {
		rheo_bucket_t *both[2] = {tenants[i], all};

		g[i] = guard_with(NULL, both, 2, 0);
	}
	for (int i = 0; i < 40; i++) {
		rheo_verdict_t v;

		admitted += rheo_guard_try_acquire(g[i % 2], 1, 0, &v) == RHEO_OK;
	}
	cr_assert(admitted == 10);
	assert_u64(available_at(tenants[0], 0) + available_at(tenants[1], 0), 6);
}

Test(guard, a_configuration_without_parts_or_with_one_twice_is_refused)
{
	rheo_bucket_t *b = bucket_of(10, 5);
	rheo_guard_config_t cfg;
	rheo_guard_t *g = NULL;
	void *mem = memory_for(4096);

	rheo_guard_config_init(&cfg, sizeof cfg);
	assert_u64(rheo_guard_size(&cfg), 0);
	cfg.bucket[1] = b;
	cr_assert(rheo_guard_size(&cfg) > 0);
	cfg.bucket[3] = b;
	assert_u64(rheo_guard_size(&cfg), 0);
	assert_status(rheo_guard_init(mem, 4096, &cfg, 0, &g), RHEO_ERR_INVAL);
	cfg.bucket[3] = NULL;
	cfg.flags = 4;
	assert_status(rheo_guard_init(mem, 4096, &cfg, 0, &g), RHEO_ERR_INVAL);
	cfg.flags = 0;
	cfg.lanes = 65;
	assert_u64(rheo_guard_size(&cfg), 0);
	cfg.lanes = 64;
	assert_status(rheo_guard_init(mem, 4096, &cfg, 0, &g), RHEO_ERR_NOSPC);
	cr_assert_null(g);
}

Test(guard, a_bucket_given_twice_is_refused_wherever_it_stands)
{
	rheo_bucket_t *b[3] = {bucket_of(10, 5), bucket_of(10, 5), bucket_of(10, 5)};
	rheo_guard_config_t cfg;

	for (unsigned first = 0; first < 4; first++)
		for (unsigned second = first + 1; second < 4; second++) {
			rheo_guard_config_init(&cfg, sizeof cfg);
			for (unsigned i = 0, k = 0; i < 4; i++)
				cfg.bucket[i] = i == second ? cfg.bucket[first] : b[k++];
			assert_u64(rheo_guard_size(&cfg), 0);
		}
}

Test(guard, a_callers_shorter_configuration_has_no_more_parts_than_it_names)
{
	rheo_guard_config_t cfg;
	rheo_guard_t *g = NULL;
	void *mem = memory_for(4096);

	memset(&cfg, 0xff, sizeof cfg);
	cfg.struct_size = (uint32_t)offsetof(rheo_guard_config_t, bucket);
	cfg.flags = 0;
	cfg.breaker = a_breaker();
	assert_status(rheo_guard_init(mem, 4096, &cfg, 0, &g), RHEO_OK);
	assert_u64(ask(g, 1, 0, RHEO_OK).bucket, UINT32_MAX);
}

Test(guard, an_admission_describes_the_bucket_with_the_fewest_tokens_left)
{
	for (unsigned fewest = 0; fewest < 4; fewest++) {
		rheo_bucket_t *b[4];
		rheo_verdict_t v;

		for (unsigned i = 0; i < 4; i++)
			b[i] = bucket_of(1, i < fewest ? 30 : i == fewest ? 10 : 20);
		v = ask(guard_with(NULL, b, 4, 0), 1, 0, RHEO_OK);
		cr_assert(v.bucket == fewest && v.limit == 10 && v.remaining == 9);
	}
}

Test(guard, of_buckets_with_as_few_tokens_left_the_first_is_described)
{
	rheo_bucket_t *b[3] = {bucket_of(1, 9), bucket_of(1, 5), bucket_of(2, 5)};

	assert_u64(ask(guard_with(NULL, b, 3, 0), 1, 0, RHEO_OK).bucket, 1);
}

Test(guard, a_breakers_refusal_describes_the_bucket_with_the_fewest_tokens_left)
{
	rheo_breaker_t *breaker = a_breaker();
	rheo_bucket_t *b[2] = {bucket_of(1, 9), bucket_of(1, 5)};
	rheo_verdict_t v;

	trip(breaker, 0);
	v = ask(guard_with(breaker, b, 2, 0), 1, 0, RHEO_REJ_OPEN);
	cr_assert(v.bucket == 1 && v.limit == 5);
}

Test(guard, a_buckets_refusal_describes_that_bucket_though_another_has_fewer_tokens)
{
	rheo_bucket_t *b[3] = {bucket_of(1, 9), bucket_of(1, 5), bucket_of(1, 2)};
	rheo_guard_t *g = guard_with(NULL, b, 3, 0);
	rheo_guard_stats_t s;
	rheo_verdict_t v;

	rheo_bucket_try_acquire(b[1], 2);
	v = ask(g, 4, 0, RHEO_REJ_RATE);
	cr_assert(v.bucket == 1 && v.limit == 5 && v.remaining == 3);
	rheo_bucket_try_acquire(b[0], 9);
	ask(g, 1, 0, RHEO_REJ_RATE);
	assert_status(rheo_guard_stats(g, &s, sizeof s), RHEO_OK);
	cr_assert(s.refused_by_bucket[0] == 1 && s.refused_by_bucket[1] == 1 && s.refused_by_bucket[2] == 0);
}

Test(guard, an_ignored_outcome_is_one_to_report)
{
	rheo_breaker_t *breaker = a_breaker();
	rheo_guard_t *g = guard_with(breaker, NULL, 0, 0);

	assert_status(rheo_guard_record(g, ask(g, 1, 0, RHEO_OK).permit, RHEO_IGNORED, 0), RHEO_OK);
	assert_u64(breaker_snapshot(breaker, 0).ignored, 1);
	assert_status(rheo_guard_record(g, ask(g, 1, 0, RHEO_OK).permit, RHEO_IGNORED + 1, 0), RHEO_ERR_INVAL);
}

Test(guard, the_tick_comes_back_for_the_breaker_where_that_is_first)
{
	rheo_breaker_t *breaker = a_breaker();
	rheo_bucket_t *slow = bucket_of(1, 800);
	rheo_guard_t *g = guard_with(breaker, &slow, 1, 0);
	uint64_t next;

	trip(breaker, 0);
	assert_status(rheo_guard_tick(g, SECOND, &next), RHEO_OK);
	assert_u64(next, 4 * SECOND);
	assert_status(rheo_guard_tick(guard_with(breaker, NULL, 0, 0), 2 * SECOND, &next), RHEO_OK);
	assert_u64(next, 3 * SECOND);
}

/* P14: whatever a neighbour writes there, the verdict speaks of sound parts alone. */
Test(guard, a_part_that_was_overwritten_says_nothing_and_may_take_forever)
{
	rheo_breaker_t *breaker = a_breaker();
	rheo_bucket_t *b[2] = {bucket_of(1, 5), bucket_of(1, 9)};
	rheo_guard_t *g = guard_with(breaker, b, 2, 0);
	uint64_t size, random = 1;
	unsigned char *mem = (unsigned char *)((uintptr_t)b[1] & ~(uintptr_t)127);
	rheo_bucket_config_t cfg = bucket_config(1, 9);
	rheo_verdict_t v;

	size = rheo_bucket_size(&cfg);
	for (uint64_t i = 0; i < size; i++)
		mem[i] = (unsigned char)next_random(&random);
	v = ask(g, 1, 0, RHEO_ERR_CORRUPT);
	cr_assert(v.bucket == UINT32_MAX && v.limit == 0 && v.refused_by == RHEO_BY_BUCKET + 1);
	cr_assert(v.retry_after_ns == RHEO_FOREVER && v.permit == RHEO_PERMIT_NONE);
	assert_u64(available_at(b[0], 0), 5);
}

Test(guard, a_breaker_that_was_overwritten_may_take_forever_too)
{
	rheo_breaker_config_t cfg = breaker_config();
	uint64_t size = rheo_breaker_size(&cfg), random = 1, errors = 0;

	for (int i = 0; i < 20; i++) {
		rheo_bucket_t *b = bucket_of(1, 5);
		rheo_breaker_t *breaker = breaker_from(&cfg, 0);
		rheo_guard_t *g = guard_with(breaker, &b, 1, 0);
		unsigned char *mem = (unsigned char *)((uintptr_t)breaker & ~(uintptr_t)127);
		rheo_verdict_t v;

		for (uint64_t k = 0; k < size; k++)
			mem[k] = (unsigned char)next_random(&random);
		if (rheo_guard_try_acquire(g, 1, SECOND, &v) >= RHEO_OK)
			continue;
		errors++;
		cr_assert(v.refused_by == RHEO_BY_BREAKER && v.retry_after_ns == RHEO_FOREVER);
	}
	cr_assert(errors != 0);
}

Test(guard, four_buckets_are_all_ticked_and_given_back_to)
{
	rheo_bucket_t *b[4] = {bucket_of(1, 100), bucket_of(2, 100), bucket_of(3, 100), bucket_of(4, 100)};
	rheo_guard_t *g = guard_with(NULL, b, 4, 0);
	rheo_verdict_t v = ask(g, 60, 0, RHEO_OK);
	uint64_t next;

	assert_status(rheo_guard_tick(g, 5 * SECOND, &next), RHEO_OK);
	/* an eighth of the burst: 12 tokens, soonest at 4 a second */
	assert_u64(next, 3 * SECOND);
	for (uint64_t i = 0; i < 4; i++) {
		assert_u64(bucket_stats(b[i]).published_ns, 5 * SECOND);
		cr_assert(bucket_stats(b[i]).level == (int64_t)(40 + 5 * (i + 1)));
	}
	assert_status(rheo_guard_cancel(g, v.permit, v.cost, 5 * SECOND), RHEO_OK);
	for (unsigned i = 0; i < 4; i++)
		assert_u64(available_at(b[i], 5 * SECOND), 100);
	ask(g, 101, 5 * SECOND, RHEO_REJ_NEVER);
	for (unsigned i = 0; i < 4; i++)
		assert_u64(available_at(b[i], 5 * SECOND), 100);
}
