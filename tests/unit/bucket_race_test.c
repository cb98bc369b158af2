/* SPDX-License-Identifier: BSD-2-Clause */

/* Races that a bucket's calls lose at one named point, one at a time: what is taken, kept and said then. */

#include "helpers.h"

#include <sched.h>

#include "bucket/lanes.h"

#define LANES 4u

static rheo_bucket_t *b;
static const char *where;
static void (*what)(void);
static int times;

static void
at_point(const char *point)
{
	if (strcmp(point, where) != 0 || times-- <= 0)
		return;
	rh_inject_hook = NULL;
	what();
	rh_inject_hook = at_point;
}

/* While the statement runs, `doing` comes between the first n times that it passes the point. */
#define MEANWHILE(point, doing, n, statement) \
	do {                                  \
		where = (point);              \
		what = (doing);               \
		times = (n);                  \
		rh_inject_hook = at_point;    \
		statement;                    \
		rh_inject_hook = NULL;        \
		cr_assert(times <= 0);        \
	} while (0)

/* 4 lanes, burst 1280: 40 a lane, Q 20, so 1100 in common. */
static rheo_bucket_t *
laned(void)
{
	rheo_bucket_config_t cfg = bucket_config(1000, 1280);

	cfg.lanes = LANES;
	return bucket_from(&cfg, 0);
}

/* This thread's lane, which stays its own. */
static unsigned
own_lane(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((unsigned)sched_getcpu(), &one);
	cr_assert(sched_setaffinity(0, sizeof one, &one) == 0);
	return rh_cpu_hint() % LANES;
}

static struct rh_lane *
lane_of(unsigned i)
{
	return rh_bucket_lanes(rh_bucket_self(b)) + i % LANES;
}

static void
set_parked(unsigned i, uint64_t n)
{
	rh_store_init(&lane_of(i)->parked, n);
}

static void
leave_five_in_common(void)
{
	assert_status(rheo_bucket_charge(b, 1095, 0), RHEO_OK);
}

Test(bucket_race, a_filler_that_finds_its_batch_gone_still_takes_its_own_cost)
{
	unsigned own;

	b = laned();
	own = own_lane();
	for (unsigned i = 0; i < LANES; i++)
		set_parked(i, 0);
	MEANWHILE("BUCKET_BEFORE_CAS", leave_five_in_common, 1,
		  assert_status(rheo_bucket_try_acquire(b, 3), RHEO_OK));
	assert_u64(available_at(b, 0), 2);
	cr_assert((rh_load_rlx(&lane_of(own)->parked) & 0x1ffff) == 0, "the mark or a batch is left");
}

static void
empty_all_lanes(void)
{
	for (unsigned i = 0; i < LANES; i++)
		set_parked(i, 0);
}

Test(bucket_race, tokens_of_another_lane_that_are_gone_by_then_are_not_taken)
{
	unsigned own = own_lane();

	b = laned();
	empty_all_lanes();
	set_parked(own + 1, 10);
	assert_status(rheo_bucket_charge(b, 1100, 0), RHEO_OK);
	MEANWHILE("LANE_BEFORE_TAKE", empty_all_lanes, 1,
		  assert_status(rheo_bucket_try_acquire(b, 4), RHEO_REJ_RATE));
	assert_u64(available_at(b, 0), 0);
}

Test(bucket_race, a_refusal_that_met_a_fill_in_progress_is_not_remembered)
{
	struct rh_bucket *raw;

	b = laned();
	raw = rh_bucket_self(b).b;
	empty_all_lanes();
	assert_status(rheo_bucket_charge(b, 1100, 0), RHEO_OK);
	/* the batch is on its way to another lane */
	set_parked(own_lane() + 1, UINT64_C(1) << 17 | UINT64_C(1) << 16);
	assert_status(rheo_bucket_try_acquire(b, 1), RHEO_REJ_RATE);
	cr_assert(rh_load_rlx(&raw->dry) != rh_load_rlx(&raw->earned));
	empty_all_lanes();
	assert_status(rheo_bucket_try_acquire(b, 1), RHEO_REJ_RATE);
	cr_assert(rh_load_rlx(&raw->dry) == rh_load_rlx(&raw->earned));
}

static void
hook_later(void)
{
	rheo_bucket_refill(b, 900 * MS);
}

