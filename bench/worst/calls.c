/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Single calls of one thread: the usual one and the worst, alone, and while a
 * second thread runs the hook a thousand times a second and reconfigures every
 * tenth time. Threads run where the scheduler puts them: "switched" says how
 * often the first was put aside, and "worst own" is the worst call during which
 * it was not (interrupts and a hypervisor's pauses are in it all the same).
 * Half the time calls are timed one by one; the other half by sixteen, because
 * the usual call is shorter than the timer's steps: "usual" is the median of
 * those, a sixteenth of it. The row "nothing" is the timer and the call of a
 * function, and its own medians are subtracted from the other rows.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "objects.h"
#include "table.h"
#include "ticks.h"
#include "worst.h"

#define RATE UINT64_C(1000000000)
#define HOOK_NS 1000000
#define RECONFIGURE_EVERY 10u
#define GROUP 16u

static rheo_bucket_t *bucket;
static rheo_breaker_t *breaker;
static rheo_guard_t *guard;
static rheo_bucket_config_t bucket_cfg;
static rheo_breaker_config_t breaker_cfg;

/* --- what is called --- */

static void
make_nothing(void)
{
}

static void
make_bucket(uint32_t lanes)
{
	rheo_bucket_config_init(&bucket_cfg, sizeof bucket_cfg);
	bucket_cfg.tokens_per_period = RATE;
	bucket_cfg.burst = PLENTY;
	bucket_cfg.lanes = lanes;
	bucket = bucket_from(&bucket_cfg, rheo_now_ns());
}

static void
make_word(void)
{
	make_bucket(1);
}

static void
make_lanes(void)
{
	make_bucket(8);
}

static void
make_breaker(void)
{
	rheo_breaker_config_init(&breaker_cfg, sizeof breaker_cfg);
	breaker = breaker_from(&breaker_cfg, rheo_now_ns());
}

static void
make_guard(uint32_t flags)
{
	rheo_guard_config_t cfg;

	make_lanes();
	make_breaker();
	rheo_guard_config_init(&cfg, sizeof cfg);
	cfg.flags = flags;
	cfg.breaker = breaker;
	cfg.bucket[0] = bucket;
	guard = guard_from(&cfg, rheo_now_ns());
}

static void
make_full_guard(void)
{
	make_guard(0);
}

static void
make_lean_guard(void)
{
	make_guard(RHEO_GUARD_LEAN);
}

static int32_t
nothing(uint64_t now_ns)
{
	(void)now_ns;
	return RHEO_OK;
}

static int32_t
take(uint64_t now_ns)
{
	(void)now_ns;
	return rheo_bucket_try_acquire(bucket, 1);
}

static int32_t
take_at(uint64_t now_ns)
{
	return rheo_bucket_try_acquire_at(bucket, 1, now_ns);
}

static int32_t
break_through(uint64_t now_ns)
{
	uint64_t permit;
	int32_t st = rheo_breaker_try_acquire(breaker, now_ns, &permit);

	return st == RHEO_OK ? rheo_breaker_record(breaker, permit, RHEO_SUCCESS, now_ns) : st;
}

static int32_t
pass(uint64_t now_ns)
{
	rheo_verdict_t v;
	int32_t st = rheo_guard_try_acquire(guard, 1, now_ns, &v);

	return st == RHEO_OK ? rheo_guard_record(guard, v.permit, RHEO_SUCCESS, now_ns) : st;
}

/* --- what the other thread does --- */

static void
leave_alone(uint64_t now_ns, bool reconfigure)
{
	(void)now_ns;
	(void)reconfigure;
}

static void
reconfigure_bucket(uint64_t now_ns)
{
	bucket_cfg.tokens_per_period ^= RATE ^ 2 * RATE;
	rheo_bucket_reconfigure(bucket, &bucket_cfg, now_ns, RHEO_BUCKET_KEEP);
}

static void
reconfigure_breaker(uint64_t now_ns)
{
	breaker_cfg.minimum_calls ^= 1;
	rheo_breaker_reconfigure(breaker, &breaker_cfg, now_ns);
}

static void
serve_bucket(uint64_t now_ns, bool reconfigure)
{
	rheo_bucket_refill(bucket, now_ns);
	if (reconfigure)
		reconfigure_bucket(now_ns);
}

static void
serve_breaker(uint64_t now_ns, bool reconfigure)
{
	rheo_breaker_tick(breaker, now_ns, NULL);
	if (reconfigure)
		reconfigure_breaker(now_ns);
}

static void
serve_guard(uint64_t now_ns, bool reconfigure)
{
	rheo_guard_tick(guard, now_ns, NULL);
	if (reconfigure) {
		reconfigure_bucket(now_ns);
		reconfigure_breaker(now_ns);
	}
}

struct other {
	void (*serve)(uint64_t now_ns, bool reconfigure);
	_Atomic bool stop;
	unsigned rounds;
};

static void *
serve(void *argument)
{
	struct timespec ms = {.tv_nsec = HOOK_NS};
	struct other *o = argument;

	while (!atomic_load(&o->stop)) {
		nanosleep(&ms, NULL);
		o->serve(rheo_now_ns(), ++o->rounds % RECONFIGURE_EVERY == 0);
	}
	return NULL;
}

/* --- how long it took: exact below FINE ticks, then to a 64th --- */

#define FINE_LOG2 12u
#define FINE (1u << FINE_LOG2)
#define PART_LOG2 6u
#define CELLS (FINE + (64u - FINE_LOG2) * (1u << PART_LOG2))

struct history {
	uint64_t cell[CELLS];
	uint64_t calls, refused, worst, worst_own;
	long switched, seen;
};

static unsigned
cell_of(uint64_t taken)
{
	unsigned log2;

	if (taken < FINE)
		return (unsigned)taken;
	log2 = 63u - (unsigned)__builtin_clzll(taken);
	return FINE + (log2 - FINE_LOG2) * (1u << PART_LOG2) +
	       (unsigned)(taken >> (log2 - PART_LOG2) & ((1u << PART_LOG2) - 1));
}

/* The least that falls into a cell. */
static uint64_t
taken_in(unsigned cell)
{
	unsigned log2, part;

	if (cell < FINE)
		return cell;
	log2 = FINE_LOG2 + (cell - FINE) / (1u << PART_LOG2);
	part = (cell - FINE) % (1u << PART_LOG2);
	return (UINT64_C(1) << log2) + ((uint64_t)part << (log2 - PART_LOG2));
}

/* In ticks. */
static double
percentile(const struct history *h, double p)
{
	uint64_t rank = (uint64_t)((double)h->calls * p), below = 0;
	unsigned cell = 0;

	while (cell < CELLS - 1 && below + h->cell[cell] <= rank)
		below += h->cell[cell++];
	return (double)taken_in(cell);
}

static long
switches(void)
{
	struct rusage u;

	return getrusage(RUSAGE_THREAD, &u) == 0 ? u.ru_nivcsw : 0;
}

#define LOOK_EVERY 4096u

/* Since the last time this was asked. */
static bool
put_aside(struct history *h)
{
	long seen = h->seen;

	h->seen = switches();
	return h->seen != seen;
}

static void
record(struct history *h, uint64_t taken, int32_t st)
{
	h->cell[cell_of(taken)]++;
	h->calls++;
	h->refused += st != RHEO_OK;
	h->worst = taken > h->worst ? taken : h->worst;
	if (taken > h->worst_own && !put_aside(h))
		h->worst_own = taken;
}

static void
run(struct history *h, int32_t (*call)(uint64_t), unsigned group, unsigned ms)
{
	uint64_t now = rheo_now_ns(), end = now + ms * UINT64_C(1000000);

	memset(h, 0, sizeof *h);
	h->seen = switches();
	h->switched = -h->seen;
	for (; now < end; now = rheo_now_ns()) {
		int32_t st = 0;
		uint64_t from;

		if (h->calls % LOOK_EVERY == 0) {
			put_aside(h);
			st |= call(now);
		}
		from = ticks();
		for (unsigned i = 0; i < group; i++)
			st |= call(now);
		record(h, ticks() - from, st);
	}
	h->switched += switches();
}

/* --- the report --- */

struct probe {
	const char *name;
	void (*make)(void);
	int32_t (*call)(uint64_t now_ns);
	void (*serve)(uint64_t now_ns, bool reconfigure);
};

static const struct probe probe[] = {
	{"nothing", make_nothing, nothing, leave_alone},
	{"bucket, one word: accept", make_word, take, serve_bucket},
	{"bucket, one word: accept at a time", make_word, take_at, serve_bucket},
	{"bucket, lanes: accept", make_lanes, take, serve_bucket},
	{"bucket, lanes: accept at a time", make_lanes, take_at, serve_bucket},
	{"breaker: acquire, record", make_breaker, break_through, serve_breaker},
	{"guard: acquire, record", make_full_guard, pass, serve_guard},
	{"guard, lean: acquire, record", make_lean_guard, pass, serve_guard},
};

/* One by one, and by sixteen. */
struct measured {
	struct history single, group;
};

static void
measure(struct measured *m, const struct probe *p, unsigned ms)
{
	run(&m->single, p->call, 1, ms / 2);
	run(&m->group, p->call, GROUP, ms / 2);
}

/* Medians of the timer itself, in ticks. */
struct own {
	double single, group;
};

static void
report(const struct table *t, const char *name, const struct measured *m, const struct own *own)
{
	const struct history *h = &m->single;
	double value[] = {ticks_ns(percentile(&m->group, 0.5), own->group) / GROUP,
			  ticks_ns(percentile(h, 0.5), own->single),
			  ticks_ns(percentile(h, 0.99), own->single),
			  ticks_ns(percentile(h, 0.999), own->single),
			  ticks_ns(percentile(h, 0.9999), own->single),
			  ticks_ns((double)h->worst_own, own->single),
			  ticks_ns((double)h->worst, own->single),
			  (double)h->calls / 1000,
			  (double)h->switched};

	table_row(t, name, value);
}

static int
served(const struct probe *p, struct measured *m, unsigned ms)
{
	struct other o = {.serve = p->serve};
	pthread_t thread;

	if (pthread_create(&thread, NULL, serve, &o) != 0) {
		fprintf(stderr, "worst: no second thread\n");
		return 1;
	}
	measure(m, p, ms);
	atomic_store(&o.stop, true);
	pthread_join(thread, NULL);
	if (o.rounds < RECONFIGURE_EVERY) {
		printf("%s: FAILED, the other thread hardly ran: %u rounds\n", p->name, o.rounds);
		return 1;
	}
	return 0;
}

static int
none_refused(const struct measured *m)
{
	unsigned long long n = m->single.refused + m->group.refused;

	if (n != 0)
		printf("  FAILED: %llu of these were refused\n", n);
	return n == 0;
}

/* All calls, with the second thread or without. */
static int
table_of(const char *name, bool with_other, unsigned ms)
{
	struct table t = {name,
			  {"usual", "p50", "p99", "p99.9", "p99.99", "worst own", "worst", "k calls", "switched"},
			  9,
			  1};
	static struct measured m;
	struct own own = {0};
	int failed = 0;

	table_head(&t);
	for (size_t i = 0; i < sizeof probe / sizeof probe[0]; i++) {
		probe[i].make();
		if (with_other)
			failed |= served(&probe[i], &m, ms);
		else
			measure(&m, &probe[i], ms);
		report(&t, probe[i].name, &m, &own);
		if (i == 0)
			own = (struct own){percentile(&m.single, 0.5), percentile(&m.group, 0.5)};
		failed |= !none_refused(&m);
	}
	printf("subtracted: the medians of \"nothing\", %.1f ns a call, %.1f ns by sixteen\n",
	       ticks_ns(own.single, 0), ticks_ns(own.group, 0));
	return failed;
}

int
worst_calls(unsigned ms)
{
	int failed = table_of("ns, single calls, alone", false, ms);

	return table_of("ns, hook 1 kHz, new rules 100 Hz", true, ms) | failed;
}
