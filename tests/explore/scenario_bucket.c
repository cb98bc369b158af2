/* SPDX-License-Identifier: BSD-2-Clause */

/* Buckets of one word. */

#include "scenario.h"

static struct tank t;
static uint64_t *got;

static void
make(uint64_t burst, uint64_t max_debt, uint32_t flags)
{
	t = tank_make(burst, 1, max_debt, flags);
	got = ex_memory(EX_THREADS * sizeof *got);
}

static void
setup_two(void)
{
	make(2, 0, 0);
}

static void
setup_empty(void)
{
	make(2, 0, RHEO_BUCKET_START_EMPTY);
}

static void
setup_empty_large(void)
{
	make(20, 0, RHEO_BUCKET_START_EMPTY);
}

static void
setup_debt(void)
{
	make(2, 4, 0);
}

/* All that can be had by now has been had, and no more. */
static void
finish(void)
{
	tank_drain(&t, t.log->latest_ns);
	tank_check(&t);
	for (unsigned i = 0; i < EX_THREADS; i++)
		if (ex_died(i))
			return;
	tank_check_stats(&t);
}

static void
acquire(void)
{
	got[ex_self()] += tank_acquire(&t, 1);
}

static void
acquire_twice(void)
{
	acquire();
	acquire();
}

static void
two_of_three(void)
{
	EX_CHECK(got[0] + got[1] + got[2] == 2, "%llu admitted by a burst of 2",
		 (unsigned long long)(got[0] + got[1] + got[2]));
	finish();
}

static void
acquire_at_3(void)
{
	tank_acquire_at(&t, 1, 3);
}

static void
acquire_at_some_time(void)
{
	tank_acquire_at(&t, 1 + ex_choose(2), 1 + 2 * ex_choose(3));
}

static void
refill_5(void)
{
	tank_refill(&t, 5);
}

static void
refill_3_then_1(void)
{
	tank_refill(&t, 3);
	tank_refill(&t, 1);
}

static void
acquire_refund(void)
{
	if (tank_acquire(&t, 2))
		tank_refund(&t, 2);
}

static void
reserve_3(void)
{
	tank_reserve(&t, 2, 3, 3);
}

static void
charge_3(void)
{
	/* Not asked for, so not bounded; it takes from those that are. */
	rheo_bucket_charge(t.b, 3, 1);
}

static void
upto_at_3(void)
{
	tank_upto(&t, 4, 3);
}

static void
hooks_left_the_latest(void)
{
	rheo_bucket_stats_t s;

	rheo_bucket_stats(t.b, &s, sizeof s);
	EX_CHECK(s.level == 5 && s.published_ns == 5, "P5: %lld there at %llu", (long long)s.level,
		 (unsigned long long)s.published_ns);
	finish();
}

static void
finish_charged(void)
{
	tank_drain(&t, t.log->latest_ns);
	tank_check(&t);
}

/* The same rate, another burst: smaller, so that the first one bounds both. */
static void
reconfigure(void)
{
	rheo_bucket_config_t cfg;

	rheo_bucket_config(t.b, &cfg, sizeof cfg);
	cfg.burst = 1;
	rheo_bucket_reconfigure(t.b, &cfg, 2, ex_choose(2));
}

static void
reconfigure_keep(void)
{
	rheo_bucket_config_t cfg;

	rheo_bucket_config(t.b, &cfg, sizeof cfg);
	cfg.burst = 1;
	rheo_bucket_reconfigure(t.b, &cfg, 2, RHEO_BUCKET_KEEP);
}

/* The old configuration or the new. */
static void
finish_maybe_reconfigured(void)
{
	rheo_bucket_config_t cfg;
	uint64_t left;

	rheo_bucket_config(t.b, &cfg, sizeof cfg);
	EX_CHECK(cfg.burst == 1 || (cfg.burst == 2 && ex_died(0)), "burst %llu", (unsigned long long)cfg.burst);
	left = tank_drain(&t, t.log->latest_ns);
	EX_CHECK(left <= cfg.burst, "%llu left of a burst of %llu", (unsigned long long)left,
		 (unsigned long long)cfg.burst);
	tank_check(&t);
}

