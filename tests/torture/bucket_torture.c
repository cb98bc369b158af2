/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Threads take, refund, ask with and without a time, while one moves the clock
 * and runs the hook and another reconfigures (same rate, burst up and down).
 *
 * P1 over every interval (intervals.h): an admission's time is not before the
 * time that was passed (without one: that was published before the call), and
 * not after the clock that follows it. P15: the bucket's own count is the
 * threads'.
 */

#include "clock.h"
#include "intervals.h"

#include <unistd.h>

#define THREADS 4
#define RATE_NS 1000u /* one token each */
#define MAX_LOG 400000u

struct worker {
	pthread_t thread;
	uint64_t seed, taken, given, refused;
	struct span *log, *lent;
	unsigned entries, lents;
};

static rheo_bucket_t *bucket;
static uint64_t burst, steps;
static int with_refunds, with_reconfigure;
static atomic_int stop;
static struct excess found;

static uint64_t
published(void)
{
	rheo_bucket_quota_t q;

	CHECK(rheo_bucket_quota(bucket, 0, &q) == RHEO_OK, "quota");
	return q.time_ns;
}

static void
give_back(struct worker *w, uint64_t n)
{
	uint64_t lo = published();

	rheo_bucket_refund(bucket, n);
	w->given += n;
	w->lent[w->lents++] = (struct span){lo, now_ns(), n};
}

static void *
work(void *arg)
{
	struct worker *w = arg;

	while (!atomic_load(&stop) && w->entries < MAX_LOG) {
		uint64_t r = next_random(&w->seed), n = 1 + r % 3, lo = now_ns(), got = n;
		int32_t st;

		switch (r >> 32 & 7) {
		case 0:
			lo = published();
			st = rheo_bucket_try_acquire(bucket, n);
			break;
		case 1:
			st = rheo_bucket_acquire_upto(bucket, n, lo, &got);
			break;
		default:
			st = rheo_bucket_try_acquire_at(bucket, n, lo);
		}
		if (broken(MINTED_TOKEN) && st == RHEO_REJ_RATE && (r >> 40 & 7) == 0)
			st = RHEO_OK;
		if (st == RHEO_OK) {
			w->log[w->entries++] = (struct span){lo, now_ns(), got};
			w->taken += got;
			if (with_refunds && (r >> 40 & 3) == 0)
				give_back(w, got);
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

static void
run(const char *name, uint64_t the_burst, uint32_t lanes, int refunds, int reconfigure)
{
	rheo_bucket_config_t cfg;
	rheo_bucket_stats_t s;
	struct worker w[THREADS];
	struct span *all, *lent;
	pthread_t clock_thread;
	uint64_t size, taken = 0, given = 0;
	size_t n = 0, lents = 0;
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
	CHECK(rheo_bucket_init(mem, size, &cfg, now_ns(), &bucket) == RHEO_OK, "init");
	for (int i = 0; i < THREADS; i++) {
		w[i] = (struct worker){.seed = (uint64_t)i * 77 + 1};
		w[i].log = malloc(MAX_LOG * sizeof *w[i].log);
		w[i].lent = malloc(MAX_LOG * sizeof *w[i].lent);
		pthread_create(&w[i].thread, NULL, work, &w[i]);
	}
	pthread_create(&clock_thread, NULL, move_clock, NULL);
	pthread_join(clock_thread, NULL);
	all = malloc(THREADS * MAX_LOG * sizeof *all);
	lent = malloc(THREADS * MAX_LOG * sizeof *lent);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		taken += w[i].taken;
		given += w[i].given;
		memcpy(all + n, w[i].log, w[i].entries * sizeof *all);
		memcpy(lent + lents, w[i].lent, w[i].lents * sizeof *lent);
		n += w[i].entries;
		lents += w[i].lents;
		free(w[i].log);
		free(w[i].lent);
	}
	CHECK(rheo_bucket_stats(bucket, &s, sizeof s) == RHEO_OK, "stats");
	printf("%s: %llu admitted, %llu given back, %llu refused, %llu retries\n", name, ULL(taken), ULL(given),
	       ULL(s.refused_rate), ULL(s.cas_retries));
	check_intervals(all, n, lent, lents, burst, 1, RATE_NS, &found);
	if (excess_found(&found) != 0)
		print_excess(&found);
	CHECK(excess_found(&found) == 0, "P1: more than the bound, burst %llu", ULL(burst));
	CHECK(s.admitted == taken && s.refunded == given, "P15: bucket says %llu, threads %llu", ULL(s.admitted),
	      ULL(taken));
	free(lent);
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
	print_excess(&found);
	return 0;
}
