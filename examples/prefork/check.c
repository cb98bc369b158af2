/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct finding
check_count(uint64_t admitted, uint64_t written, uint64_t killed, uint64_t each)
{
	struct finding f = {.good = written <= admitted && admitted - written <= killed * each};

	snprintf(f.line, sizeof f.line,
		 "counts %s: the bucket counts %" PRIu64 " admitted, %" PRIu64 " were written down; %" PRIu64
		 " kills explain up to %" PRIu64 " more",
		 f.good ? "ok" : "BROKEN", admitted, written, killed, killed * each);
	return f;
}

/* Edges of the state machine; nobody forces this breaker, unless with rheo-inspect. */
static bool
is_edge(const rheo_breaker_event_t *e)
{
	if (e->from_mode != RHEO_AUTO || e->to_mode != RHEO_AUTO || e->cause == RHEO_CAUSE_RESET)
		return true;
	return (e->from_state == RHEO_CLOSED && e->to_state == RHEO_OPEN) ||
	       (e->from_state == RHEO_OPEN && e->to_state == RHEO_HALF_OPEN) ||
	       (e->from_state == RHEO_HALF_OPEN && e->to_state == RHEO_CLOSED) ||
	       (e->from_state == RHEO_HALF_OPEN && e->to_state == RHEO_OPEN);
}

/* Why the list is no chain of legal edges; NULL where it is. *where: at which. */
static const char *
chain(const struct history *h, uint64_t generation, uint64_t *where)
{
	uint64_t last_ns = 0, last = 0;
	uint32_t state = RHEO_CLOSED;

	for (size_t i = 0; i < h->count; i++) {
		const rheo_breaker_event_t *e = &h->event[i];

		*where = e->generation;
		if (e->generation <= last)
			return "a generation is repeated or out of order";
		/* Before a gap anything may have been. */
		if (e->generation == last + 1 && e->from_state != state)
			return "a transition does not begin where the last one ended";
		if (!is_edge(e))
			return "there is no such edge";
		if (!e->partial && e->at_ns < last_ns)
			return "a transition is earlier than the one before";
		if (!e->partial)
			last_ns = e->at_ns;
		last = e->generation;
		state = e->to_state;
	}
	*where = generation;
	return last != generation || h->count + h->missed != generation ? "the breaker counts another number of them" : NULL;
}

/* Admissions in a state that admits nothing of their kind. */
static size_t
misplaced(const struct history *h, const struct admission *list, size_t count)
{
	size_t wrong = 0;

	for (size_t i = 0; i < count; i++) {
		const rheo_breaker_event_t *e;
		uint64_t g = list[i].generation;

		if (g == 0 || g > h->count) {
			wrong += g != 0 || list[i].probe;
			continue;
		}
		e = &h->event[g - 1];
		wrong += e->to_state != (list[i].probe ? RHEO_HALF_OPEN : RHEO_CLOSED);
	}
	return wrong;
}

struct finding
check_transitions(const struct history *h, uint64_t generation, const struct admission *list, size_t count)
{
	uint64_t where = 0, partial = 0;
	const char *why = chain(h, generation, &where);
	size_t wrong = why == NULL && h->missed == 0 ? misplaced(h, list, count) : 0;
	struct finding f = {.good = why == NULL && wrong == 0};

	for (size_t i = 0; i < h->count; i++)
		partial += h->event[i].partial;
	if (why != NULL)
		snprintf(f.line, sizeof f.line, "transitions BROKEN: %s (generation %" PRIu64 ")", why, where);
	else if (wrong != 0)
		snprintf(f.line, sizeof f.line, "transitions BROKEN: %zu admissions in a state that does not admit them", wrong);
	else
		snprintf(f.line, sizeof f.line,
			 "transitions ok: %zu, each by a legal edge from where the last one ended; %" PRIu64
			 " without details, %" PRIu64 " missed",
			 h->count, partial, h->missed);
	return f;
}

static int
by_generation(const void *a, const void *b)
{
	const struct admission *x = a, *y = b;

	return (x->generation > y->generation) - (x->generation < y->generation);
}

struct finding
check_probes(struct admission *list, size_t count, uint64_t half_open_calls)
{
	uint64_t most = 0, here = 0, all = 0, generations = 0, generation = 0;
	struct finding f;

	qsort(list, count, sizeof *list, by_generation);
	for (size_t i = 0; i < count; i++) {
		if (!list[i].probe)
			continue;
		here = list[i].generation == generation ? here + 1 : 1;
		generation = list[i].generation;
		generations += here == 1;
		all++;
		if (here > most)
			most = here;
	}
	f.good = most <= half_open_calls;
	snprintf(f.line, sizeof f.line,
		 "probes %s: %" PRIu64 " in %" PRIu64 " half-open generations, at most %" PRIu64 " of %" PRIu64 " in one",
		 f.good ? "ok" : "BROKEN", all, generations, most, half_open_calls);
	return f;
}

/* How long after now_ns it first admits a caller who does as retry_after_ns says; RHEO_FOREVER beyond `most`. */
static uint64_t
admits_after(rheo_breaker_t *breaker, uint64_t now_ns, uint64_t most)
{
	uint64_t waited = 0, delay, permit;

	while (waited <= most) {
		int32_t st = rheo_breaker_try_acquire(breaker, now_ns + waited, &permit);

		if (st == RHEO_OK)
			return waited;
		if (st < RHEO_OK || rheo_breaker_retry_after_ns(breaker, now_ns + waited, &delay) != RHEO_OK ||
		    delay == RHEO_FOREVER)
			break;
		waited += delay != 0 ? delay : 1;
	}
	return RHEO_FOREVER;
}

struct finding
check_never_stuck(const rheo_breaker_t *breaker, const void *mem, uint64_t size, uint64_t now_ns)
{
	void *copy = aligned_alloc(rheo_breaker_align(), size);
	uint64_t most = 0, after = RHEO_FOREVER;
	struct finding f = {.good = false};
	rheo_breaker_snapshot_t s = {0};
	rheo_breaker_config_t cfg;
	rheo_breaker_t *b;

	if (copy == NULL)
		abort();
	/* It holds no pointer: a copy is as good, and can be asked about times to come. */
	memcpy(copy, mem, size);
	if (rheo_breaker_config(breaker, &cfg, sizeof cfg) == RHEO_OK && rheo_breaker_attach(copy, size, &b) == RHEO_OK &&
	    rheo_breaker_snapshot(b, now_ns, &s, sizeof s) == RHEO_OK) {
		most = cfg.open_max_ns + cfg.probe_timeout_ns;
		after = admits_after(b, now_ns, most);
	}
	f.good = after <= most;
	snprintf(f.line, sizeof f.line,
		 "never stuck %s: left %s with %u probes out, it admits %s within %" PRIu64 " ms",
		 f.good ? "ok" : "BROKEN", rheo_state_name(s.state),
		 s.probes_issued - s.probes_succeeded - s.probes_failed - s.probes_ignored,
		 f.good ? "again" : "nobody", most / OPTIONS_MS);
	free(copy);
	return f;
}
