/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * P14 and P12, instruction by instruction: a neighbour in shared memory that
 * changes a word right before a call's nth operation on it, for every n, or
 * before each of its compare-and-swaps, on and on. Whatever it does, the call
 * ends after a number of operations that is known beforehand, returns what is
 * a status, and leaves the object's fences alone.
 */

#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bucket/lanes.h"
#include "coverage/meddle.h"
#include "rheo/rheo.h"

#define SECOND UINT64_C(1000000000)
#define FENCE 128u
#define MOST_BYTES 65536u
#define MOST_WORDS 64u
/* Changes that a neighbour makes to a call whose loops multiply: more than any one of them tries. */
#define CHANGES UINT64_C(70000)
/* No call makes more operations than this. */
#define ENDLESS UINT64_C(20000000)

static _Alignas(128) unsigned char memory[FENCE + MOST_BYTES + FENCE];
static uint64_t size;
static rheo_bucket_t *bucket;
static rheo_breaker_t *breaker;
static uint64_t now, held;

/* --- what is called, and where from --- */

struct scene {
	const char *name;
	void (*set)(void);
};

struct call {
	const char *name;
	int32_t (*make)(void);
};

static void
room(uint64_t bytes)
{
	size = bytes;
	if (bytes == 0 || bytes > MOST_BYTES)
		abort();
	memset(memory, 0xa5, sizeof memory);
}

static rheo_bucket_config_t bucket_cfg;
static rheo_breaker_config_t breaker_cfg;

static void
make_bucket(uint32_t lanes, uint32_t flags)
{
	rheo_bucket_config_init(&bucket_cfg, sizeof bucket_cfg);
	bucket_cfg.tokens_per_period = 1000;
	bucket_cfg.burst = 1280;
	bucket_cfg.max_debt = 100;
	bucket_cfg.lanes = lanes;
	bucket_cfg.counter_lanes = 1;
	bucket_cfg.flags = flags;
	room(rheo_bucket_size(&bucket_cfg));
	if (rheo_bucket_init(memory + FENCE, size, &bucket_cfg, 0, &bucket) != RHEO_OK)
		abort();
	now = SECOND;
}

static void full(void) { make_bucket(1, 0); }
static void empty(void) { make_bucket(1, RHEO_BUCKET_START_EMPTY); now = 5000000; }
static void full_lanes(void) { make_bucket(4, 0); }
static void empty_lanes(void) { make_bucket(4, RHEO_BUCKET_START_EMPTY); now = 100000000; }

static void
idle_lanes(void)
{
	empty_lanes();
	now = 10 * SECOND;
}

static void
past_the_curve(void)
{
	make_bucket(4, 0);
	now = UINT64_C(1) << 62;
}

static void
marked_lanes(void)
{
	make_bucket(4, 0);
	rheo_bucket_charge(bucket, 1100, 0);
	/* one fill begun and not ended, in each lane, seen by the hook a while ago */
	for (unsigned i = 0; i < 4; i++) {
		struct rh_lane *lane = rh_bucket_lanes(rh_bucket_self(bucket)) + i;

		rh_store_init(&lane->parked, UINT64_C(1) << 17 | UINT64_C(1) << 16 | 5);
		rh_store_init(&lane->stuck_at, 1);
	}
}

/* Nothing is left, and a refusal has noted it. */
static void
dry_lanes(void)
{
	make_bucket(4, 0);
	now = 0;
	while (rheo_bucket_try_acquire(bucket, 1) == RHEO_OK)
		;
}

static int32_t take_one_at(void) { return rheo_bucket_try_acquire_at(bucket, 1, now); }
static int32_t take_now(void) { return rheo_bucket_try_acquire(bucket, 3); }
static int32_t take_at(void) { return rheo_bucket_try_acquire_at(bucket, 30, now); }
static int32_t take_much(void) { return rheo_bucket_try_acquire_at(bucket, 500, now); }
static int32_t take_upto(void) { return rheo_bucket_acquire_upto(bucket, 2000, now, &held); }
static int32_t reserve(void) { return rheo_bucket_reserve(bucket, 50, now, SECOND, &held); }
static int32_t refund(void) { return rheo_bucket_refund(bucket, 60); }
static int32_t charge(void) { return rheo_bucket_charge(bucket, 7, now); }
static int32_t refill(void) { return rheo_bucket_refill(bucket, now); }
static int32_t next_refill(void) { return rheo_bucket_next_refill_ns(bucket, now, &held); }
static int32_t wait_ns(void) { return rheo_bucket_wait_ns(bucket, 100, now, &held); }
static int32_t available(void) { return rheo_bucket_available(bucket, now, &held); }

