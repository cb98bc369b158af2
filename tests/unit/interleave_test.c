/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Every call with every other inside it, at every injection point it passes:
 * another thread between two instructions, or a signal handler that interrupted
 * itself (P13). Afterwards the oracles count. The explorer of whole schedules
 * is a later issue; this is each pair, one switch deep, exhaustively.
 */

#include "helpers.h"

static void (*inner)(void);
static int at_point;

static void
run_inner(const char *point)
{
	(void)point;
	if (at_point-- == 0) {
		rh_inject_hook = NULL;
		inner();
	}
}

/* Runs `outer` with `inner` at its nth point; false when it has no such point. */
static int
interleave(void (*outer)(void), void (*within)(void), int n)
{
	inner = within;
	at_point = n;
	rh_inject_hook = run_inner;
	outer();
	rh_inject_hook = NULL;
	return at_point < 0;
}

/* --- buckets --- */

static rheo_bucket_t *b;
static rheo_bucket_config_t cfg;
static uint64_t taken, given, charged, now;

static void
took(int32_t st, uint64_t n)
{
	cr_assert(st == RHEO_OK || st == RHEO_REJ_RATE || st == RHEO_REJ_NEVER);
	taken += st == RHEO_OK ? n : 0;
}

static void take_now(void) { took(rheo_bucket_try_acquire(b, 3), 3); }
static void take_at(void) { took(rheo_bucket_try_acquire_at(b, 2, now), 2); }
static void take_much(void) { took(rheo_bucket_try_acquire_at(b, 90, now), 90); }
static void refill(void) { rheo_bucket_refill(b, now); }
static void refill_late(void) { rheo_bucket_refill(b, now + 50 * MS); }
static void renew(void) { rheo_bucket_refill(b, now + (UINT64_C(1) << 62)); }

static void
take_upto(void)
{
	uint64_t got = 0;
	int32_t st = rheo_bucket_acquire_upto(b, 7, now, &got);

	took(st, got);
}

static void
give(void)
{
	rheo_bucket_refund(b, 4);
	given += 4;
}

static void
charge(void)
{
	rheo_bucket_charge(b, 5, now);
	charged += 5;
}

static void
reconfigure(void)
{
	rheo_bucket_config_t other = cfg;

	other.tokens_per_period = 2000;
	other.burst = cfg.burst / 2;
	assert_status(rheo_bucket_reconfigure(b, &other, now, RHEO_BUCKET_KEEP), RHEO_OK);
}

static void (*const bucket_calls[])(void) = {take_now, take_at, take_much, take_upto,	give,
					     charge,   refill,	refill_late, reconfigure, renew};

#define CALLS (sizeof bucket_calls / sizeof *bucket_calls)

static void
all_pairs_of_bucket_calls(uint64_t burst, uint32_t lanes, uint64_t spend_first)
{
	int pairs = 0;

	for (size_t o = 0; o < CALLS; o++)
		for (size_t i = 0; i < CALLS; i++)
			for (int n = 0;; n++) {
				rheo_bucket_stats_t s;
				uint64_t left = 0, bound, end;
				int ran;

				cfg = bucket_config(1000, burst);
				cfg.lanes = lanes;
				b = bucket_from(&cfg, 0);
				taken = given = charged = now = 0;
				while (taken < spend_first && rheo_bucket_try_acquire(b, 3) == RHEO_OK)
					taken += 3;
				now = 20 * MS;
				ran = interleave(bucket_calls[o], bucket_calls[i], n);
				s = bucket_stats(b);
				cr_assert(s.admitted == taken && s.refunded == given && s.charged == charged,
					  "P15: calls %zu and %zu at point %d: %llu admitted, not %llu", o, i, n,
					  (unsigned long long)s.admitted, (unsigned long long)taken);
				/* P1 from the beginning: all that can be taken by `end`, and what was. */
				end = s.published_ns > now ? s.published_ns : now;
				while (rheo_bucket_try_acquire_at(b, 1, end) == RHEO_OK)
					left++;
				bound = burst + (end > SECOND ? burst + 2 * end / MS : 2 * end / MS) + given;
				cr_assert(left <= burst && taken + left <= bound,
					  "P1: calls %zu and %zu at point %d: %llu and %llu left", o, i, n,
					  (unsigned long long)taken, (unsigned long long)left);
				if (!ran)
					break;
				pairs++;
			}
	cr_assert(pairs > 300, "only %d interleavings", pairs);
}

Test(interleave, p1_p13_p15_every_pair_of_bucket_calls_one_word)
{
	all_pairs_of_bucket_calls(100, 1, 0);
	all_pairs_of_bucket_calls(100, 1, 99);
}

Test(interleave, p1_p13_p15_every_pair_of_bucket_calls_lanes)
{
	all_pairs_of_bucket_calls(640, 4, 0);
	all_pairs_of_bucket_calls(640, 4, 21);
	all_pairs_of_bucket_calls(640, 4, 630);
}

/* --- breakers --- */

static rheo_breaker_t *k;
static rheo_breaker_config_t kcfg;
static uint64_t permits[64], successes, failures, ignored, stale, open_refusals, probe_refusals, admitted_probes[64];
static unsigned npermits, spare;

static void
acquire(void)
{
	uint64_t permit, generation = 0;
	int32_t st = rheo_breaker_try_acquire(k, now, &permit);
	uint32_t probe = 0;

	open_refusals += st == RHEO_REJ_OPEN;
	probe_refusals += st == RHEO_REJ_PROBE;
	if (st != RHEO_OK)
		return;
	permits[npermits++] = permit;
	assert_status(rheo_breaker_permit(k, permit, &generation, &probe), RHEO_OK);
	cr_assert(generation < 64);
	admitted_probes[generation] += probe;
}

