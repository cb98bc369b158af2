/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Finding objects by nothing but the public calls: attach is tried at every
 * offset where an object may lie, for each kind. How large one is, is asked in
 * the same way: it is the smallest size that attach accepts.
 */

#include "segment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALIGN 128u /* rheo_X_align() of all kinds */
#define HEADS 4096u /* more than any attach reads */
#define HOLES_FROM (UINT64_C(64) << 20) /* smaller segments are looked through whole */

const char *
kind_name(enum kind kind)
{
	static const char *const name[KINDS] = {"counter", "bucket", "breaker"};

	return name[kind];
}

static int32_t
attach(enum kind kind, void *mem, uint64_t size, union handle *h)
{
	switch (kind) {
	case COUNTER:
		return rheo_counter_attach(mem, size, &h->counter);
	case BUCKET:
		return rheo_bucket_attach(mem, size, &h->bucket);
	default:
		return rheo_breaker_attach(mem, size, &h->breaker);
	}
}

/* The size of the smallest object of a kind that there can be. */
static uint64_t
smallest(enum kind kind)
{
	rheo_breaker_config_t breaker;
	rheo_bucket_config_t bucket;
	rheo_counter_config_t counter;
	uint64_t by_time;

	switch (kind) {
	case COUNTER:
		rheo_counter_config_init(&counter, sizeof counter);
		counter.lanes = 1;
		return rheo_counter_size(&counter);
	case BUCKET:
		rheo_bucket_config_init(&bucket, sizeof bucket);
		bucket.tokens_per_period = bucket.burst = 1;
		bucket.counter_lanes = 1;
		return rheo_bucket_size(&bucket);
	default:
		rheo_breaker_config_init(&breaker, sizeof breaker);
		breaker.lanes = breaker.window_slices = breaker.minimum_calls = 1;
		by_time = rheo_breaker_size(&breaker);
		breaker.window_calls = 1;
		return rheo_breaker_size(&breaker) < by_time ? rheo_breaker_size(&breaker) : by_time;
	}
}

/*
 * Attach has answered that the rest of the segment is too small: for an object
 * that begins here, or for any object of the kind, whatever is here? Its head is
 * shown again with a size that is too small for all of them, and yet large
 * enough that attach looks at it.
 */
static bool
begins_here(enum kind kind, const char *mem, uint64_t size)
{
	_Alignas(ALIGN) static char head[HEADS];
	uint64_t least = smallest(kind);
	union handle h;

	if (least > sizeof head)
		return false;
	memset(head, 0, sizeof head);
	memcpy(head, mem, size < sizeof head ? (size_t)size : sizeof head);
	return attach(kind, head, least - 1, &h) == RHEO_ERR_NOSPC;
}

static uint64_t
size_of(enum kind kind, void *mem, uint64_t most)
{
	uint64_t below = 0;
	union handle h;

	while (most - below > 1) {
		uint64_t middle = below + (most - below) / 2;

		if (attach(kind, mem, middle, &h) == RHEO_OK)
			most = middle;
		else
			below = middle;
	}
	return most;
}

/* What lies at an offset; false where it is nothing that rheo knows. */
static bool
look_here(const struct segment *s, uint64_t offset, struct found *f)
{
	uint64_t left = s->size - offset;
	char *mem = s->mem + offset;

	for (unsigned k = 0; k < KINDS; k++) {
		*f = (struct found){.kind = (enum kind)k, .offset = offset};
		f->status = attach(f->kind, mem, left, &f->handle);
		switch (f->status) {
		case RHEO_OK:
			f->size = size_of(f->kind, mem, left);
			/* Should it have been made anew meanwhile: by what is there now. */
			if (attach(f->kind, mem, f->size, &f->handle) == RHEO_OK)
				return true;
			break;
		case RHEO_ERR_VERSION:
			return true;
		case RHEO_ERR_NOSPC:
			f->size = left;
			if (begins_here(f->kind, mem, left))
				return true;
			break;
		default:
			break;
		}
	}
	return false;
}

/* The next offset from `offset` on that is no hole, and where the next hole begins. */
static bool
next_data(const struct segment *s, uint64_t *offset, uint64_t *end)
{
	off_t data, hole;

	*end = s->size;
	if (*offset >= s->size)
		return false;
	if (s->size < HOLES_FROM)
		return true;
	data = lseek(s->fd, (off_t)*offset, SEEK_DATA);
	if (data < 0)
		return errno != ENXIO;
	hole = lseek(s->fd, data, SEEK_HOLE);
	if ((uint64_t)data > *offset)
		*offset = (uint64_t)data / ALIGN * ALIGN;
	if (hole > data && (uint64_t)hole < s->size)
		*end = (uint64_t)hole;
	return *offset < s->size;
}

/* Room for one more, or NULL where there are too many. */
static struct found *
one_more(struct found_list *list)
{
	if (list->count == FOUND_MAX) {
		list->more = true;
		return NULL;
	}
	if ((list->count & (list->count - 1)) == 0) {
		list->found = realloc(list->found, (list->count == 0 ? 1 : 2 * list->count) * sizeof *list->found);
		if (list->found == NULL)
			abort();
	}
	return &list->found[list->count++];
}

struct found_list
segment_find(const struct segment *s)
{
	struct found_list list = {0};
	uint64_t offset = 0, end;
	struct found found, *place;

	while (next_data(s, &offset, &end))
		while (offset < end) {
			if (!look_here(s, offset, &found)) {
				offset += ALIGN;
				continue;
			}
			place = one_more(&list);
			if (place == NULL)
				return list;
			*place = found;
			/* Nothing can begin inside an object that attach vouches for. */
			offset += found.status == RHEO_OK ? (found.size + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
		}
	return list;
}
