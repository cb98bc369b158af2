/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What a step of a breaker case does.
 *
 *	call          rheo_breaker_try_acquire and rheo_breaker_record at once
 *	begin, end    the same apart, by name; "S1..S5" is five of them
 *	acquire, record, release   the same without names: the latest is meant.
 *	              record with a duration began that much earlier; without an
 *	              acquire before it, it asks itself
 *	outcome       ok SUCCESS, fail FAILURE; excluded and ignored are IGNORED in
 *	              CLOSED and a cancel of a probe, for these dialects give its
 *	              permit to the next
 *	trip          calls that fail until it opens
 *	force         open: as trip; half_open: FORCED_OPEN, AUTO, tick;
 *	              forced_open, isolated: FORCED_OPEN; closed: reset
 */

#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t
outcome_of(struct rig *g, const char *name)
{
	if (strcmp(name, "ok") == 0 || strcmp(name, "slow_ok") == 0)
		return RHEO_SUCCESS;
	if (strcmp(name, "fail") == 0 || strcmp(name, "slow_fail") == 0)
		return RHEO_FAILURE;
	must(g->r, strcmp(name, "excluded") == 0 || strcmp(name, "ignored") == 0,
	     "outcome \"%s\" is not known", name);
	return RHEO_IGNORED;
}

/* Reports a permit; `slice` is that of its beginning. */
static int32_t
report(struct rig *g, uint64_t permit, uint32_t outcome, uint64_t slice)
{
	uint32_t probe = 0, state = RHEO_OPEN;
	uint64_t generation = 0;
	bool late;
	int32_t st;

	rheo_breaker_permit(g->b, permit, &generation, &probe);
	rheo_breaker_state(g->b, &state, NULL);
	late = g->dialect == GOBREAKER && g->cfg.window_slices == 1 && slice < rig_slice(g);
	if (outcome == RHEO_IGNORED && probe) {
		st = rheo_breaker_cancel(g->b, permit, g->now_ns);
		g->given_back += st == RHEO_OK;
		return st;
	}
	st = rheo_breaker_record(g->b, permit, outcome, g->now_ns);
	must(g->r, permit == RHEO_PERMIT_NONE || generation == g->generation || st == RHEO_STALE,
	     "a report of an earlier generation gives %s", rheo_status_name(st));
	if (st != RHEO_OK || permit == RHEO_PERMIT_NONE || outcome == RHEO_IGNORED)
		return st;
	g->late_ok += late && outcome == RHEO_SUCCESS;
	g->late_failed += late && outcome == RHEO_FAILURE;
	if (g->dialect == R4J && g->probing) {
		g->probe_ok += outcome == RHEO_SUCCESS;
		g->probe_failed += outcome == RHEO_FAILURE;
		g->extra_ok += state == RHEO_CLOSED && outcome == RHEO_SUCCESS;
		g->extra_failed += state == RHEO_CLOSED && outcome == RHEO_FAILURE;
		g->probing = g->probe_ok + g->probe_failed < g->cfg.half_open_calls;
	}
	return st;
}

static void
expect_admitted(struct rig *g, const json_t *admitted, int32_t st)
{
	if (admitted == NULL)
		return;
	if (!json_is_boolean(admitted))
		fail(g->r, "whether admitted is neither true nor false");
	expect(g->r, "admitted", json_is_true(admitted), st == RHEO_OK);
}

int64_t
take_times(struct rig *g, json_t *s, const char *key, int64_t otherwise)
{
	int64_t times = take_int_or(g->r, s, key, otherwise);

	must(g->r, times > 0, "\"%s\" is %lld", key, (long long)times);
	return times;
}

void
step_call(struct rig *g, json_t *s)
{
	uint32_t outcome = outcome_of(g, take_text(g->r, s, "outcome"));
	int64_t repeat = take_times(g, s, "repeat", 1);
	json_t *admitted = take(g->r, s, "admitted"), *reason = take(g->r, s, "reason");
	uint64_t permit;
	int32_t st;

	for (int64_t i = 0; i < repeat; i++) {
		st = rig_ask(g, &permit);
		expect_admitted(g, admitted, st);
		if (reason != NULL) {
			must(g->r, is_words(reason, "too_many_requests"), "the reason is not known");
			expect(g->r, "reason", RHEO_REJ_PROBE, st);
		}
		if (st == RHEO_OK)
			report(g, permit, outcome, rig_slice(g));
		rig_settle(g);
	}
}

static void
begin(struct rig *g, json_t *s, const char *id)
{
	json_t *admitted = json_object_get(s, "admitted"), *retry = json_object_get(s, "retry_after_ms");
	uint64_t permit, delay_ns = 0;
	int32_t st = rig_ask(g, &permit);

	expect_admitted(g, admitted, st);
	rig_hold(g, id, permit);
	if (retry == NULL)
		return;
	/* null: unknown, which rheo calls for ever. */
	rheo_breaker_retry_after_ns(g->b, g->now_ns, &delay_ns);
	expect(g->r, "retry after", json_is_null(retry) ? -1 : scaled(g->r, retry, MS_NS),
	       (int64_t)delay_ns);
}

