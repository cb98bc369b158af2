/* SPDX-License-Identifier: BSD-2-Clause */

/* HALF_OPEN: permits, reports, time-outs. Begins OPEN since 0, over at 10; a probe has 100. */

#include "scenario.h"

static rheo_breaker_config_t cfg;
static rheo_breaker_t *b;

#define GENERATIONS 16u

static struct granted {
	uint64_t permit[EX_THREADS];
	unsigned in[GENERATIONS]; /* probes by generation */
	unsigned reported; /* with effect */
	bool asked; /* at 10, by somebody: so it is 10 */
} *granted;

static void
make(void)
{
	uint64_t permit[2];

	b = breaker_make(&cfg);
	granted = ex_memory(sizeof *granted);
	for (unsigned i = 0; i < 2; i++)
		rheo_breaker_try_acquire(b, 0, &permit[i]);
	for (unsigned i = 0; i < 2; i++)
		rheo_breaker_record(b, permit[i], RHEO_FAILURE, 0);
}

static void
setup(void)
{
	cfg = breaker_small();
	make();
}

static void
setup_two(void)
{
	cfg = breaker_small();
	cfg.half_open_calls = 2;
	make();
}

/* Probing since 10, with one permit out, which thread 0 holds. */
static void
take_probe(unsigned thread, uint64_t now_ns)
{
	uint64_t generation;
	uint32_t probe;

	if (rheo_breaker_try_acquire(b, now_ns, &granted->permit[thread]) != RHEO_OK)
		return;
	rheo_breaker_permit(b, granted->permit[thread], &generation, &probe);
	EX_CHECK(probe || generation >= 3, "admitted in generation %llu", (unsigned long long)generation);
	granted->in[generation % GENERATIONS] += probe;
}

static void
setup_probing(void)
{
	setup();
	take_probe(0, 10);
	granted->permit[1] = granted->permit[2] = granted->permit[0];
}

static void
setup_probing_two(void)
{
	setup_two();
	take_probe(0, 10);
	take_probe(1, 10);
}

/* One of two permits out. */
static void
setup_probing_one_of_two(void)
{
	setup_two();
	take_probe(0, 10);
}

/* Reopened it stays open for longer each time. */
static void
setup_probing_backoff(void)
{
	cfg = breaker_small();
	cfg.open_backoff_bp = 10000;
	make();
	take_probe(1, 10);
}

/* Probing since 10, and nobody has a permit yet. */
static void
setup_half_open(void)
{
	setup();
	rheo_breaker_tick(b, 10, NULL);
}

static void
setup_probing_cancels(void)
{
	cfg = breaker_small();
	cfg.flags = RHEO_BREAKER_PROBE_TIMEOUT_CANCELS;
	make();
	take_probe(0, 10);
}

static void
acquire_at_10(void)
{
	granted->asked = true;
	take_probe(ex_self(), 10);
}

static void
acquire_at_9_then_11(void)
{
	uint64_t permit;

	EX_CHECK(rheo_breaker_try_acquire(b, 9, &permit) != RHEO_OK || granted->asked, "admitted before its time");
	take_probe(ex_self(), 11);
}

static void
acquire_at_112(void)
{
	take_probe(ex_self(), 112);
}

static void
report(uint32_t outcome, uint64_t now_ns)
{
	if (granted->permit[ex_self()] != RHEO_PERMIT_NONE)
		granted->reported +=
			rheo_breaker_record(b, granted->permit[ex_self()], outcome, now_ns) == RHEO_OK;
}

static void
report_success(void)
{
	report(RHEO_SUCCESS, 20);
}

static void
report_failure(void)
{
	report(RHEO_FAILURE, 20);
}

static void
report_late(void)
{
	report(RHEO_SUCCESS, 109);
}

static void
cancel(void)
{
	rheo_breaker_cancel(b, granted->permit[ex_self()], 20);
}

static void
probe_and_succeed(void)
{
	take_probe(ex_self(), 10);
	report(RHEO_SUCCESS, 12);
}

static void
probe_and_fail(void)
{
	take_probe(ex_self(), 10);
	report(RHEO_FAILURE, 12);
}

/* So much later that who slept since 10 takes the new deadline for one that cannot be. */
static void
probe_and_fail_much_later(void)
{
	take_probe(ex_self(), 500);
	report(RHEO_FAILURE, 501);
}

