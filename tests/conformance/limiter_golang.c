/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * golang.org/x/time/rate.
 *
 *	AllowN(t, n)          rheo_bucket_try_acquire_at; n = 0, which rheo refuses
 *	                      as a cost, is a look at the level
 *	ReserveN(t, n)        rheo_bucket_reserve with any wait and debt; the time
 *	                      to act is t + wait
 *	Reservation.CancelAt  rheo_bucket_refund, while it is not yet due
 *	SetLimitAt, SetBurstAt  rheo_bucket_reconfigure, KEEP
 *	TokensAt              the level, below 0 in debt
 *
 * Two rules differ, so each step is worked out on paper by both (tank.h): the
 * file must say what x/time/rate does, rheo must do the strict thing.
 *
 *  - After a step back in time x/time earns the interval once more; for rheo
 *    time stands still.
 *  - A cancelled reservation gives back what was reserved, less what was
 *    reserved after it; rheo gives back all of it (P4).
 *
 * Pass 0 publishes each time it passes through the hook, as a service with a
 * timer does. Pass 1 never calls the hook: each request has only its own time,
 * of which rheo remembers, for P6, what has earned a 64th of the burst and at
 * least a token; no case steps back by less.
 */

#include "tank.h"

#include <string.h>

#define MAX_BOOKED 16

static const char clock_back[] =
	"after a step back in time x/time/rate earns the interval again; for rheo time stands still (P6)";
static const char partial_cancel[] =
	"x/time/rate holds back, of a cancelled reservation, what was reserved after it; rheo cancels exactly (P4)";

struct booked {
	const char *id;
	i128 n;
	i128 token_ns; /* when it was made */
	bool lax_ok, ours_ok;
	i128 lax_due, ours_due;
};

struct golang {
	struct run *r;
	struct tank tank;
	struct paper lax, ours;
	i128 last_event_ns; /* x/time's: when the latest reservation falls due */
	struct booked booked[MAX_BOOKED];
	unsigned bookings;
	bool hook;
	uint64_t latest_ns;
	const char *why; /* the first reason for a difference */
};

static int64_t
level(struct golang *g, uint64_t t)
{
	return g->hook ? tank_level(g->r, &g->tank, t) : tank_peek(g->r, &g->tank, t);
}

/* AllowN. */
static void
allow(struct golang *g, json_t *s, uint64_t t)
{
	struct run *r = g->r;
	int64_t n = take_int(r, s, "n");
	bool file = take_bool(r, s, "expect"), got, lax, ours;
	json_t *before = take(r, s, "tokens_before");
	uint64_t wait_ns = 0;
	i128 due;
	int32_t st;

	if (before != NULL && !json_is_integer(before))
		fail(r, "tokens_before is not an integer");
	if (before != NULL)
		expect_by_rule(r, "tokens before", json_integer_value(before), paper_level(&g->lax, t),
			       level(g, t), paper_level(&g->ours, t), g->why);
	if (n == 0) {
		st = rheo_bucket_try_acquire_at(g->tank.b, 0, t);
		must(r, st == RHEO_ERR_INVAL, "a cost of 0 gives %s", rheo_status_name(st));
		expect_by_rule(r, "allow 0", file, paper_level(&g->lax, t) >= 0, level(g, t) >= 0,
			       paper_level(&g->ours, t) >= 0, g->why);
		return;
	}
	rheo_bucket_wait_ns(g->tank.b, (uint64_t)n, t, &wait_ns);
	st = rheo_bucket_try_acquire_at(g->tank.b, (uint64_t)n, t);
	got = st == RHEO_OK;
	must(r, got || st == ((uint64_t)n > g->tank.cfg.burst ? RHEO_REJ_NEVER : RHEO_REJ_RATE),
	     "refused with %s", rheo_status_name(st));
	must(r, got == (wait_ns == 0), "wait_ns said %llu", (unsigned long long)wait_ns);
	lax = paper_take(&g->lax, t, n, 0, &due);
	if (lax)
		g->last_event_ns = due;
	ours = paper_level(&g->ours, t) >= n;
	if (ours)
		ours = paper_take(&g->ours, t, n, -1, &due);
	expect_by_rule(r, "allow", file, lax, got, ours, g->why);
}