static void
end(struct rig *g, json_t *s, const char *id)
{
	uint32_t outcome = outcome_of(g, json_string_value(json_object_get(s, "outcome")));
	rheo_breaker_snapshot_t before = rig_look(g), after;
	struct held *h = rig_find(g, id);
	int32_t st;

	must(g->r, h != NULL, "no call has begun by the name of %s", id);
	/* Nothing to report where it was refused. */
	if (h == NULL || h->permit == RHEO_PERMIT_NONE)
		return;
	st = report(g, h->permit, outcome, h->slice);
	must(g->r, st == RHEO_OK || st == RHEO_STALE, "%s", rheo_status_name(st));
	h->ended = true;
	if (json_object_get(s, "must_be_ignored") == NULL)
		return;
	must(g->r, json_is_true(json_object_get(s, "must_be_ignored")), "must_be_ignored is not true");
	after = rig_look(g);
	expect(g->r, "a report that must be ignored", RHEO_STALE, st);
	must(g->r,
	     after.generation == before.generation && after.successes == before.successes &&
		     after.probes_succeeded == before.probes_succeeded && after.stale == before.stale + 1,
	     "it has an effect");
}

/* begin or end for one id, or for each of "S1..S5". */
void
step_named(struct rig *g, json_t *s, bool is_begin)
{
	const char *id = take_text(g->r, s, "id"), *dots = strstr(id, "..");
	long from = 0, to = 0;
	char name[16];

	if (dots != NULL) {
		from = strtol(id + 1, NULL, 10);
		to = strtol(dots + 3, NULL, 10);
		must(g->r, id[0] == dots[2] && from > 0 && to >= from && to < 100, "ids \"%s\"", id);
	}
	for (long i = from; i <= to; i++) {
		if (dots != NULL)
			snprintf(name, sizeof name, "%c%ld", id[0], i);
		else
			snprintf(name, sizeof name, "%s", id);
		if (is_begin)
			begin(g, s, name);
		else
			end(g, s, name);
		rig_settle(g);
	}
	take(g->r, s, is_begin ? "admitted" : "outcome");
	take(g->r, s, is_begin ? "retry_after_ms" : "must_be_ignored");
}

void
step_acquire(struct rig *g, json_t *s)
{
	int64_t repeat = take_times(g, s, "repeat", 1);
	json_t *permitted = need(g->r, s, "permitted");
	uint64_t permit;

	for (int64_t i = 0; i < repeat; i++) {
		expect_admitted(g, permitted, rig_ask(g, &permit));
		rig_hold(g, "", permit);
		rig_settle(g);
	}
}

/* Durations of calls that are only called slow, or quick: quick is under a second in window cases. */
static uint64_t
duration_of(struct rig *g, json_t *s, const char *outcome)
{
	int64_t stated = take_scaled(g->r, s, "duration_ms", MS_NS);
	uint64_t ns = stated > 0 ? (uint64_t)stated : 0;

	must(g->r, stated >= 0, "a duration below 0");
	if (strncmp(outcome, "slow_", 5) != 0)
		return ns;
	must(g->r, g->window_only, "slow by name alone");
	return ns + g->cfg.slow_call_ns;
}

void
step_record(struct rig *g, json_t *s)
{
	const char *name = take_text(g->r, s, "outcome");
	uint64_t duration_ns = duration_of(g, s, name), permit = RHEO_PERMIT_NONE;
	struct held *h = rig_find(g, "");
	uint32_t state;
	int32_t st = RHEO_OK;

	if (h != NULL) {
		permit = h->permit;
		rig_drop(g, h);
		if (duration_ns != 0)
			st = rheo_breaker_cancel(g->b, permit, g->now_ns); /* asked again, from its beginning */
	}
	if (st == RHEO_OK && (h == NULL || duration_ns != 0)) {
		rheo_breaker_state(g->b, &state, NULL);
		must(g->r, duration_ns == 0 || state == RHEO_CLOSED, "a probe cannot have begun earlier");
		st = rheo_breaker_try_acquire(g->b, g->now_ns - duration_ns, &permit);
		rig_settle(g);
	}
	must(g->r, st == RHEO_OK, "nothing to report: %s", rheo_status_name(st));
	if (st == RHEO_OK)
		report(g, permit, outcome_of(g, name), rig_slice(g));
}

void
step_release(struct rig *g)
{
	struct held *h = rig_find(g, "");
	int32_t st;

	must(g->r, h != NULL, "nothing to release");
	if (h == NULL)
		return;
	st = rheo_breaker_cancel(g->b, h->permit, g->now_ns);
	must(g->r, st == RHEO_OK, "cancel: %s", rheo_status_name(st));
	rig_drop(g, h);
}

