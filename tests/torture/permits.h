/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_TORTURE_PERMITS_H
#define RHEO_TESTS_TORTURE_PERMITS_H

/*
 * P9, from what callers noted of one breaker's probes: at no moment are more
 * than half_open_calls permits of a generation given and not cancelled; of one
 * permit at most one report has an effect; and a generation that was closed by
 * its probes had as many successes as that takes.
 *
 * Moments are stamps from one shared number: taken after a permit was given and
 * before it is cancelled, so of those counted at a stamp all are surely out.
 * A call in doubt (its caller was killed inside) may or may not have happened:
 * where it can excuse a number, it does.
 */

#include "torture.h"

enum fate { GIVEN, CANCELLED, REPORTED };

struct probe_note {
	uint64_t generation, permit, stamp;
	uint32_t outcome;
	enum fate fate;
	bool doubt;
};

#define PERMIT_BINS 8

struct permits {
	uint64_t generations, given[PERMIT_BINS]; /* half-open generations by permits given, less those that may have been cancelled */
	uint64_t too_many, repeated, closings, closed_early;
};

static inline int
by_generation(const void *a, const void *b)
{
	const struct probe_note *x = a, *y = b;

	if (x->generation != y->generation)
		return x->generation < y->generation ? -1 : 1;
	return (x->stamp > y->stamp) - (x->stamp < y->stamp);
}

/* Reports of one permit beyond those that it may have. */
static inline uint64_t
repeated_reports(const struct probe_note *p, size_t n)
{
	uint64_t found = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t effects = 0, grants = 0;

		if (p[i].fate == GIVEN || p[i].doubt)
			continue;
		for (size_t k = 0; k < n; k++)
			if (p[k].permit == p[i].permit && !p[k].doubt) {
				effects += p[k].fate != GIVEN;
				grants += p[k].fate == GIVEN;
			}
		found += effects > grants;
	}
	return found;
}

/* closing[] rises. */
static inline bool
was_closed_by_probes(const uint64_t *closing, size_t closings, uint64_t generation)
{
	size_t lo = 0, hi = closings;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (closing[mid] == generation)
			return true;
		if (closing[mid] < generation)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

/* One generation's notes. Returns permits given, less those that may have been cancelled. */
static inline uint64_t
check_generation(const struct probe_note *p, size_t n, uint32_t calls, struct permits *found)
{
	int64_t out = 0, most = 0;

	for (size_t i = 0; i < n; i++) {
		out += p[i].fate == GIVEN && !p[i].doubt;
		out -= p[i].fate == CANCELLED;
		most = out > most ? out : most;
	}
	found->too_many += most > (int64_t)calls;
	found->repeated += repeated_reports(p, n);
	return out > 0 ? (uint64_t)out : 0;
}

static inline uint64_t
successes_in(const struct probe_note *p, size_t n)
{
	uint64_t s = 0;

	for (size_t i = 0; i < n; i++)
		s += p[i].fate == REPORTED && p[i].outcome == RHEO_SUCCESS;
	return s;
}

/*
 * half_open: how many such generations there were; closing[]: those that the
 * log says were closed by their probes; needed: the successes that takes.
 */
static inline void
check_permits(struct probe_note *p, size_t n, uint32_t calls, uint32_t needed, uint64_t half_open,
	      const uint64_t *closing, size_t closings, struct permits *found)
{
	uint64_t seen = 0, confirmed = 0;

	qsort(p, n, sizeof *p, by_generation);
	for (size_t i = 0, next; i < n; i = next) {
		uint64_t given;

		for (next = i; next < n && p[next].generation == p[i].generation; next++)
			;
		given = check_generation(p + i, next - i, calls, found);
		found->given[given < PERMIT_BINS ? given : PERMIT_BINS - 1]++;
		seen++;
		if (was_closed_by_probes(closing, closings, p[i].generation)) {
			confirmed++;
			found->closed_early += successes_in(p + i, next - i) < needed;
		}
	}
	/* Closed without a single note: without a success, therefore. */
	found->closed_early += closings - confirmed;
	found->closings += closings;
	found->generations += half_open;
	if (half_open > seen)
		found->given[0] += half_open - seen;
}

static inline uint64_t
permits_found(const struct permits *p)
{
	return p->too_many + p->repeated + p->closed_early;
}

static inline void
add_permits(struct permits *to, const struct permits *p)
{
	to->generations += p->generations;
	for (int i = 0; i < PERMIT_BINS; i++)
		to->given[i] += p->given[i];
	to->too_many += p->too_many;
	to->repeated += p->repeated;
	to->closings += p->closings;
	to->closed_early += p->closed_early;
}

static inline void
print_permits(const struct permits *p, uint32_t calls)
{
	printf("P9   permits in each of %llu half-open generations:", ULL(p->generations));
	for (uint32_t i = 0; i < PERMIT_BINS; i++)
		if (i <= calls || p->given[i] != 0)
			printf(" %u: %llu%s", i, ULL(p->given[i]), i > calls ? " (TOO MANY)" : "");
	printf("; too many at a moment: %llu, repeated with effect: %llu, closed early: %llu of %llu\n",
	       ULL(p->too_many), ULL(p->repeated), ULL(p->closed_early), ULL(p->closings));
}

#endif
