/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Buckets with two lanes: burst 64, so a lane holds 4, Q is 1, and 55 are held
 * in common. "dry" begins with all of them taken, so that a token too many
 * anywhere shows when the bucket is drained at the end.
 */

#include "bucket/lanes.h"
#include "scenario.h"

#define BURST 64u

static struct tank t;

static void
setup_full(void)
{
	t = tank_make(BURST, 2, 0, 0);
	for (unsigned i = 0; i < EX_THREADS; i++)
		ex_set_cpu(i, i & 1u);
}

static void
setup_dry(void)
{
	setup_full();
	tank_drain(&t, 0);
}

/* Dry, then six more. */
static void
setup_six(void)
{
	setup_dry();
	tank_refill(&t, 6);
}

/* More CPUs than lanes, and counts behind these. */
static void
setup_dry_more_cpus(void)
{
	uint64_t taken;

	setup_dry();
	for (unsigned i = 0; i < 40; i++)
		rheo_bucket_acquire_upto(t.b, 1, 0, &taken);
	for (unsigned i = 0; i < EX_THREADS; i++)
		ex_set_cpu(i, i + 2);
}

/* Enough for a batch of one, and for one that is left in common. */
static void
setup_three(void)
{
	setup_dry();
	tank_refill(&t, 3);
}

/* Enough for a lane to be filled to its cap. */
static void
setup_thirty(void)
{
	setup_dry();
	tank_refill(&t, 30);
}

/* Six, and all threads on one CPU. */
static void
setup_six_one_cpu(void)
{
	setup_six();
	ex_set_cpu(1, 0);
	ex_set_cpu(3, 0);
}

/* Full, but for the first CPU's lane. */
static void
setup_full_but_a_lane(void)
{
	setup_full();
	tank_acquire(&t, 4);
}

static bool
somebody_died(void)
{
	bool died = false;

	for (unsigned i = 0; i < EX_THREADS; i++)
		died = died || ex_died(i);
	return died;
}

static uint64_t
admitted(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < t.log->count; i++)
		sum += t.log->at[i].tokens;
	return sum;
}

/* Where a refusal need not look, there is nothing to be found. */
static void
check_note(void)
{
	struct rh_self self = rh_bucket_self(t.b);
	uint64_t earned = rh_load_rlx(&self.b->earned), left = 0;

	if (rh_load_rlx(&self.b->dry) != earned)
		return;
	rheo_bucket_available(t.b, 0, &left);
	EX_CHECK(left == 0, "%llu tokens are hidden, %llu of them in lanes", (unsigned long long)left,
		 (unsigned long long)rh_lanes_sum(self));
}

/* Nothing minted. */
static void
finish(void)
{
	if (!somebody_died())
		check_note();
	tank_drain(&t, t.log->latest_ns);
	tank_check(&t);
	EX_CHECK(admitted() <= BURST + t.log->latest_ns, "P1: %llu in all", (unsigned long long)admitted());
	if (!somebody_died())
		tank_check_stats(&t);
}

/* And nothing lost, where the bucket was never full; Q is not there at first. */
static void
finish_exact(void)
{
	finish();
	EX_CHECK(admitted() == BURST - 1 + t.log->latest_ns, "P2: %llu in all", (unsigned long long)admitted());
}

static void
acquire(void)
{
	tank_acquire(&t, 1);
}

static void
acquire_twice(void)
{
	acquire();
	acquire();
}

static void
acquire_three(void)
{
	tank_acquire(&t, 3);
}

static void
acquire_four(void)
{
	tank_acquire(&t, 4);
}

static void
acquire_refund(void)
{
	if (tank_acquire(&t, 2))
		tank_refund(&t, 2);
}

static void
upto_all(void)
{
	tank_upto(&t, 100, t.log->latest_ns);
}

static void
refill_6(void)
{
	tank_refill(&t, 6);
}

static void
refill_10(void)
{
	tank_refill(&t, 10);
}

