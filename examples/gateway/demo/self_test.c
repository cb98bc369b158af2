/* SPDX-License-Identifier: BSD-2-Clause */
#include "self_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rheo/breaker.h>

#include "check.h"
#include "load.h"
#include "plan.h"

#define MS UINT64_C(1000000)
#define BEGIN (1000 * MS)

static void
add_transition(struct history *h, uint64_t at_ms, uint32_t from, uint32_t to, const char *cause)
{
	struct transition *t = &h->transition[h->transitions++];

	*t = (struct transition){.generation = h->transitions,
				 .at_ns = BEGIN + at_ms * MS,
				 .from = from,
				 .to = to,
				 .automatic = 1};
	snprintf(t->cause, sizeof t->cause, "%s", cause);
}

/* The generation at a time, and the state it has. */
static uint64_t
generation_at(const struct history *h, uint64_t at_ns, uint32_t *state)
{
	uint64_t g = 0;

	*state = RHEO_CLOSED;
	for (size_t i = 0; i < h->transitions && h->transition[i].at_ns <= at_ns; i++) {
		g = h->transition[i].generation;
		*state = h->transition[i].to;
	}
	return g;
}

/* What a right gateway would have answered at that time: the limit, as a bucket in token time. */
static void
answer(struct history *h, struct record *r, uint64_t *tokens_ns, uint64_t probes[])
{
	uint64_t cost_ns = 1000 * MS / PLAN_LIMIT_PER_S, full_ns = PLAN_BURST * cost_ns;
	uint64_t earliest_ns = r->scheduled_ns > full_ns ? r->scheduled_ns - full_ns : 0;
	uint32_t state;

	r->asked_ns = r->decided_ns = r->scheduled_ns;
	r->answered_ns = r->scheduled_ns + 6 * MS;
	r->generation = generation_at(h, r->scheduled_ns, &state);
	r->probe = state == RHEO_HALF_OPEN;
	*tokens_ns = *tokens_ns > earliest_ns ? *tokens_ns : earliest_ns;
	r->code = 503;
	if (state == RHEO_OPEN) {
		r->verdict = REFUSED_OPEN;
		return;
	}
	if (r->probe && probes[r->generation] >= PLAN_HALF_OPEN_CALLS) {
		r->verdict = REFUSED_PROBE;
		return;
	}
	if (*tokens_ns + cost_ns > r->scheduled_ns) {
		r->verdict = REFUSED_RATE;
		r->code = 429;
		return;
	}
	r->verdict = ADMITTED;
	r->code = r->phase == PLAN_FAILING ? 500 : 200;
	*tokens_ns += cost_ns;
	probes[r->generation] += r->probe;
	h->seen[h->seen_count++] = (uint64_t)(r - h->records.record);
}

/* A run as it should be. */
static void
make(struct history *h)
{
	uint64_t probes[TRANSITIONS_MAX + 1] = {0}, tokens_ns = 0;
	uint64_t failing = plan_begin_ns(PLAN_FAILING) / MS, slow = plan_begin_ns(PLAN_SLOW) / MS;

	memset(h, 0, sizeof *h);
	h->begin_ns = BEGIN;
	add_transition(h, failing + 600, RHEO_CLOSED, RHEO_OPEN, "FAILURE_RATE");
	add_transition(h, failing + 1000, RHEO_OPEN, RHEO_HALF_OPEN, "OPEN_TIME_OVER");
	add_transition(h, failing + 1010, RHEO_HALF_OPEN, RHEO_OPEN, "PROBES_FAILED");
	add_transition(h, failing + 4100, RHEO_OPEN, RHEO_HALF_OPEN, "OPEN_TIME_OVER");
	add_transition(h, failing + 4200, RHEO_HALF_OPEN, RHEO_CLOSED, "PROBES_SUCCEEDED");
	add_transition(h, slow + 700, RHEO_CLOSED, RHEO_OPEN, "SLOW_CALL_RATE");
	add_transition(h, slow + 4500, RHEO_OPEN, RHEO_HALF_OPEN, "OPEN_TIME_OVER");
	add_transition(h, slow + 4600, RHEO_HALF_OPEN, RHEO_CLOSED, "PROBES_SUCCEEDED");
	load_schedule(&h->records, BEGIN);
	h->seen = calloc(h->records.count + 1, sizeof *h->seen);
	if (h->seen == NULL)
		abort();
	for (size_t i = 0; i < h->records.count; i++) {
		struct record *r = &h->records.record[i];

		answer(h, r, &tokens_ns, probes);
		h->counts.admitted += r->verdict == ADMITTED;
		h->counts.refused_rate += r->verdict == REFUSED_RATE;
		h->counts.refused_open += r->verdict == REFUSED_OPEN;
		h->counts.refused_probe += r->verdict == REFUSED_PROBE;
	}
	h->counts.generation = h->transitions;
	h->counts.successes = h->counts.admitted;
}

static void
discard(struct history *h)
{
	free(h->records.record);
	free(h->seen);
}

/* The nth record of this verdict in a phase, from 0; the plan has enough of them. */
static struct record *
find(struct history *h, unsigned phase, enum verdict verdict, size_t n)
{
	for (size_t i = 0; i < h->records.count; i++)
		if (h->records.record[i].phase == phase && h->records.record[i].verdict == verdict && n-- == 0)
			return &h->records.record[i];
	abort();
}

enum check { P1, P8, P9, SUMS, PHASES, CHECKS };