void
step_record_many(struct rig *g, json_t *s)
{
	int64_t n = take_times(g, s, "n", 0);
	const char *when = take_text(g->r, s, "ok_when");
	bool ok = strcmp(when, "always") == 0;
	uint64_t permit;

	must(g->r, ok || strcmp(when, "never") == 0, "\"ok_when\": \"%s\" is not known", when);
	for (int64_t i = 0; i < n; i++) {
		int32_t st = rig_ask(g, &permit);

		rig_settle(g);
		must(g->r, st == RHEO_OK, "call %lld of %lld: %s", (long long)i + 1, (long long)n,
		     rheo_status_name(st));
		if (st == RHEO_OK)
			report(g, permit, ok ? RHEO_SUCCESS : RHEO_FAILURE, rig_slice(g));
	}
}

void
step_force(struct rig *g, json_t *s)
{
	const char *to = take_text(g->r, s, "to");
	uint32_t state = 0;
	int32_t st = RHEO_OK;

	rheo_breaker_state(g->b, &state, NULL);
	if (json_object_get(s, "error") != NULL) {
		uint64_t generation = rig_look(g).generation;

		/* The only way to HALF_OPEN is through OPEN: no mode is a request for it. */
		must(g->r, strcmp(to, "half_open") == 0 && state == RHEO_CLOSED, "an error for force to %s", to);
		mapped(g->r, "rheo has no call that asks for HALF_OPEN: a mode beyond those there are is refused, and changes nothing");
		st = rheo_breaker_force(g->b, RHEO_DISABLED + 1, g->now_ns);
		expect(g->r, "error", take_bool(g->r, s, "error"), st == RHEO_ERR_INVAL);
		must(g->r, rig_look(g).generation == generation, "it has an effect");
	} else if (strcmp(to, "open") == 0) {
		rig_trip(g);
	} else if (strcmp(to, "half_open") == 0) {
		must(g->r, state == RHEO_OPEN, "half-open by force, but not from OPEN");
		st = rheo_breaker_force(g->b, RHEO_FORCED_OPEN, g->now_ns);
		if (st == RHEO_OK)
			st = rheo_breaker_force(g->b, RHEO_AUTO, g->now_ns);
		if (st == RHEO_OK)
			st = rheo_breaker_tick(g->b, g->now_ns, NULL);
		g->injected = 0;
		must(g->r, st == RHEO_OK, "force: %s", rheo_status_name(st));
	} else if (strcmp(to, "forced_open") == 0 || strcmp(to, "isolated") == 0) {
		st = rheo_breaker_force(g->b, RHEO_FORCED_OPEN, g->now_ns);
		must(g->r, st == RHEO_OK, "force: %s", rheo_status_name(st));
	} else if (strcmp(to, "closed") == 0) {
		st = rheo_breaker_reset(g->b, g->now_ns);
		must(g->r, st == RHEO_OK, "reset: %s", rheo_status_name(st));
	} else {
		fail(g->r, "force to \"%s\" is not known", to);
	}
}

/* A step of the wall clock. What a caller that hands such a clock in would see is checked besides. */
void
step_clock_step(struct rig *g, json_t *s)
{
	int64_t ns = take_scaled(g->r, s, "ms", MS_NS);
	uint64_t regressions = rig_look(g).clock_regressions, permit, delay_ns = 0;

	must(g->r, ns < 0 && (uint64_t)-ns < g->now_ns, "a step that is not back");
	mapped(g->r, "now_ns is monotonic by contract, so a step of the wall clock does not reach rheo; handed in, it stands still");
	must(g->r, rheo_breaker_try_acquire(g->b, g->now_ns + (uint64_t)ns, &permit) == RHEO_REJ_OPEN,
	     "time that goes back opens the way");
	rheo_breaker_retry_after_ns(g->b, g->now_ns, &delay_ns);
	must(g->r, delay_ns == g->cfg.open_ns && rig_look(g).clock_regressions > regressions,
	     "time that goes back is not standing still, and counted");
	rig_settle(g);
}

/* gobreaker's counts on their own: each request is reported at the age it was made in. */
void
step_count_one(struct rig *g, json_t *s, const char *op)
{
	struct held *h;
	uint64_t permit;

	if (strcmp(op, "request") == 0) {
		must(g->r, rig_ask(g, &permit) == RHEO_OK, "refused");
		rig_hold(g, "", permit);
		return;
	}
	must(g->r, take_int(g->r, s, "age") == g->rolls, "an outcome of an earlier age is not mapped");
	h = rig_find(g, "");
	must(g->r, h != NULL, "no request");
	if (h == NULL)
		return;
	report(g, h->permit,
	       strcmp(op, "success") == 0   ? RHEO_SUCCESS
	       : strcmp(op, "failure") == 0 ? RHEO_FAILURE
					    : RHEO_IGNORED,
	       h->slice);
	rig_drop(g, h);
}