static void
refill_3_then_12(void)
{
	tank_refill(&t, 3);
	tank_refill(&t, 12);
}

static void
acquire_at_8(void)
{
	tank_acquire_at(&t, 1, 8);
}

/* A token ahead of what is published: Q pays for it. */
static void
acquire_at_1(void)
{
	tank_acquire_at(&t, 1, 1);
}

static void
refill_1(void)
{
	tank_refill(&t, 1);
}

/* The hook far later, twice: it takes a dead filler's mark back. */
static void
hook_much_later(void)
{
	tank_refill(&t, 7);
	tank_refill(&t, UINT64_C(200000000));
	tank_refill(&t, UINT64_C(400000000));
}

/* ... and the lane is topped up, taken from, and filled again, which the dead filler must not mistake for its own. */
static void
hook_much_later_then_fill(void)
{
	hook_much_later();
	tank_acquire(&t, 1);
	tank_acquire(&t, 4);
	tank_refill(&t, UINT64_C(600000000));
}

/* (L1) of lanes.c, of both lanes of an eighth of the burst together. */
static void
look_at_lanes(void)
{
	rheo_bucket_stats_t s;

	rheo_bucket_stats(t.b, &s, sizeof s);
	EX_CHECK(s.parked <= BURST / 8, "P1: %llu parked", (unsigned long long)s.parked);
}

static void
setup_thirty_one_cpu(void)
{
	setup_thirty();
	ex_set_cpu(1, 0);
}

/* Where a filler may wake long after its mark was taken back: what it may hold is bounded by the burst. */
static void
finish_late(void)
{
	uint64_t left = tank_drain(&t, t.log->latest_ns);

	EX_CHECK(left <= BURST, "P1: %llu at once", (unsigned long long)left);
	tank_check(&t);
}

static void
reconfigure(void)
{
	rheo_bucket_config_t cfg;

	rheo_bucket_config(t.b, &cfg, sizeof cfg);
	cfg.burst = 40;
	rheo_bucket_reconfigure(t.b, &cfg, t.log->latest_ns, RHEO_BUCKET_KEEP);
}

static void
finish_reconfigured(void)
{
	struct rh_self self = rh_bucket_self(t.b);
	uint64_t left;

	if (!ex_died(0))
		EX_CHECK(!rh_lanes_hold(self, 3), "%llu parked under a cap of 2 a lane",
			 (unsigned long long)rh_lanes_sum(self));
	left = tank_drain(&t, t.log->latest_ns);
	if (!ex_died(0))
		EX_CHECK(left <= 40, "%llu left of a burst of 40", (unsigned long long)left);
	EX_CHECK(admitted() <= BURST + t.log->latest_ns, "P1: %llu in all", (unsigned long long)admitted());
	tank_check(&t);
}

static void
begin_anew(void)
{
	rheo_bucket_config_t cfg;

	rheo_bucket_config(t.b, &cfg, sizeof cfg);
	rheo_bucket_reconfigure(t.b, &cfg, 0, RHEO_BUCKET_RESET);
}

