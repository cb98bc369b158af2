/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A breaker case: its dialect, its configuration, its steps in order. Pass 0
 * calls rheo when the case does; pass 1 also calls the timer hook whenever it
 * is due; pass 2 (defects) has no timer and probes that fail by time-out.
 */

#include "rig.h"

#include <string.h>

static void steps(struct rig *g, json_t *list);

static void
loop(struct rig *g, json_t *s, const char *body)
{
	int64_t times = take_times(g, s, "times", 0);
	json_t *list = need(g->r, s, body);

	for (int64_t i = 0; i < times; i++) {
		json_t *copy = json_deep_copy(list);

		steps(g, copy);
		json_decref(copy);
	}
}

static void
advance(struct rig *g, int64_t ns)
{
	must(g->r, ns >= 0, "an advance below 0");
	rig_advance(g, ns > 0 ? (uint64_t)ns : 0);
}

static void
step(struct rig *g, json_t *s, const char *op)
{
	if (strcmp(op, "call") == 0)
		step_call(g, s);
	else if (strcmp(op, "begin") == 0)
		step_named(g, s, true);
	else if (strcmp(op, "end") == 0)
		step_named(g, s, false);
	else if (strcmp(op, "acquire") == 0)
		step_acquire(g, s);
	else if (strcmp(op, "record") == 0)
		step_record(g, s);
	else if (strcmp(op, "record_many") == 0)
		step_record_many(g, s);
	else if (strcmp(op, "advance_ms") == 0)
		advance(g, take_scaled(g->r, s, "ms", MS_NS));
	else if (strcmp(op, "clock_step_ms") == 0)
		step_clock_step(g, s);
	else if (strcmp(op, "trip") == 0)
		rig_trip(g);
	else if (strcmp(op, "force") == 0)
		step_force(g, s);
	else if (strcmp(op, "loop") == 0)
		loop(g, s, "body");
	else if (strcmp(op, "repeat") == 0)
		loop(g, s, "steps");
	else if (strcmp(op, "release") == 0)
		step_release(g);
	else if (strcmp(op, "request") == 0 || strcmp(op, "success") == 0 || strcmp(op, "failure") == 0 ||
		 strcmp(op, "exclusion") == 0)
		step_count_one(g, s, op);
	else if (strcmp(op, "roll") == 0)
		g->rolls++, rig_advance(g, g->cfg.window_ns / g->cfg.window_slices);
	else if (strcmp(op, "expect_state") == 0)
		expect_state(g, s);
	else if (strcmp(op, "expect_counts") == 0)
		expect_counts(g, s);
	else if (strcmp(op, "expect_metrics") == 0)
		expect_metrics(g, s);
	else if (strcmp(op, "expect_window") == 0)
		expect_window(g, s);
	else if (strcmp(op, "expect_event") == 0)
		expect_event(g, s);
	else
		fail(g->r, "op \"%s\" is not known", op);
}

static void
steps(struct rig *g, json_t *list)
{
	json_t *s;
	size_t i;

	json_array_foreach(list, i, s) {
		const char *op = take_text(g->r, s, "op");

		begin_step(g->r, "step %zu (%s)", i + 1, op);
		step(g, s, op);
		rig_settle(g);
		nothing_left(g->r, s);
	}
}

/* The library whose rules a case follows: its id's first word, or second after "defect". */
static bool
dialect_of(struct run *r, enum dialect *dialect)
{
	static const char *const names[] = {"gobreaker", "r4j", "polly", "failsafe", "opossum"};
	const char *id = strncmp(r->id, "defect.", 7) == 0 ? r->id + 7 : r->id;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strlen(names[i]) == strcspn(id, ".") && strncmp(id, names[i], strlen(names[i])) == 0) {
			*dialect = (enum dialect)i;
			return true;
		}
	fail(r, "no adapter for this library");
	return false;
}

static void
replay_table(struct run *r, json_t *config, json_t *list)
{
	if (strcmp(r->id, "polly.trip_table") == 0)
		replay_trip_table(r, config, list);
	else if (strcmp(r->id, "polly.failure_counted_by_state") == 0)
		replay_failure_counted(r, config, list);
	else if (strcmp(r->id, "polly.failure_by_state") == 0)
		replay_failure_by_state(r, config, list);
	else
		fail(r, "no adapter for this table");
	nothing_left(r, config);
}

void
replay_breaker(struct run *r, json_t *c, unsigned pass)
{
	const char *kind = take_text(r, c, "kind");
	json_t *config = need(r, c, "config"), *list = need(r, c, "steps");
	struct rig g = {.r = r};

	put_aside(r, c, "source");
	put_aside(r, c, "notes");
	put_aside(r, c, "observed_there");
	if (!dialect_of(r, &g.dialect))
		return;
	if (strcmp(kind, "table") == 0) {
		replay_table(r, config, list);
		return;
	}
	must(r, strcmp(kind, "breaker") == 0 || strcmp(kind, "window") == 0, "kind \"%s\" is not known", kind);
	rig_configure(&g, config, kind, pass);
	if (!rig_open(&g))
		return;
	steps(&g, list);
	r->at[0] = 0;
	rig_check_history(&g);
	rig_close(&g);
}