/* Reports the next permit that was prepared. */
static void
report(uint32_t outcome)
{
	int32_t st = rheo_breaker_record(k, permits[spare++], outcome, now);

	cr_assert(st == RHEO_OK || st == RHEO_STALE);
	stale += st == RHEO_STALE;
	successes += st == RHEO_OK && outcome == RHEO_SUCCESS;
	failures += st == RHEO_OK && outcome == RHEO_FAILURE;
	ignored += st == RHEO_OK && outcome == RHEO_IGNORED;
}

static void succeed(void) { report(RHEO_SUCCESS); }
static void fail(void) { report(RHEO_FAILURE); }
static void ignore(void) { report(RHEO_IGNORED); }
static void tick(void) { rheo_breaker_tick(k, now, NULL); }
static void tick_late(void) { rheo_breaker_tick(k, now + 2 * SECOND, NULL); }
static void reset(void) { rheo_breaker_reset(k, now); }
static void force_open(void) { rheo_breaker_force(k, RHEO_FORCED_OPEN, now); }

static void
cancel(void)
{
	uint64_t permit = permits[spare++], generation = 0;
	uint32_t probe = 0;

	assert_status(rheo_breaker_permit(k, permit, &generation, &probe), RHEO_OK);
	cr_assert(generation < 64);
	if (rheo_breaker_cancel(k, permit, now) == RHEO_STALE)
		stale++;
	else
		admitted_probes[generation] -= probe;
}

static void
rethink(void)
{
	rheo_breaker_config_t other = kcfg;

	other.minimum_calls = 3;
	assert_status(rheo_breaker_reconfigure(k, &other, now), RHEO_OK);
}

static void (*const breaker_calls[])(void) = {acquire, succeed, fail, ignore, cancel, tick, tick_late, reset, force_open, rethink};

#define KCALLS (sizeof breaker_calls / sizeof *breaker_calls)

/* Brings a new breaker to where the pair begins. */
enum where { FRESH, ABOUT_TO_TRIP, OPEN_OVER, PROBING };

static void
bring_to(enum where where, uint32_t window_calls)
{
	kcfg = breaker_config();
	kcfg.window_calls = window_calls;
	kcfg.consecutive_failures = 9;
	k = breaker_from(&kcfg, 0);
	now = 0;
	npermits = spare = 0;
	successes = failures = ignored = stale = open_refusals = probe_refusals = 0;
	memset(admitted_probes, 0, sizeof admitted_probes);
	if (where == FRESH || where == ABOUT_TO_TRIP) {
		for (int i = 0; i < 6; i++)
			acquire();
		for (int i = 0; where == ABOUT_TO_TRIP && i < 3; i++)
			fail();
	} else {
		for (int i = 0; i < 6; i++)
			acquire();
		while (state_of(k) == RHEO_CLOSED)
			fail();
		now = 5 * SECOND;
		if (where == PROBING) {
			spare = npermits;
			acquire();
			acquire();
		}
	}
}

static void
assert_sound(size_t o, size_t i, int n)
{
	rheo_breaker_snapshot_t s = breaker_snapshot(k, now);
	rheo_breaker_event_t e[16];
	uint32_t count, state = RHEO_CLOSED, mode = RHEO_AUTO;
	uint64_t permit, t;

	cr_assert(s.successes == successes && s.failures == failures && s.ignored == ignored && s.stale == stale &&
			  s.refused_open == open_refusals && s.refused_probe == probe_refusals,
		  "P15: calls %zu and %zu at point %d", o, i, n);
	rheo_breaker_events(k, 0, e, 16, &count);
	cr_assert(count == s.generation, "P8: calls %zu and %zu at point %d: %u of %llu events", o, i, n, count,
		  (unsigned long long)s.generation);
	for (uint32_t g = 0; g < count; g++) {
		cr_assert(e[g].generation == g + 1 && e[g].from_state == state && e[g].from_mode == mode && !e[g].partial,
			  "P8: calls %zu and %zu at point %d", o, i, n);
		state = e[g].to_state;
		mode = e[g].to_mode;
	}
	cr_assert(state == s.state && mode == s.mode);
	for (int g = 0; g < 64; g++)
		cr_assert(admitted_probes[g] <= 2, "P9: calls %zu and %zu at point %d", o, i, n);
	/* P10 */
	rheo_breaker_force(k, RHEO_AUTO, now);
	for (t = now; rheo_breaker_try_acquire(k, t, &permit) != RHEO_OK; t += 100 * MS)
		cr_assert(t <= now + 9 * SECOND, "P10: calls %zu and %zu at point %d: stuck", o, i, n);
}

Test(interleave, p8_p9_p10_p13_p15_every_pair_of_breaker_calls)
{
	int pairs = 0;

	for (uint32_t window_calls = 0; window_calls <= 20; window_calls += 20)
		for (int where = FRESH; where <= PROBING; where++)
			for (size_t o = 0; o < KCALLS; o++)
				for (size_t i = 0; i < KCALLS; i++)
					for (int n = 0;; n++) {
						int ran;

						bring_to((enum where)where, window_calls);
						/* something to report, whatever is called */
						while (spare + 2 > npermits && npermits < 60)
							permits[npermits++] = permits[0];
						ran = interleave(breaker_calls[o], breaker_calls[i], n);
						assert_sound(o, i, n);
						if (!ran)
							break;
						pairs++;
					}
	cr_assert(pairs > 1000, "only %d interleavings", pairs);
}
