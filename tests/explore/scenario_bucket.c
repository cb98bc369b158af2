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
	{"bucket.reconfigure", 2, 0, 0, setup_two, {reconfigure, acquire_twice}, finish_reconfigured},
	{"bucket.reconfigure_at", 2, 0, 0, setup_two, {reconfigure, acquire_at_3}, finish_reconfigured},
	{"bucket.reconfigure_hook", 3, 0, 0, setup_two, {reconfigure, acquire, refill_5}, finish_reconfigured},
	{"bucket.reconfigurers_one_dies", 2, EX_MORTAL(0), 0, setup_two, {reconfigure_keep, reconfigure_keep}, finish_reconfigured},
	{"bucket.reconfigurer_dies", 2, EX_MORTAL(0), 0, setup_two, {reconfigure, acquire_at_3}, finish_maybe_reconfigured},
	{0},
};
