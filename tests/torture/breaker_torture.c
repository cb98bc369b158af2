/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Threads call through one breaker whose upstream is well or ill by turns. They
 * forget some permits, report some twice and some much too late; one moves the
 * clock and ticks, one follows the transitions.
 *
 * P8: every generation is seen once, in order, each a legal edge from where the
 * last one ended. P9: permits handed out, less those cancelled, per half-open
 * generation. P10: at the end, with only one thread left, a call is admitted
 * within open time plus probe time-out. P15: counts are the threads'.
 */

#include "clock.h"
#include "follow.h"

#include <unistd.h>

#define THREADS 4
#define GENERATIONS 400000u
#define PROBES 3u

struct worker {
	pthread_t thread;
	uint64_t seed, successes, failures, ignored, stale, refused_open, refused_probe;
};

static rheo_breaker_t *breaker;
static rheo_breaker_config_t cfg;
static atomic_int stop, ill;
static _Atomic int8_t out[GENERATIONS]; /* permits of a half-open generation, less cancelled */
static uint64_t steps;

/* Whether it is a permit of HALF_OPEN, and of which generation. */
static int
probe_generation(uint64_t permit, uint64_t *generation)
{
	uint32_t probe;

	CHECK(rheo_breaker_permit(breaker, permit, generation, &probe) == RHEO_OK, "permit");
	CHECK(*generation < GENERATIONS, "more generations than the test holds");
	return (int)probe;
}

static void
report(struct worker *w, uint64_t permit, uint32_t outcome)
{
	int32_t st = rheo_breaker_record(breaker, permit, outcome, now_ns());

	if (st == RHEO_STALE)
		w->stale++;
	else if (outcome == RHEO_IGNORED)
		w->ignored++;
	else if (outcome == RHEO_FAILURE)
		w->failures++;
	else
		w->successes++;
	CHECK(st == RHEO_OK || st == RHEO_STALE, "record gave %d", st);
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	uint64_t kept[16] = {0}, last_probe = 0, permit, g;

	while (!atomic_load(&stop)) {
		uint64_t r = next_random(&w->seed);
		int32_t st = rheo_breaker_try_acquire(breaker, now_ns(), &permit);
		int probe;

		if (broken(PROBE_TOO_MANY) && st == RHEO_REJ_PROBE && last_probe != 0) {
			permit = last_probe;
			st = RHEO_OK;
		}
		if (st != RHEO_OK) {
			CHECK(st == RHEO_REJ_OPEN || st == RHEO_REJ_PROBE, "try_acquire gave %d", st);
			w->refused_open += st == RHEO_REJ_OPEN && !(broken(LOST_COUNT) && (r & 255) == 0);
			w->refused_probe += st == RHEO_REJ_PROBE;
			continue;
		}
		probe = probe_generation(permit, &g);
		if (probe) {
			int8_t n = atomic_fetch_add(&out[g], 1);

			last_probe = permit;
			/* A cancel gives its permit back before it is counted here, so allow those in flight. */
			CHECK(n < (int8_t)(PROBES + THREADS), "P9: permit %d of generation %llu", n + 1,
			      ULL(g));
		}
		switch (r & 15) {
		case 0: /* forgotten, reported at some later time */
			if (kept[r >> 8 & 15] != 0)
				report(w, kept[r >> 8 & 15], RHEO_SUCCESS);
			kept[r >> 8 & 15] = permit;
			break;
		case 1: /* twice: only probes can tell */
			report(w, permit, RHEO_SUCCESS);
			if (probe) {
				CHECK(rheo_breaker_record(breaker, permit, RHEO_SUCCESS, now_ns()) == RHEO_STALE,
				      "P9: a probe counted twice");
				w->stale++;
			}
			break;
		case 2:
			if (rheo_breaker_cancel(breaker, permit, now_ns()) == RHEO_STALE)
				w->stale++;
			else if (probe)
				atomic_fetch_sub(&out[g], 1);
			break;
		case 3:
			report(w, permit, RHEO_IGNORED);
			break;
		default:
			report(w, permit,
			       atomic_load(&ill) || (r >> 16 & 31) == 0 ? RHEO_FAILURE : RHEO_SUCCESS);
		}
	}
	return NULL;
}

static void *
move_clock(void *arg)
{
	uint64_t seed = 5;

	(void)arg;
	for (uint64_t i = 0; i < steps; i++) {
		uint64_t r = next_random(&seed);

		atomic_fetch_add(&virtual_ns, r % 2000);
		if ((r >> 32 & 7) == 0)
			rheo_breaker_tick(breaker, now_ns(), NULL);
		if ((r >> 36 & 63) == 0)
			atomic_store(&ill, (int)(r >> 44 & 1));
		if ((r >> 48 & 1023) == 0)
			rheo_breaker_force(breaker, (uint32_t)(r >> 58 & 3), now_ns());
		else if ((r >> 48 & 1023) < 4)
			rheo_breaker_force(breaker, RHEO_AUTO, now_ns());
		if ((r >> 40 & 31) == 0)
			usleep(20);
	}
	atomic_store(&stop, 1);
	return NULL;
}

