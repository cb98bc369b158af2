/* SPDX-License-Identifier: BSD-2-Clause */

#include "cases.h"

static rheo_bucket_t *bucket;

static void
setup_word(void)
{
	bucket = bucket_of(1000000000, PLENTY, 1);
}

static void
setup_lanes(void)
{
	bucket = bucket_of(1000000000, PLENTY, 8);
}

static void
setup_empty(void)
{
	uint64_t got;

	bucket = bucket_of(1, 1000, 1);
	rheo_bucket_acquire_upto(bucket, 1000, 0, &got);
}

static void
setup_lanes_empty(void)
{
	uint64_t got;

	bucket = bucket_of(1, 100000, 8);
	rheo_bucket_acquire_upto(bucket, 100000, 0, &got);
	rheo_bucket_try_acquire(bucket, 1);
}

static void
accept(bench_state *s)
{
	int32_t st = 0;

	FOR_CALLS(s)
		st |= rheo_bucket_try_acquire(bucket, 1);
	if (st != RHEO_OK)
		bench_fail(s, "not all were admitted");
}

static void
accept_at(bench_state *s)
{
	uint64_t now = 0;
	int32_t st = 0;

	FOR_CALLS(s)
		st |= rheo_bucket_try_acquire_at(bucket, 1, ++now);
	if (st != RHEO_OK)
		bench_fail(s, "not all were admitted");
}

static void
refuse(bench_state *s)
{
	int32_t st = RHEO_REJ_RATE;

	FOR_CALLS(s)
		st &= rheo_bucket_try_acquire(bucket, 1);
	if (st != RHEO_REJ_RATE)
		bench_fail(s, "not all were refused");
}

void
bucket_cases(void)
{
	bench_case("bucket, one word: accept", setup_word, accept);
	bench_case("bucket, one word: accept at a time", setup_word, accept_at);
	bench_case("bucket, one word: refuse", setup_empty, refuse);
	bench_case("bucket, lanes: accept", setup_lanes, accept);
	bench_case("bucket, lanes: accept at a time", setup_lanes, accept_at);
	bench_case("bucket, lanes: refuse", setup_lanes_empty, refuse);
}
