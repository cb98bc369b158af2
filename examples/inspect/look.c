/* SPDX-License-Identifier: BSD-2-Clause */
#include "look.h"

#include <stdlib.h>

static int32_t
look_at_counter(const rheo_counter_t *c, struct look *l)
{
	int32_t st = RHEO_OK;

	for (uint32_t i = 0; i < LOOK_COUNTS && st == RHEO_OK; i++)
		st = rheo_counter_read(c, i, &l->of.counter.count[i]);
	return st;
}

static int32_t
look_at_bucket(const rheo_bucket_t *b, uint64_t now_ns, struct look *l)
{
	int32_t st = rheo_bucket_config(b, &l->of.bucket.cfg, sizeof l->of.bucket.cfg);

	if (st == RHEO_OK)
		st = rheo_bucket_stats(b, &l->of.bucket.stats, sizeof l->of.bucket.stats);
	if (st == RHEO_OK)
		st = rheo_bucket_quota(b, now_ns, &l->of.bucket.quota);
	if (st == RHEO_OK)
		st = rheo_bucket_available(b, now_ns, &l->of.bucket.available);
	return st;
}

static int32_t
look_at_breaker(const rheo_breaker_t *b, uint64_t now_ns, struct look *l)
{
	rheo_breaker_snapshot_t *now = &l->of.breaker.now;
	int32_t st = rheo_breaker_config(b, &l->of.breaker.cfg, sizeof l->of.breaker.cfg);

	if (st == RHEO_OK)
		st = rheo_breaker_snapshot(b, now_ns, now, sizeof *now);
	if (st == RHEO_OK)
		st = rheo_breaker_events(b, now->generation > LOOK_EVENTS ? now->generation - LOOK_EVENTS : 0,
					 l->of.breaker.event, LOOK_EVENTS, &l->of.breaker.events);
	return st;
}

void
look_at(const struct found *f, uint64_t now_ns, struct look *l)
{
	*l = (struct look){.kind = f->kind, .status = f->status, .offset = f->offset, .size = f->size};
	if (f->status != RHEO_OK)
		return;
	switch (f->kind) {
	case COUNTER:
		l->status = look_at_counter(f->handle.counter, l);
		break;
	case BUCKET:
		l->status = look_at_bucket(f->handle.bucket, now_ns, l);
		break;
	default:
		l->status = look_at_breaker(f->handle.breaker, now_ns, l);
		break;
	}
}

bool
sample_take(const char *name, uint64_t now_ns, struct sample *s, char *why)
{
	struct segment segment;
	struct found_list list;

	*s = (struct sample){.now_ns = now_ns};
	if (!segment_open(&segment, name, false, why))
		return false;
	list = segment_find(&segment);
	s->clock_ns = rheo_now_ns();
	s->segment_size = segment.size;
	s->count = list.count;
	s->more = list.more;
	s->look = calloc(list.count + 1, sizeof *s->look);
	if (s->look == NULL)
		abort();
	for (size_t i = 0; i < list.count; i++) {
		look_at(&list.found[i], now_ns, &s->look[i]);
		s->unread += s->look[i].status != RHEO_OK;
	}
	segment_close(&segment);
	free(list.found);
	return true;
}

void
sample_free(struct sample *s)
{
	free(s->look);
	*s = (struct sample){0};
}

const struct look *
sample_same(const struct sample *before, const struct look *l)
{
	size_t low = 0, high = before == NULL ? 0 : before->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (before->look[middle].offset < l->offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (before == NULL || low == before->count || before->look[low].offset != l->offset ||
	    before->look[low].kind != l->kind || before->look[low].status != RHEO_OK)
		return NULL;
	return &before->look[low];
}

uint64_t
look_known_ns(const struct look *l)
{
	uint64_t known = 0;

	if (l->status != RHEO_OK)
		return 0;
	if (l->kind == BUCKET)
		return l->of.bucket.stats.published_ns;
	for (uint32_t i = 0; l->kind == BREAKER && i < l->of.breaker.events; i++)
		if (l->of.breaker.event[i].at_ns > known)
			known = l->of.breaker.event[i].at_ns;
	return known;
}
