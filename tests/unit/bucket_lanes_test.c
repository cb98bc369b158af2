/* SPDX-License-Identifier: BSD-2-Clause */

/* Parked tokens: never more than the burst in all, none lost that need not be. */

#include "helpers.h"

#include "bucket/lanes.h"

#define LANES 4u

/* 4 lanes, burst 1280: 40 a lane, Q 20, so 1100 in common. */
static rheo_bucket_t *
laned(uint32_t flags)
{
	rheo_bucket_config_t cfg = bucket_config(1000, 1280);

	cfg.lanes = LANES;
	cfg.flags = flags;
	return bucket_from(&cfg, 0);
}

static struct rh_lane *
lane_of(rheo_bucket_t *b, unsigned i)
{
	return rh_bucket_lanes(rh_bucket_self(b)) + i;
}

static uint64_t
word_of(rheo_bucket_t *b, unsigned i)
{
	return rh_load_acq(&lane_of(b, i)->parked);
}

static unsigned
own_lane(void)
{
	return rh_cpu_hint() % LANES;
}

/* Takes one token at a time until refused. */
static uint64_t
drain(rheo_bucket_t *b, uint64_t now_ns)
{
	uint64_t n = 0;

	while (rheo_bucket_try_acquire_at(b, 1, now_ns) == RHEO_OK)
		n++;
	return n;
}

Test(bucket_lanes, the_burst_is_shared_out_as_the_header_says)
{
	rheo_bucket_t *b = laned(0);
	rheo_bucket_stats_t s = bucket_stats(b);

	cr_assert(s.lanes == LANES && s.parked == 160 && s.max_cost == 1100);
	assert_u64(available_at(b, 0), 1260);
}

Test(bucket_lanes, all_that_is_there_can_be_taken_one_by_one_by_one_caller)
{
	assert_u64(drain(laned(0), 0), 1260);
	assert_u64(drain(laned(RHEO_BUCKET_START_EMPTY), 0), 0);
}

Test(bucket_lanes, the_long_run_rate_is_exact)
{
	rheo_bucket_t *b = laned(0);
	uint64_t admitted = drain(b, 0), seed = 1, t = 0;

	while (t < 1000 * SECOND) {
		t += next_random(&seed) % SECOND;
		admitted += drain(b, t);
	}
	/* Q is ahead of what is published at most: that much may not be seen yet. */
	cr_assert(admitted <= 1280 + t / MS && admitted + 20 >= 1260 + t / MS, "%llu of %llu",
		  (unsigned long long)admitted, (unsigned long long)(1260 + t / MS));
	rheo_bucket_refill(b, t);
	admitted += drain(b, t);
	assert_u64(admitted, 1260 + t / MS);
	assert_u64(bucket_stats(b).admitted, admitted);
}

Test(bucket_lanes, p1_the_burst_is_never_passed_even_by_callers_ahead_of_the_hook)
{
	for (uint64_t ahead = 0; ahead < 40 * MS; ahead += MS) {
		rheo_bucket_t *b = laned(0);

		/* idle and full; then everything is taken at a time a little ahead of the hook's */
		rheo_bucket_refill(b, SECOND);
		cr_assert(drain(b, SECOND + ahead) <= 1280, "%llu ns ahead", (unsigned long long)ahead);
	}
}

Test(bucket_lanes, an_idle_bucket_is_topped_up_by_the_hook)
{
	rheo_bucket_t *b = laned(RHEO_BUCKET_START_EMPTY);

	rheo_bucket_refill(b, 10 * SECOND);
	/* the common part is full; the rest of what was earned went to the lanes */
	assert_u64(bucket_stats(b).parked, 160);
	assert_u64(drain(b, 10 * SECOND), 1260);
}

Test(bucket_lanes, a_top_up_is_not_more_than_is_newly_published)
{
	rheo_bucket_t *b = laned(0);

	/* lanes empty, common part full but for one token */
	for (unsigned i = 0; i < LANES; i++)
		rh_lanes_trim(rh_bucket_self(b), 0);
	rheo_bucket_refill(b, 5 * MS);
	assert_u64(bucket_stats(b).parked, 5);
	rheo_bucket_refill(b, 7 * MS);
	assert_u64(bucket_stats(b).parked, 7);
}

Test(bucket_lanes, parked_tokens_of_other_cpus_are_found)
{
	rheo_bucket_t *b = laned(0);
	unsigned own = own_lane();
	uint64_t got = 0;

	/* empty the common part and our own lane by hand */
	rheo_bucket_charge(b, 1100, 0);
	rh_cas_rlx(&lane_of(b, own)->parked, &(uint64_t){word_of(b, own)}, 0);
	for (int i = 0; i < 120; i++)
		assert_status(rheo_bucket_try_acquire(b, 1), RHEO_OK);
	assert_status(rheo_bucket_try_acquire(b, 1), RHEO_REJ_RATE);
	assert_status(rheo_bucket_acquire_upto(b, 100, 0, &got), RHEO_REJ_RATE);
}

