/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * folly::TokenBucket: seconds in a double, empty at zero_time.
 *
 *	zero_time            rheo_bucket_init with START_EMPTY at that time
 *	consume              rheo_bucket_try_acquire_at
 *	count_until_deny     the same until refused
 *	consume_or_drain     rheo_bucket_acquire_upto
 *	borrow               rheo_bucket_reserve, any wait; null: no wait is stated
 *	return               rheo_bucket_refund
 *	avail, balance       rheo_bucket_available; the level, below 0 in debt
 *	reset_zero_time      a new bucket in the same place
 */

#include "tank.h"

#include <string.h>

#define TEXT_MAX 64

static const char sanity_burst[] = "max(consume, rate*0.010)";
static const char sanity_time[] = "0..10 s step 1 ms";
static const char sanity_text[] =
	"consume(burst+1) always denied; total in [rate*t*0.9-1, rate*t+1e-6] at every step";

/* One pair of the sanity property; false: folly's bounds do not hold. */
static bool
is_sane(struct run *r, uint64_t rate, uint64_t consume)
{
	uint64_t burst = consume > rate / 100 ? consume : rate / 100, total = 0, earned;
	struct tank t;
	bool sane = true;

	tank_config(&t, rate, SECOND_NS, burst);
	t.cfg.flags = RHEO_BUCKET_START_EMPTY;
	if (!tank_open(r, &t, 0))
		return false;
	for (uint64_t ms = 0; ms <= 10000 && sane; ms++) {
		uint64_t now_ns = ms * MS_NS;

		sane = rheo_bucket_try_acquire_at(t.b, burst + 1, now_ns) == RHEO_REJ_NEVER;
		total += tank_drain(&t, consume, now_ns);
		earned = rate * ms / 1000;
		sane = sane && total <= earned && (total + 1) * 10000 >= 9 * rate * ms;
		must(r, total == earned / consume * consume, "%llu of %llu tokens after %llu ms",
		     (unsigned long long)total, (unsigned long long)earned, (unsigned long long)ms);
	}
	tank_close(&t);
	return sane;
}

static void
replay_sanity(struct run *r, json_t *c)
{
	json_t *pairs = need(r, c, "rate_consume"), *pair;
	size_t i;

	take_words(r, c, "kind", "property");
	take_words(r, c, "burst", sanity_burst);
	take_words(r, c, "t", sanity_time);
	take_words(r, c, "text", sanity_text);
	json_array_foreach(pairs, i, pair) {
		int64_t rate = column_int(r, pair, 2, 0), consume = column_int(r, pair, 2, 1);

		begin_step(r, "pair %zu", i + 1);
		if (rate < 1 || consume < 1)
			fail(r, "no rate");
		else
			expect(r, "sanity", 1, is_sane(r, (uint64_t)rate, (uint64_t)consume));
	}
}

static void
open_at(struct run *r, struct tank *t, int64_t zero_time_ns)
{
	t->cfg.flags = RHEO_BUCKET_START_EMPTY;
	if (zero_time_ns < 0)
		fail(r, "zero_time below 0");
	else
		tank_open(r, t, (uint64_t)zero_time_ns);
}

/* "t": "uptime<10000": at any time before that. */
static void
borrow_at_any_uptime(struct run *r, struct tank *t, json_t *s)
{
	static const int64_t uptime_s[] = {0, 1, 60, 3600, 9999};
	int64_t n = take_int(r, s, "n"), wait = take_scaled(r, s, "expect_wait_s", SECOND_NS), longest = 0;

	take_words(r, s, "t", "uptime<10000");
	mapped(r, "a bucket of rheo is full at its own first moment, whatever the clock says then; created at 5 uptimes");
	t->cfg.flags = 0;
	for (size_t i = 0; i < sizeof uptime_s / sizeof uptime_s[0]; i++) {
		uint64_t now_ns = (uint64_t)(uptime_s[i] * SECOND_NS), wait_ns = RHEO_FOREVER;

		if (!tank_open(r, t, now_ns))
			return;
		must(r, rheo_bucket_reserve(t->b, (uint64_t)n, now_ns, RHEO_FOREVER, &wait_ns) == RHEO_OK,
		     "refused at %lld s", (long long)uptime_s[i]);
		longest = (int64_t)wait_ns > longest ? (int64_t)wait_ns : longest;
	}
	expect(r, "wait", wait, longest);
}