static void
finish_reconfigured(void)
{
	rheo_bucket_config_t cfg;

	rheo_bucket_config(t.b, &cfg, sizeof cfg);
	EX_CHECK(cfg.burst == 1, "burst %llu", (unsigned long long)cfg.burst);
	finish_maybe_reconfigured();
}

/* --- what is read must be as new as what was read before it -------------------------- */

/* Of 256 tokens Q is 4: a few nanoseconds ahead of the hook a caller decides at once. */
static void
setup_ahead(void)
{
	make(256, 0, 0);
}

static void
setup_ahead_empty(void)
{
	make(256, 0, RHEO_BUCKET_START_EMPTY);
}

static void
change(uint64_t burst, uint64_t period_ns, uint32_t flags, uint64_t now_ns, uint32_t mode)
{
	rheo_bucket_config_t cfg;

	rheo_bucket_config(t.b, &cfg, sizeof cfg);
	cfg.burst = burst;
	cfg.period_ns = period_ns;
	cfg.flags = flags;
	rheo_bucket_reconfigure(t.b, &cfg, now_ns, mode);
}

/* From 2 on a token takes a microsecond. */
static void
begin_anew_slowly(void)
{
	change(256, 1000, RHEO_BUCKET_START_EMPTY, 2, RHEO_BUCKET_RESET);
}

static void
shrink_and_slow_down(void)
{
	change(1, 1000, 0, 2, RHEO_BUCKET_KEEP);
}

static void
grow_then_refill_8(void)
{
	change(10, 1, 0, 0, RHEO_BUCKET_KEEP);
	tank_refill(&t, 8);
}

static void
acquire_at_1(void)
{
	got[ex_self()] += tank_acquire_at(&t, 1, 1);
}

static void
acquire_2_at_3(void)
{
	tank_acquire_at(&t, 2, 3);
}

static void
acquire_5_at_5(void)
{
	EX_CHECK(tank_acquire_at(&t, 5, 5), "refused what its own time and the hook's had earned");
}

static void
upto_3_at_3(void)
{
	EX_CHECK(tank_upto(&t, 3, 3) == 3, "refused what its own time and the hook's had earned");
}

static void
refill_5_then_acquire(void)
{
	tank_refill(&t, 5);
	got[ex_self()] += tank_acquire(&t, 1);
}

static void
begin_anew_empty(void)
{
	change(20, 1, RHEO_BUCKET_START_EMPTY, 0, RHEO_BUCKET_RESET);
}

static void
scale(void)
{
	change(20, 1, RHEO_BUCKET_START_EMPTY, 0, RHEO_BUCKET_SCALE);
}

static int64_t
level(void)
{
	rheo_bucket_stats_t s;

	rheo_bucket_stats(t.b, &s, sizeof s);
	return s.level;
}

/* Nobody goes into debt here. */
static void
look(void)
{
	uint64_t wait_ns = 0;

	EX_CHECK(level() >= 0, "a level of %lld", (long long)level());
	rheo_bucket_wait_ns(t.b, 1, 0, &wait_ns);
	EX_CHECK(wait_ns <= 1, "a wait of %llu", (unsigned long long)wait_ns);
}

static void
finish_without_debt(void)
{
	tank_refill(&t, 3);
	EX_CHECK(level() >= 0, "nobody asked for debt: a level of %lld", (long long)level());
}

static void
finish_with_all_eight(void)
{
	uint64_t left = tank_drain(&t, 8);

	EX_CHECK(got[0] + got[1] + left == 8, "%llu of 8 are left", (unsigned long long)left);
}

/* Of the five that were earned. */
static void
finish_with_no_more_than_five(void)
{
	EX_CHECK(level() >= 0, "a level of %lld", (long long)level());
	EX_CHECK(got[0] + got[1] + (uint64_t)level() <= 5, "%lld left of 5", (long long)level());
}

/* Whoever has run the hook, or found that another had, finds what that published. */
static void
refill_5_and_have_one(void)
{
	tank_refill(&t, 5);
	EX_CHECK(tank_acquire(&t, 1), "a token that is published is not to be had");
}

