/* SPDX-License-Identifier: BSD-2-Clause */

/* The timer hook: a maximum over times, whoever calls it, whenever, and wherever it dies. */

#include "helpers.h"

#include "bucket/word.h"

Test(bucket_refill, p5_any_calls_in_any_order_leave_what_one_with_the_latest_time_leaves)
{
	uint64_t seed = 1;

	for (int round = 0; round < 2000; round++) {
		rheo_bucket_t *a = bucket_of(1000, 20), *b = bucket_of(1000, 20);
		uint64_t latest = 0, wait_a, wait_b;

		rheo_bucket_try_acquire(a, 13);
		rheo_bucket_try_acquire(b, 13);
		for (int i = 0; i < 8; i++) {
			uint64_t t = next_random(&seed) % (30 * MS);

			latest = t > latest ? t : latest;
			rheo_bucket_refill(a, t);
			if (next_random(&seed) % 2)
				rheo_bucket_refill(a, t);
		}
		rheo_bucket_refill(b, latest);
		assert_u64(available_at(a, 0), available_at(b, 0));
		assert_u64(bucket_stats(a).published_ns, latest);
		rheo_bucket_wait_ns(a, 20, latest, &wait_a);
		rheo_bucket_wait_ns(b, 20, latest, &wait_b);
		assert_u64(wait_a, wait_b);
	}
}

Test(bucket_refill, a_late_hook_loses_nothing_that_the_burst_can_hold)
{
	rheo_bucket_t *b = bucket_of(1000, 500);
	uint64_t admitted = 0, seed = 2;

	for (uint64_t t = 0; t < 100 * SECOND; t += next_random(&seed) % (500 * MS)) {
		rheo_bucket_refill(b, t);
		while (rheo_bucket_try_acquire(b, 1) == RHEO_OK)
			admitted++;
		if (t + 500 * MS >= 100 * SECOND) {
			assert_u64(admitted, 500 + t / MS);
			return;
		}
	}
}

Test(bucket_refill, the_next_call_is_due_when_an_eighth_of_the_burst_is_earned)
{
	rheo_bucket_t *b = bucket_of(1000, 80), *small = bucket_of(10, 1);
	uint64_t delay;

	assert_status(rheo_bucket_next_refill_ns(b, 0, &delay), RHEO_OK);
	assert_u64(delay, 10 * MS);
	assert_status(rheo_bucket_next_refill_ns(b, 4 * MS, &delay), RHEO_OK);
	assert_u64(delay, 6 * MS);
	assert_status(rheo_bucket_next_refill_ns(b, 11 * MS, &delay), RHEO_OK);
	assert_u64(delay, 0);
	rheo_bucket_refill(b, 11 * MS);
	assert_status(rheo_bucket_next_refill_ns(b, 11 * MS, &delay), RHEO_OK);
	assert_u64(delay, 10 * MS);
	assert_status(rheo_bucket_next_refill_ns(small, 0, &delay), RHEO_OK);
	assert_u64(delay, 100 * MS);
}

Test(bucket_refill, a_bucket_that_is_idle_longer_than_its_credit_counts_is_full)
{
	/* 10^12 a second: 64 bits of credit are earned in 213 days */
	rheo_bucket_t *b = bucket_of(UINT64_C(1000000000000), 1000);
	uint64_t got, t = 0, seed = 3;

	for (int i = 0; i < 300; i++) {
		uint64_t day = 86400 * SECOND;

		t += day * (1 + next_random(&seed) % 400);
		if (next_random(&seed) % 2)
			rheo_bucket_refill(b, t);
		assert_status(rheo_bucket_acquire_upto(b, UINT64_MAX, t, &got), RHEO_OK);
		assert_u64(got, 1000);
		assert_status(rheo_bucket_acquire_upto(b, UINT64_MAX, t + 1, &got), RHEO_OK);
		assert_u64(got, 1000);
		assert_status(rheo_bucket_try_acquire_at(b, 1, t + 1), RHEO_REJ_RATE);
		t++;
		if (t > UINT64_MAX / 2)
			break;
	}
}

