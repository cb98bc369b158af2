/* SPDX-License-Identifier: BSD-2-Clause */

/* Polly's tables: a row is one breaker's short life. */

#include "rig.h"

static const char stale_report[] =
	"Polly puts a failure reported in OPEN or isolated into its window; for rheo a report of an earlier generation is STALE and has no effect (P9)";

static void
take_columns(struct run *r, json_t *config, const char *const *names, size_t n)
{
	json_t *columns = need(r, config, "columns"), *name;
	size_t i;

	must(r, json_array_size(columns) == n, "%zu columns", json_array_size(columns));
	json_array_foreach(columns, i, name)
		must(r, i < n && is_words(name, names[i]), "column %zu is not known", i);
}

static bool
truth(struct run *r, const json_t *value)
{
	if (!json_is_boolean(value))
		fail(r, "a column is neither true nor false");
	return json_is_true(value);
}

/* A breaker of Polly's, that opens at so many calls and such a rate. */
static bool
open_polly(struct rig *g, struct run *r, uint32_t minimum_calls, uint32_t failure_rate_bp)
{
	json_t *none = json_object();

	*g = (struct rig){.r = r, .dialect = POLLY};
	rig_configure(g, none, "table", 0);
	json_decref(none);
	g->cfg.minimum_calls = minimum_calls;
	g->cfg.failure_rate_bp = failure_rate_bp;
	return rig_open(g);
}

static int32_t
one_call(struct rig *g, uint32_t outcome)
{
	uint64_t permit;
	int32_t st = rheo_breaker_try_acquire(g->b, g->now_ns, &permit);

	return st == RHEO_OK ? rheo_breaker_record(g->b, permit, outcome, g->now_ns) : st;
}

static void
calls(struct rig *g, int64_t n, uint32_t outcome)
{
	for (int64_t i = 0; i < n; i++) {
		int32_t st = one_call(g, outcome);

		must(g->r, st == RHEO_OK, "%s", rheo_status_name(st));
	}
}

/*
 * [throughput, minimum, failure rate, threshold, trips]: the window as it
 * stands when a failure is judged. It is filled with the rate switched off, so
 * that it stands as the row says; the last call is made under the threshold.
 */
void
replay_trip_table(struct run *r, json_t *config, json_t *rows)
{
	static const char *const names[] = {"throughput", "minimum_throughput", "failure_rate",
					    "failure_threshold", "trips"};
	const size_t n = sizeof names / sizeof names[0];
	json_t *row;
	size_t i;

	take_columns(r, config, names, n);
	json_array_foreach(rows, i, row) {
		int64_t throughput = column_int(r, row, n, 0), minimum = column_int(r, row, n, 1);
		int64_t rate_bp = scaled(r, column(r, row, n, 2), 10000);
		int64_t threshold_bp = scaled(r, column(r, row, n, 3), 10000);
		int64_t failures = (throughput * rate_bp + 5000) / 10000;
		uint32_t state = RHEO_CLOSED;
		struct rig g;
		int32_t st;

		begin_step(r, "row %zu", i + 1);
		if (throughput < 1 || minimum < 1 || threshold_bp < 1 ||
		    !open_polly(&g, r, (uint32_t)minimum, 0))
			continue;
		if (failures * 10000 != throughput * rate_bp)
			mapped(r, "a rate that so many calls cannot have is taken as the nearest they can: %lld of %lld",
			       (long long)failures, (long long)throughput);
		calls(&g, throughput - (failures != 0 ? failures : 1), RHEO_SUCCESS);
		calls(&g, failures != 0 ? failures - 1 : 0, RHEO_FAILURE);
		g.cfg.failure_rate_bp = (uint32_t)threshold_bp;
		st = rheo_breaker_reconfigure(g.b, &g.cfg, g.now_ns);
		must(r, st == RHEO_OK, "reconfigure: %s", rheo_status_name(st));
		calls(&g, 1, failures != 0 ? RHEO_FAILURE : RHEO_SUCCESS);
		rheo_breaker_state(g.b, &state, NULL);
		expect(r, "trips", truth(r, column(r, row, n, 4)), state == RHEO_OPEN);
		rig_check_history(&g);
		rig_close(&g);
	}
}