const struct ex_scenario bucket_scenarios[] = {
	{"bucket.three_acquire", 3, 0, 0, setup_two, {acquire, acquire, acquire}, two_of_three},
	{"bucket.weak_cas", 2, EX_SPURIOUS, 0, setup_two, {acquire_twice, acquire}, two_of_three},
	{"bucket.acquire_twice", 3, 0, 0, setup_two, {acquire_twice, acquire_twice, refill_5}, finish},
	{"bucket.hooks", 2, 0, 0, setup_empty_large, {refill_5, refill_3_then_1}, hooks_left_the_latest},
	{"bucket.acquire_hooks", 3, 0, 0, setup_empty, {acquire_twice, refill_5, refill_3_then_1}, finish},
	{"bucket.acquire_at", 2, 0, 0, setup_two, {acquire_at_some_time, acquire_at_some_time}, finish},
	{"bucket.acquire_at_hook", 3, 0, 0, setup_two, {acquire_at_3, acquire_twice, refill_5}, finish},
	{"bucket.refund", 3, 0, 0, setup_two, {acquire_refund, acquire_twice, refill_5}, finish},
	{"bucket.refunds", 2, 0, 0, setup_two, {acquire_refund, acquire_refund}, finish},
	{"bucket.upto", 3, 0, 0, setup_two, {upto_at_3, acquire, acquire}, finish},
	{"bucket.reserve", 2, 0, 0, setup_debt, {reserve_3, reserve_3}, finish},
	{"bucket.charge", 2, 0, 0, setup_debt, {charge_3, reserve_3}, finish_charged},
	{"bucket.hook_dies", 3, EX_MORTAL(0), 0, setup_two, {refill_5, acquire, acquire_at_3}, finish},
	{"bucket.caller_dies", 3, EX_MORTAL(0), 0, setup_two, {acquire_at_3, acquire, refill_5}, finish},
	{"bucket.upto_hook", 2, 0, 0, setup_empty_large, {refill_5, upto_3_at_3}, finish},
	{"bucket.acquire_at_the_hooks_time", 2, 0, 0, setup_empty_large, {refill_5, acquire_5_at_5}, finish},
	{"bucket.hooks_at_one_time", 2, 0, 0, setup_empty_large, {refill_5_and_have_one, refill_5_and_have_one}, finish},
	{"bucket.look", 2, 0, 0, setup_empty_large, {refill_5_then_acquire, look}, finish},
	{"bucket.begin_anew_hook", 2, 0, 0, setup_empty_large, {begin_anew_empty, refill_5_then_acquire}, finish_with_no_more_than_five},
	{"bucket.scale_hook", 2, 0, 0, setup_empty_large, {scale, refill_5_then_acquire}, finish_with_no_more_than_five},
	{"bucket.begin_anew_ahead", 2, 0, 0, setup_ahead_empty, {begin_anew_slowly, acquire_at_3}, finish_without_debt},
	{"bucket.shrink_ahead", 2, 0, 0, setup_ahead, {shrink_and_slow_down, acquire_2_at_3}, finish_without_debt},
	{"bucket.grow_ahead", 2, 0, 0, setup_empty, {grow_then_refill_8, acquire_at_1}, finish_with_all_eight},
	{"bucket.reconfigure", 2, 0, 0, setup_two, {reconfigure, acquire_twice}, finish_reconfigured},
	{"bucket.reconfigure_at", 2, 0, 0, setup_two, {reconfigure, acquire_at_3}, finish_reconfigured},
	{"bucket.reconfigure_hook", 3, 0, 0, setup_two, {reconfigure, acquire, refill_5}, finish_reconfigured},
	{"bucket.reconfigurers_one_dies", 2, EX_MORTAL(0), 0, setup_two, {reconfigure_keep, reconfigure_keep}, finish_reconfigured},
	{"bucket.reconfigurer_dies", 2, EX_MORTAL(0), 0, setup_two, {reconfigure, acquire_at_3}, finish_maybe_reconfigured},
	{0},
};