static void
tick_late(void)
{
	rheo_breaker_tick(b, 115, NULL);
}

static void
tick_at_10(void)
{
	rheo_breaker_tick(b, 10, NULL);
}

/* Reopened, and probing again by rules of two probes: one of them has failed. */
static void
fail_then_fail_one_of_two(void)
{
	rheo_breaker_config_t c = cfg;

	report(RHEO_FAILURE, 20);
	c.half_open_calls = 2;
	c.half_open_failures = 2;
	rheo_breaker_reconfigure(b, &c, 20);
	take_probe(ex_self(), 40);
	report(RHEO_FAILURE, 41);
}

static void
tick_at_20(void)
{
	rheo_breaker_tick(b, 20, NULL);
}

/* The open time that its failure begins is over at 30. */
static void
fail_then_acquire_at_30(void)
{
	report(RHEO_FAILURE, 20);
	take_probe(ex_self(), 30);
}

static void
acquire_at_29(void)
{
	take_probe(ex_self(), 29);
}

static void
acquire_at_108(void)
{
	take_probe(ex_self(), 108);
}

static void
acquire_at_300(void)
{
	take_probe(ex_self(), 300);
}

static void
tick_at_109(void)
{
	rheo_breaker_tick(b, 109, NULL);
}

/* Who sees the permit of 300 issued knows of that time; who does not may have it. */
static void
check_wait_from_11(uint64_t delay_ns)
{
	EX_CHECK(delay_ns == 0 || delay_ns == 389, "%llu ns to wait from 11", (unsigned long long)delay_ns);
}

static void
ask_at_11(void)
{
	uint64_t delay_ns = 1;

	rheo_breaker_retry_after_ns(b, 11, &delay_ns);
	check_wait_from_11(delay_ns);
}

static void
look_at_11(void)
{
	rheo_breaker_snapshot_t s;

	rheo_breaker_snapshot(b, 11, &s, sizeof s);
	check_wait_from_11(s.retry_after_ns);
}

static void
cancel_then_acquire_at_300(void)
{
	if (rheo_breaker_cancel(b, granted->permit[ex_self()], 20) == RHEO_OK)
		granted->in[2]--;
	take_probe(ex_self(), 300);
}

/* Nobody's time is over before 110, that of the permit of 10. */
static void
ask_at_50(void)
{
	uint64_t delay_ns = 1;

	rheo_breaker_retry_after_ns(b, 50, &delay_ns);
	EX_CHECK(delay_ns == 0 || delay_ns >= 60, "%llu ns to wait from 50", (unsigned long long)delay_ns);
}

static void
cancel_then_acquire_then_tick(void)
{
	if (rheo_breaker_cancel(b, granted->permit[ex_self()], 20) == RHEO_OK)
		granted->in[2]--;
	take_probe(ex_self(), 30);
	rheo_breaker_tick(b, 115, NULL);
}

/* Who knows that it is 115 knows that the permit that would be late was given back: nothing follows from it at 120. */
static void
ask_early(void)
{
	uint64_t delay_ns = 1;

	rheo_breaker_retry_after_ns(b, 50, &delay_ns);
	EX_CHECK(delay_ns != 70, "as if a permit that was given back were late");
}

/* Who got the permit that was given back finds none out but its own. */
static void
acquire_then_ask_at_30(void)
{
	uint64_t permit, delay_ns = 0;

	if (rheo_breaker_try_acquire(b, 30, &permit) != RHEO_OK)
		return;
	rheo_breaker_retry_after_ns(b, 30, &delay_ns);
	EX_CHECK(delay_ns == 100, "%llu ns to wait for a probe of 100", (unsigned long long)delay_ns);
}

static void
acquire_at_11(void)
{
	take_probe(ex_self(), 11);
}

static void
acquire_at_300_and_succeed(void)
{
	take_probe(ex_self(), 300);
	report(RHEO_SUCCESS, 301);
}

/* Nobody forced it open. */
static void
ask_at_20(void)
{
	uint64_t delay_ns = RHEO_FOREVER;

	rheo_breaker_retry_after_ns(b, 20, &delay_ns);
	EX_CHECK(delay_ns != RHEO_FOREVER, "never to ask again");
}

