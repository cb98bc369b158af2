/* SPDX-License-Identifier: BSD-2-Clause */

/* What the dialects ask of a breaker's state and counts, read off rheo's snapshot and events. */

#include "rig.h"

#include <string.h>

static const char enough_probes[] =
	"resilience4j decides when all half-open results are in; rheo closes at the success with which the failure rate can no longer be reached, and counts the rest as calls of CLOSED";
static const char late_outcome[] =
	"gobreaker drops the outcome of a call that began in an earlier interval; rheo counts it where it ends (so that slow failures are seen: defect.gobreaker.slow_failures_invisible)";

bool
state_named(struct run *r, const char *name, uint32_t *state, uint32_t *mode)
{
	static const struct {
		const char *name;
		uint32_t state, mode;
	} known[] = {
		{"closed", RHEO_CLOSED, RHEO_AUTO},
		{"open", RHEO_OPEN, RHEO_AUTO},
		{"half_open", RHEO_HALF_OPEN, RHEO_AUTO},
		{"isolated", RHEO_OPEN, RHEO_FORCED_OPEN},
		{"forced_open", RHEO_OPEN, RHEO_FORCED_OPEN},
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(known[i].name, name) == 0) {
			*state = known[i].state;
			*mode = known[i].mode;
			return true;
		}
	fail(r, "state \"%s\" is not known", name);
	return false;
}

/* gobreaker's State() does what time alone makes due; the others' states change with a call. */
void
expect_state(struct rig *g, json_t *s)
{
	uint32_t state = 0, mode = 0, is_state, is_mode, ours = RHEO_HALF_OPEN;

	put_aside(g->r, s, "note");
	if (!state_named(g->r, take_text(g->r, s, "state"), &state, &mode))
		return;
	if (g->dialect == GOBREAKER)
		rheo_breaker_tick(g->b, g->now_ns, NULL);
	rig_settle(g);
	rheo_breaker_state(g->b, &is_state, &is_mode);
	must(g->r, mode == is_mode, "mode %u", is_mode);
	if (g->dialect == R4J && g->probing) {
		if (g->probe_ok >= g->cfg.half_open_successes)
			ours = RHEO_CLOSED;
		expect_by_rule(g->r, "state", state, RHEO_HALF_OPEN, is_state, ours, enough_probes);
	} else {
		expect(g->r, "state", state, is_state);
	}
}

/* A count of which rheo has `extra` more than the dialect, by a rule that is named. */
static void
expect_count(struct rig *g, json_t *s, const char *key, int64_t got, int64_t extra, const char *why)
{
	if (json_object_get(s, key) != NULL)
		expect_by_rule(g->r, key, take_int(g->r, s, key), got - extra, got, got, why);
}

/* A row of successes is not kept by rheo; where the counts leave one answer, that is it. */
static void
expect_row_of_successes(struct rig *g, json_t *s, int64_t successes, int64_t failures, int64_t in_a_row)
{
	const char *key = "consecutive_successes";
	int64_t file;

	if (failures == 0 || in_a_row != 0 || successes <= 1) {
		expect_count(g, s, key, in_a_row != 0 ? 0 : successes,
			     in_a_row != 0 ? 0 : g->late_ok, late_outcome);
		return;
	}
	file = take_int(g->r, s, key);
	must(g->r, file >= 1 && file <= successes, "%s: %lld of %lld successes", key, (long long)file,
	     (long long)successes);
	left_out(g->r, 1, "consecutive_successes: rheo keeps a row of failures, none of successes; checked where the other counts leave one answer");
}

void
expect_counts(struct rig *g, json_t *s)
{
	rheo_breaker_snapshot_t v;
	int64_t successes, failures, excluded, requests;

	rheo_breaker_tick(g->b, g->now_ns, NULL);
	rig_settle(g);
	v = rig_look(g);
	if (v.state == RHEO_HALF_OPEN) {
		successes = v.probes_succeeded;
		failures = v.probes_failed;
		excluded = (int64_t)v.probes_ignored + g->given_back;
		requests = (int64_t)v.probes_issued + g->given_back;
	} else {
		uint64_t since = rig_oldest_slice(g);

		failures = (int64_t)v.window_failures;
		successes = (int64_t)v.window_calls - failures;
		excluded = (int64_t)(v.ignored - g->ignored_at[since % MAX_SLICES]);
		requests = successes + failures + excluded;
		/* A request counts from its start there, from its end in rheo. */
		for (unsigned i = 0; i < g->held_count; i++)
			requests += !g->held[i].ended && g->held[i].generation == g->generation &&
				    g->held[i].slice >= since;
	}
	expect_count(g, s, "requests", requests, (int64_t)g->late_ok + g->late_failed, late_outcome);
	expect_count(g, s, "successes", successes, g->late_ok, late_outcome);
	expect_count(g, s, "failures", failures, g->late_failed, late_outcome);
	expect_count(g, s, "excluded", excluded, 0, NULL);
	expect_count(g, s, "consecutive_failures", v.consecutive_failures, 0, NULL);
	expect_row_of_successes(g, s, successes, failures, v.consecutive_failures);
}