static void
borrow(struct run *r, struct tank *t, json_t *s, uint64_t now_ns)
{
	uint64_t n = (uint64_t)take_int(r, s, "n"), wait_ns = 0;
	json_t *wait = need(r, s, "expect_wait_s");
	int32_t st = rheo_bucket_reserve(t->b, n, now_ns, RHEO_FOREVER, &wait_ns);

	must(r, st == RHEO_OK, "borrow: %s", rheo_status_name(st));
	if (!json_is_null(wait))
		expect(r, "wait", scaled(r, wait, SECOND_NS), (int64_t)wait_ns);
	else
		mapped(r, "a borrow without a stated wait (null): made, and seen in the balance after it");
}

static void
consume(struct run *r, struct tank *t, json_t *s, uint64_t now_ns)
{
	uint64_t n = (uint64_t)take_int(r, s, "n");
	int64_t before = tank_peek(r, t, now_ns);
	bool got = rheo_bucket_try_acquire_at(t->b, n, now_ns) == RHEO_OK;

	if (json_object_get(s, "note") != NULL)
		take_words(r, s, "note", "and the level is unchanged by it");
	expect(r, "consume", take_bool(r, s, "expect"), got);
	must(r, tank_peek(r, t, now_ns) == before - (got ? (int64_t)n : 0), "the level was %lld, is %lld",
	     (long long)before, (long long)tank_peek(r, t, now_ns));
}

static void
step(struct run *r, struct tank *t, json_t *s, const char *op)
{
	uint64_t now_ns = 0, taken = 0;

	if (strcmp(op, "return") == 0) {
		int32_t st = rheo_bucket_refund(t->b, (uint64_t)take_int(r, s, "n"));

		must(r, st == RHEO_OK, "refund: %s", rheo_status_name(st));
		return;
	}
	if (strcmp(op, "reset_zero_time") == 0) {
		open_at(r, t, take_scaled(r, s, "zero_time", SECOND_NS));
		return;
	}
	if (strcmp(op, "borrow") == 0 && json_is_string(json_object_get(s, "t"))) {
		borrow_at_any_uptime(r, t, s);
		return;
	}
	now_ns = (uint64_t)take_scaled(r, s, "t", SECOND_NS);
	if (strcmp(op, "consume") == 0) {
		consume(r, t, s, now_ns);
	} else if (strcmp(op, "count_until_deny") == 0) {
		taken = tank_drain(t, (uint64_t)take_int(r, s, "n"), now_ns);
		expect(r, "count until deny", take_int(r, s, "expect"), (int64_t)taken);
	} else if (strcmp(op, "consume_or_drain") == 0) {
		rheo_bucket_acquire_upto(t->b, (uint64_t)take_int(r, s, "n"), now_ns, &taken);
		expect(r, "drained", take_scaled(r, s, "expect", 1), (int64_t)taken);
	} else if (strcmp(op, "borrow") == 0) {
		borrow(r, t, s, now_ns);
	} else if (strcmp(op, "avail") == 0) {
		rheo_bucket_available(t->b, now_ns, &taken);
		expect(r, "available", take_scaled(r, s, "expect", 1), (int64_t)taken);
	} else if (strcmp(op, "balance") == 0) {
		expect(r, "balance", take_scaled(r, s, "expect", 1), tank_level(r, t, now_ns));
	} else {
		fail(r, "op \"%s\" is not known", op);
	}
}

/* A whole number, or the whole part of one that is just above it. */
static uint64_t
whole_burst(struct run *r, const json_t *burst)
{
	double v = json_number_value(burst);

	if (!(v >= 1 && v < 1e15)) {
		fail(r, "no burst");
		return 1;
	}
	if (json_is_real(burst))
		mapped(r, "a burst of %.9g is taken as %llu: tokens are whole", v, (unsigned long long)v);
	return (uint64_t)v;
}

void
replay_folly(struct run *r, json_t *c, unsigned pass)
{
	uint64_t tokens = 1, period_ns = SECOND_NS;
	json_t *steps, *s;
	struct tank t;
	size_t i;

	(void)pass;
	if (json_object_get(c, "kind") != NULL) {
		replay_sanity(r, c);
		return;
	}
	put_aside(r, c, "note");
	if (!rate_of(need(r, c, "rate"), &tokens, &period_ns)) {
		fail(r, "no rate");
		return;
	}
	tank_config(&t, tokens, period_ns, whole_burst(r, need(r, c, "burst")));
	open_at(r, &t, take_scaled(r, c, "zero_time", SECOND_NS));
	steps = need(r, c, "steps");
	json_array_foreach(steps, i, s) {
		const char *op = take_text(r, s, "op");

		begin_step(r, "step %zu (%s)", i + 1, op);
		if (t.b == NULL)
			break;
		step(r, &t, s, op);
		nothing_left(r, s);
	}
	tank_close(&t);
}
