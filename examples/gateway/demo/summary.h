/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DEMO_SUMMARY_H
#define DEMO_SUMMARY_H

#include "record.h"

/* What became of a stretch of requests. Latencies count from the scheduled time. */
struct summary {
	uint64_t offered;
	uint64_t admitted;
	uint64_t well; /* admitted and answered below 500, in time */
	uint64_t slow; /* admitted and answered below 500, but slowly */
	uint64_t errors; /* admitted and answered 500 or above, by the upstream or for it */
	uint64_t rate; /* 429 */
	uint64_t breaker; /* 503 */
	uint64_t lost; /* no answer, or one without a verdict */
	uint64_t p50_ns, p99_ns; /* of those admitted; 0: none */
	uint64_t refused_p99_ns; /* of 429 and 503 */
};

/* Of the requests scheduled in [from_ns, to_ns). */
struct summary summarize(const struct records *records, uint64_t from_ns, uint64_t to_ns);
struct summary summarize_phase(const struct history *history, unsigned phase);

#endif
