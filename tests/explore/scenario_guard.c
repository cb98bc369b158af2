/* SPDX-License-Identifier: BSD-2-Clause */

/* Guards: all or nothing, and nothing leaked. Also attach, which only looks. */

#include "scenario.h"

static rheo_breaker_config_t cfg;
static rheo_breaker_t *b;
static rheo_guard_t *guard;
static struct tank plenty, scarce;

static struct verdicts {
	unsigned admitted, by_breaker, by_scarce;
} *v;

static void
make(uint64_t scarce_burst)
{
	rheo_guard_config_t g;
	uint64_t size;

	rheo_guard_config_init(&g, sizeof g);
	plenty = tank_make(8, 1, 0, 0);
	scarce = tank_make(scarce_burst, 1, 0, 0);
	v = ex_memory(sizeof *v);
	g.breaker = b;
	g.bucket[0] = plenty.b;
	g.bucket[1] = scarce.b;
	g.lanes = 1;
	size = rheo_guard_size(&g);
	rheo_guard_init(ex_memory(size), size, &g, 0, &guard);
}

static void
setup_closed(void)
{
	cfg = breaker_small();
	b = breaker_make(&cfg);
	make(1);
}

/* OPEN until 10: the first to come is a probe, and there is one. */
static void
setup_open(void)
{
	setup_closed();
	rheo_breaker_force(b, RHEO_FORCED_OPEN, 0);
	rheo_breaker_force(b, RHEO_AUTO, 0);
}

static void
setup_open_and_dry(void)
{
	setup_open();
	rheo_bucket_try_acquire(scarce.b, 1);
}

static void
ask(void)
{
	rheo_verdict_t verdict;
	int32_t st = rheo_guard_try_acquire(guard, 1, 0, &verdict);

	v->admitted += st == RHEO_OK;
	v->by_breaker += verdict.refused_by == RHEO_BY_BREAKER;
	v->by_scarce += verdict.refused_by == RHEO_BY_BUCKET + 1;
	EX_CHECK(verdict.status == st, "the verdict says %s", rheo_status_name(verdict.status));
}

static void
ask_and_record(void)
{
	rheo_verdict_t verdict;

	if (rheo_guard_try_acquire(guard, 1, 0, &verdict) == RHEO_OK) {
		v->admitted++;
		rheo_guard_record(guard, verdict.permit, RHEO_SUCCESS, 1);
	}
}

static void
ask_and_cancel(void)
{
	rheo_verdict_t verdict;

	if (rheo_guard_try_acquire(guard, 1, 0, &verdict) == RHEO_OK)
		rheo_guard_cancel(guard, verdict.permit, verdict.cost, 0);
}

static uint64_t
left_in(const struct tank *t)
{
	uint64_t tokens;

	rheo_bucket_available(t->b, 0, &tokens);
	return tokens;
}

/* What refusals took has been given back. */
static void
finish(void)
{
	EX_CHECK(left_in(&plenty) == 8 - v->admitted, "P3: %llu left of 8 after %u admissions",
		 (unsigned long long)left_in(&plenty), v->admitted);
	breaker_check_events(b);
	breaker_check_not_stuck(b, &cfg, 0);
}

static void
finish_one_admitted(void)
{
	EX_CHECK(v->admitted == 1 && left_in(&scarce) == 0, "%u admitted, %llu left of 1", v->admitted,
		 (unsigned long long)left_in(&scarce));
	finish();
}

/* No token there: every probe has come back, so one can be had once there is. */
static void
finish_no_probe_leaked(void)
{
	rheo_breaker_snapshot_t s;

	rheo_breaker_snapshot(b, 0, &s, sizeof s);
	EX_CHECK(v->admitted == 0 && s.probes_issued == 0, "P3: %u admitted without a token, %u probes out", v->admitted,
		 s.probes_issued);
	finish();
}

/* Fewer lanes than CPUs: they are nobody's own. */
static void
setup_two_cpus(void)
{
	setup_closed();
	ex_set_cpu(0, 0);
	ex_set_cpu(1, 1);
}

static void
give_up_twice(void)
{
	for (unsigned i = 0; i < 2; i++)
		rheo_guard_cancel(guard, RHEO_PERMIT_NONE, 0, 0);
}

static void
finish_counted(void)
{
	rheo_guard_stats_t s;

	rheo_guard_stats(guard, &s, sizeof s);
	EX_CHECK(s.cancelled == 4, "P15: %llu of 4 counted", (unsigned long long)s.cancelled);
}

static void
attach(void)
{
	rheo_bucket_t *same = NULL;
	void *mem = (void *)((uintptr_t)scarce.b & ~(uintptr_t)127);

	EX_CHECK(rheo_bucket_attach(mem, 1 << 20, &same) == RHEO_OK && same == scarce.b, "attach does not find it");
}

const struct ex_scenario guard_scenarios[] = {
	{"guard.one_token_for_two", 2, 0, 0, setup_closed, {ask, ask}, finish},
	{"guard.one_token_for_three", 3, 0, 0, setup_closed, {ask, ask, ask}, finish},
	{"guard.one_probe_for_two", 2, 0, 0, setup_open, {ask_and_record, ask_and_record}, finish},
	{"guard.probe_without_token", 2, 0, 0, setup_open_and_dry, {ask, ask}, finish_no_probe_leaked},
	{"guard.cancel", 2, 0, 0, setup_closed, {ask_and_cancel, ask}, finish},
	{"guard.cancel_probe", 2, 0, 0, setup_open, {ask_and_cancel, ask_and_record}, finish},
	{"guard.count", 2, EX_OWN, 0, setup_two_cpus, {give_up_twice, give_up_twice}, finish_counted},
	{"guard.attach", 2, 0, 0, setup_closed, {ask, attach}, finish_one_admitted},
	{0},
};