Test(bucket_lanes, a_refusal_that_found_nothing_is_remembered_until_there_is_news)
{
	rheo_bucket_t *b = laned(0);
	struct rh_bucket *raw = rh_bucket_self(b).b;

	drain(b, 0);
	cr_assert(rh_load_rlx(&raw->dry) == rh_load_rlx(&raw->earned));
	assert_status(rheo_bucket_try_acquire(b, 1), RHEO_REJ_RATE);
	rheo_bucket_refund(b, 3);
	cr_assert(rh_load_rlx(&raw->dry) != rh_load_rlx(&raw->earned));
	assert_u64(drain(b, 0), 3);
	rheo_bucket_refill(b, 2 * MS);
	assert_u64(drain(b, 2 * MS), 2);
}

Test(bucket_lanes, dry_lanes_refuse_until_a_time_that_has_earned_a_token_and_then_admit_it)
{
	rheo_bucket_t *b = laned(0);
	uint64_t wait_ns;

	drain(b, 0);
	assert_status(rheo_bucket_try_acquire_at(b, 1, 0), RHEO_REJ_RATE);
	assert_status(rheo_bucket_wait_ns(b, 1, 0, &wait_ns), RHEO_OK);
	assert_status(rheo_bucket_try_acquire_at(b, 1, wait_ns - 1), RHEO_REJ_RATE);
	assert_status(rheo_bucket_try_acquire_at(b, 1, wait_ns), RHEO_OK);
	assert_status(rheo_bucket_try_acquire_at(b, 1, wait_ns), RHEO_REJ_RATE);
}

/* A curve stands still at its end until it is renewed: a refusal must not take that for the truth. */
Test(bucket_lanes, dry_lanes_admit_what_is_earned_after_the_curves_end)
{
	rheo_bucket_config_t cfg = bucket_config(UINT64_C(1000000000000), UINT64_C(1) << 40);
	rheo_bucket_t *b;
	struct rh_rules r;
	uint64_t got;

	cfg.lanes = 2;
	b = bucket_from(&cfg, 0);
	cr_assert(rh_rules_read(rh_bucket_self(b).b, &r));
	rheo_bucket_refill(b, r.curve.span);
	while (rheo_bucket_acquire_upto(b, UINT64_MAX, r.curve.span, &got) == RHEO_OK)
		;
	assert_status(rheo_bucket_try_acquire_at(b, 1, r.curve.span), RHEO_REJ_RATE);
	assert_status(rheo_bucket_try_acquire_at(b, 1, r.curve.span + 1), RHEO_OK);
}

Test(bucket_lanes, p4_refunds_go_where_there_is_room_and_never_past_the_burst)
{
	rheo_bucket_t *b = laned(0);

	for (uint64_t n = 1; n <= 1100; n += 7) {
		assert_status(rheo_bucket_try_acquire_at(b, n, 0), RHEO_OK);
		assert_status(rheo_bucket_refund(b, n), RHEO_OK);
		assert_u64(available_at(b, 0), 1260);
	}
	rheo_bucket_refund(b, 100000);
	assert_u64(available_at(b, 0), 1260);
	for (unsigned i = 0; i < LANES; i++)
		cr_assert((word_of(b, i) & 0xffff) <= 40);
	assert_u64(drain(b, 0), 1260);
}

Test(bucket_lanes, costs_up_to_the_common_part_pass_and_larger_ones_never_do)
{
	rheo_bucket_t *b = laned(0);
	uint64_t wait;

	assert_status(rheo_bucket_try_acquire_at(b, 1101, 0), RHEO_REJ_NEVER);
	assert_status(rheo_bucket_try_acquire_at(b, UINT64_MAX, 0), RHEO_REJ_NEVER);
	assert_status(rheo_bucket_wait_ns(b, 1101, 0, &wait), RHEO_REJ_NEVER);
	assert_status(rheo_bucket_try_acquire_at(b, 1100, 0), RHEO_OK);
	assert_status(rheo_bucket_wait_ns(b, 40, 0, &wait), RHEO_OK);
	assert_u64(wait, 0);
	assert_status(rheo_bucket_wait_ns(b, 41, 0, &wait), RHEO_OK);
	assert_u64(wait, 41 * MS);
}

