/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the rarer calls cost as lanes grow: the hook, a refusal that looks at
 * every lane, the breaker's tick, a judgement. One thread, caches warm; lanes of
 * CPUs that the machine has not are as empty as init leaves them. Each call is
 * timed by itself, after what makes it do what it is here for. A round's figure is
 * the mean of the fastest nine tenths of its calls (finer than the timer's steps,
 * without what interrupted them), the timer's own subtracted; the tables have the
 * minimum and the median of the rounds, which take turns.
 */

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "objects.h"
#include "table.h"
#include "ticks.h"
#include "worst.h"

#define ROUNDS 9
#define SAMPLES 200
#define WARM_UP 50
#define BURST (UINT64_C(1) << 24)
#define SLICE_NS UINT64_C(1000000000)

static rheo_bucket_t *bucket;
static rheo_breaker_t *breaker;
static uint64_t now, permit;
static int32_t status;

/* --- buckets --- */

static void
make_full(uint32_t lanes)
{
	now = 0;
	bucket = bucket_of(1000000, BURST, lanes);
}

static void
take_all(void)
{
	uint64_t got;

	rheo_bucket_acquire_upto(bucket, 2 * BURST, now, &got);
}

static void
make_empty(uint32_t lanes)
{
	now = 0;
	bucket = bucket_of(1000, BURST, lanes);
	take_all();
}

static void
some_time(void)
{
	now += 1000;
}

static void
empty_and_long_after(void)
{
	take_all();
	now += 1000000000000;
}

static void
new_credit(void)
{
	now += 1000;
	rheo_bucket_refill(bucket, now);
}

static void
hook(void)
{
	status = rheo_bucket_refill(bucket, now);
}

static void
take_one(void)
{
	status = rheo_bucket_try_acquire(bucket, 1);
}

static bool
parked(void)
{
	rheo_bucket_stats_t s;

	rheo_bucket_stats(bucket, &s, sizeof s);
	return s.published_ns == now && (s.lanes == 1 || s.parked != 0);
}

static bool
refused(void)
{
	return status == RHEO_REJ_RATE;
}

/* --- breakers --- */

static void
make_breaker(uint32_t lanes)
{
	rheo_breaker_config_t cfg;

	now = SLICE_NS;
	rheo_breaker_config_init(&cfg, sizeof cfg);
	cfg.lanes = lanes;
	cfg.window_slices = 10;
	cfg.window_ns = 10 * SLICE_NS;
	breaker = breaker_from(&cfg, now);
}

static void
calls(int n, uint32_t outcome)
{
	for (int i = 0; i < n; i++) {
		rheo_breaker_try_acquire(breaker, now, &permit);
		rheo_breaker_record(breaker, permit, outcome, now);
	}
}

/* Failures enough for a rate at minimum_calls, so that calls must be summed, and calls enough to stay closed. */
static void
next_slice(void)
{
	calls(10, RHEO_SUCCESS);
	calls(2, RHEO_FAILURE);
	now += SLICE_NS;
}

static void
before_the_tenth_failure(int successes)
{
	rheo_breaker_reset(breaker, ++now);
	calls(successes, RHEO_SUCCESS);
	calls(9, RHEO_FAILURE);
	rheo_breaker_try_acquire(breaker, now, &permit);
}

static void
before_judgement(void)
{
	before_the_tenth_failure(30);
}

static void
before_trip(void)
{
	before_the_tenth_failure(10);
}

static void
tick(void)
{
	uint64_t next;

	status = rheo_breaker_tick(breaker, now, &next);
}

static void
fail(void)
{
	status = rheo_breaker_record(breaker, permit, RHEO_FAILURE, now);
}

static bool
in_state(uint32_t wanted)
{
	uint32_t state;

	rheo_breaker_state(breaker, &state, NULL);
	return state == wanted;
}

static bool
closed(void)
{
	return in_state(RHEO_CLOSED);
}

static bool
open(void)
{
	return in_state(RHEO_OPEN);
}

/* --- the report --- */

static void
nothing(void)
{
}

