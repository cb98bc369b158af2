/* SPDX-License-Identifier: BSD-2-Clause */

/* golang.org/x/time/rate: the cases that are a property or a table, not a list of steps. */

#define _POSIX_C_SOURCE 200809L

#include "tank.h"

#include <pthread.h>

#define ROUNDS 50
#define MAX_THREADS 64

struct crowd {
	pthread_barrier_t start;
	rheo_bucket_t *bucket;
	uint64_t each;
};

static void *
one_of_the_crowd(void *arg)
{
	struct crowd *c = arg;
	uint64_t admitted = 0;

	pthread_barrier_wait(&c->start);
	for (uint64_t i = 0; i < c->each; i++)
		admitted += rheo_bucket_try_acquire_at(c->bucket, 1, 0) == RHEO_OK;
	return (void *)(uintptr_t)admitted;
}

/* So many threads at once, many times over. */
static void
simultaneous(struct run *r, json_t *p, struct tank *t)
{
	int64_t threads = take_int(r, p, "threads"), each = take_int(r, p, "each");
	int64_t exactly = take_int(r, p, "admitted_exactly"), admitted = exactly;
	pthread_t id[MAX_THREADS];
	struct crowd crowd;

	if (threads < 1 || threads > MAX_THREADS || each < 1) {
		fail(r, "%lld threads", (long long)threads);
		return;
	}
	for (int round = 0; round < ROUNDS && admitted == exactly; round++) {
		if (!tank_open(r, t, 0))
			return;
		crowd.bucket = t->b;
		crowd.each = (uint64_t)each;
		if (pthread_barrier_init(&crowd.start, NULL, (unsigned)threads) != 0) {
			fail(r, "no barrier");
			return;
		}
		for (int64_t i = 0; i < threads; i++)
			if (pthread_create(&id[i], NULL, one_of_the_crowd, &crowd) != 0) {
				/* The others wait at the barrier: there is no way on from here. */
				fail(r, "no thread");
				return;
			}
		admitted = 0;
		for (int64_t i = 0; i < threads; i++) {
			void *n = NULL;

			pthread_join(id[i], &n);
			admitted += (int64_t)(uintptr_t)n;
		}
		pthread_barrier_destroy(&crowd.start);
	}
	expect(r, "admitted", exactly, admitted);
}

/* One call each step_ns: what is admitted in the end. */
static void
long_running(struct run *r, json_t *p, struct tank *t, int64_t rate)
{
	int64_t step = take_int(r, p, "step_ns"), until = take_int(r, p, "until_ns");
	int64_t n = take_int(r, p, "n"), ideal = take_int(r, p, "ideal");
	int64_t most = take_int(r, p, "admitted_max"), least = take_int(r, p, "admitted_min");
	int64_t admitted = 0;

	if (step < 1 || n < 1 || !tank_open(r, t, 0))
		return;
	for (int64_t at = 0; at < until; at += step)
		if (rheo_bucket_try_acquire_at(t->b, (uint64_t)n, (uint64_t)at) == RHEO_OK)
			admitted += n;
	expect(r, "ideal", ideal, (int64_t)t->cfg.burst + rate * (until / SECOND_NS));
	expect(r, "no more than admitted_max", 1, admitted <= most);
	expect(r, "no less than admitted_min", 1, admitted >= least);
	must(r, admitted <= ideal && admitted >= ideal - 1, "%lld admitted of %lld (P1, P2)",
	     (long long)admitted, (long long)ideal);
}

void
replay_golang_property(struct run *r, json_t *c, unsigned pass)
{
	json_t *p = need(r, c, "property");
	int64_t rate = take_int(r, c, "rate_per_s");
	struct tank t;

	(void)pass;
	tank_config(&t, (uint64_t)rate, SECOND_NS, (uint64_t)take_int(r, c, "burst"));
	begin_step(r, "property");
	if (json_object_get(p, "threads") != NULL)
		simultaneous(r, p, &t);
	else
		long_running(r, p, &t, rate);
	nothing_left(r, p);
	tank_close(&t);
}

/* How long an empty bucket takes to so many tokens. */
static uint64_t
time_to(struct run *r, uint64_t n, uint64_t tokens, uint64_t period_ns)
{
	uint64_t wait_ns = 0;
	struct tank t;

	tank_config(&t, tokens, period_ns, n);
	t.cfg.flags = RHEO_BUCKET_START_EMPTY;
	if (tank_open(r, &t, 0))
		rheo_bucket_wait_ns(t.b, n, 0, &wait_ns);
	tank_close(&t);
	return wait_ns;
}

/*
 * Every(interval): rheo takes an interval as it is, and the table's rate as the
 * simplest fraction that reads so; both must bring as many tokens as 2^63 ns
 * hold, at most 10^9, in the same time.
 */
void
replay_golang_intervals(struct run *r, json_t *c, unsigned pass)
{
	json_t *rows, *row;
	int64_t parts;
	size_t i;

	(void)pass;
	take_words(r, c, "kind", "interval_to_rate");
	parts = (int64_t)(1 / json_number_value(need(r, c, "rel_tol")) + 0.5);
	rows = need(r, c, "table_interval_ns_to_rate");
	if (parts < 1) {
		fail(r, "rel_tol is no tolerance");
		return;
	}
	json_array_foreach(rows, i, row) {
		int64_t interval = column_int(r, row, 2, 0);
		json_t *rate = column(r, row, 2, 1);
		uint64_t tokens, period_ns, by_interval, by_rate, n;

		begin_step(r, "row %zu", i + 1);
		if (is_words(rate, "inf")) {
			struct tank t;

			must(r, interval <= 0, "an infinite rate for an interval of %lld", (long long)interval);
			tank_config(&t, 1, 0, 1);
			must(r, rheo_bucket_config_check(&t.cfg) == RHEO_ERR_INVAL, "rheo takes a period of 0");
			left_out(r, 1, "no interval, or one below 0, is an infinite rate, which rheo has not: it refuses a period of 0");
			continue;
		}
		if (interval <= 0 || !rate_of(rate, &tokens, &period_ns)) {
			fail(r, "no rate");
			continue;
		}
		n = (uint64_t)(INT64_MAX / interval < SECOND_NS ? INT64_MAX / interval : SECOND_NS);
		by_interval = time_to(r, n, 1, (uint64_t)interval);
		by_rate = time_to(r, n, tokens, period_ns);
		must(r, by_interval == n * (uint64_t)interval, "%llu tokens come after %llu ns",
		     (unsigned long long)n, (unsigned long long)by_interval);
		expect(r, "rate", 1,
		       (by_rate > by_interval ? by_rate - by_interval : by_interval - by_rate) <=
			       by_interval / (uint64_t)parts);
	}
}
