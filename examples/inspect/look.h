/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef INSPECT_LOOK_H
#define INSPECT_LOOK_H

#include "segment.h"

#define LOOK_EVENTS 16u
#define LOOK_COUNTS 8u

/* What one object showed: plain numbers, good after the segment is closed. */
struct look {
	enum kind kind;
	int32_t status; /* not RHEO_OK: nothing below `size` is valid */
	uint64_t offset, size;
	union {
		struct {
			uint64_t count[LOOK_COUNTS];
		} counter;
		struct {
			rheo_bucket_config_t cfg;
			rheo_bucket_stats_t stats;
			rheo_bucket_quota_t quota;
			uint64_t available;
		} bucket;
		struct {
			rheo_breaker_config_t cfg;
			rheo_breaker_snapshot_t now;
			rheo_breaker_event_t event[LOOK_EVENTS]; /* oldest first */
			uint32_t events;
		} breaker;
	} of;
};

/* What the whole segment showed at one time. */
struct sample {
	uint64_t now_ns; /* by the segment's users' clock */
	uint64_t clock_ns; /* by rheo_now_ns() */
	uint64_t segment_size;
	struct look *look;
	size_t count;
	size_t unread; /* of these, such as have a status */
	bool more; /* there were more than could be shown */
};

/* Opens, looks, closes. Returns false with one line in why[WHY_SIZE]. */
bool sample_take(const char *name, uint64_t now_ns, struct sample *sample, char *why);
void sample_free(struct sample *sample);

/* One object of a segment that is open. */
void look_at(const struct found *found, uint64_t now_ns, struct look *look);

/* The same object in an earlier sample; NULL where it was not there. */
const struct look *sample_same(const struct sample *before, const struct look *look);

/* The latest time that the object itself shows, 0 where it shows none. */
uint64_t look_known_ns(const struct look *look);

#endif