static int32_t
quota(void)
{
	rheo_bucket_quota_t q;

	return rheo_bucket_quota(bucket, now, &q);
}

static int32_t
bucket_stats(void)
{
	rheo_bucket_stats_t s;

	return rheo_bucket_stats(bucket, &s, sizeof s);
}

static int32_t
bucket_config(void)
{
	rheo_bucket_config_t c;

	return rheo_bucket_config(bucket, &c, sizeof c);
}

static int32_t
reconfigure(uint32_t mode)
{
	rheo_bucket_config_t c = bucket_cfg;

	c.tokens_per_period = 2000;
	c.burst = 640;
	return rheo_bucket_reconfigure(bucket, &c, now, mode);
}

static int32_t keep(void) { return reconfigure(RHEO_BUCKET_KEEP); }
static int32_t scale(void) { return reconfigure(RHEO_BUCKET_SCALE); }

static const struct scene bucket_scenes[] = {
	{"a full bucket", full},
	{"an empty bucket", empty},
	{"full lanes", full_lanes},
	{"empty lanes", empty_lanes},
	{"idle lanes", idle_lanes},
	{"marked lanes", marked_lanes},
	{"dry lanes", dry_lanes},
	{"lanes past the curve's end", past_the_curve},
	{NULL, NULL},
};

static const struct call bucket_calls[] = {
	{"try_acquire", take_now},
	{"try_acquire_at", take_at},
	{"try_acquire_at, one", take_one_at},
	{"try_acquire_at, much", take_much},
	{"acquire_upto", take_upto},
	{"reserve", reserve},
	{"refund", refund},
	{"charge", charge},
	{"refill", refill},
	{"next_refill_ns", next_refill},
	{"wait_ns", wait_ns},
	{"available", available},
	{"quota", quota},
	{"stats", bucket_stats},
	{"config", bucket_config},
	{"reconfigure, keep", keep},
	{"reconfigure, scale", scale},
	{NULL, NULL},
};

static uint64_t
permit_at(uint64_t now_ns)
{
	uint64_t permit = RHEO_PERMIT_NONE;

	rheo_breaker_try_acquire(breaker, now_ns, &permit);
	return permit;
}

static void
make_breaker(uint32_t window_calls, unsigned failures)
{
	rheo_breaker_config_init(&breaker_cfg, sizeof breaker_cfg);
	breaker_cfg.minimum_calls = 4;
	breaker_cfg.consecutive_failures = 9;
	breaker_cfg.slow_call_rate_bp = window_calls == 0 ? 9000 : 0;
	breaker_cfg.slow_call_ns = SECOND;
	breaker_cfg.window_calls = window_calls;
	breaker_cfg.half_open_calls = 3;
	breaker_cfg.probe_timeout_ns = SECOND;
	breaker_cfg.lanes = 2;
	room(rheo_breaker_size(&breaker_cfg));
	if (rheo_breaker_init(memory + FENCE, size, &breaker_cfg, 0, &breaker) != RHEO_OK)
		abort();
	for (unsigned i = 0; i < failures; i++)
		rheo_breaker_record(breaker, permit_at(0), RHEO_FAILURE, 0);
	held = permit_at(0);
	now = 2 * SECOND;
}

static void closed(void) { make_breaker(0, 1); }
static void closed_by_calls(void) { make_breaker(20, 1); }
static void about_to_trip(void) { make_breaker(0, 3); }
static void about_to_trip_by_calls(void) { make_breaker(20, 3); }

static void
open_over(void)
{
	make_breaker(0, 4);
	now = 5 * SECOND;
}

static void
probing(void)
{
	open_over();
	permit_at(now);
	held = permit_at(now);
}