static void
tick_while_it_fails(void)
{
	uint64_t next_ns = RHEO_FOREVER;

	rheo_breaker_tick(b, 20, &next_ns);
	EX_CHECK(next_ns != RHEO_FOREVER, "never to tick again");
}

/* As a probe or, where it was reset, as any other. */
static void
ask_at_10(void)
{
	rheo_breaker_try_acquire(b, 10, &granted->permit[ex_self()]);
}

/* Its report counts, whoever slept since an earlier generation began. */
static void
reset_then_probe_again(void)
{
	uint64_t permit[2], generation;
	uint32_t state;

	rheo_breaker_reset(b, 15);
	for (unsigned i = 0; i < 2; i++)
		rheo_breaker_try_acquire(b, 15, &permit[i]);
	for (unsigned i = 0; i < 2; i++)
		rheo_breaker_record(b, permit[i], RHEO_FAILURE, 15);
	take_probe(ex_self(), 40);
	if (granted->permit[ex_self()] == RHEO_PERMIT_NONE)
		return;
	report(RHEO_SUCCESS, 41);
	rheo_breaker_permit(b, granted->permit[ex_self()], &generation, NULL);
	rheo_breaker_state(b, &state, NULL);
	EX_CHECK(granted->reported == 1 && state == RHEO_CLOSED, "a report in time of a permit of generation %llu had no effect",
		 (unsigned long long)generation);
}

static void
reset(void)
{
	rheo_breaker_reset(b, 15);
}

static void
finish_at(uint64_t now_ns)
{
	for (unsigned g = 0; g < GENERATIONS; g++)
		EX_CHECK(granted->in[g] <= cfg.half_open_calls, "P9: %u probes in generation %u", granted->in[g], g);
	breaker_check_events(b);
	breaker_check_not_stuck(b, &cfg, now_ns);
}

static void
finish(void)
{
	finish_at(200);
}

static void
finish_half_open(void)
{
	uint32_t state;

	rheo_breaker_state(b, &state, NULL);
	EX_CHECK(state == RHEO_HALF_OPEN, "%s, and no probe is late", rheo_state_name(state));
	finish();
}

/* Who goes by the rules of one probe reopens it once more. */
static void
finish_level(void)
{
	rheo_breaker_snapshot_t s;

	rheo_breaker_snapshot(b, 41, &s, sizeof s);
	EX_CHECK(s.backoff_level == (s.generation < 5 ? 1 : 2), "reopened %u times in generation %llu", s.backoff_level,
		 (unsigned long long)s.generation);
}

/* Nobody else reports, and it did so in time. */
static void
finish_reported(void)
{
	EX_CHECK(granted->permit[0] == RHEO_PERMIT_NONE || granted->reported == 1, "a probe of 1 ns was given up");
	finish_at(600);
}

static void
finish_later(void)
{
	finish_at(600);
}

static void
finish_one_report(void)
{
	uint32_t state;

	rheo_breaker_state(b, &state, NULL);
	EX_CHECK(granted->reported == 1 && state == RHEO_CLOSED, "P9: %u reports had effect, %s", granted->reported,
		 rheo_state_name(state));
	finish();
}

/* Two probes out; both threads hold the first one's permit. */
static void
setup_one_of_two(void)
{
	setup_probing_two();
	granted->permit[1] = granted->permit[0];
}

static void
finish_one_of_two(void)
{
	uint32_t state;

	rheo_breaker_state(b, &state, NULL);
	EX_CHECK(granted->reported == 1 && state == RHEO_HALF_OPEN, "P9: %u reports had effect, %s", granted->reported,
		 rheo_state_name(state));
	finish();
}

static void
finish_closed(void)
{
	uint32_t state;

	rheo_breaker_state(b, &state, NULL);
	EX_CHECK(state == RHEO_CLOSED, "%s after two successes", rheo_state_name(state));
	finish();
}