Test(bucket_race, an_older_hook_does_not_take_back_a_mark_that_a_later_one_has_just_seen)
{
	uint64_t mark = UINT64_C(1) << 17 | UINT64_C(1) << 16 | 7;

	b = laned();
	set_parked(0, mark);
	/* overtaken before it looks at the lanes */
	MEANWHILE("REFILL_BEFORE_TOP_UP", hook_later, 1, rheo_bucket_refill(b, 700 * MS));
	assert_u64(rh_load_rlx(&lane_of(0)->stuck_ns), 900 * MS);
	assert_u64(rh_load_rlx(&lane_of(0)->parked), mark);
	/* nor the later one, a tenth of a second after it saw it */
	rheo_bucket_refill(b, 1000 * MS);
	assert_u64(rh_load_rlx(&lane_of(0)->parked), mark);
	rheo_bucket_refill(b, 1000 * MS + 1);
	cr_assert((rh_load_rlx(&lane_of(0)->parked) & 0x10000) == 0);
}

static uint64_t burst;

static void
change_the_burst(void)
{
	rheo_bucket_config_t cfg = bucket_config(1000, burst++);

	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_OK);
}

static void
take_one_parked(void)
{
	assert_status(rheo_bucket_try_acquire(b, 1), RHEO_OK);
}

Test(bucket_race, a_caller_with_a_time_that_meets_another_at_its_lane_asks_again)
{
	b = laned();
	own_lane();
	MEANWHILE("LANE_BEFORE_TAKE", take_one_parked, 1, assert_status(rheo_bucket_try_acquire_at(b, 5, 0), RHEO_OK));
	assert_u64(available_at(b, 0), 1260 - 6);
	assert_u64(bucket_stats(b).cas_retries, 1);
}

static void
charge_ten(void)
{
	assert_status(rheo_bucket_charge(b, 10, 0), RHEO_OK);
}

Test(bucket_race, a_caller_ahead_of_the_hook_that_meets_another_asks_again)
{
	for (uint64_t level = 60; level <= 70; level += 10) {
		b = bucket_of(1000, 100);
		assert_status(rheo_bucket_charge(b, 100 - level, 0), RHEO_OK);
		/* half a token ahead: not yet worth publishing */
		MEANWHILE("BUCKET_BEFORE_CAS", charge_ten, 1,
			  assert_status(rheo_bucket_try_acquire_at(b, 60, MS / 2), level == 60 ? RHEO_REJ_RATE : RHEO_OK));
		assert_u64(available_at(b, MS / 2), level == 60 ? 50 : 0);
		assert_u64(bucket_stats(b).cas_retries, 1);
	}
}

static void
halve_the_burst(void)
{
	rheo_bucket_config_t cfg = bucket_config(1000, 50);

	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_OK);
}

Test(bucket_race, a_cost_that_new_rules_cannot_hold_is_refused_for_ever_though_it_was_there)
{
	b = bucket_of(1000, 100);
	MEANWHILE("BUCKET_BEFORE_CAS", halve_the_burst, 1,
		  assert_status(rheo_bucket_try_acquire(b, 80), RHEO_REJ_NEVER));
	assert_u64(available_at(b, 0), 50);
}

Test(bucket_race, a_renewal_that_is_overtaken_time_and_again_gives_way)
{
	const uint64_t late = UINT64_C(1) << 63;

	burst = 100;
	b = bucket_of(1000, 100);
	MEANWHILE("REFILL_BEFORE_RENEWAL", change_the_burst, 16, rheo_bucket_refill(b, late));
	/* nothing is lost: the next one renews, and the bucket is full */
	rheo_bucket_refill(b, late);
	assert_u64(bucket_stats(b).published_ns, late);
	assert_u64(available_at(b, late), burst - 1);
}

Test(bucket_race, a_hook_whose_rules_change_each_time_it_looks_publishes_by_the_last_it_saw)
{
	burst = 100;
	b = bucket_of(1000, 100);
	assert_status(rheo_bucket_try_acquire(b, 100), RHEO_OK);
	MEANWHILE("REFILL_RULES_READ", change_the_burst, 65537, rheo_bucket_refill(b, 50 * MS));
	assert_u64(bucket_stats(b).published_ns, 50 * MS);
	assert_u64(available_at(b, 50 * MS), 50);
}

