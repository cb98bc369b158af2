/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What a strict limiter does where others fail, from their issues. Every case
 * is run; what others gave when measured is not held against anybody, but where
 * it follows from a formula the row must follow it, so that a row cannot change
 * unseen.
 */

#include "tank.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EPOCH_NS (100 * (uint64_t)SECOND_NS)

/* Calls at a steady pace for 1 s, every second one stamped `skew` earlier. */
static void
out_of_order_stamps(struct run *r, json_t *c)
{
	uint64_t rate = (uint64_t)take_int(r, c, "rate_per_s"), burst = (uint64_t)take_int(r, c, "burst");
	int64_t most = take_int(r, c, "strict_max"), pace = 0;
	const char *offered = take_text(r, c, "offered");
	json_t *rows = need(r, c, "measured_x_time_rate"), *row;
	char unit = 0;
	int length = 0;
	size_t i;

	sscanf(offered, "1 call per %" SCNd64 " %cs for 1 s, every second call stamped `skew` earlier%n",
	       &pace, &unit, &length);
	if (length == 0 || offered[length] != 0 || pace < 1 || (unit != 'u' && unit != 'n')) {
		fail(r, "\"%s\" is not known", offered);
		return;
	}
	pace *= unit == 'u' ? 1000 : 1;
	must(r, most == (int64_t)(rate + burst), "strict_max is not burst + rate * 1 s");
	json_array_foreach(rows, i, row) {
		uint64_t skew = (uint64_t)take_int(r, row, "skew_ns");
		int64_t measured = take_int(r, row, "admitted"), admitted = 0;
		struct tank t;

		begin_step(r, "skew %" PRIu64 " ns", skew);
		tank_config(&t, rate, SECOND_NS, burst);
		if (!tank_open(r, &t, EPOCH_NS))
			return;
		for (int64_t k = 0; k < SECOND_NS / pace; k++)
			admitted += rheo_bucket_try_acquire_at(t.b, 1,
							       EPOCH_NS + (uint64_t)(k * pace) -
								       (k & 1 ? skew : 0)) == RHEO_OK;
		expect(r, "no more than strict_max", 1, admitted <= most);
		expect(r, "no less than strict_max - 1 (P2)", 1, admitted >= most - 1);
		if (skew == 0)
			expect(r, "admitted without skew", measured, admitted);
		nothing_left(r, row);
		tank_close(&t);
	}
}

/* Cancelled reservations leave no trace. */
static void
cancels(struct run *r, json_t *c, const char *script, unsigned reservations, uint64_t later_ns)
{
	uint64_t wait_ns, there = 0;
	struct tank t;

	tank_config(&t, (uint64_t)take_int(r, c, "rate_per_s"), SECOND_NS, (uint64_t)take_int(r, c, "burst"));
	take_words(r, c, "script", script);
	put_aside(r, c, "x_time_rate_gives");
	begin_step(r, "script");
	if (!tank_open(r, &t, EPOCH_NS))
		return;
	for (unsigned i = 0; i < reservations; i++)
		must(r, rheo_bucket_reserve(t.b, 1, EPOCH_NS, RHEO_FOREVER, &wait_ns) == RHEO_OK, "not reserved");
	for (unsigned i = 0; i < reservations; i++)
		must(r, rheo_bucket_refund(t.b, 1) == RHEO_OK, "not cancelled");
	rheo_bucket_available(t.b, EPOCH_NS + later_ns, &there);
	expect(r, "tokens", take_int(r, c, "strict_expect_tokens"), (int64_t)there);
	must(r, rheo_bucket_try_acquire_at(t.b, there, EPOCH_NS + later_ns) == RHEO_OK &&
			rheo_bucket_try_acquire_at(t.b, 1, EPOCH_NS + later_ns) == RHEO_REJ_RATE,
	     "what is available cannot be taken, or more can");
	tank_close(&t);
}

static void
cancel_of_immediate_reservation(struct run *r, json_t *c)
{
	cancels(r, c, "reserve(1) at t; cancel at t+1ns", 1, 1);
}

static void
cancel_chain_rounding(struct run *r, json_t *c)
{
	cancels(r, c, "three reserve(1) at t, cancelled in reverse order at t", 3, 0);
}

static void
uptime_epoch(struct run *r, json_t *c)
{
	uint64_t created_ns = (uint64_t)take_int(r, c, "clock_at_creation_s") * SECOND_NS;
	uint64_t tokens = 1, period_ns = SECOND_NS, wait_ns = RHEO_FOREVER;
	struct tank t;

	must(r, rate_of(need(r, c, "rate_per_s"), &tokens, &period_ns), "no rate");
	tank_config(&t, tokens, period_ns, (uint64_t)take_int(r, c, "burst"));
	take_words(r, c, "script", "first take of 1");
	take_words(r, c, "strict_expect", "allowed with no wait when created full");
	begin_step(r, "script");
	if (!tank_open(r, &t, created_ns))
		return;
	rheo_bucket_wait_ns(t.b, 1, created_ns, &wait_ns);
	expect(r, "wait", 0, (int64_t)wait_ns);
	expect(r, "first take", RHEO_OK, rheo_bucket_try_acquire_at(t.b, 1, created_ns));
	tank_close(&t);
}

