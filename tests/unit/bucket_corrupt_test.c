/* SPDX-License-Identifier: BSD-2-Clause */

/* P14, where garbage_test.c throws at random: each part of a bucket overwritten on purpose, and what is said then. */

#include "helpers.h"

#include "bucket/lanes.h"

static struct rh_bucket *
memory_of(rheo_bucket_t *b)
{
	return rh_bucket_self(b).b;
}

/* A rule in force, overwritten by a writer that knows the record's tags. */
static void
set_rule(rheo_bucket_t *b, unsigned field, uint64_t value)
{
	uint32_t tag = rh_record_active(rh_load_acq(&memory_of(b)->control));

	for (unsigned half = 0; half < 2; half++) {
		rh_a64 *word = &memory_of(b)->rules[rh_record_at(tag, 2 * field + half)];

		rh_store_init(word, rh_load_rlx(word) >> 32 << 32 | (half ? value >> 32 : (uint32_t)value));
	}
}

static rheo_bucket_t *
laned(uint64_t per_second, uint64_t burst)
{
	rheo_bucket_config_t cfg = bucket_config(per_second, burst);

	cfg.lanes = 4;
	return bucket_from(&cfg, 0);
}

Test(bucket_corrupt, p14_every_call_that_needs_rules_says_so_where_none_are_whole)
{
	for (unsigned lanes = 1; lanes <= 4; lanes += 3) {
		rheo_bucket_config_t cfg = bucket_config(1000, 1000);
		rheo_bucket_t *b;
		rheo_bucket_quota_t q;
		rheo_bucket_stats_t s;
		uint64_t out;

		cfg.lanes = lanes;
		b = bucket_from(&cfg, 0);
		for (unsigned i = 0; i < 4 * RULE_FIELDS; i++)
			rh_store_init(&memory_of(b)->rules[i], UINT64_MAX);
		/* These two, tried at once, take the words for what they are: any verdict, and an end (P14). */
		rheo_bucket_try_acquire(b, 1);
		rheo_bucket_try_acquire_at(b, 1, 5);
		assert_status(rheo_bucket_acquire_upto(b, 1, 5, &out), lanes > 1 ? RHEO_OK : RHEO_ERR_CORRUPT);
		assert_status(rheo_bucket_reserve(b, 1, 5, 5, &out), RHEO_ERR_CORRUPT);
		assert_status(rheo_bucket_refund(b, 1), RHEO_ERR_CORRUPT);
		assert_status(rheo_bucket_charge(b, 1, 5), RHEO_ERR_CORRUPT);
		assert_status(rheo_bucket_wait_ns(b, 1, 5, &out), RHEO_ERR_CORRUPT);
		assert_status(rheo_bucket_available(b, 5, &out), RHEO_ERR_CORRUPT);
		assert_status(rheo_bucket_quota(b, 5, &q), RHEO_ERR_CORRUPT);
		assert_status(rheo_bucket_stats(b, &s, sizeof s), RHEO_ERR_CORRUPT);
		assert_status(rheo_bucket_next_refill_ns(b, 5, &out), RHEO_ERR_CORRUPT);
		assert_status(rheo_bucket_config(b, &cfg, sizeof cfg), RHEO_ERR_CORRUPT);
		assert_status(rheo_bucket_reconfigure(b, &cfg, 5, RHEO_BUCKET_KEEP), RHEO_ERR_CORRUPT);
		assert_status(rheo_bucket_refill(b, 5), RHEO_OK);
		/* by rules that cannot be read the hook publishes nothing */
		assert_u64(rh_load_rlx(&memory_of(b)->earned), 0);
		assert_u64(rh_load_rlx(&memory_of(b)->published_ns), 0);
	}
}

Test(bucket_corrupt, p14_a_rate_of_nothing_has_no_quota)
{
	rheo_bucket_t *b = bucket_of(1000, 1000);
	rheo_bucket_quota_t q;

	set_rule(b, RULE_TOKENS, 0);
	assert_status(rheo_bucket_quota(b, 5, &q), RHEO_ERR_CORRUPT);
}

Test(bucket_corrupt, p14_a_burst_of_nothing_can_be_scaled)
{
	rheo_bucket_t *b = bucket_of(1000, 1000);
	rheo_bucket_config_t cfg = bucket_config(1000, 500);

	set_rule(b, RULE_BURST, 0);
	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_SCALE), RHEO_OK);
	cr_assert(available_at(b, 0) <= 500);
}

Test(bucket_corrupt, p14_a_debt_beyond_the_curve_is_waited_for_not_at_all)
{
	rheo_bucket_t *b = bucket_of(1000, 1000);
	uint64_t wait = 1;

	/* half of all credit away: no time on the curve is when it is repaid */
	rh_store_init(&memory_of(b)->spent, UINT64_C(1) << 63);
	assert_status(rheo_bucket_wait_ns(b, 1, SECOND, &wait), RHEO_OK);
	assert_u64(wait, 0);
}

Test(bucket_corrupt, p14_what_is_parked_by_nobody_is_spent_once_and_lanes_go_on)
{
	rheo_bucket_t *b = laned(1000, 1280);
	struct rh_lane *lane = rh_bucket_lanes(rh_bucket_self(b));
	uint64_t got = 0;

	for (unsigned i = 0; i < 4; i++)
		rh_store_init(&lane[i].parked, UINT64_MAX);
	for (unsigned i = 0; i < 4; i++) {
		assert_status(rheo_bucket_acquire_upto(b, 65535, 0, &got), RHEO_OK);
		assert_u64(got, 65535);
	}
	/* marked for ever, unless the hook takes the marks back */
	rheo_bucket_refill(b, SECOND);
	rheo_bucket_refill(b, 2 * SECOND);
	for (unsigned i = 0; i < 4; i++)
		cr_assert((rh_load_rlx(&lane[i].parked) & 0x10000) == 0, "lane %u is still marked", i);
}

/* The unit of credit in the header is a neighbour's to change; reconfigure computes a curve by it. */
Test(bucket_corrupt, p14_reconfigure_in_units_that_there_are_not_is_refused)
{
	rheo_bucket_config_t cfg = bucket_config(1, 1000);
	rheo_bucket_t *b = bucket_from(&cfg, 0);

	cfg.tokens_per_period = UINT64_C(1) << 40;
	cfg.period_ns = cfg.tokens_per_period - 1;
	for (uint32_t k = RH_SHIFT_MAX + 1; k < 32; k++) {
		((struct rh_header *)(void *)((uintptr_t)b & ~(uintptr_t)127))->param = k;
		assert_status(rheo_bucket_reconfigure(b, &cfg, 5, RHEO_BUCKET_KEEP), RHEO_ERR_CORRUPT);
	}
}