static void
leave_two_in_the_next_lane(void)
{
	set_parked(rh_cpu_hint() + 1, 2);
}

Test(bucket_race, tokens_of_another_lane_of_which_some_are_gone_by_then_are_left_there)
{
	unsigned own = own_lane();

	b = laned();
	empty_all_lanes();
	set_parked(own + 1, 10);
	assert_status(rheo_bucket_charge(b, 1100, 0), RHEO_OK);
	MEANWHILE("LANE_BEFORE_TAKE", leave_two_in_the_next_lane, 1,
		  assert_status(rheo_bucket_try_acquire(b, 4), RHEO_REJ_RATE));
	assert_u64(available_at(b, 0), 2);
}

static uint64_t gone;

static void
take_from_common(void)
{
	assert_status(rheo_bucket_charge(b, gone, 0), RHEO_OK);
}

/* 5 to 8 in common are one to take and a batch of one. */
Test(bucket_race, a_filler_whose_batch_of_one_is_gone_takes_its_own_cost_all_the_same)
{
	for (uint64_t there = 3; there <= 12; there++) {
		b = laned();
		empty_all_lanes();
		assert_status(rheo_bucket_charge(b, 1100 - there, 0), RHEO_OK);
		gone = there - 1;
		MEANWHILE("BUCKET_BEFORE_CAS", take_from_common, 1,
			  assert_status(rheo_bucket_try_acquire(b, 1), RHEO_OK));
		assert_u64(available_at(b, 0), 0);
	}
}

static void
give_back_thirty(void)
{
	assert_status(rheo_bucket_refund(b, 30), RHEO_OK);
}

Test(bucket_race, nothing_is_given_to_a_lane_while_it_is_being_filled)
{
	unsigned own = own_lane();

	b = laned();
	empty_all_lanes();
	set_parked(own, 2);
	MEANWHILE("LANE_MARKED", give_back_thirty, 1, assert_status(rheo_bucket_try_acquire(b, 3), RHEO_OK));
	for (unsigned i = 0; i < LANES; i++)
		cr_assert((rh_load_rlx(&lane_of(i)->parked) & 0xffff) <= 40);
	assert_u64(rh_load_rlx(&lane_of(own)->parked) & 0xffff, 40);
}

Test(bucket_race, a_take_that_meets_others_is_retried_and_each_retry_is_counted)
{
	b = bucket_of(10, 10);
	gone = 1;
	MEANWHILE("BUCKET_BEFORE_CAS", take_from_common, 3, assert_status(rheo_bucket_try_acquire(b, 2), RHEO_OK));
	assert_u64(bucket_stats(b).cas_retries, 3);
	assert_u64(bucket_stats(b).admitted, 2);
	assert_u64(available_at(b, 0), 5);
	/* also where in the end there is not enough */
	MEANWHILE("BUCKET_BEFORE_CAS", take_from_common, 2, assert_status(rheo_bucket_try_acquire(b, 4), RHEO_REJ_RATE));
	assert_u64(bucket_stats(b).cas_retries, 5);
	assert_u64(available_at(b, 0), 3);
}

static void
refund_one(void)
{
	assert_status(rheo_bucket_refund(b, 1), RHEO_OK);
}

Test(bucket_race, refunds_that_meet_are_all_given_back)
{
	b = bucket_of(10, 10);
	assert_status(rheo_bucket_try_acquire(b, 10), RHEO_OK);
	MEANWHILE("BUCKET_BEFORE_GIVE", refund_one, 3, assert_status(rheo_bucket_refund(b, 4), RHEO_OK));
	assert_u64(available_at(b, 0), 7);
	assert_u64(bucket_stats(b).admitted, 10);
	assert_u64(bucket_stats(b).refunded, 7);
}

Test(bucket_race, a_clamp_that_meets_takers_clamps_what_they_leave)
{
	b = bucket_of(10, 10);
	gone = 1;
	MEANWHILE("REFILL_BEFORE_CLAMP", take_from_common, 3, assert_status(rheo_bucket_refill(b, SECOND), RHEO_OK));
	assert_u64(available_at(b, 0), 10);
	assert_u64(bucket_stats(b).charged, 3);
	assert_u64(bucket_stats(b).admitted, 0);
}

