/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <inttypes.h>
#include <stdio.h>

#include <rheo/breaker.h>

static bool
is_edge(const struct transition *t)
{
	return t->automatic && ((t->from == RHEO_CLOSED && t->to == RHEO_OPEN) ||
				(t->from == RHEO_OPEN && t->to == RHEO_HALF_OPEN) ||
				(t->from == RHEO_HALF_OPEN && t->to == RHEO_CLOSED) ||
				(t->from == RHEO_HALF_OPEN && t->to == RHEO_OPEN));
}

/* Why the list of transitions is not right; NULL where it is. */
static const char *
chain(const struct history *h, size_t *where)
{
	for (size_t i = 0; i < h->transitions; i++) {
		const struct transition *t = &h->transition[i], *before = i == 0 ? NULL : &t[-1];

		*where = i + 1;
		if (t->generation != i + 1)
			return "a generation is missing, repeated or out of order";
		if (t->from != (before == NULL ? RHEO_CLOSED : before->to))
			return "a transition does not begin where the last one ended";
		if (!is_edge(t))
			return "there is no such edge";
		if (before != NULL && !t->partial && !before->partial && t->at_ns < before->at_ns)
			return "a transition is earlier than the one before";
	}
	*where = h->transitions;
	return h->counts.generation != h->transitions ? "the gateway counts another number of them" : NULL;
}

/* Admissions in a state that admits nothing, or probes where there are none. */
static size_t
misplaced(const struct history *h)
{
	size_t wrong = 0;

	for (size_t i = 0; i < h->records.count; i++) {
		const struct record *r = &h->records.record[i];
		uint32_t state;

		if (r->verdict != ADMITTED)
			continue;
		if (r->generation > h->transitions) {
			wrong++;
			continue;
		}
		state = r->generation == 0 ? RHEO_CLOSED : h->transition[r->generation - 1].to;
		wrong += state != (r->probe ? RHEO_HALF_OPEN : RHEO_CLOSED);
	}
	return wrong;
}

struct finding
check_p8(const struct history *h)
{
	struct finding f = {.good = true};
	size_t where, wrong = 0;
	const char *why = chain(h, &where);

	if (why == NULL) {
		wrong = misplaced(h);
		why = wrong != 0 ? "admissions in a state that does not admit them" : NULL;
	}
	f.good = why == NULL;
	if (f.good)
		snprintf(
			f.line, sizeof f.line,
			"P8 ok: %zu transitions, each seen once, in order, by a legal edge; all admissions fit",
			h->transitions);
	else
		snprintf(f.line, sizeof f.line, "P8 BROKEN: %s (at transition %zu, %zu admissions)", why,
			 where, wrong);
	return f;
}

struct finding
check_p9(const struct records *records, uint64_t half_open_calls)
{
	/* A generation with a probe has at most this many; the list is in no order of generations. */
	uint64_t probes[TRANSITIONS_MAX + 1] = {0}, most = 0, all = 0, generations = 0, beyond = 0;
	struct finding f = {.good = true};

	for (size_t i = 0; i < records->count; i++) {
		const struct record *r = &records->record[i];

		if (r->verdict != ADMITTED || !r->probe)
			continue;
		if (r->generation > TRANSITIONS_MAX) {
			beyond++;
			continue;
		}
		all++;
		generations += probes[r->generation]++ == 0;
		if (probes[r->generation] > most)
			most = probes[r->generation];
	}
	f.figure = (int64_t)most;
	f.good = most <= half_open_calls && beyond == 0;
	snprintf(f.line, sizeof f.line,
		 "P9 %s: %" PRIu64 " probes in %" PRIu64 " half-open generations, at most %" PRIu64
		 " of %" PRIu64 " in one",
		 f.good ? "ok" : "BROKEN", all, generations, most, half_open_calls);
	return f;
}
