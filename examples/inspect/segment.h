/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef INSPECT_SEGMENT_H
#define INSPECT_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rheo/rheo.h>

#define WHY_SIZE 512u

/* A segment, mapped. */
struct segment {
	char *mem;
	uint64_t size;
	int fd;
};

enum kind { COUNTER, BUCKET, BREAKER };
#define KINDS 3u

union handle {
	rheo_counter_t *counter;
	rheo_bucket_t *bucket;
	rheo_breaker_t *breaker;
};

/* An object that attach knows, or (status not RHEO_OK) one that it knows it cannot serve. */
struct found {
	enum kind kind; /* with RHEO_ERR_VERSION: not known */
	int32_t status;
	uint64_t offset;
	uint64_t size; /* what is there of it, where it is cut short; 0 with RHEO_ERR_VERSION */
	union handle handle; /* for as long as the segment is open */
};

#define FOUND_MAX 4096u

struct found_list {
	struct found *found;
	size_t count;
	bool more; /* there were more than FOUND_MAX */
};

/*
 * Opens a file, a name of shm_open, or anything in /proc that leads to one of
 * them. Without `writable` the mapping is PROT_READ and nothing can be written.
 * Returns false with one line in why[WHY_SIZE].
 */
bool segment_open(struct segment *segment, const char *name, bool writable, char *why);
void segment_close(struct segment *segment);

/* Looks for objects at every offset where one may be; the list is to be freed. */
struct found_list segment_find(const struct segment *segment);

/*
 * What to do first when the segment is cut while it is being read (see
 * segment.c): async-signal-safe.
 */
void segment_when_lost(void (*first)(void));

const char *kind_name(enum kind kind);

/* A name that may be shown: control characters are question marks. */
void segment_show_name(char *out, size_t size, const char *name);

#endif