static void
probes_late(void)
{
	probing();
	now += 2 * SECOND;
}

static int32_t acquire(void) { return rheo_breaker_try_acquire(breaker, now, &(uint64_t){0}); }
static int32_t succeed(void) { return rheo_breaker_record(breaker, held, RHEO_SUCCESS, now); }
static int32_t fail(void) { return rheo_breaker_record(breaker, held, RHEO_FAILURE, now); }
static int32_t ignore(void) { return rheo_breaker_record(breaker, held, RHEO_IGNORED, now); }
static int32_t cancel(void) { return rheo_breaker_cancel(breaker, held, now); }
static int32_t tick(void) { return rheo_breaker_tick(breaker, now, &(uint64_t){0}); }
static int32_t force_open(void) { return rheo_breaker_force(breaker, RHEO_FORCED_OPEN, now); }
static int32_t reset(void) { return rheo_breaker_reset(breaker, now); }
static int32_t retry_after(void) { return rheo_breaker_retry_after_ns(breaker, now, &(uint64_t){0}); }

static int32_t
rethink(void)
{
	breaker_cfg.open_max_ns = 200 * SECOND;
	breaker_cfg.slow_call_rate_bp = 5000;
	return rheo_breaker_reconfigure(breaker, &breaker_cfg, now);
}

static int32_t
snapshot(void)
{
	rheo_breaker_snapshot_t s;

	return rheo_breaker_snapshot(breaker, now, &s, sizeof s);
}

static int32_t
events(void)
{
	rheo_breaker_event_t e[16];
	uint32_t n;

	return rheo_breaker_events(breaker, 0, e, 16, &n);
}

static const struct scene breaker_scenes[] = {
	{"a closed breaker", closed},
	{"a closed breaker by calls", closed_by_calls},
	{"a breaker about to trip", about_to_trip},
	{"a breaker about to trip by calls", about_to_trip_by_calls},
	{"a breaker whose open time is over", open_over},
	{"a probing breaker", probing},
	{"a breaker with late probes", probes_late},
	{NULL, NULL},
};

static const struct call breaker_calls[] = {
	{"try_acquire", acquire},
	{"record, success", succeed},
	{"record, failure", fail},
	{"record, ignored", ignore},
	{"cancel", cancel},
	{"tick", tick},
	{"force", force_open},
	{"reset", reset},
	{"retry_after_ns", retry_after},
	{"reconfigure", rethink},
	{"snapshot", snapshot},
	{"events", events},
	{NULL, NULL},
};

/* --- the neighbour --- */

static uint64_t operations, longest, calls_made, at_operation, restore_at, flip, changes_left;
static int changes_skipped;
static rh_a64 *target, *swapped[MOST_WORDS];
static unsigned swapped_words, swaps_of[MOST_WORDS];
static const char *what, *inside, *doing;
static sigjmp_buf endless;

static void
change(rh_a64 *word)
{
	atomic_fetch_xor_explicit(&word->v, flip, memory_order_relaxed);
}

static void
look(rh_a64 *word, bool swaps)
{
	operations++;
	for (unsigned i = 0; swaps && i < swapped_words; i++)
		if (swapped[i] == word) {
			swaps_of[i]++;
			return;
		}
	if (swaps && swapped_words < MOST_WORDS) {
		swaps_of[swapped_words] = 1;
		swapped[swapped_words++] = word;
	}
}

/* Before the nth operation, on the word it is about; for good, or until the next but few. */
static void
once(rh_a64 *word, bool swaps)
{
	(void)swaps;
	if (operations == at_operation) {
		target = word;
		change(word);
	} else if (operations == restore_at) {
		change(target);
	}
	if (++operations > ENDLESS)
		siglongjmp(endless, 1);
}

static void
on_and_on(rh_a64 *word, bool swaps)
{
	if (swaps && word == target && changes_skipped-- <= 0 && changes_left != 0) {
		changes_left--;
		change(word);
	}
	if (++operations > ENDLESS)
		siglongjmp(endless, 1);
}

static void
broken(const char *how)
{
	printf("neighbour: %s, %s, %s (flips %#" PRIx64 ", operation %" PRId64 "): %s\n", inside, what, doing, flip,
	       (int64_t)at_operation, how);
	exit(1);
}