Test(bucket_lanes, reservations_and_charges_use_the_common_part)
{
	rheo_bucket_config_t cfg = bucket_config(1000, 1280);
	rheo_bucket_t *b;
	uint64_t wait;

	cfg.lanes = LANES;
	cfg.max_debt = 100;
	b = bucket_from(&cfg, 0);
	drain(b, 0);
	assert_status(rheo_bucket_reserve(b, 50, 0, UINT64_MAX, &wait), RHEO_OK);
	assert_u64(wait, 50 * MS);
	assert_status(rheo_bucket_reserve(b, 60, 0, UINT64_MAX, &wait), RHEO_REJ_RATE);
	assert_status(rheo_bucket_charge(b, 50, 0), RHEO_OK);
	assert_u64(drain(b, 99 * MS), 0);
	rheo_bucket_refill(b, 101 * MS);
	assert_u64(drain(b, 101 * MS), 1);
	assert_u64(bucket_stats(b).charged, 50);
	assert_u64(bucket_stats(b).admitted, 1260 + 50 + 1);
}

Test(bucket_lanes, a_burst_too_small_for_lanes_means_one_word)
{
	rheo_bucket_config_t cfg = bucket_config(1000, 127);
	rheo_bucket_t *b;

	cfg.lanes = LANES;
	b = bucket_from(&cfg, 0);
	assert_u64(bucket_stats(b).lanes, 1);
	assert_u64(drain(b, 0), 127);
	cfg.burst = 128;
	assert_u64(bucket_stats(bucket_from(&cfg, 0)).lanes, LANES);
	cfg.lanes = 0;
	cfg.burst = 10;
	assert_u64(bucket_stats(bucket_from(&cfg, 0)).lanes, 1);
}

Test(bucket_lanes, reconfigure_moves_tokens_between_lanes_and_the_common_part)
{
	rheo_bucket_t *b = laned(0);
	rheo_bucket_config_t cfg = bucket_config(1000, 10);

	rheo_bucket_charge(b, 1100, 0); /* 160 parked are left */
	cfg.burst = 640;
	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_OK);
	assert_u64(available_at(b, 0), 160);
	assert_u64(bucket_stats(b).parked, 80);
	/* too small for lanes: one word, and by the caller's time */
	cfg.burst = 10;
	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_OK);
	assert_u64(bucket_stats(b).parked, 0);
	assert_u64(drain(b, 0), 10);
	assert_u64(drain(b, 3 * MS), 3);
	/* and back */
	cfg.burst = 1280;
	assert_status(rheo_bucket_reconfigure(b, &cfg, 3 * MS, RHEO_BUCKET_RESET), RHEO_OK);
	assert_u64(drain(b, 3 * MS), 1100);
	assert_u64(bucket_stats(b).admitted, 10 + 3 + 1100);
}

Test(bucket_lanes, scaling_keeps_the_fraction_of_all_tokens)
{
	rheo_bucket_t *b = laned(0);
	rheo_bucket_config_t cfg = bucket_config(1000, 12800);

	rheo_bucket_charge(b, 1060, 0); /* 40 in common, 160 parked */
	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_SCALE), RHEO_OK);
	assert_u64(available_at(b, 0), 2000);
}

/* (L1): parked and in flight never pass the lane's cap, wherever the filler dies. */
Test(bucket_lanes, p11_a_caller_killed_at_any_point_leaves_at_most_the_burst)
{
	volatile int points = 0;

	for (volatile int n = 0;; n++) {
		rheo_bucket_t *b = laned(0);
		unsigned own = own_lane();
		volatile int died;
		uint64_t left;

		while ((word_of(b, own) & 0xffff) != 0)
			rheo_bucket_try_acquire(b, 1);
		KILL_AT(n, died, rheo_bucket_try_acquire(b, 1));
		if (!died)
			break;
		points++;
		left = drain(b, 0);
		cr_assert(left <= 1260 - 40, "point %d: %llu", n, (unsigned long long)left);
		/* the hook takes the mark back and the lane works again */
		rheo_bucket_refill(b, 10 * SECOND);
		rheo_bucket_refill(b, 20 * SECOND);
		rheo_bucket_refill(b, 30 * SECOND);
		cr_assert(drain(b, 30 * SECOND) == 1260, "point %d: the lane is still marked", n);
		cr_assert((word_of(b, own) & (UINT64_C(1) << 16)) == 0);
	}
	cr_assert(points >= 3, "only %d points were passed", points);
}

static rheo_bucket_t *shared;

/* While a filler sleeps before its deposit, its mark is taken back and the lane filled by others. */
static void
forget_the_filler(const char *point)
{
	if (strcmp(point, "LANE_BEFORE_DEPOSIT") != 0)
		return;
	rh_inject_hook = NULL;
	rheo_bucket_refill(shared, 10 * SECOND);
	rheo_bucket_refill(shared, 20 * SECOND);
	rheo_bucket_refill(shared, 30 * SECOND);
}