/* ReserveN. */
static void
reserve(struct golang *g, json_t *s, uint64_t t)
{
	struct run *r = g->r;
	int64_t n = take_int(r, s, "n"), max = take_int_or(r, s, "max_wait", -1);
	bool file = take_bool(r, s, "expect_ok"), got;
	json_t *act = need(r, s, "expect_act_t"), *id = take(r, s, "id");
	struct booked *b = &g->booked[g->bookings];
	uint64_t wait_ns = 0;
	int32_t st;

	st = rheo_bucket_reserve(g->tank.b, (uint64_t)n, t, max < 0 ? RHEO_FOREVER : (uint64_t)max,
				 &wait_ns);
	got = st == RHEO_OK;
	must(r, got || st == ((uint64_t)n > g->tank.cfg.burst ? RHEO_REJ_NEVER : RHEO_REJ_RATE),
	     "refused with %s", rheo_status_name(st));
	must(r, st != RHEO_REJ_RATE || (max >= 0 && wait_ns > (uint64_t)max), "refused for a wait of %llu",
	     (unsigned long long)wait_ns);
	b->id = json_string_value(id);
	b->n = n;
	b->token_ns = g->lax.token_ns;
	b->lax_ok = paper_take(&g->lax, t, n, max, &b->lax_due);
	b->ours_ok = paper_take(&g->ours, t, n, max, &b->ours_due);
	if (b->lax_ok)
		g->last_event_ns = b->lax_due;
	expect_by_rule(r, "reserve", file, b->lax_ok, got, b->ours_ok, g->why);
	if (!file)
		must(r, json_is_null(act), "a time to act on a reservation that is refused");
	else if (!json_is_integer(act))
		fail(r, "expect_act_t is not an integer");
	else if (got && b->lax_ok && b->ours_ok)
		expect_by_rule(r, "time to act", json_integer_value(act), (int64_t)b->lax_due,
			       (int64_t)(t + wait_ns), (int64_t)b->ours_due, g->why);
	if (b->id == NULL)
		return;
	if (g->bookings + 1 < MAX_BOOKED)
		g->bookings++;
	else
		fail(r, "too many reservations");
}

/* What x/time/rate gives back, in its own arithmetic. */
static void
lax_cancel(struct golang *g, const struct booked *b, i128 t)
{
	i128 later_ns = g->last_event_ns - b->lax_due;
	i128 back_ns = b->n * b->token_ns - later_ns;

	if (!b->lax_ok || b->lax_due < t || back_ns <= 0)
		return;
	must(g->r, back_ns * g->lax.token_ns % b->token_ns == 0, "cancel: not a whole number of ns");
	paper_at(&g->lax, t);
	paper_give(&g->lax, back_ns * g->lax.token_ns / b->token_ns);
	if (later_ns == 0 && b->lax_due - b->n * b->token_ns >= t)
		g->last_event_ns = b->lax_due - b->n * b->token_ns;
}

static void
cancel(struct golang *g, json_t *s, uint64_t t)
{
	const char *id = take_text(g->r, s, "id");
	int32_t st;

	for (unsigned i = 0; i < g->bookings; i++) {
		struct booked *b = &g->booked[i];

		if (strcmp(b->id, id) != 0)
			continue;
		if (b->lax_ok && b->lax_due >= (i128)t && g->last_event_ns != b->lax_due && g->why == NULL)
			g->why = partial_cancel;
		lax_cancel(g, b, t);
		if (b->ours_ok && b->ours_due >= (i128)t) {
			st = rheo_bucket_refund(g->tank.b, (uint64_t)b->n);
			must(g->r, st == RHEO_OK, "refund: %s", rheo_status_name(st));
			paper_at(&g->ours, t);
			paper_give(&g->ours, b->n * g->ours.token_ns);
		}
		return;
	}
	fail(g->r, "nothing is reserved by the name of %s", id);
}

