/* SPDX-License-Identifier: BSD-2-Clause */

/* A user's program, as C and as C++, with a function named like one of ours inside. */
#include <rheo/rheo.h>

#include <stdio.h>
#include <stdlib.h>

/* If the library's own helper of this name were visible, this would replace it and nothing would pass. */
#ifdef __cplusplus
extern "C"
#endif
	int
	rh_breaker_watched(void)
{
	return 12345;
}

int
main(void)
{
	rheo_bucket_config_t cfg;
	rheo_bucket_t *bucket = NULL;
	uint64_t size;
	int admitted = 0;

	rheo_bucket_config_init(&cfg, sizeof cfg);
	cfg.tokens_per_period = 10;
	cfg.burst = 5;
	size = rheo_bucket_size(&cfg);
	if (rheo_bucket_init(aligned_alloc((size_t)rheo_bucket_align(), (size_t)size), size, &cfg,
			     rheo_now_ns(), &bucket) != RHEO_OK)
		return 1;
	for (int i = 0; i < 8; i++)
		admitted += rheo_bucket_try_acquire(bucket, 1) == RHEO_OK;
	printf("rheo %s admitted %d of 8\n", rheo_version_string(), admitted);
	return admitted != 5 || rh_breaker_watched() != 12345;
}