/* A rate of so many to the whole, in basis points, rounded down as rheo does. */
static int64_t
rate_bp(const json_t *rate, int64_t whole)
{
	return (int64_t)(json_number_value(rate) * (double)(10000 / whole) + 1e-6);
}

static int64_t
share_bp(uint64_t part, uint64_t all)
{
	return all == 0 ? 0 : (int64_t)(part * 10000 / all);
}

/*
 * resilience4j's metrics are those of the present state. In OPEN, and just
 * after probes closed it, rheo's are in the transition's event.
 */
void
expect_metrics(struct rig *g, json_t *s)
{
	rheo_breaker_snapshot_t v = rig_look(g);
	rheo_breaker_event_t e = rig_last_event(g);
	bool early = g->probing && v.state == RHEO_CLOSED;
	uint64_t calls = v.window_calls, failures = v.window_failures, slow = v.window_slow;
	int64_t failure_bp = v.failure_rate_bp, slow_bp = v.slow_call_rate_bp;
	bool too_few = calls < g->cfg.minimum_calls;
	const json_t *rate;

	if (v.state == RHEO_HALF_OPEN) {
		calls = v.probes_succeeded + v.probes_failed;
		failures = v.probes_failed;
		too_few = calls < g->cfg.half_open_calls;
	} else if (v.state == RHEO_OPEN || early) {
		uint64_t injected = e.cause == RHEO_CAUSE_FAILURE_RATE ? g->injected : 0;

		must(g->r, early || e.to_state == RHEO_OPEN, "the last event is not of OPEN");
		must(g->r, e.failures >= injected, "%llu failures in the event", (unsigned long long)e.failures);
		calls = e.calls - injected;
		failures = e.failures - injected;
		slow = e.slow;
		failure_bp = share_bp(failures, calls);
		slow_bp = share_bp(slow, calls);
		too_few = early || calls == 0;
	}
	must(g->r, !too_few || v.failure_rate_bp == 0, "a rate of too few calls");
	expect_count(g, s, "buffered", (int64_t)calls, early ? 0 : g->extra_ok + g->extra_failed, enough_probes);
	expect_count(g, s, "failed", (int64_t)failures, early ? 0 : g->extra_failed, enough_probes);
	expect_count(g, s, "successful", (int64_t)(calls - failures), early ? 0 : g->extra_ok, enough_probes);
	expect_count(g, s, "not_permitted", (int64_t)(v.refused_open + v.refused_probe - g->refused_at), 0, NULL);
	expect_count(g, s, "slow", (int64_t)slow, 0, NULL);
	rate = take(g->r, s, "failure_rate");
	if (rate != NULL)
		expect(g->r, "failure_rate",
		       json_is_integer(rate) && json_integer_value(rate) < 0 ? json_integer_value(rate)
									     : rate_bp(rate, 100),
		       too_few ? -1 : failure_bp);
	rate = take(g->r, s, "slow_rate");
	if (rate != NULL)
		expect(g->r, "slow_rate", rate_bp(rate, 100), too_few ? -1 : slow_bp);
}

void
expect_window(struct rig *g, json_t *s)
{
	rheo_breaker_snapshot_t v = rig_look(g);
	int64_t calls = (int64_t)v.window_calls, failed = (int64_t)v.window_failures;
	int64_t slow = (int64_t)v.window_slow, least = slow + failed > calls ? slow + failed - calls : 0;
	const json_t *rate = take(g->r, s, "failure_rate");

	expect_count(g, s, "total", calls, 0, NULL);
	expect_count(g, s, "successful", calls - failed, 0, NULL);
	expect_count(g, s, "failed", failed, 0, NULL);
	expect_count(g, s, "slow", slow, 0, NULL);
	if (rate != NULL)
		expect(g->r, "failure_rate", rate_bp(rate, g->dialect == R4J ? 100 : 1), v.failure_rate_bp);
	if (json_object_get(s, "slow_failed") != NULL && least == (slow < failed ? slow : failed)) {
		expect_count(g, s, "slow_failed", least, 0, NULL);
	} else if (take(g->r, s, "slow_failed") != NULL) {
		left_out(g->r, 1, "slow_failed: rheo counts slow calls of both outcomes together");
	}
	if (take(g->r, s, "total_duration_ms") != NULL)
		left_out(g->r, 1, "total_duration_ms: rheo judges a call's duration and does not keep it");
	if (take(g->r, s, "average_duration_ms") != NULL)
		left_out(g->r, 1, "average_duration_ms: rheo judges a call's duration and does not keep it");
}

/* The latest transition, as "closed->open". */
void
expect_event(struct rig *g, json_t *s)
{
	const char *text = take_text(g->r, s, "event"), *arrow = strstr(text, "->");
	rheo_breaker_event_t e = rig_last_event(g);
	uint32_t from, to, mode;
	char name[16];

	if (arrow == NULL || (size_t)(arrow - text) >= sizeof name) {
		fail(g->r, "\"%s\" is no event", text);
		return;
	}
	memcpy(name, text, (size_t)(arrow - text));
	name[arrow - text] = 0;
	if (!state_named(g->r, name, &from, &mode) || !state_named(g->r, arrow + 2, &to, &mode))
		return;
	expect(g->r, "event from", from, e.from_state);
	expect(g->r, "event to", to, e.to_state);
}