static bool
set_rate(struct golang *g, const json_t *rate)
{
	rheo_bucket_config_t *cfg = &g->tank.cfg;

	if (json_is_integer(rate) && json_integer_value(rate) == 0) {
		cfg->tokens_per_period = 1;
		cfg->period_ns = UINT64_MAX;
		mapped(g->r, "a rate of 0 is taken as rheo's slowest, a token in 2^64 - 1 ns (584 years)");
	} else if (!rate_of(rate, &cfg->tokens_per_period, &cfg->period_ns)) {
		fail(g->r, "rate_per_s is no rate");
		return false;
	}
	if (json_is_real(rate))
		mapped(g->r, "%.17g/s is taken as %llu in %llu ns", json_real_value(rate),
		       (unsigned long long)cfg->tokens_per_period, (unsigned long long)cfg->period_ns);
	return true;
}

static void
reconfigure(struct golang *g, uint64_t t)
{
	int32_t st = rheo_bucket_reconfigure(g->tank.b, &g->tank.cfg, t, RHEO_BUCKET_KEEP);

	must(g->r, st == RHEO_OK, "reconfigure: %s", rheo_status_name(st));
	paper_rate(g->r, &g->lax, &g->tank.cfg, t);
	paper_rate(g->r, &g->ours, &g->tank.cfg, t);
}

static void
step(struct golang *g, json_t *s, const char *op)
{
	struct run *r = g->r;
	uint64_t t = (uint64_t)take_int(r, s, "t");

	if (t < g->latest_ns && g->why == NULL)
		g->why = clock_back;
	g->latest_ns = t > g->latest_ns ? t : g->latest_ns;
	if (g->hook)
		rheo_bucket_refill(g->tank.b, t);
	if (strcmp(op, "allow") == 0) {
		allow(g, s, t);
	} else if (strcmp(op, "reserve") == 0) {
		reserve(g, s, t);
	} else if (strcmp(op, "cancel") == 0) {
		cancel(g, s, t);
	} else if (strcmp(op, "set_rate") == 0) {
		if (set_rate(g, need(r, s, "rate_per_s")))
			reconfigure(g, t);
	} else if (strcmp(op, "set_burst") == 0) {
		g->tank.cfg.burst = (uint64_t)take_int(r, s, "burst");
		reconfigure(g, t);
	} else {
		fail(r, "op \"%s\" is not known", op);
	}
}

/* An infinite rate, which lets everything pass whatever the burst. */
static void
no_limit(struct run *r, json_t *c, const struct tank *t)
{
	json_t *steps = need(r, c, "steps"), *s;
	size_t i;

	take_words(r, c, "rate_per_s", "inf");
	must(r, rheo_bucket_config_check(&t->cfg) == RHEO_ERR_INVAL, "rheo takes a burst of 0");
	json_array_foreach(steps, i, s) {
		take_words(r, s, "op", "reserve");
		must(r, take_int(r, s, "n") > 0 && take_bool(r, s, "expect_ok") &&
				take_int(r, s, "expect_act_t") == take_int(r, s, "t"),
		     "refused, or told to wait, without a limit");
		nothing_left(r, s);
	}
	not_applicable(r, "rheo has no infinite rate and refuses a burst of 0: who has no limit asks no bucket");
}

void
replay_golang(struct run *r, json_t *c, unsigned pass)
{
	struct golang g = {.r = r, .hook = pass == 0};
	json_t *rate = json_object_get(c, "rate_per_s"), *steps = json_object_get(c, "steps"), *s;
	size_t i;

	if (json_object_get(c, "property") != NULL) {
		replay_golang_property(r, c, pass);
		return;
	}
	if (json_object_get(c, "kind") != NULL) {
		replay_golang_intervals(r, c, pass);
		return;
	}
	put_aside(r, c, "note");
	tank_config(&g.tank, 1, SECOND_NS, (uint64_t)take_int(r, c, "burst"));
	if (is_words(rate, "inf") && g.tank.cfg.burst == 0) {
		no_limit(r, c, &g.tank);
		return;
	}
	need(r, c, "rate_per_s");
	need(r, c, "steps");
	if (!set_rate(&g, rate) || !tank_open(r, &g.tank, 0))
		return;
	if (paper_make(r, &g.lax, &g.tank.cfg, 0, false) && paper_make(r, &g.ours, &g.tank.cfg, 0, true))
		json_array_foreach(steps, i, s) {
			const char *op = take_text(r, s, "op");

			begin_step(r, "step %zu (%s)", i + 1, op);
			step(&g, s, op);
			nothing_left(r, s);
		}
	tank_close(&g.tank);
}