Test(bucket_race, a_single_retry_is_counted_as_well)
{
	b = bucket_of(10, 10);
	gone = 1;
	MEANWHILE("BUCKET_BEFORE_CAS", take_from_common, 1, assert_status(rheo_bucket_try_acquire(b, 2), RHEO_OK));
	assert_u64(bucket_stats(b).cas_retries, 1);
}

static void
begin_anew(void)
{
	rheo_bucket_config_t cfg = bucket_config(10, 20);

	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_RESET), RHEO_OK);
}

/* Five tokens by the old rules, twenty by the new: whoever began with the old ones goes by the new. */
Test(bucket_race, rules_that_change_between_reading_and_taking_are_read_again)
{
	b = bucket_of(10, 10);
	assert_status(rheo_bucket_try_acquire(b, 10), RHEO_OK);
	MEANWHILE("REFILL_BEFORE_TIME", begin_anew, 1,
		  assert_status(rheo_bucket_try_acquire_at(b, 8, SECOND / 2), RHEO_OK));
	assert_u64(available_at(b, SECOND / 2), 12);
	assert_u64(bucket_stats(b).refused_rate, 0);
}

/* Whether a refusal need not look. */
static bool
noted_dry(void)
{
	struct rh_bucket *raw = rh_bucket_self(b).b;

	return rh_load_rlx(&raw->dry) == rh_load_rlx(&raw->earned);
}

static void
take_all(void)
{
	uint64_t got;

	b = laned();
	own_lane();
	assert_status(rheo_bucket_acquire_upto(b, UINT64_MAX, 0, &got), RHEO_OK);
	assert_u64(available_at(b, 0), 0);
}

static void
park_one_elsewhere(void)
{
	set_parked(own_lane() + 1, 1);
	rh_lanes_wet(rh_bucket_self(b));
}

static void
give_one_back(void)
{
	assert_status(rheo_bucket_refund(b, 1), RHEO_OK);
}

/* The first 40 go to this CPU's lane. */
static void
give_100_back(void)
{
	assert_status(rheo_bucket_refund(b, 100), RHEO_OK);
	set_parked(own_lane(), 0);
}

static void
refuse_another(void)
{
	assert_status(rheo_bucket_try_acquire(b, 1), RHEO_REJ_RATE);
	cr_assert(noted_dry());
}

Test(bucket_race, p3_tokens_that_come_before_a_refusal_is_noted_are_not_hidden_by_the_note)
{
	void (*const come[])(void) = {park_one_elsewhere, give_one_back, give_100_back};

	for (size_t i = 0; i < sizeof come / sizeof *come; i++) {
		take_all();
		MEANWHILE("LANES_BEFORE_NOTE", come[i], 1, assert_status(rheo_bucket_try_acquire(b, 1), RHEO_REJ_RATE));
		cr_assert(!noted_dry(), "case %zu", i);
		assert_status(rheo_bucket_try_acquire(b, 1), RHEO_OK);
	}
	take_all();
	MEANWHILE("LANES_BEFORE_NOTE", refuse_another, 1, assert_status(rheo_bucket_try_acquire(b, 1), RHEO_REJ_RATE));
	cr_assert(noted_dry());
}

/* The note was made while the batch was on its way to the lane. */
static void
note_it(void)
{
	struct rh_bucket *raw = rh_bucket_self(b).b;

	rh_swap_rlx(&raw->dry, rh_load_rlx(&raw->earned));
}

Test(bucket_race, p3_who_brings_tokens_to_a_lane_takes_back_the_note_that_there_are_none)
{
	take_all();
	assert_status(rheo_bucket_refill(b, 100 * MS), RHEO_OK);
	set_parked(own_lane(), 0);
	MEANWHILE("LANE_BEFORE_DEPOSIT", note_it, 1, assert_status(rheo_bucket_try_acquire(b, 1), RHEO_OK));
	cr_assert(!noted_dry());
	/* with a batch of none there is nothing to be found by others */
	take_all();
	assert_status(rheo_bucket_refill(b, 1 * MS), RHEO_OK);
	MEANWHILE("LANE_BEFORE_DEPOSIT", note_it, 1, assert_status(rheo_bucket_try_acquire(b, 1), RHEO_OK));
	cr_assert(noted_dry());
}
