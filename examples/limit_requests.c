/* cc -std=c11 -o limit_requests limit_requests.c $(pkg-config --cflags --libs rheo) */

/*
 * A rate limit: 100 requests a second, bursts of 20. The caller owns memory and
 * time; requests ask with the time they have.
 */

#include <rheo/rheo.h>

#include <stdio.h>
#include <stdlib.h>

int
main(void)
{
	rheo_bucket_config_t cfg;
	rheo_bucket_t *bucket;
	uint64_t size, now = rheo_now_ns(), wait_ns;
	void *mem;
	int admitted = 0, refused = 0;

	rheo_bucket_config_init(&cfg, sizeof cfg);
	cfg.tokens_per_period = 100; /* a period is a second unless set otherwise */
	cfg.burst = 20;

	size = rheo_bucket_size(&cfg);
	mem = aligned_alloc(rheo_bucket_align(), size);
	if (mem == NULL || rheo_bucket_init(mem, size, &cfg, now, &bucket) != RHEO_OK)
		return 1;

	/* 50 requests at once, then one every millisecond for half a second. */
	for (int i = 0; i < 550; i++) {
		if (i >= 50)
			now += 1000000;
		if (rheo_bucket_try_acquire_at(bucket, 1, now) == RHEO_OK)
			admitted++; /* serve it */
		else
			refused++; /* answer 429 */
	}
	rheo_bucket_wait_ns(bucket, 1, now, &wait_ns);
	printf("admitted %d, refused %d; the next would pass in %.1f ms\n", admitted, refused, (double)wait_ns / 1e6);

	free(mem); /* nothing else to undo */
	return admitted != 20 + 50;
}
