/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Threads take, refund, ask with and without a time, while one moves the clock
 * and runs the hook and another reconfigures (same rate, burst up and down).
 *
 * P1 is checked over all intervals: an admission is known to be decided between
 * the clock before the call and the clock after it, so the admissions that lie
 * in [lo of i, hi of j] with certainty must not exceed
 * burst + ceil(rate * (hi - lo)). P15: the bucket's own count is the threads'.
 */

#include "torture.h"

#include <unistd.h>

#define THREADS 4
#define RATE_NS 1000u /* one token each */
#define MAX_LOG 400000u

struct entry {
	uint64_t lo, hi;
	uint64_t n;
};

struct worker {
	pthread_t thread;
	uint64_t seed, taken, given, refused;
	struct entry *log;
	unsigned entries;
};

static rheo_bucket_t *bucket;
static uint64_t burst, steps;
static int with_refunds, with_reconfigure;
static atomic_int stop;

static void *
work(void *arg)
{
	struct worker *w = arg;

	while (!atomic_load(&stop) && w->entries < MAX_LOG) {
		uint64_t r = next_random(&w->seed), n = 1 + r % 3, lo = now_ns(), got = n;
		int32_t st;

		switch (r >> 32 & 7) {
		case 0:
			st = rheo_bucket_try_acquire(bucket, n);
			break;
		case 1:
			st = rheo_bucket_acquire_upto(bucket, n, lo, &got);
			break;
		default:
			st = rheo_bucket_try_acquire_at(bucket, n, lo);
		}
		if (st == RHEO_OK) {
			w->log[w->entries++] = (struct entry){lo, now_ns(), got};
			w->taken += got;
			if (with_refunds && (r >> 40 & 3) == 0) {
				rheo_bucket_refund(bucket, got);
				w->given += got;
				w->entries--;
			}
		} else if (st == RHEO_REJ_RATE) {
			w->refused++;
		} else {
			CHECK(st == RHEO_REJ_NEVER && n > burst / 2, "try_acquire gave %d", st);
		}
	}
	return NULL;
}

static void *
move_clock(void *arg)
{
	uint64_t seed = 99;

	(void)arg;
	for (uint64_t i = 0; i < steps; i++) {
		uint64_t r = next_random(&seed);

		atomic_fetch_add(&virtual_ns, r % (8 * RATE_NS));
		if ((r >> 32 & 3) == 0)
			rheo_bucket_refill(bucket, now_ns());
		if (with_reconfigure && (r >> 40 & 63) == 0) {
			rheo_bucket_config_t cfg;

			rheo_bucket_config(bucket, &cfg, sizeof cfg);
			cfg.burst = (r >> 50 & 1) ? burst : burst / 2;
			CHECK(rheo_bucket_reconfigure(bucket, &cfg, now_ns(), RHEO_BUCKET_KEEP) == RHEO_OK,
			      "reconfigure");
		}
		if ((r >> 48 & 63) == 0)
			usleep(50);
	}
	atomic_store(&stop, 1);
	return NULL;
}

static int
by_hi(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (x->hi > y->hi) - (x->hi < y->hi);
}

/*
 * For every end: walking back over entries sorted by hi, adding those whose lo
 * is at or after a falling beginning, would be quadratic. A strict subset is
 * linear: cut time into fixed cells, count an entry in the cells' span it
 * surely lies in, and test all spans of whole cells.
 */
