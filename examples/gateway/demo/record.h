/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DEMO_RECORD_H
#define DEMO_RECORD_H

#include <stddef.h>
#include <stdint.h>

/* What the gateway decided about a request, as its X-Rheo-Status field says. */
enum verdict { LOST, ADMITTED, REFUSED_RATE, REFUSED_OPEN, REFUSED_PROBE, UNDECIDED };

/* One request as the client saw it. Times are of the machine's monotonic clock, which is the gateway's too. */
struct record {
	uint64_t scheduled_ns;
	uint64_t answered_ns;
	uint64_t asked_ns; /* the decision lies between this ... */
	uint64_t decided_ns; /* ... and this */
	uint64_t generation; /* of the breaker, when it was admitted */
	uint32_t probe;
	uint16_t phase;
	uint16_t code; /* HTTP status, 0: no answer */
	enum verdict verdict;
};

struct records {
	struct record *record; /* in order of scheduled_ns */
	size_t count;
};

/* A transition as the gateway's status told it; states as in rheo/breaker.h. */
struct transition {
	uint64_t generation;
	uint64_t at_ns;
	uint32_t from, to;
	uint32_t automatic; /* 1: in mode AUTO before and after */
	uint32_t partial;
	char cause[24];
	uint64_t calls, failures, slow, open_ns;
};

#define TRANSITIONS_MAX 256u

/* What the gateway says at the end. */
struct counts {
	uint64_t generation;
	uint64_t admitted, unsent, refused_rate, refused_open, refused_probe;
	uint64_t successes, failures, ignored, stale;
};

/* Everything that was seen of a run. */
struct history {
	struct records records;
	struct transition transition[TRANSITIONS_MAX];
	size_t transitions;
	struct counts counts;
	uint32_t state; /* of the breaker, at the latest look */
	uint64_t level; /* of the bucket */
	uint64_t *seen; /* ids of requests that reached the upstream, in order of arrival */
	size_t seen_count;
	uint64_t begin_ns;
};

#endif