const struct ex_scenario probe_scenarios[] = {
	{"probe.two_ask", 2, 0, 0, setup, {acquire_at_10, acquire_at_10}, finish},
	{"probe.three_ask", 3, 0, 0, setup, {acquire_at_10, acquire_at_10, acquire_at_10}, finish},
	{"probe.three_ask_for_two", 3, 0, 0, setup_two, {acquire_at_10, acquire_at_10, acquire_at_10}, finish},
	{"probe.early", 2, 0, 0, setup, {acquire_at_9_then_11, acquire_at_10}, finish},
	{"probe.ask_tick", 2, 0, 0, setup, {acquire_at_10, tick_at_10}, finish},
	{"probe.reported_three_times", 3, 0, 0, setup_probing, {report_success, report_success, report_success}, finish_one_report},
	{"probe.reported_both_ways", 2, 0, 0, setup_probing, {report_success, report_failure}, finish},
	{"probe.report_cancel", 2, 0, 0, setup_probing, {report_success, cancel}, finish},
	{"probe.report_ask", 2, 0, 0, setup_probing, {report_success, acquire_at_10}, finish},
	{"probe.report_expire", 2, 0, 0, setup_probing, {report_late, tick_late}, finish},
	{"probe.report_expire_ask", 3, 0, 0, setup_probing, {report_late, tick_late, acquire_at_112}, finish},
	{"probe.expire_cancels", 2, 0, 0, setup_probing_cancels, {report_late, acquire_at_112}, finish},
	{"probe.ask_expire", 2, 0, 0, setup_probing_one_of_two, {acquire_at_108, tick_at_109}, finish_half_open},
	{"probe.early_again", 2, 0, 0, setup_probing, {acquire_at_29, fail_then_acquire_at_30}, finish},
	{"probe.ask_wait", 2, 0, 0, setup_half_open, {acquire_at_300, ask_at_11}, finish_later},
	{"probe.ask_look", 2, 0, 0, setup_half_open, {acquire_at_300, look_at_11}, finish_later},
	{"probe.cancel_ask_wait", 2, 0, 0, setup_probing, {cancel_then_acquire_at_300, ask_at_50}, finish_later},
	{"probe.cancel_tick_wait", 2, 0, 0, setup_probing, {cancel_then_acquire_then_tick, ask_early}, finish},
	{"probe.sleeper_since_it_began", 2, 0, 2, setup, {ask_at_10, reset_then_probe_again}, finish},
	{"probe.success_wait", 2, 0, 0, setup_probing, {report_success, ask_at_20}, finish},
	{"probe.failure_wait", 2, 0, 0, setup_probing, {report_failure, ask_at_20}, finish},
	{"probe.cancel_wait_at_once", 2, 0, 0, setup_probing, {cancel, ask_at_20}, finish},
	{"probe.failure_tick", 2, 0, 0, setup_probing, {report_failure, tick_while_it_fails}, finish},
	{"probe.two_clocks", 2, 0, 0, setup_half_open, {acquire_at_300_and_succeed, acquire_at_11}, finish_reported},
	{"probe.cancel_wait", 2, 0, 0, setup_probing, {cancel, acquire_then_ask_at_30}, finish},
	{"probe.tick_reopens_again", 2, 0, 1, setup_probing_backoff, {tick_at_20, fail_then_fail_one_of_two}, finish_level},
	{"probe.report_reset", 2, 0, 0, setup_probing, {report_failure, reset}, finish},
	{"probe.one_of_two_reported_twice", 2, 0, 0, setup_one_of_two, {report_success, report_success}, finish_one_of_two},
	{"probe.two_succeed", 2, 0, 0, setup_probing_two, {report_success, report_success}, finish_closed},
	{"probe.two_report", 2, 0, 0, setup_probing_two, {report_success, report_failure}, finish},
	{"probe.two_report_ask", 3, 0, 0, setup_probing_two, {report_success, report_success, acquire_at_10}, finish},
	{"probe.whole_probes", 2, 0, 0, setup_two, {probe_and_succeed, probe_and_fail}, finish},
	{"probe.sleeper", 2, 0, 0, setup, {acquire_at_10, probe_and_fail_much_later}, finish_later},
	{"probe.prober_dies", 2, EX_MORTAL(0), 0, setup, {probe_and_succeed, acquire_at_10}, finish},
	{"probe.prober_dies_late", 2, EX_MORTAL(0), 0, setup_two, {probe_and_fail, acquire_at_112}, finish},
	{"probe.expirer_dies", 2, EX_MORTAL(1), 0, setup_probing, {report_late, tick_late}, finish},
	{0},
};