static struct finding
run(const struct history *h, enum check which)
{
	switch (which) {
	case P1:
		return check_p1(&h->records, PLAN_LIMIT_PER_S, PLAN_BURST);
	case P8:
		return check_p8(h);
	case P9:
		return check_p9(&h->records, PLAN_HALF_OPEN_CALLS);
	case SUMS:
		return check_sums(h);
	default:
		return check_phases(h);
	}
}

/* --- one thing wrong at a time ---------------------------------------------- */

static void
one_too_many(struct history *h)
{
	find(h, PLAN_OVERLOAD, REFUSED_RATE, 1000)->verdict = ADMITTED;
}

static void
admitted_early(struct history *h)
{
	/* Twenty tokens of the steady state, all asked for at the moment the burst was used up. */
	const struct record *first_refused = find(h, PLAN_OVERLOAD, REFUSED_RATE, 0);

	for (size_t i = 0; i < 20; i++) {
		struct record *r = find(h, PLAN_OVERLOAD, ADMITTED, 1000 + i);

		r->asked_ns = r->decided_ns = first_refused->asked_ns;
	}
}

static void
decided_before_asked(struct history *h)
{
	find(h, PLAN_STEADY, ADMITTED, 7)->decided_ns -= 1;
}

static void
generation_missed(struct history *h)
{
	memmove(&h->transition[3], &h->transition[4], 4 * sizeof *h->transition);
	h->transitions--;
}

static void
generation_twice(struct history *h)
{
	h->transition[4].generation = 4;
}

static void
no_such_edge(struct history *h)
{
	h->transition[1].to = h->transition[2].from = RHEO_CLOSED;
}

static void
not_from_there(struct history *h)
{
	h->transition[3].from = RHEO_CLOSED;
	h->transition[3].to = RHEO_OPEN;
}

static void
last_one_unseen(struct history *h)
{
	h->counts.generation++;
}

static void
admitted_while_open(struct history *h)
{
	struct record *r = find(h, PLAN_FAILING, REFUSED_OPEN, 50);

	r->verdict = ADMITTED;
}

static void
one_probe_too_many(struct history *h)
{
	struct record *r = find(h, PLAN_RECOVERY, REFUSED_PROBE, 0);

	r->verdict = ADMITTED;
}

static void
no_answer(struct history *h)
{
	find(h, PLAN_STEADY, ADMITTED, 3)->verdict = LOST;
}

static void
counted_otherwise(struct history *h)
{
	h->counts.refused_rate++;
	h->counts.admitted--;
}

static void
permit_not_reported(struct history *h)
{
	h->counts.successes--;
}

static void
passed_unadmitted(struct history *h)
{
	h->seen[h->seen_count - 1] = (uint64_t)(find(h, PLAN_OVERLOAD, REFUSED_RATE, 0) - h->records.record);
}

static void
reached_twice(struct history *h)
{
	h->seen[0] = h->seen[1];
}

static void
never_reached(struct history *h)
{
	h->seen_count--;
}

static void
never_refused(struct history *h)
{
	for (size_t i = 0; i < h->records.count; i++)
		if (h->records.record[i].verdict == REFUSED_RATE)
			h->records.record[i].verdict = ADMITTED;
}

static void
never_opened(struct history *h)
{
	h->transitions = 0;
}

static void
never_closed(struct history *h)
{
	h->transitions -= 2;
}

static void
open_at_the_end(struct history *h)
{
	h->state = RHEO_OPEN;
}

unsigned
self_test(void)
{
	static const struct {
		const char *what;
		void (*doctor)(struct history *);
		enum check by;
	} cases[] = {
		{"one admission beyond the limit", one_too_many, P1},
		{"tokens spent before they are earned", admitted_early, P1},
		{"decided before it was asked", decided_before_asked, P1},
		{"a generation that is not reported", generation_missed, P8},
		{"a generation reported twice", generation_twice, P8},
		{"OPEN to CLOSED", no_such_edge, P8},
		{"a transition from another state", not_from_there, P8},
		{"a last transition that was not seen", last_one_unseen, P8},
		{"an admission while open", admitted_while_open, P8},
		{"a sixth probe", one_probe_too_many, P9},
		{"a request without an answer", no_answer, SUMS},
		{"a gateway that counts otherwise", counted_otherwise, SUMS},
		{"a permit that is not reported", permit_not_reported, SUMS},
		{"an upstream call that was not admitted", passed_unadmitted, SUMS},
		{"an upstream call made twice", reached_twice, SUMS},
		{"an admission that never arrived", never_reached, SUMS},
		{"no 429", never_refused, PHASES},
		{"a breaker that never opens", never_opened, PHASES},
		{"a breaker that does not close again", never_closed, PHASES},
		{"a breaker that is open at the end", open_at_the_end, PHASES},
	};
	unsigned wrong = 0, count = sizeof cases / sizeof *cases;
	struct history h;

	make(&h);
	for (unsigned i = 0; i < CHECKS; i++) {
		struct finding f = run(&h, (enum check)i);

		printf("  %-45s %s\n", f.good ? "nothing wrong: passes" : "nothing wrong: IS CALLED BROKEN",
		       f.line);
		wrong += !f.good;
	}
	discard(&h);
	for (unsigned i = 0; i < count; i++) {
		struct finding f;

		make(&h);
		cases[i].doctor(&h);
		f = run(&h, cases[i].by);
		printf("  %-45s %s%s\n", cases[i].what, f.good ? "IS NOT NOTICED: " : "", f.line);
		wrong += f.good;
		discard(&h);
	}
	wrong += self_test_rate();
	printf("  self-test: %u good and %u doctored histories, %u checks did not do as they should\n",
	       (unsigned)CHECKS, count, wrong);
	return wrong;
}