Test(bucket_lanes, a_filler_presumed_dead_drops_its_batch)
{
	unsigned own = own_lane();

	shared = laned(0);
	while ((word_of(shared, own) & 0xffff) != 0)
		rheo_bucket_try_acquire(shared, 1);
	rh_inject_hook = forget_the_filler;
	assert_status(rheo_bucket_try_acquire(shared, 1), RHEO_OK);
	rh_inject_hook = NULL;
	assert_u64(drain(shared, 30 * SECOND), 1260);
	/* dropped, and not counted as admitted */
	assert_u64(bucket_stats(shared).admitted, 40 + 1 + 1260);
}

/* A whole reconfiguration between the marking of a lane and its fill. */
static void
shrink_between(const char *point)
{
	rheo_bucket_config_t cfg = bucket_config(1000, 256);

	if (strcmp(point, "LANE_MARKED") != 0)
		return;
	rh_inject_hook = NULL;
	rheo_bucket_reconfigure(shared, &cfg, 0, RHEO_BUCKET_KEEP);
}

Test(bucket_lanes, a_fill_begun_under_old_rules_cannot_overfill_under_new_ones)
{
	unsigned own = own_lane();

	shared = laned(0);
	while ((word_of(shared, own) & 0xffff) != 0)
		rheo_bucket_try_acquire(shared, 1);
	rh_inject_hook = shrink_between;
	assert_status(rheo_bucket_try_acquire(shared, 1), RHEO_OK);
	rh_inject_hook = NULL;
	for (unsigned i = 0; i < LANES; i++)
		cr_assert((word_of(shared, i) & 0xffff) <= 8);
	cr_assert(drain(shared, 0) <= 256);
}

Test(bucket_lanes, the_hook_that_loses_the_race_tops_nothing_up)
{
	struct rh_self self;
	struct rh_claims claims = {0};

	shared = laned(0);
	self = rh_bucket_self(shared);
	rh_lanes_trim(self, 0);
	rh_lanes_claim(self, 40, 1000, &claims);
	assert_u64(claims.count, LANES);
	rh_lanes_settle(self, &claims, 0);
	assert_u64(rh_lanes_sum(self), 0);
	for (unsigned i = 0; i < LANES; i++)
		cr_assert((word_of(shared, i) & (UINT64_C(1) << 16)) == 0, "lane %u stays marked", i);
	claims.count = 0;
	rh_lanes_claim(self, 40, 50, &claims);
	rh_lanes_settle(self, &claims, 50);
	assert_u64(rh_lanes_sum(self), 50);
}

Test(bucket_lanes, looking_ahead_by_less_than_q_does_not_publish)
{
	rheo_bucket_t *b = laned(0);

	assert_status(rheo_bucket_try_acquire_at(b, 1, 18 * MS), RHEO_OK);
	assert_u64(bucket_stats(b).published_ns, 0);
	assert_status(rheo_bucket_try_acquire_at(b, 1, 21 * MS), RHEO_OK);
	assert_u64(bucket_stats(b).published_ns, 21 * MS);
	rheo_bucket_try_acquire_at(b, 1, 20 * MS);
	assert_u64(bucket_stats(b).clock_regressions, 1);
}

Test(bucket_lanes, the_hook_is_due_when_half_of_q_is_earned)
{
	uint64_t delay;

	assert_status(rheo_bucket_next_refill_ns(laned(0), 0, &delay), RHEO_OK);
	assert_u64(delay, 10 * MS);
}

Test(bucket_lanes, a_wait_is_exact_for_a_caller_with_a_clock)
{
	rheo_bucket_config_t cfg = bucket_config(100, 6400);
	rheo_bucket_t *b;
	uint64_t now = 0, wait_ns, taken;

	cfg.lanes = 2;
	b = bucket_from(&cfg, 0);
	while (rheo_bucket_acquire_upto(b, UINT64_MAX, 0, &taken) == RHEO_OK)
		;
	for (int i = 0; i < 300; i++) {
		assert_status(rheo_bucket_wait_ns(b, 1, now, &wait_ns), RHEO_OK);
		cr_assert(wait_ns != 0);
		assert_status(rheo_bucket_try_acquire_at(b, 1, now + wait_ns - 1), RHEO_REJ_RATE);
		now += wait_ns;
		if (i % 3 == 0)
			assert_status(rheo_bucket_try_acquire_at(b, 1, now), RHEO_OK);
		else if (i % 3 == 1)
			assert_status(rheo_bucket_acquire_upto(b, 5, now, &taken), RHEO_OK);
		else
			assert_status(rheo_bucket_reserve(b, 1, now, 0, &wait_ns), RHEO_OK);
	}
	assert_u64(now, 300 * 10 * MS);
}