static void *
follow(void *arg)
{
	while (!atomic_load(&stop))
		follow_once(arg, breaker);
	return NULL;
}

static void
run(const char *name, uint32_t window_calls, uint32_t lanes, uint32_t flags)
{
	struct worker w[THREADS], sum = {0};
	struct follower f = {.resets = true};
	rheo_breaker_snapshot_t s;
	pthread_t clock_thread, follower;
	uint64_t size, permit = 0, begin, permits[PROBES + 1] = {0};
	void *mem;

	memset((void *)out, 0, sizeof out);
	atomic_store(&stop, 0);
	atomic_store(&ill, 0);
	rheo_breaker_config_init(&cfg, sizeof cfg);
	cfg.flags = flags;
	cfg.window_ns = 100000;
	cfg.window_calls = window_calls;
	cfg.minimum_calls = 10;
	cfg.consecutive_failures = 30;
	cfg.open_ns = 20000;
	cfg.open_backoff_bp = 5000;
	cfg.open_jitter_bp = 1000;
	cfg.half_open_calls = PROBES;
	cfg.probe_timeout_ns = 30000;
	cfg.lanes = lanes;
	size = rheo_breaker_size(&cfg);
	mem = memory_for(size);
	CHECK(rheo_breaker_init(mem, size, &cfg, now_ns(), &breaker) == RHEO_OK, "init");
	for (int i = 0; i < THREADS; i++) {
		w[i] = (struct worker){.seed = (uint64_t)i * 131 + 7};
		pthread_create(&w[i].thread, NULL, work, &w[i]);
	}
	pthread_create(&follower, NULL, follow, &f);
	pthread_create(&clock_thread, NULL, move_clock, NULL);
	pthread_join(clock_thread, NULL);
	pthread_join(follower, NULL);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		sum.successes += w[i].successes;
		sum.failures += w[i].failures;
		sum.ignored += w[i].ignored;
		sum.stale += w[i].stale;
		sum.refused_open += w[i].refused_open;
		sum.refused_probe += w[i].refused_probe;
	}
	follow_to_end(&f, breaker);
	rheo_breaker_snapshot(breaker, now_ns(), &s, sizeof s);
	printf("%s: %llu successes, %llu failures, %llu stale, %llu refused, %llu transitions "
	       "(%llu missed, %llu partial): trips %llu, closed %llu, reopened %llu, inconclusive %llu\n",
	       name, ULL(s.successes), ULL(s.failures), ULL(s.stale), ULL(s.refused_open + s.refused_probe),
	       ULL(s.generation), ULL(f.missed), ULL(f.partial),
	       ULL(f.by_cause[RHEO_CAUSE_FAILURE_RATE] + f.by_cause[RHEO_CAUSE_CONSECUTIVE_FAILURES]),
	       ULL(f.by_cause[RHEO_CAUSE_PROBES_SUCCEEDED]), ULL(f.by_cause[RHEO_CAUSE_PROBES_FAILED]),
	       ULL(f.by_cause[RHEO_CAUSE_PROBES_INCONCLUSIVE]));
	for (uint64_t g = 0; g < s.generation; g++) {
		int n = atomic_load(&out[g]);

		CHECK(n <= (int)PROBES, "P9: %d permits in generation %llu", n, ULL(g));
		permits[n > 0 ? n : 0]++;
	}
	printf("  permits in each of %llu half-open generations: 1: %llu 2: %llu 3: %llu\n",
	       ULL(permits[1] + permits[2] + permits[3]), ULL(permits[1]), ULL(permits[2]), ULL(permits[3]));
	CHECK(s.successes == sum.successes && s.failures == sum.failures && s.ignored == sum.ignored &&
		      s.stale == sum.stale && s.refused_open == sum.refused_open &&
		      s.refused_probe == sum.refused_probe,
	      "P15: successes %llu/%llu failures %llu/%llu ignored %llu/%llu stale %llu/%llu",
	      ULL(s.successes), ULL(sum.successes), ULL(s.failures), ULL(sum.failures), ULL(s.ignored),
	      ULL(sum.ignored), ULL(s.stale), ULL(sum.stale));
	/* P10: permits that were forgotten are out; everybody else is gone. */
	rheo_breaker_force(breaker, RHEO_AUTO, now_ns());
	for (begin = now_ns(); rheo_breaker_try_acquire(breaker, now_ns(), &permit) != RHEO_OK;) {
		atomic_fetch_add(&virtual_ns, 500);
		CHECK(now_ns() - begin <= 10 * cfg.open_ns + cfg.probe_timeout_ns + 500, "P10: stuck");
	}
	free(mem);
}

int
main(int argc, char **argv)
{
	steps = argc > 1 ? strtoull(argv[1], NULL, 0) : 60000;
	atomic_store(&virtual_ns, 1000000);
	run("time window", 0, 4, 0);
	run("time window, time-out cancels", 0, 1, RHEO_BREAKER_PROBE_TIMEOUT_CANCELS);
	run("count window", 50, 4, 0);
	return 0;
}