/*
 * Saturates an empty bucket at a poll's period and holds the sum against
 * floor(rate * t) at every poll; the burst is what no poll can fill.
 */
static bool
is_exact(struct run *r, uint64_t tokens, uint64_t period_ns, uint64_t poll_ns, uint64_t polls)
{
	uint64_t total = 0, taken, earned = 0;
	struct tank t;
	bool exact = true;

	tank_config(&t, tokens, period_ns, poll_ns / period_ns * tokens + 2 * tokens + 2);
	t.cfg.flags = RHEO_BUCKET_START_EMPTY;
	if (!tank_open(r, &t, EPOCH_NS))
		return false;
	for (uint64_t k = 1; k <= polls && exact; k++) {
		rheo_bucket_acquire_upto(t.b, t.cfg.burst, EPOCH_NS + k * poll_ns, &taken);
		total += taken;
		earned = (uint64_t)((i128)tokens * k * poll_ns / period_ns);
		exact = total == earned;
	}
	must(r, exact, "%" PRIu64 " tokens of %" PRIu64 ", polled each %" PRIu64 " ns", total, earned, poll_ns);
	tank_close(&t);
	return exact;
}

/* [rate, interval others cut it to, rate that this makes]. */
static void
interval_quantisation(struct run *r, json_t *c)
{
	static const uint64_t poll_ns[] = {7, 333, 1000003, 123456789};
	json_t *rows = need(r, c, "rows_rate_interval_effective"), *row;
	size_t i;

	take_words(r, c, "strict_expect", "long-run admitted <= rate*t+burst exactly");
	json_array_foreach(rows, i, row) {
		int64_t rate = column_int(r, row, 3, 0), interval = column_int(r, row, 3, 1), singles = 0;
		int64_t effective = scaled(r, column(r, row, 3, 2), 10);
		struct tank t;

		begin_step(r, "rate %" PRId64, rate);
		if (rate < 1 || interval < 1) {
			fail(r, "no rate");
			continue;
		}
		must(r, interval == SECOND_NS / rate && effective == (10 * SECOND_NS + interval / 2) / interval,
		     "the row does not follow floor(1e9/rate)");
		for (size_t k = 0; k < sizeof poll_ns / sizeof poll_ns[0]; k++)
			expect(r, "exact", 1, is_exact(r, (uint64_t)rate, SECOND_NS, poll_ns[k], 200000));
		/* One at a time, asked each ns for 1 ms, as an interval limiter would be. */
		tank_config(&t, (uint64_t)rate, SECOND_NS, 10);
		if (!tank_open(r, &t, EPOCH_NS))
			return;
		for (uint64_t ns = 0; ns <= (uint64_t)MS_NS; ns++)
			singles += (int64_t)tank_drain(&t, 1, EPOCH_NS + ns);
		expect(r, "rate * t + burst", rate / 1000 + 10, singles);
		tank_close(&t);
	}
}

/* [per minute, what is left of it after nginx's rounding]: a year at three polling periods. */
static void
per_minute_truncation(struct run *r, json_t *c)
{
	static const uint64_t poll_s[] = {7, 601, 86399};
	json_t *rows = need(r, c, "rows_rpm_effective_rpm"), *row;
	size_t i;

	take_words(r, c, "strict_expect", "exact");
	json_array_foreach(rows, i, row) {
		int64_t rpm = column_int(r, row, 2, 0), effective = scaled(r, column(r, row, 2, 1), 100);

		begin_step(r, "%" PRId64 " per minute", rpm);
		must(r, rpm > 0 && effective == rpm * 1000 / 60 * 6, "the row does not follow floor(rpm*1000/60)");
		for (size_t k = 0; k < sizeof poll_s / sizeof poll_s[0] && rpm > 0; k++)
			expect(r, "exact", 1,
			       is_exact(r, (uint64_t)rpm, 60 * (uint64_t)SECOND_NS, poll_s[k] * SECOND_NS,
					31536000 / poll_s[k]));
	}
}

/* [poll in us, what others gain by it]. */
static void
poll_rounding(struct run *r, json_t *c)
{
	uint64_t rate = (uint64_t)take_int(r, c, "rate_per_s");
	json_t *rows = need(r, c, "rows_poll_us_gained"), *row;
	size_t i;

	take_words(r, c, "strict_expect",
		   "gains over N polls = floor(rate*elapsed) within 1 token whatever the polling period");
	json_array_foreach(rows, i, row) {
		uint64_t poll_ns = (uint64_t)scaled(r, column(r, row, 2, 0), 1000);

		begin_step(r, "poll each %" PRIu64 " ns", poll_ns);
		must(r, (uint64_t)column_int(r, row, 2, 1) == (rate * poll_ns + SECOND_NS / 2) / SECOND_NS,
		     "the row does not follow round(rate*poll)");
		expect(r, "exact", 1, is_exact(r, rate, SECOND_NS, poll_ns, 200000));
	}
}