static void
make_nothing(uint32_t lanes)
{
	(void)lanes;
}

static bool
always(void)
{
	return true;
}

struct probe {
	const char *name;
	uint32_t most; /* lanes */
	void (*make)(uint32_t lanes);
	void (*before)(void); /* each call */
	void (*call)(void);
	bool (*good)(void); /* it did what it is here for */
};

static const struct probe empty = {"", 1, make_nothing, nothing, nothing, always};

static const struct probe probe[] = {
	{"hook, time stands still", 1024, make_full, nothing, hook, parked},
	{"hook, lanes full", 1024, make_full, some_time, hook, parked},
	{"hook, lanes to be topped up", 1024, make_full, empty_and_long_after, hook, parked},
	{"refusal, every lane looked at", 1024, make_empty, new_credit, take_one, refused},
	{"refusal, remembered", 1024, make_empty, nothing, take_one, refused},
	{"breaker's tick, nothing due", 128, make_breaker, nothing, tick, closed},
	{"breaker's tick, a new slice", 128, make_breaker, next_slice, tick, closed},
	{"failure that judges, no trip", 128, make_breaker, before_judgement, fail, closed},
	{"failure that trips", 128, make_breaker, before_trip, fail, open},
};

#define PROBES (sizeof probe / sizeof probe[0])

static double figure[PROBES][TABLE_COLUMNS][ROUNDS];

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Ticks that the calls took that did what they should; returns how many did. */
static int
sample(const struct probe *p, uint32_t lanes, double taken[SAMPLES])
{
	int n = 0;

	p->make(lanes);
	for (int i = -WARM_UP; i < SAMPLES; i++) {
		uint64_t from, to;

		p->before();
		from = ticks();
		p->call();
		to = ticks();
		if (p->good() && i >= 0)
			taken[n++] = (double)(to - from);
	}
	return n;
}

/* In ticks; NAN where too few calls did what they should. */
static double
round_of(const struct probe *p, uint32_t lanes)
{
	double taken[SAMPLES], sum = 0;
	int n = sample(p, lanes, taken);

	if (n < SAMPLES / 2) {
		printf("%s, %u lanes: FAILED, only %d of %d calls did what they should\n", p->name, lanes, n, SAMPLES);
		return NAN;
	}
	qsort(taken, (size_t)n, sizeof taken[0], by_size);
	n -= n / 10;
	for (int i = 0; i < n; i++)
		sum += taken[i];
	return sum / n;
}

static double
timer_itself(void)
{
	double least = INFINITY;

	for (int i = 0; i < ROUNDS; i++)
		least = fmin(least, round_of(&empty, 1));
	return least;
}

static int
all_rounds(double own)
{
	int failed = 0;

	for (int r = 0; r < ROUNDS && !failed; r++)
		for (size_t p = 0; p < PROBES; p++)
			for (int i = 0; i < TABLE_COLUMNS && 1u << i <= probe[p].most; i++) {
				double taken = round_of(&probe[p], 1u << i);

				figure[p][i][r] = ticks_ns(taken, own);
				failed |= isnan(taken);
			}
	return failed;
}

static void
table_of(const char *name, int rank)
{
	struct table t;

	table_lanes(&t, name);
	table_head(&t);
	for (size_t p = 0; p < PROBES; p++) {
		double value[TABLE_COLUMNS];

		for (int i = 0; i < TABLE_COLUMNS; i++) {
			qsort(figure[p][i], ROUNDS, sizeof(double), by_size);
			value[i] = 1u << i <= probe[p].most ? figure[p][i][rank] : NAN;
		}
		table_row(&t, probe[p].name, value);
	}
}

int
worst_lanes(void)
{
	double own = timer_itself();

	if (all_rounds(own) != 0)
		return 1;
	table_of("ns by lanes, minimum", 0);
	table_of("ns by lanes, median", ROUNDS / 2);
	printf("%d rounds of %d calls; the timer's own %.1f ns are subtracted\n", ROUNDS, SAMPLES,
	       ticks_ns(own, 0));
	return 0;
}
