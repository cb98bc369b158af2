/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_OBJECT_H
#define RHEO_TESTS_OBJECT_H

/* An object of any kind in memory that somebody else may write to, and any call on it. */

#include "property/harness.h"
#include "rheo/rheo.h"

enum { OBJECT_COUNTER, OBJECT_BUCKET, OBJECT_BREAKER, OBJECT_KINDS };

struct object {
	unsigned kind;
	struct room mem;
	union {
		rheo_counter_config_t counter;
		rheo_bucket_config_t bucket;
		rheo_breaker_config_t breaker;
	} cfg;
	void *handle;
	struct room guard_mem; /* a guard over it, in memory that nobody else has */
	rheo_guard_t *guard;
};

/* Who calls: what it has been given. */
struct caller {
	uint64_t now;
	uint64_t permit;
	uint64_t calls; /* that have returned */
	uint64_t longest; /* ... in atomic operations */
};

/* Makes one of any kind and shape. */
void object_make(struct object *o, struct bytes *in);
void object_free(struct object *o);

int32_t object_attach(unsigned kind, void *mem, uint64_t size, void **handle);

/* A handle got by attach is the one to use from now on, with a new guard over it. */
void object_use(struct object *o, void *handle);

/*
 * Any call. `between`: steps.h. Returns NULL, or what was wrong with what it
 * gave back.
 */
const char *object_call(struct object *o, struct caller *c, struct bytes *in,
			void (*between)(void *, uint64_t), void *arg);

/* A write that a neighbour makes, by what it is told. */
struct scribble {
	uint32_t word; /* which, of 8 bytes */
	uint32_t how;
	uint64_t value;
};

struct scribble any_scribble(struct bytes *in, const struct object *o);

/* Does it once. `was`: the memory as it was at first, for writes that put back. */
void scribble(const struct scribble *s, struct room *mem, const uint8_t *was);

#endif