static void
gcra_weight_overflow(struct run *r, json_t *c)
{
	uint64_t period_ns = (uint64_t)take_int(r, c, "period_s") * SECOND_NS, wait_ns = 0;
	uint64_t per = (uint64_t)take_int(r, c, "per_period"), n = (uint64_t)take_int(r, c, "n");
	struct tank t;

	take_words(r, c, "strict_expect", "denied (never), not allowed by a wrapped product");
	begin_step(r, "script");
	tank_config(&t, per, period_ns, per);
	if (!tank_open(r, &t, EPOCH_NS))
		return;
	expect(r, "try_acquire_at", RHEO_REJ_NEVER, rheo_bucket_try_acquire_at(t.b, n, EPOCH_NS));
	expect(r, "reserve", RHEO_REJ_NEVER,
	       rheo_bucket_reserve(t.b, n, EPOCH_NS, RHEO_FOREVER, &wait_ns));
	expect(r, "wait_ns", RHEO_REJ_NEVER, rheo_bucket_wait_ns(t.b, n, EPOCH_NS, &wait_ns));
	must(r, wait_ns == RHEO_FOREVER, "a wait of %" PRIu64, wait_ns);
	must(r, tank_level(r, &t, EPOCH_NS) == (int64_t)per, "the level has changed");
	tank_close(&t);
	/* With a burst as large the cost is possible, but its product does not fit 64 bits. */
	tank_config(&t, per, period_ns, n);
	t.cfg.flags = RHEO_BUCKET_START_EMPTY;
	if (!tank_open(r, &t, EPOCH_NS))
		return;
	must(r, rheo_bucket_try_acquire_at(t.b, n, EPOCH_NS) == RHEO_REJ_RATE, "admitted by an empty bucket");
	must(r, rheo_bucket_wait_ns(t.b, n, EPOCH_NS, &wait_ns) == RHEO_OK && wait_ns == RHEO_FOREVER,
	     "a wait of %" PRIu64 " where the product passes 64 bits", wait_ns);
	tank_close(&t);
}

/* A timer that asks rheo when to come next, and one that comes each ms, for 10 s. */
static void
sub_tick_period(struct run *r, json_t *c)
{
	uint64_t period_ns = (uint64_t)take_int(r, c, "period_us") * 1000, now_ns = EPOCH_NS;
	uint64_t delay_ns = 0, total = 0, turns = 0;
	struct tank t;

	take_words(r, c, "strict_expect", "refill continues; never silently stops");
	begin_step(r, "timer");
	tank_config(&t, 1, period_ns, 4);
	t.cfg.flags = RHEO_BUCKET_START_EMPTY;
	if (!tank_open(r, &t, now_ns))
		return;
	while (now_ns < EPOCH_NS + 10 * (uint64_t)SECOND_NS && turns++ < 1000000) {
		rheo_bucket_next_refill_ns(t.b, now_ns, &delay_ns);
		must(r, delay_ns > 0 && delay_ns <= period_ns, "the next refill is in %" PRIu64 " ns", delay_ns);
		now_ns += delay_ns;
		rheo_bucket_refill(t.b, now_ns);
		while (rheo_bucket_try_acquire(t.b, 1) == RHEO_OK)
			total++;
		if (total != (now_ns - EPOCH_NS) / period_ns)
			break;
	}
	expect(r, "tokens by the timer", (int64_t)((now_ns - EPOCH_NS) / period_ns), (int64_t)total);
	expect(r, "exact, polled each ms", 1, is_exact(r, 1, period_ns, (uint64_t)MS_NS, 10000));
	expect(r, "exact, polled each 333 ns", 1, is_exact(r, 1, period_ns, 333, 100000));
	tank_close(&t);
}

static const struct {
	const char *id;
	void (*replay)(struct run *r, json_t *c);
} cases[] = {
	{"out_of_order_stamps", out_of_order_stamps},
	{"out_of_order_stamps_fast", out_of_order_stamps},
	{"cancel_of_immediate_reservation", cancel_of_immediate_reservation},
	{"cancel_chain_rounding", cancel_chain_rounding},
	{"uptime_epoch", uptime_epoch},
	{"interval_quantisation", interval_quantisation},
	{"per_minute_truncation", per_minute_truncation},
	{"poll_rounding", poll_rounding},
	{"gcra_weight_overflow", gcra_weight_overflow},
	{"sub_tick_period", sub_tick_period},
};

void
replay_strict(struct run *r, json_t *c, unsigned pass)
{
	(void)pass;
	put_aside(r, c, "derived_from");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (strcmp(cases[i].id, r->id) == 0) {
			cases[i].replay(r, c);
			return;
		}
	fail(r, "no adapter for this case");
}