Test(bucket_refill, credit_goes_on_exactly_past_the_end_of_a_piece_of_curve)
{
	/* polled often enough that it is never full: every renewal must be seamless */
	rheo_bucket_t *b = bucket_of(UINT64_C(1000000000000), UINT64_C(1) << 57);
	unsigned __int128 earned, admitted = 0;
	uint64_t got, t = 0, step = 10 * 3600 * SECOND;

	for (int i = 0; i < 3000; i++, t += step)
		if (rheo_bucket_acquire_upto(b, UINT64_MAX, t, &got) == RHEO_OK)
			admitted += got;
	t -= step;
	earned = (unsigned __int128)1000 * t + (UINT64_C(1) << 57);
	cr_assert(admitted == earned, "off by %lld", (long long)(admitted - earned));
}

/* A hook that dies anywhere has minted nothing, and the next one puts everything right. */
Test(bucket_refill, p11_a_hook_killed_at_any_point_leaves_the_bucket_sound)
{
	for (volatile int n = 0;; n++) {
		rheo_bucket_t *b = bucket_of(1000, 20);
		volatile int died;

		rheo_bucket_try_acquire(b, 5);
		KILL_AT(n, died, rheo_bucket_refill(b, 10 * MS));
		if (!died) {
			cr_assert(n >= 4, "only %d points were passed", n);
			return;
		}
		cr_assert(available_at(b, 0) <= 20);
		cr_assert(available_at(b, 10 * MS) == 20);
		assert_status(rheo_bucket_refill(b, 10 * MS), RHEO_OK);
		for (int i = 0; i < 20; i++)
			assert_status(rheo_bucket_try_acquire(b, 1), RHEO_OK);
		assert_status(rheo_bucket_try_acquire(b, 1), RHEO_REJ_RATE);
		assert_u64(bucket_stats(b).admitted, 25);
	}
}

/* Another hook runs, whole, at each point of the first one. */
static rheo_bucket_t *shared;
static int at_point;

static void
another_hook(const char *point)
{
	(void)point;
	if (at_point-- == 0) {
		rh_inject_hook = NULL;
		rheo_bucket_refill(shared, 12 * MS);
		rheo_bucket_try_acquire(shared, 3);
	}
}

Test(bucket_refill, p5_hooks_that_race_leave_what_the_latest_leaves)
{
	for (int n = 0; n < 8; n++) {
		uint64_t got;

		shared = bucket_of(1000, 20);
		rheo_bucket_try_acquire(shared, 20);
		at_point = n;
		rh_inject_hook = another_hook;
		rheo_bucket_refill(shared, 10 * MS);
		rh_inject_hook = NULL;
		rheo_bucket_refill(shared, 12 * MS);
		assert_u64(bucket_stats(shared).published_ns, 12 * MS);
		assert_status(rheo_bucket_acquire_upto(shared, 100, 12 * MS, &got), RHEO_OK);
		assert_u64(got + bucket_stats(shared).admitted - got, 20 + 12);
	}
}

Test(bucket_refill, renewal_killed_at_any_point_is_done_by_the_next_caller)
{
	for (volatile int n = 0;; n++) {
		rheo_bucket_t *b = bucket_of(UINT64_C(1000000000000), 1000);
		volatile uint64_t far = 5 * 365 * 86400 * SECOND;
		volatile int died;
		uint64_t got;

		rheo_bucket_try_acquire(b, 1000);
		KILL_AT(n, died, rheo_bucket_refill(b, far));
		if (!died) {
			cr_assert(n > 2 * RULE_FIELDS, "only %d points were passed", n);
			return;
		}
		assert_status(rheo_bucket_acquire_upto(b, UINT64_MAX, far, &got), RHEO_OK);
		assert_u64(got, 1000);
		assert_status(rheo_bucket_try_acquire_at(b, 1, far), RHEO_REJ_RATE);
		assert_status(rheo_bucket_try_acquire_at(b, 1000, far + 1), RHEO_OK);
	}
}
