/* SPDX-License-Identifier: BSD-2-Clause */
#include "summary.h"

#include <stdbool.h>
#include <stdlib.h>

#include "plan.h"

static int
ascending(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The smallest that `percent` of them do not exceed; sorts. */
static uint64_t
percentile(uint64_t *values, size_t count, unsigned percent)
{
	if (count == 0)
		return 0;
	qsort(values, count, sizeof *values, ascending);
	return values[(count * percent + 99) / 100 - 1];
}

struct summary
summarize(const struct records *records, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t *admitted = calloc(records->count + 1, sizeof *admitted);
	uint64_t *refused = calloc(records->count + 1, sizeof *refused);
	struct summary s = {0};
	size_t refusals = 0;

	if (admitted == NULL || refused == NULL)
		abort();
	for (size_t i = 0; i < records->count; i++) {
		const struct record *r = &records->record[i];

		if (r->scheduled_ns < from_ns || r->scheduled_ns >= to_ns)
			continue;
		s.offered++;
		s.rate += r->verdict == REFUSED_RATE;
		s.breaker += r->verdict == REFUSED_OPEN || r->verdict == REFUSED_PROBE;
		s.lost += r->verdict == LOST || r->verdict == UNDECIDED;
		if (r->verdict == ADMITTED) {
			uint64_t latency_ns = r->answered_ns - r->scheduled_ns;
			bool slow = latency_ns > PLAN_SLOW_MS * UINT64_C(1000000);

			s.errors += r->code >= 500;
			s.slow += r->code < 500 && slow;
			s.well += r->code < 500 && !slow;
			admitted[s.admitted++] = latency_ns;
		} else if (r->verdict != LOST) {
			refused[refusals++] = r->answered_ns - r->scheduled_ns;
		}
	}
	s.p50_ns = percentile(admitted, s.admitted, 50);
	s.p99_ns = percentile(admitted, s.admitted, 99);
	s.refused_p99_ns = percentile(refused, refusals, 99);
	free(admitted);
	free(refused);
	return s;
}

struct summary
summarize_phase(const struct history *history, unsigned phase)
{
	return summarize(&history->records, history->begin_ns + plan_begin_ns(phase),
			 history->begin_ns + plan_begin_ns(phase + 1));
}