static void
check_intervals(struct entry *e, size_t n)
{
	uint64_t cell = 64 * RATE_NS, first = e[0].lo, last = e[n - 1].hi;
	size_t cells = (size_t)((last - first) / cell) + 2;
	/* starts[c]: tokens whose lo is in cell c, by the cell of hi: only those within one cell or
	   spanning few are kept apart; a token is added where its hi falls and its lo is remembered. */
	int64_t worst = 0, excess_max = INT64_MIN;
	uint64_t sum = 0, *inside = calloc(cells, sizeof *inside);

	for (size_t i = 0; i < n; i++)
		if (e[i].lo / cell == e[i].hi / cell)
			inside[(e[i].lo - first / cell * cell) / cell] += e[i].n;
	/* Kadane over cells: sum - earned, at most burst. */
	for (size_t c = 0; c < cells; c++) {
		int64_t gain = (int64_t)inside[c] - (int64_t)(cell / RATE_NS);

		worst = worst > 0 ? worst + gain : gain;
		excess_max = worst > excess_max ? worst : excess_max;
		sum += inside[c];
	}
	CHECK(excess_max <= (int64_t)burst, "P1: an interval admitted %lld beyond its rate, burst %llu",
	      (long long)excess_max, (unsigned long long)burst);
	printf("  largest excess over the rate in any interval: %lld of burst %llu (%llu tokens placed)\n",
	       (long long)excess_max, (unsigned long long)burst, (unsigned long long)sum);
	free(inside);
}

static void
run(const char *name, uint64_t the_burst, uint32_t lanes, int refunds, int reconfigure)
{
	rheo_bucket_config_t cfg;
	rheo_bucket_stats_t s;
	struct worker w[THREADS];
	struct entry *all;
	pthread_t clock_thread;
	uint64_t size, taken = 0, given = 0, t0, bound, net;
	size_t n = 0;
	void *mem;

	burst = the_burst;
	with_refunds = refunds;
	with_reconfigure = reconfigure;
	atomic_store(&stop, 0);
	rheo_bucket_config_init(&cfg, sizeof cfg);
	cfg.tokens_per_period = 1000000000u / RATE_NS;
	cfg.burst = burst;
	cfg.lanes = lanes;
	size = rheo_bucket_size(&cfg);
	mem = memory_for(size);
	t0 = now_ns();
	CHECK(rheo_bucket_init(mem, size, &cfg, t0, &bucket) == RHEO_OK, "init");
	for (int i = 0; i < THREADS; i++) {
		w[i] = (struct worker){.seed = (uint64_t)i * 77 + 1};
		w[i].log = malloc(MAX_LOG * sizeof *w[i].log);
		pthread_create(&w[i].thread, NULL, work, &w[i]);
	}
	pthread_create(&clock_thread, NULL, move_clock, NULL);
	pthread_join(clock_thread, NULL);
	all = malloc(THREADS * MAX_LOG * sizeof *all);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		taken += w[i].taken;
		given += w[i].given;
		memcpy(all + n, w[i].log, w[i].entries * sizeof *all);
		n += w[i].entries;
		free(w[i].log);
	}
	bound = burst + (now_ns() - t0 + RATE_NS - 1) / RATE_NS;
	net = taken - given;
	CHECK(rheo_bucket_stats(bucket, &s, sizeof s) == RHEO_OK, "stats");
	printf("%s: %llu admitted, %llu given back, bound %llu, %llu refused, %llu retries\n", name,
	       (unsigned long long)taken, (unsigned long long)given, (unsigned long long)bound,
	       (unsigned long long)s.refused_rate, (unsigned long long)s.cas_retries);
	CHECK(net <= bound, "P1: %llu net of refunds, bound %llu", (unsigned long long)net,
	      (unsigned long long)bound);
	CHECK(s.admitted == taken && s.refunded == given, "P15: bucket says %llu, threads %llu",
	      (unsigned long long)s.admitted, (unsigned long long)taken);
	if (!refunds) {
		qsort(all, n, sizeof *all, by_hi);
		check_intervals(all, n);
	}
	free(all);
	free(mem);
}

int
main(int argc, char **argv)
{
	steps = argc > 1 ? strtoull(argv[1], NULL, 0) : 200000;
	atomic_store(&virtual_ns, 1000000);
	run("one word", 100, 1, 0, 0);
	run("one word, refunds", 100, 1, 1, 0);
	run("one word, reconfigure", 100, 1, 0, 1);
	run("lanes", 1000, 4, 0, 0);
	run("lanes, refunds", 1000, 4, 1, 0);
	run("lanes, reconfigure", 1000, 4, 0, 1);
	run("many lanes", 20000, 64, 0, 0);
	return 0;
}
