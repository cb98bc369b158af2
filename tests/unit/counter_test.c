/* SPDX-License-Identifier: BSD-2-Clause */

#include "helpers.h"

#include <pthread.h>

static rheo_counter_t *
counter_of(uint32_t lanes, uint32_t counts, void **mem)
{
	rheo_counter_config_t cfg;
	rheo_counter_t *c = NULL;
	uint64_t size;

	rheo_counter_config_init(&cfg, sizeof cfg);
	cfg.lanes = lanes;
	cfg.counts = counts;
	size = rheo_counter_size(&cfg);
	*mem = memory_for(size);
	assert_status(rheo_counter_init(*mem, size, &cfg, 0, &c), RHEO_OK);
	return c;
}

static uint64_t
read_count(const rheo_counter_t *c, uint32_t index)
{
	uint64_t sum = 99;

	assert_status(rheo_counter_read(c, index, &sum), RHEO_OK);
	return sum;
}

Test(counter, begins_at_nothing_whatever_the_memory_held)
{
	void *mem;
	rheo_counter_t *c = counter_of(4, 8, &mem);

	for (uint32_t i = 0; i < 8; i++)
		assert_u64(read_count(c, i), 0);
}

Test(counter, counts_are_kept_apart)
{
	void *mem;
	rheo_counter_t *c = counter_of(3, 8, &mem);

	for (uint32_t i = 0; i < 8; i++)
		assert_status(rheo_counter_add(c, i, i + 1), RHEO_OK);
	assert_status(rheo_counter_add(c, 7, UINT64_MAX), RHEO_OK);
	for (uint32_t i = 0; i < 7; i++)
		assert_u64(read_count(c, i), i + 1);
	assert_u64(read_count(c, 7), 7);
}

static void *
add_many(void *c)
{
	for (int i = 0; i < 100000; i++)
		rheo_counter_add(c, 0, 3);
	return NULL;
}

Test(counter, is_exact_once_the_adds_have_returned)
{
	void *mem;
	rheo_counter_t *c = counter_of(0, 1, &mem);
	pthread_t t[8];
	uint64_t last = 0;

	for (int i = 0; i < 8; i++)
		pthread_create(&t[i], NULL, add_many, c);
	for (int i = 0; i < 1000; i++) {
		uint64_t now = read_count(c, 0);

		cr_assert(now >= last, "a later read was smaller");
		last = now;
	}
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	assert_u64(read_count(c, 0), 8 * 100000 * 3);
}

Test(counter, attach_finds_it_again_and_nothing_else)
{
	void *mem;
	rheo_counter_t *c = counter_of(4, 2, &mem), *again = NULL;
	uint64_t size = 64 + 4 * 64 + 64; /* a whole multiple of 128 */

	rheo_counter_add(c, 1, 5);
	assert_status(rheo_counter_attach(mem, size, &again), RHEO_OK);
	assert_u64(read_count(again, 1), 5);
	assert_status(rheo_counter_attach(mem, size - 1, &again), RHEO_ERR_NOSPC);
	assert_status(rheo_counter_attach(mem, 10, &again), RHEO_ERR_NOSPC);
	memset(mem, 0, 8);
	assert_status(rheo_counter_attach(mem, size, &again), RHEO_ERR_CORRUPT);
}

Test(counter, a_configuration_out_of_range_is_refused)
{
	rheo_counter_config_t cfg;
	rheo_counter_t *c = NULL;
	void *mem = memory_for(4096);

	rheo_counter_config_init(&cfg, sizeof cfg);
	cfg.counts = 0;
	assert_u64(rheo_counter_size(&cfg), 0);
	cfg.counts = 9;
	assert_u64(rheo_counter_size(&cfg), 0);
	cfg.counts = 1;
	cfg.lanes = 1025;
	assert_u64(rheo_counter_size(&cfg), 0);
	cfg.lanes = 1024;
	cr_assert(rheo_counter_size(&cfg) > 1024 * 64);
	cfg.flags = 1;
	assert_status(rheo_counter_init(mem, 4096, &cfg, 0, &c), RHEO_ERR_INVAL);
	cfg.flags = 0;
	assert_status(rheo_counter_init(mem, 4096, &cfg, 0, &c), RHEO_ERR_NOSPC);
	cr_assert_null(c);
}
