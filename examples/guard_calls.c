/* cc -std=c11 -o guard_calls guard_calls.c $(pkg-config --cflags --libs rheo) */

/*
 * A guard: a breaker, a limit for this tenant and one for everybody, asked as
 * one, and a verdict that has all an HTTP answer needs.
 */

#include <rheo/rheo.h>

#include <stdio.h>
#include <stdlib.h>

static rheo_bucket_t *
limit(uint64_t per_second, uint64_t burst)
{
	rheo_bucket_config_t cfg;
	rheo_bucket_t *bucket;
	uint64_t size;

	rheo_bucket_config_init(&cfg, sizeof cfg);
	cfg.tokens_per_period = per_second;
	cfg.burst = burst;
	size = rheo_bucket_size(&cfg);
	/* A bucket that is NULL would be no limit. */
	if (rheo_bucket_init(aligned_alloc(rheo_bucket_align(), size), size, &cfg, 0, &bucket) != RHEO_OK)
		abort();
	return bucket;
}

static void
answer(const rheo_verdict_t *v)
{
	int code = v->status == RHEO_OK ? 200 : v->refused_by == RHEO_BY_BREAKER ? 503 : 429;

	printf("%d  RateLimit: \"b%u\";r=%llu;t=%llu", code, v->bucket, (unsigned long long)v->remaining,
	       (unsigned long long)((v->more_ns + 999999999) / 1000000000));
	if (code != 200)
		printf("  Retry-After: %llu", (unsigned long long)((v->retry_after_ns + 999999999) / 1000000000));
	printf("\n");
}

int
main(void)
{
	rheo_breaker_config_t bcfg;
	rheo_guard_config_t cfg;
	rheo_guard_t *guard = NULL;
	rheo_verdict_t v;
	uint64_t size;
	int answers[RHEO_STATUS_AFTER_LAST] = {0}, st;

	rheo_breaker_config_init(&bcfg, sizeof bcfg);
	bcfg.minimum_calls = 3;
	rheo_guard_config_init(&cfg, sizeof cfg);
	size = rheo_breaker_size(&bcfg);
	if (rheo_breaker_init(aligned_alloc(rheo_breaker_align(), size), size, &bcfg, 0, &cfg.breaker) != RHEO_OK)
		return 1;
	cfg.bucket[0] = limit(2, 4); /* this tenant */
	cfg.bucket[1] = limit(1000, 1000); /* everybody */
	size = rheo_guard_size(&cfg);
	if (rheo_guard_init(aligned_alloc(rheo_guard_align(), size), size, &cfg, 0, &guard) != RHEO_OK)
		return 1;

	for (uint64_t i = 0; i < 14; i++) {
		uint64_t now = i * 100000000; /* ten a second */

		st = rheo_guard_try_acquire(guard, 1, now, &v);
		if (st < 0)
			return 1; /* a mistake of ours: v is as it was */
		if (st == RHEO_OK)
			rheo_guard_record(guard, v.permit, i < 3 ? RHEO_SUCCESS : RHEO_FAILURE, now);
		answer(&v);
		answers[st]++;
	}
	return answers[RHEO_OK] == 0 || answers[RHEO_REJ_RATE] == 0 || answers[RHEO_REJ_OPEN] == 0;
}
