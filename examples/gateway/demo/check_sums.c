/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "summary.h"

static struct finding
broken(const char *format, ...)
{
	struct finding f = {.good = false};
	size_t length = (size_t)snprintf(f.line, sizeof f.line, "sums BROKEN: ");
	va_list args;

	va_start(args, format);
	vsnprintf(f.line + length, sizeof f.line - length, format, args);
	va_end(args);
	return f;
}

/* Requests that reached the upstream twice, or without having been admitted; or did not, though admitted. */
static size_t
strays(const struct history *h, size_t *missing)
{
	unsigned char *times = calloc(h->records.count + 1, 1);
	size_t wrong = 0;

	if (times == NULL)
		abort();
	*missing = 0;
	for (size_t i = 0; i < h->seen_count; i++)
		if (h->seen[i] >= h->records.count || h->records.record[h->seen[i]].verdict != ADMITTED ||
		    times[h->seen[i]]++ != 0)
			wrong++;
	for (size_t i = 0; i < h->records.count; i++)
		*missing += h->records.record[i].verdict == ADMITTED && times[i] == 0;
	free(times);
	return wrong;
}

struct finding
check_sums(const struct history *h)
{
	struct summary s = summarize(&h->records, 0, UINT64_MAX);
	const struct counts *c = &h->counts;
	uint64_t reported = c->successes + c->failures + c->ignored + c->stale;
	struct finding f = {.good = true};
	size_t missing, wrong = strays(h, &missing);

	if (s.offered != s.admitted + s.rate + s.breaker)
		return broken("of %" PRIu64 " offered, %" PRIu64 " got no answer or one without a verdict",
			      s.offered, s.lost);
	if (c->admitted != s.admitted || c->refused_rate != s.rate ||
	    c->refused_open + c->refused_probe != s.breaker)
		return broken("the gateway counts %" PRIu64 " admitted, %" PRIu64 " x 429, %" PRIu64
			      " x 503, its clients %" PRIu64 ", %" PRIu64 ", %" PRIu64,
			      c->admitted, c->refused_rate, c->refused_open + c->refused_probe, s.admitted,
			      s.rate, s.breaker);
	if (reported != c->admitted - c->unsent)
		return broken("%" PRIu64 " permits given, %" PRIu64 " reported", c->admitted - c->unsent,
			      reported);
	if (wrong != 0)
		return broken("%zu requests reached the upstream twice or without being admitted", wrong);
	if (missing != 0)
		return broken("%zu admitted requests did not reach the upstream", missing);
	snprintf(f.line, sizeof f.line,
		 "sums ok: %" PRIu64 " offered = %" PRIu64 " admitted + %" PRIu64 " x 429 + %" PRIu64
		 " x 503; gateway and upstream count the same, %" PRIu64 " permits reported once each",
		 s.offered, s.admitted, s.rate, s.breaker, reported);
	return f;
}