static void
run(const struct scene *scene, const struct call *call, void (*hook)(rh_a64 *word, bool swaps))
{
	int32_t st;

	what = call->name;
	inside = scene->name;
	meddle_hook = NULL;
	scene->set();
	operations = 0;
	if (sigsetjmp(endless, 0) != 0) {
		meddle_hook = NULL;
		broken("does not end");
	}
	meddle_hook = hook;
	st = call->make();
	meddle_hook = NULL;
	if (st < RHEO_ERR_CORRUPT || st >= RHEO_STATUS_AFTER_LAST)
		broken("returned what is not a status");
	for (unsigned i = 0; i < FENCE; i++)
		if (memory[i] != 0xa5 || memory[FENCE + size + i] != 0xa5)
			broken("left the object");
	longest = operations > longest ? operations : longest;
	calls_made++;
}

/*
 * Where loops lie within loops, against a neighbour that never tired the call
 * would take hours. (None wins every race.) Elsewhere this one does not tire.
 */
static bool
multiplies(const struct scene *scene, const struct call *call)
{
	return (scene->set == past_the_curve && (call->make == keep || call->make == scale)) ||
	       (scene->set == probes_late && (call->make == acquire || call->make == tick)) ||
	       call->make == succeed || call->make == fail;
}

static void
meddle_with(const struct scene *scene, const struct call *call)
{
	static const unsigned bits[] = {0, 7, 24, 32, 44, 63};
	uint64_t count;
	rh_a64 *words[MOST_WORDS];
	unsigned n, swaps[MOST_WORDS];

	swapped_words = 0;
	doing = "undisturbed";
	run(scene, call, look);
	count = operations;
	n = swapped_words;
	memcpy(words, swapped, sizeof words);
	memcpy(swaps, swaps_of, sizeof swaps);
	for (unsigned b = 0; b < sizeof bits / sizeof *bits; b++) {
		flip = UINT64_C(1) << bits[b];
		doing = "a word changed";
		for (uint64_t k = 0; k < count; k++) {
			at_operation = k;
			restore_at = UINT64_MAX;
			run(scene, call, once);
			restore_at = k + 1;
			run(scene, call, once);
		}
		doing = "a word changed on and on";
		at_operation = UINT64_MAX;
		for (unsigned i = 0; i < n && bits[b] % 8 == 0; i++)
			/* Many words in a row are a record's slot, of which a few stand for all. */
			for (unsigned skip = 0; skip < swaps[i] && !(i > 4 && words[i] - words[i - 1] <= 3); skip++) {
				target = words[i];
				changes_skipped = (int)skip;
				changes_left = multiplies(scene, call) ? CHANGES : UINT64_MAX;
				run(scene, call, on_and_on);
			}
	}
}

/* Rules that change, whole and valid, each time that a decision by the caller's time has read them. */
static void
change_rules(rh_a64 *word, bool swaps)
{
	meddle_hook = NULL;
	if (!swaps && word == &rh_bucket_self(bucket).b->spent) {
		bucket_cfg.burst ^= 1;
		rheo_bucket_reconfigure(bucket, &bucket_cfg, 0, RHEO_BUCKET_KEEP);
	}
	meddle_hook = change_rules;
	operations++;
}

static void
meddle_with_rules(void)
{
	static const struct scene scene = {"a full bucket", full};
	static const struct call call = {"try_acquire_at", take_at};

	doing = "rules changed on and on";
	run(&scene, &call, change_rules);
}

static void
meddle_with_all(const char *name, const struct scene *scenes, const struct call *calls)
{
	calls_made = longest = 0;
	for (const struct scene *s = scenes; s->name != NULL; s++)
		for (const struct call *c = calls; c->name != NULL; c++)
			meddle_with(s, c);
	printf("neighbour: %s: %" PRIu64 " calls, each ended; the longest after %" PRIu64 " operations\n", name,
	       calls_made, longest);
}

int
main(void)
{
	meddle_with_rules();
	meddle_with_all("buckets", bucket_scenes, bucket_calls);
	meddle_with_all("breakers", breaker_scenes, breaker_calls);
	return 0;
}
