/* SPDX-License-Identifier: BSD-2-Clause */

/* bucket/config.c: reconfigure while others go on, or by one that is killed. What reviews and torture found. */

#include "helpers.h"

#include <string.h>

#include "bucket/lanes.h"

#define MICROSECOND UINT64_C(1000)

static rheo_bucket_t *b;
static const char *wanted;
static uint64_t taken;

/* A token each `period_ns`, at most 60 at once. */
static rheo_bucket_config_t
one_each(uint64_t period_ns)
{
	rheo_bucket_config_t cfg = bucket_config(1, 60);

	cfg.period_ns = period_ns;
	return cfg;
}

static void
take_all(uint64_t now_ns)
{
	uint64_t got;

	while (rheo_bucket_acquire_upto(b, 1000, now_ns, &got) == RHEO_OK)
		taken += got;
}

/* Another caller, a millisecond later: it takes all there is, and goes on by another rate. */
static void
reconfigure_between(const char *point)
{
	rheo_bucket_config_t cfg = one_each(1031);

	if (strcmp(point, wanted) != 0)
		return;
	rh_inject_hook = NULL;
	assert_status(rheo_bucket_reconfigure(b, &cfg, 1000 * MICROSECOND, RHEO_BUCKET_KEEP), RHEO_OK);
	take_all(1000 * MICROSECOND);
}

static void
take_between(const char *point)
{
	if (strcmp(point, wanted) != 0)
		return;
	rh_inject_hook = NULL;
	take_all(1000 * MICROSECOND);
	rheo_bucket_refill(b, 1000 * MICROSECOND);
}

/* Reconfigures at time 0 to a token each period_ns, meets `other` at a point, and takes what there is after. */
static void
reconfigure_and_meet(const char *point, void (*other)(const char *), uint64_t period_ns)
{
	rheo_bucket_config_t cfg = one_each(MICROSECOND);

	b = bucket_from(&cfg, 0);
	taken = 0;
	wanted = point;
	rh_inject_hook = other;
	cfg = one_each(period_ns);
	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_KEEP), RHEO_OK);
	cr_assert(rh_inject_hook == NULL, "%s was not met", point);
	take_all(1000 * MICROSECOND + 1);
}

Test(bucket_reconfigure_race, two_reconfigures_at_once_earn_no_time_twice)
{
	const char *points[] = {"RECONFIGURE_TIME_READ", "RECORD_CLAIMED", "RECORD_BEFORE_WORD", "RECORD_BEFORE_FLIP"};

	for (unsigned i = 0; i < sizeof points / sizeof *points; i++) {
		reconfigure_and_meet(points[i], reconfigure_between, 1001);
		cr_assert(taken <= 61, "P1: %llu taken in two nanoseconds, at %s", (unsigned long long)taken, points[i]);
	}
}

Test(bucket_reconfigure_race, what_others_earned_meanwhile_is_not_earned_again_at_the_new_rate)
{
	const char *points[] = {"RECONFIGURE_TIME_READ", "RECORD_CLAIMED", "RECORD_BEFORE_WORD", "RECORD_BEFORE_FLIP"};

	for (unsigned i = 0; i < sizeof points / sizeof *points; i++) {
		reconfigure_and_meet(points[i], take_between, MICROSECOND / 2);
		cr_assert(taken <= 61, "P1: %llu taken in two nanoseconds, at %s", (unsigned long long)taken, points[i]);
	}
}

/* The rules are in force and lanes not trimmed yet: the hook trims them. */
Test(bucket_reconfigure_race, a_reconfigure_killed_before_it_trimmed_the_lanes_leaves_no_more_than_the_new_burst)
{
	rheo_bucket_config_t cfg = bucket_config(1000000, 6400);
	volatile int died;

	cfg.lanes = 4;
	b = bucket_from(&cfg, 0);
	taken = 0;
	for (volatile int n = 0;; n++) {
		cfg.burst = 640;
		KILL_AT(n, died, rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_KEEP));
		if (!died)
			break;
		rheo_bucket_config(b, &cfg, sizeof cfg);
		if (cfg.burst != 640)
			continue;
		take_all(10000000);
		cr_assert(taken <= 640, "P1: %llu taken at once, burst 640", (unsigned long long)taken);
		return;
	}
	cr_assert_fail("it was never killed with the new rules in force");
}

static void
take_seven_between(const char *point)
{
	if (strcmp(point, "RECONFIGURE_LEVEL_READ") != 0)
		return;
	rh_inject_hook = NULL;
	assert_status(rheo_bucket_try_acquire(b, 7), RHEO_OK);
}

Test(bucket_reconfigure_race, p1_scale_gives_nobody_back_what_was_taken_meanwhile)
{
	rheo_bucket_config_t cfg = one_each(1000 * MICROSECOND);

	b = bucket_from(&cfg, 0);
	assert_status(rheo_bucket_try_acquire(b, 20), RHEO_OK);
	cfg.burst = 120;
	rh_inject_hook = take_seven_between;
	assert_status(rheo_bucket_reconfigure(b, &cfg, 0, RHEO_BUCKET_SCALE), RHEO_OK);
	cr_assert(rh_inject_hook == NULL);
	/* 33 of 60 */
	assert_u64(available_at(b, 0), 66);
}