/*
 * Brings a breaker to where a failure is reported: in CLOSED by a call of it,
 * in HALF_OPEN by its probe, in OPEN and isolated by a call that began before.
 */
static bool
come_to(struct rig *g, const char *name, uint64_t *permit)
{
	uint32_t state, mode, is_state, is_mode;
	int32_t st;

	if (!state_named(g->r, name, &state, &mode))
		return false;
	st = rheo_breaker_try_acquire(g->b, g->now_ns, permit);
	must(g->r, st == RHEO_OK, "%s", rheo_status_name(st));
	if (mode == RHEO_FORCED_OPEN)
		rheo_breaker_force(g->b, mode, g->now_ns);
	else if (state != RHEO_CLOSED)
		rig_trip(g);
	if (state == RHEO_HALF_OPEN) {
		g->now_ns += g->cfg.open_ns;
		st = rheo_breaker_try_acquire(g->b, g->now_ns, permit);
		must(g->r, st == RHEO_OK, "%s", rheo_status_name(st));
	}
	rheo_breaker_state(g->b, &is_state, &is_mode);
	must(g->r, state == is_state && mode == is_mode, "it is not %s", name);
	return true;
}

/* [state, whether a failure reported then is added to the window]. */
void
replay_failure_counted(struct run *r, json_t *config, json_t *rows)
{
	static const char *const names[] = {"state", "failure_is_added_to_the_window"};
	json_t *row;
	size_t i;

	take_columns(r, config, names, 2);
	json_array_foreach(rows, i, row) {
		const char *name = json_string_value(column(r, row, 2, 0));
		bool file = truth(r, column(r, row, 2, 1)), added, is_stale;
		rheo_breaker_snapshot_t before, after;
		uint64_t permit = RHEO_PERMIT_NONE;
		struct rig g;
		int32_t st;

		begin_step(r, "row %zu", i + 1);
		if (!open_polly(&g, r, 10, 1000))
			continue;
		if (come_to(&g, name != NULL ? name : "", &permit)) {
			before = rig_look(&g);
			st = rheo_breaker_record(g.b, permit, RHEO_FAILURE, g.now_ns);
			after = rig_look(&g);
			added = after.window_failures == before.window_failures + 1;
			is_stale = before.state == RHEO_OPEN;
			must(r, st == (is_stale ? RHEO_STALE : RHEO_OK) && after.stale - before.stale == is_stale,
			     "%s", rheo_status_name(st));
			must(r, added || after.window_failures == before.window_failures, "the window has changed");
			expect_by_rule(r, "added", file, is_stale ? 1 : file, added, is_stale ? 0 : file,
				       stale_report);
		}
		rig_check_history(&g);
		rig_close(&g);
	}
}

/* [state when a failure is reported, state after it, whether the policy says to break]. */
void
replay_failure_by_state(struct run *r, json_t *config, json_t *rows)
{
	static const char *const names[] = {"state_when_failure_reported", "state_after", "policy_says_break"};
	json_t *row;
	size_t i;

	take_columns(r, config, names, 3);
	json_array_foreach(rows, i, row) {
		const char *from = json_string_value(column(r, row, 3, 0));
		const char *to = json_string_value(column(r, row, 3, 1));
		bool breaks = truth(r, column(r, row, 3, 2));
		uint32_t state = 0, mode = 0, is_state, is_mode;
		uint64_t permit = RHEO_PERMIT_NONE;
		struct rig g;

		begin_step(r, "row %zu", i + 1);
		/* The policy says so at the first failure, or at none of these. */
		if (!open_polly(&g, r, breaks ? 1 : 100, 1000))
			continue;
		if (come_to(&g, from != NULL ? from : "", &permit) &&
		    state_named(r, to != NULL ? to : "", &state, &mode)) {
			rheo_breaker_record(g.b, permit, RHEO_FAILURE, g.now_ns);
			rheo_breaker_state(g.b, &is_state, &is_mode);
			expect(r, "state after", state, is_state);
			expect(r, "mode after", mode, is_mode);
		}
		rig_check_history(&g);
		rig_close(&g);
	}
}
