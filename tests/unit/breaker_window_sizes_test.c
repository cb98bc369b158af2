/* SPDX-License-Identifier: BSD-2-Clause */

/* Windows of every size: all of it counts, none of what is past it, and a small one takes little memory. */

#include "helpers.h"

#include "breaker/self.h"

Test(breaker_window_sizes, every_slice_of_a_time_window_counts)
{
	for (uint32_t slices = 1; slices <= 64; slices++) {
		rheo_breaker_config_t cfg = breaker_config();
		rheo_breaker_t *b;

		cfg.window_ns = slices * SECOND;
		cfg.window_slices = slices;
		cfg.minimum_calls = 1000000;
		b = breaker_from(&cfg, 0);
		for (uint64_t s = 1; s <= 200; s++) {
			rheo_breaker_snapshot_t v;
			uint64_t want = s < slices ? s : slices;

			call(b, RHEO_FAILURE, s * SECOND, 0);
			v = breaker_snapshot(b, s * SECOND);
			cr_assert(v.window_calls == want && v.window_failures == want, "%u slices, %llu seconds", slices,
				  (unsigned long long)s);
		}
		free((void *)((uintptr_t)b & ~(uintptr_t)127));
	}
}

Test(breaker_window_sizes, every_call_of_a_count_window_counts)
{
	static const uint32_t sizes[] = {1, 15, 16, 17, 128, 129, 512, 513, 2048, 2049, 8192, 8193, 32768, 32769, 131072};

	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		rheo_breaker_config_t cfg = breaker_config();
		rheo_breaker_snapshot_t v;
		uint64_t failures = 0;
		rheo_breaker_t *b;

		cfg.window_calls = sizes[i];
		cfg.failure_rate_bp = 0;
		b = breaker_from(&cfg, 0);
		/* few failures: each of them reads all of it */
		for (uint32_t n = 0; n < sizes[i]; n++, failures += n % 512 == 1)
			call(b, n % 512 == 0 ? RHEO_FAILURE : RHEO_SUCCESS, 0, 0);
		v = breaker_snapshot(b, 0);
		assert_u64(v.window_calls, sizes[i]);
		assert_u64(v.window_failures, failures);
		assert_u64(v.failures + v.successes, sizes[i]);
		/* the next round writes over it all */
		for (uint32_t n = 0; n < sizes[i]; n++)
			call(b, RHEO_SUCCESS, 0, 0);
		v = breaker_snapshot(b, 0);
		assert_u64(v.window_calls, sizes[i]);
		assert_u64(v.window_failures, 0);
		assert_u64(v.failures, failures);
		free((void *)((uintptr_t)b & ~(uintptr_t)127));
	}
}

static uint64_t
size_with(uint32_t slices, uint32_t calls, uint32_t lanes)
{
	rheo_breaker_config_t cfg = breaker_config();

	cfg.window_slices = slices;
	cfg.window_calls = calls;
	cfg.lanes = lanes;
	return rheo_breaker_size(&cfg);
}

Test(breaker_window_sizes, memory_is_by_the_power_of_two_that_holds_the_window)
{
	for (uint32_t lanes = 1; lanes <= 128; lanes *= 2) {
		assert_u64(size_with(1, 0, lanes), size_with(16, 0, lanes));
		for (uint32_t slices = 16; slices < 64; slices *= 2) {
			uint64_t more = size_with(slices + 1, 0, lanes) - size_with(slices, 0, lanes);
			/* a block a lane, one that all share, one of failures, one of slow calls: 16 bytes a cell */
			uint64_t cells = (lanes + 3) * 16 * slices;

			assert_u64(size_with(slices + 1, 0, lanes), size_with(2 * slices, 0, lanes));
			cr_assert(more + 128 > cells && more < cells + 128);
		}
	}
	for (uint32_t calls = 128; calls < 1u << 20; calls *= 4) {
		uint64_t more = size_with(1, calls + 1, 1) - size_with(1, calls, 1);
		uint64_t words = 8 * (4 * calls - calls) / 16;

		assert_u64(size_with(1, calls + 1, 1), size_with(1, 4 * calls < 1u << 20 ? 4 * calls : 1u << 20, 1));
		cr_assert(more + 128 > words && more < words + 128);
	}
	/* a block a lane, of 256 bytes: the cells of slices are there, and not used */
	for (uint32_t lanes = 1; lanes <= 64; lanes *= 2)
		assert_u64(size_with(1, 128, 2 * lanes) - size_with(1, 128, lanes), 256 * lanes);
}

/* A caller that keeps memory of the size that an earlier release asked for can go on doing so. */
Test(breaker_window_sizes, a_time_window_takes_its_blocks_and_not_a_byte_more)
{
	for (uint32_t slices = 10; slices <= 60; slices += 25) {
		rheo_breaker_config_t cfg = breaker_config();
		uint64_t block = slices <= 16 ? 256 : slices <= 32 ? 512 : 1024;

		cfg.window_slices = slices;
		cfg.lanes = 1;
		/* the lane's, the one that all share, failures, slow calls */
		assert_u64(rheo_breaker_size(&cfg), sizeof(struct rh_breaker) + 4 * block);
	}
}
