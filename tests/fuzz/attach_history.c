/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Memory that is not as init left it: mutated anywhere, cut short, its checksums
 * made to agree again. attach says of it what its header says, and touches
 * nothing. What it accepts may be used: every call stays inside, ends, and
 * returns a status, though more is written between any two of its steps.
 */

#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "breaker/self.h"
#include "object.h"
#include "steps.h"

#define MUTATIONS 8u
#define LIVE 4u
#define MOST_CALLS 32u /* a history: on rubbish a call may take a millisecond */

/* What another process writes while a call runs: at one step of it, or at every one from there on. */
struct live {
	struct object *object;
	const uint8_t *was;
	unsigned count;
	struct {
		struct scribble write;
		uint64_t step, every;
	} at[LIVE];
};

static uint64_t histories, longest_call, calls_made;

/* The checksum of a breaker's shape, once more: it is part of the layout. */
static void
seal_shape(struct rh_shape *s)
{
	uint64_t x = rh_mix(rh_mix(rh_mix(s->slice_ns) ^ s->slice_d) ^ s->slice_recip);

	x = rh_mix(x ^ ((uint64_t)s->slice_norm << 32 | s->slices));
	s->sum = (uint32_t)rh_mix(x ^ s->window_calls);
}

/* Makes the checksums agree with what now stands there: a neighbour that knows how. */
static void
seal(struct room *mem)
{
	struct rh_breaker *b = (struct rh_breaker *)(void *)mem->at;

	b->head.checksum = rh_header_sum(&b->head);
	if (b->head.kind == RH_KIND_BREAKER && mem->size >= sizeof *b)
		seal_shape(&b->shape);
}

/* The same bytes, of which there are only so many. */
static void
cut_short(struct object *o, size_t size)
{
	struct room shorter = room_make(size);

	memcpy(shorter.at, o->mem.at, size);
	room_free(&o->mem);
	o->mem = shorter;
}

/* What attach has to say of a header as it stands; RHEO_OK also where it may find more that is wrong. */
static int32_t
header_says(const struct room *mem, unsigned kind)
{
	static const uint32_t kinds[OBJECT_KINDS] = {RH_KIND_COUNTER, RH_KIND_BUCKET, RH_KIND_BREAKER};
	const struct rh_header *h = (const struct rh_header *)(const void *)mem->at;

	if (mem->size < sizeof *h)
		return RHEO_ERR_NOSPC;
	if (atomic_load(&h->magic.v) != RH_MAGIC)
		return RHEO_ERR_CORRUPT;
	if (h->layout != RH_LAYOUT)
		return RHEO_ERR_VERSION;
	if (h->kind != kinds[kind] || h->tag > RH_TAG_MASK || h->checksum != rh_header_sum(h))
		return RHEO_ERR_CORRUPT;
	return h->size > mem->size ? RHEO_ERR_NOSPC : RHEO_OK;
}

/* Every kind's attach. Returns what was wrong; *handle: what the object's own kind gave, or NULL. */
static const char *
attach_all(struct object *o, bool whole, void **handle)
{
	uint8_t *before = malloc(o->mem.size);
	const char *result = NULL;
	char mark;

	memcpy(before, o->mem.at, o->mem.size);
	for (unsigned kind = 0; kind < OBJECT_KINDS; kind++) {
		void *got = &mark;
		int32_t st = object_attach(kind, o->mem.at, o->mem.size, &got), want = header_says(&o->mem, kind);
		bool small = kind == OBJECT_BREAKER && o->mem.size < sizeof(struct rh_breaker);

		if (memcmp(before, o->mem.at, o->mem.size) != 0)
			result = "attach wrote";
		else if (st > RHEO_OK || (st == RHEO_OK) != (got != &mark))
			result = wrong("attach gave %d, and %s handle", st, got != &mark ? "a" : "no");
		else if (want != RHEO_OK && st != want && !(small && st == RHEO_ERR_NOSPC))
			result = wrong("attach gave %d, its header says %d", st, want);
		else if (whole && kind == o->kind && st != RHEO_OK)
			result = wrong("attach of what init made gave %d", st);
		if (kind == o->kind)
			*handle = st == RHEO_OK ? got : NULL;
	}
	free(before);
	return result;
}

static void
between(void *arg, uint64_t step)
{
	struct live *l = arg;

	for (unsigned i = 0; i < l->count; i++)
		if (step == l->at[i].step ||
		    (l->at[i].every != 0 && step > l->at[i].step && (step - l->at[i].step) % l->at[i].every == 0))
			scribble(&l->at[i].write, &l->object->mem, l->was);
}

static void
any_live(struct live *l, struct bytes *in)
{
	unsigned n = (unsigned)take(in, 1);

	l->count = n < 128 ? 0 : 1 + n % LIVE;
	for (unsigned i = 0; i < l->count; i++) {
		l->at[i].write = any_scribble(in, l->object);
		l->at[i].step = 1 + take(in, 1);
		l->at[i].every = take(in, 1);
		l->at[i].every = l->at[i].every < 192 ? 0 : l->at[i].every - 191;
	}
}

static const char *
use(struct object *o, struct bytes *in, const uint8_t *was, int *steps)
{
	struct caller c = {.now = 1000000};
	struct live l = {.object = o, .was = was};
	const char *result = NULL;

	while (in->left > 0 && c.calls < MOST_CALLS && result == NULL) {
		++*steps;
		any_live(&l, in);
		result = object_call(o, &c, in, between, &l);
	}
	longest_call = c.longest > longest_call ? c.longest : longest_call;
	calls_made += c.calls;
	return result;
}

static void
report(void)
{
	fprintf(stderr, "attach: %llu calls on what was accepted, all ended; the longest after %llu atomic operations\n",
		(unsigned long long)calls_made, (unsigned long long)longest_call);
}

const char *
attach_history(struct bytes in, int *steps)
{
	struct object o;
	const char *result = NULL;
	uint8_t *was = NULL;
	void *handle = NULL;
	unsigned mutations, before;
	bool cut;
	struct caller c = {.now = 1000000};

	if (histories++ == 0)
		atexit(report);
	*steps = 0;
	object_make(&o, &in);
	/* Some calls, so that there is something in it. */
	for (before = (unsigned)take(&in, 1) % 16; before > 0 && result == NULL; before--)
		result = object_call(&o, &c, &in, NULL, NULL);
	was = malloc(o.mem.size);
	memcpy(was, o.mem.at, o.mem.size);
	mutations = (unsigned)take(&in, 1) % (MUTATIONS + 1);
	for (unsigned i = 0; i < mutations; i++) {
		struct scribble s = any_scribble(&in, &o);

		scribble(&s, &o.mem, was);
	}
	if (take(&in, 1) % 4)
		seal(&o.mem);
	cut = take(&in, 1) % 8 == 0;
	if (cut)
		cut_short(&o, (size_t)(take(&in, 3) % (o.mem.size + 1)));
	if (result == NULL)
		result = attach_all(&o, mutations == 0 && !cut, &handle);
	if (result == NULL && handle != NULL) {
		object_use(&o, handle);
		result = use(&o, &in, was, steps);
	}
	if (result == NULL && (!room_intact(&o.mem) || (o.guard_mem.at != NULL && !room_intact(&o.guard_mem))))
		result = "a call wrote beyond the object";
	if (result != NULL)
		result = wrong("step %d: %s", *steps, result);
	object_free(&o);
	free(was);
	return result;
}