const struct ex_scenario lanes_scenarios[] = {
	{"lanes.fill_one_lane", 2, 0, 0, setup_six_one_cpu, {acquire_twice, acquire_twice}, finish_exact},
	{"lanes.fill_two_lanes", 2, 0, 0, setup_six, {acquire_twice, acquire_twice}, finish_exact},
	{"lanes.scarce", 3, 0, 0, setup_six, {acquire_three, acquire_three, acquire}, finish_exact},
	{"lanes.hook_fill", 2, 0, 0, setup_dry, {acquire_twice, refill_6}, finish_exact},
	{"lanes.hook_fill_both", 3, 0, 0, setup_dry, {acquire, refill_6, acquire}, finish_exact},
	{"lanes.top_up", 2, 0, 0, setup_full_but_a_lane, {acquire_twice, refill_10}, finish},
	{"lanes.top_up_hooks", 2, 0, 0, setup_full_but_a_lane, {refill_3_then_12, refill_10}, finish},
	{"lanes.top_up_hooks_acquire", 3, 0, 0, setup_full_but_a_lane, {refill_6, refill_10, acquire}, finish},
	{"lanes.ahead_of_the_hook", 2, 0, 0, setup_dry, {acquire_at_8, acquire_at_1}, finish_exact},
	{"lanes.ahead_hook", 3, 0, 0, setup_dry, {acquire_at_1, refill_1, acquire}, finish},
	{"lanes.refund", 2, 0, 0, setup_six, {acquire_refund, acquire_twice}, finish_exact},
	{"lanes.refund_hook", 2, 0, 0, setup_full_but_a_lane, {acquire_refund, refill_10}, finish},
	{"lanes.refund_dry", 3, 0, 0, setup_six, {acquire_refund, upto_all, acquire}, finish_exact},
	{"lanes.fill_meets_look", 3, 0, 0, setup_three, {acquire, acquire_four, acquire}, finish_exact},
	{"lanes.filler_dies", 2, EX_MORTAL(0), 0, setup_six_one_cpu, {acquire_twice, acquire_twice}, finish},
	{"lanes.filler_sleeps", 2, EX_MORTAL(0), 0, setup_six, {acquire, hook_much_later}, finish_late},
	{"lanes.filler_wakes_in_another_fill", 2, 0, 0, setup_thirty_one_cpu, {acquire, hook_much_later_then_fill}, finish_late},
	{"lanes.filler_wakes_watched", 3, 0, 0, setup_thirty_one_cpu, {acquire, hook_much_later_then_fill, look_at_lanes}, finish_late},
	{"lanes.hook_dies", 2, EX_MORTAL(1), 0, setup_full_but_a_lane, {acquire, refill_10}, finish},
	{"lanes.reconfigure_fill", 2, 0, 0, setup_thirty, {reconfigure, acquire_twice}, finish_reconfigured},
	{"lanes.reconfigure_refund", 2, 0, 0, setup_full, {reconfigure, acquire_refund}, finish_reconfigured},
	{"lanes.reconfigure_hook", 2, 0, 0, setup_full_but_a_lane, {reconfigure, refill_10}, finish_reconfigured},
	{"lanes.begin_anew_dry", 2, 0, 0, setup_dry, {begin_anew, acquire}, check_note},
	{"own.fill_one_lane", 2, EX_OWN, 0, setup_six_one_cpu, {acquire_twice, acquire_twice}, finish_exact},
	{"own.more_cpus_than_lanes", 2, EX_OWN, 0, setup_dry_more_cpus, {acquire_twice, acquire_twice}, finish_exact},
	{"own.fill_two_lanes", 2, EX_OWN, 0, setup_six, {acquire_twice, acquire_twice}, finish_exact},
	{"own.hook_fill_both", 3, EX_OWN, 0, setup_dry, {acquire, refill_6, acquire}, finish_exact},
	{"own.top_up", 2, EX_OWN, 0, setup_full_but_a_lane, {acquire_twice, refill_10}, finish},
	{"own.ahead_of_the_hook", 2, EX_OWN, 0, setup_dry, {acquire_at_8, acquire_at_1}, finish_exact},
	{"own.refund_dry", 3, EX_OWN, 0, setup_six, {acquire_refund, upto_all, acquire}, finish_exact},
	{"own.filler_sleeps", 2, EX_OWN | EX_MORTAL(0), 0, setup_six, {acquire, hook_much_later}, finish_late},
	{"own.reconfigure_fill", 2, EX_OWN, 0, setup_thirty, {reconfigure, acquire_twice}, finish_reconfigured},
	{"lanes.reconfigurer_dies", 2, EX_MORTAL(0), 0, setup_six, {reconfigure, acquire}, finish_reconfigured},
	{0},
};
