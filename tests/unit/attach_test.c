/* SPDX-License-Identifier: BSD-2-Clause */

/* Headers whose checksum is right and that no init has made: sizes are computed from geometry, never believed. */

#include "helpers.h"

#include <pthread.h>

#include "breaker/self.h"
#include "bucket/lanes.h"

static _Alignas(128) unsigned char memory[1 << 16];

static struct rh_header seen;

/* A sealed header that agrees with itself. */
static struct rh_header *
header(uint32_t kind, uint64_t size, uint32_t tag, uint32_t param)
{
	struct rh_header *h = (struct rh_header *)(void *)memory;

	rh_header_fill(h, kind, size, tag, param, 0, 0);
	rh_header_seal(h);
	assert_status(rh_header_read(h, kind, sizeof memory, &seen), RHEO_OK);
	return h;
}

Test(attach, a_bucket_of_a_geometry_or_size_that_init_never_makes_is_refused)
{
	rheo_bucket_config_t cfg = bucket_config(1000, 1000);
	uint64_t size = rheo_bucket_size(&cfg);
	rheo_bucket_t *b;

	assert_status(rheo_bucket_attach(header(RH_KIND_BUCKET, size, 0, 20), sizeof memory, &b), RHEO_OK);
	/* lanes beyond the most there can be */
	for (uint32_t lanes_log2 = RH_MAX_LANES_LOG2 + 1; lanes_log2 < 16; lanes_log2++)
		assert_status(rheo_bucket_attach(header(RH_KIND_BUCKET, size, lanes_log2, 20), sizeof memory, &b),
			      RHEO_ERR_CORRUPT);
	assert_status(rheo_bucket_attach(header(RH_KIND_BUCKET, size - 128, 0, 20), sizeof memory, &b),
		      RHEO_ERR_CORRUPT);
	assert_status(rheo_bucket_attach(header(RH_KIND_BUCKET, size + 128, 0, 20), sizeof memory, &b),
		      RHEO_ERR_CORRUPT);
	assert_status(rheo_bucket_attach(header(RH_KIND_BUCKET, size, 0, 21), sizeof memory, &b), RHEO_ERR_CORRUPT);
}

Test(attach, a_breaker_of_a_size_that_init_never_makes_is_refused)
{
	rheo_breaker_config_t cfg = breaker_config();
	uint64_t size = rheo_breaker_size(&cfg);
	rheo_breaker_t *b = breaker_from(&cfg, 0);
	struct rh_header *h = (struct rh_header *)(void *)memory;
	uint32_t tag = rh_handle_tag(b);

	memcpy(memory, rh_handle_memory(b), (size_t)size);
	assert_status(rheo_breaker_attach(memory, sizeof memory, &b), RHEO_OK);
	for (uint64_t wrong = size - 128; wrong <= size + 128; wrong += 256) {
		rh_header_fill(h, RH_KIND_BREAKER, wrong, tag, 0, h->origin, 0);
		rh_header_seal(h);
		assert_status(rheo_breaker_attach(memory, sizeof memory, &b), RHEO_ERR_CORRUPT);
	}
}

Test(attach, a_counter_of_a_geometry_or_size_that_init_never_makes_is_refused)
{
	rheo_counter_config_t cfg;
	rheo_counter_t *c;
	uint64_t size;

	rheo_counter_config_init(&cfg, sizeof cfg);
	cfg.lanes = 4;
	size = rheo_counter_size(&cfg);
	assert_status(rheo_counter_attach(header(RH_KIND_COUNTER, size, 2, 0), sizeof memory, &c), RHEO_OK);
	assert_status(rheo_counter_attach(header(RH_KIND_COUNTER, size + 128, 2, 0), sizeof memory, &c),
		      RHEO_ERR_CORRUPT);
	assert_status(rheo_counter_attach(header(RH_KIND_COUNTER, size, RH_MAX_LANES_LOG2 + 1, 0), sizeof memory, &c),
		      RHEO_ERR_CORRUPT);
	/* bits that a counter's geometry has not */
	for (uint32_t tag = 32; tag < 128; tag *= 2)
		assert_status(rheo_counter_attach(header(RH_KIND_COUNTER, size, tag | 2, 0), sizeof memory, &c),
			      RHEO_ERR_CORRUPT);
}

Test(attach, memory_too_small_for_a_header_is_not_looked_at)
{
	unsigned char *mem = aligned_alloc(128, 128);
	rheo_bucket_t *b = NULL;
	rheo_breaker_t *k = NULL;
	rheo_counter_t *c = NULL;

	/* no header either: who looks says corrupt */
	memset(mem, 0xa5, 128);
	for (uint64_t size = 0; size < sizeof(struct rh_header); size++) {
		assert_status(rheo_bucket_attach(mem, size, &b), RHEO_ERR_NOSPC);
		assert_status(rheo_breaker_attach(mem, size, &k), RHEO_ERR_NOSPC);
		assert_status(rheo_counter_attach(mem, size, &c), RHEO_ERR_NOSPC);
	}
	assert_status(rheo_bucket_attach(mem, sizeof(struct rh_header), &b), RHEO_ERR_CORRUPT);
	assert_status(rheo_counter_attach(mem, sizeof(struct rh_header), &c), RHEO_ERR_CORRUPT);
	cr_assert(b == NULL && k == NULL && c == NULL);
}

/*
 * P14: a neighbour changes the geometry between attach's look at it and the
 * handle that is made of it.
 */
static volatile int stop;

static void *
change_the_tag(void *at)
{
	volatile uint32_t *tag = at;
	uint32_t good = *tag;

	while (!stop) {
		*tag = good ^ 7;
		*tag = good;
	}
	return NULL;
}

Test(attach, p14_a_handle_is_made_of_what_was_checked)
{
	rheo_breaker_config_t cfg = breaker_config();
	uint64_t size = rheo_breaker_size(&cfg);
	void *mem = memory_for(size);
	rheo_breaker_t *made, *b = NULL;
	unsigned attached = 0;
	pthread_t t;

	assert_status(rheo_breaker_init(mem, size, &cfg, 0, &made), RHEO_OK);
	stop = 0;
	cr_assert(pthread_create(&t, NULL, change_the_tag, &((struct rh_header *)mem)->tag) == 0);
	/* On a busy machine the neighbour may be stopped for long with the geometry spoilt. */
	for (int i = 0; i < 300000 || (attached == 0 && i < 300000000); i++)
		if (rheo_breaker_attach(mem, size, &b) == RHEO_OK) {
			attached++;
			cr_assert(b == made, "attach %d gave a handle of another geometry", i);
		}
	stop = 1;
	pthread_join(t, NULL);
	cr_assert(attached > 0);
}
