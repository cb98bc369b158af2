/* SPDX-License-Identifier: BSD-2-Clause */

/* init leaves nothing of what was in memory before it: the same history comes out of any. */

#include "helpers.h"

#include "breaker/self.h"
#include "bucket/lanes.h"

/* Zeros, ones, a permit of the first half-open generation, numbers that grow. */
static void
soil(uint64_t *mem, uint64_t size, int how)
{
	for (uint64_t i = 0; i < size / 8; i++)
		mem[i] = how == 0   ? 0
			 : how == 1 ? UINT64_MAX
			 : how == 2 ? rh_permit_probe(2, (uint32_t)i % 64, 5 * SECOND)
				    : (2 << 16 | i % 7) << 32 | 3;
}

static void
use_breaker(rheo_breaker_t *b, rheo_breaker_snapshot_t *s, rheo_breaker_event_t e[16])
{
	uint64_t permit[3];
	uint32_t n;

	for (uint64_t i = 0; i < 30; i++)
		call(b, RHEO_SUCCESS, i * SECOND / 3, 0);
	trip(b, 10 * SECOND);
	for (int i = 0; i < 3; i++)
		permit[i] = probe_at(b, 15 * SECOND);
	for (int i = 0; i < 3; i++)
		assert_status(rheo_breaker_record(b, permit[i], RHEO_SUCCESS, 15 * SECOND), RHEO_OK);
	for (uint64_t i = 0; i < 30; i++)
		call(b, i % 4 == 0 ? RHEO_FAILURE : RHEO_SUCCESS, (15 + i) * SECOND, 0);
	*s = breaker_snapshot(b, 45 * SECOND);
	assert_status(rheo_breaker_events(b, 0, e, 16, &n), RHEO_OK);
	assert_u64(n, 3);
	for (uint32_t i = 0; i < n; i++)
		assert_u64(e[i].partial, 0);
}

Test(init, a_breaker_is_the_same_whatever_was_in_memory)
{
	for (uint32_t calls = 0; calls <= 200; calls += 100) {
		rheo_breaker_event_t events[4][16] = {0};
		rheo_breaker_snapshot_t s[4];

		for (int how = 0; how < 4; how++) {
			rheo_breaker_config_t cfg = breaker_config();
			uint64_t size;
			rheo_breaker_t *b = NULL;
			void *mem;

			cfg.half_open_calls = 3;
			cfg.window_calls = calls;
			cfg.window_slices = 20;
			cfg.lanes = 4;
			size = rheo_breaker_size(&cfg);
			mem = memory_for(size);
			soil(mem, size, how);
			assert_status(rheo_breaker_init(mem, size, &cfg, 0, &b), RHEO_OK);
			use_breaker(b, &s[how], events[how]);
			cr_assert(memcmp(&s[how], &s[0], sizeof s[0]) == 0, "another snapshot from memory %d", how);
			cr_assert(memcmp(events[how], events[0], sizeof events[0]) == 0, "other events");
		}
		assert_u64(s[0].window_calls, calls != 0 ? 30 : 9);
		assert_u64(s[0].stale + s[0].refused_open + s[0].refused_probe + s[0].ignored + s[0].cas_retries, 0);
	}
}

Test(init, a_bucket_is_the_same_whatever_was_in_memory)
{
	for (uint32_t lanes = 1; lanes <= 4; lanes *= 4)
		for (int how = 0; how < 4; how++) {
			rheo_bucket_config_t cfg = bucket_config(1000, 1280);
			uint64_t size, taken;
			rheo_bucket_t *b = NULL;
			rheo_bucket_stats_t s;
			void *mem;

			cfg.lanes = lanes;
			cfg.counter_lanes = 8;
			size = rheo_bucket_size(&cfg);
			mem = memory_for(size);
			soil(mem, size, how);
			assert_status(rheo_bucket_init(mem, size, &cfg, 0, &b), RHEO_OK);
			s = bucket_stats(b);
			cr_assert(s.admitted == 0 && s.charged == 0 && s.refunded == 0 && s.refused_rate == 0 &&
				  s.refused_never == 0 && s.clock_regressions == 0 && s.cas_retries == 0 &&
				  s.published_ns == 0 && s.parked == (lanes > 1 ? 160 : 0));
			while (rheo_bucket_acquire_upto(b, UINT64_MAX, 0, &taken) == RHEO_OK)
				;
			assert_u64(bucket_stats(b).admitted, lanes > 1 ? 1260 : 1280);
			assert_status(rheo_bucket_try_acquire_at(b, 7, 7 * MS), RHEO_OK);
			assert_status(rheo_bucket_try_acquire_at(b, 1, 7 * MS), RHEO_REJ_RATE);
		}
}
