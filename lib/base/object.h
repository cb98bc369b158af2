/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BASE_OBJECT_H
#define RHEO_BASE_OBJECT_H

/*
 * What every object in shared memory begins with, and what a handle is.
 *
 * A handle is the object's address with its geometry in the seven low bits
 * (the address is a multiple of RH_ALIGN). Sizes and indexes are computed from
 * the handle, which is the caller's own and not in shared memory, so whatever
 * a hostile neighbour writes there, no access leaves the object (P14). It also
 * saves a load.
 *
 * The header is written once by init and never again. attach trusts it only
 * when magic, layout, kind, geometry, size and checksum agree. The magic is
 * written last, so a half-made object does not attach.
 */

#include <stddef.h>
#include <stdint.h>

#include "align.h"
#include "atomic.h"
#include "rheo/status.h"

#define RH_MAGIC UINT64_C(0x6f6568722d763100) /* "\0 1v-rheo" */
#define RH_LAYOUT 1u
#define RH_TAG_MASK ((uintptr_t)RH_ALIGN - 1)

enum rh_kind { RH_KIND_COUNTER = 1, RH_KIND_BUCKET = 2, RH_KIND_BREAKER = 3 };

struct rh_header {
	rh_a64 magic;
	uint32_t layout;
	uint32_t kind;
	uint64_t size;
	uint32_t tag; /* the geometry, as in the handle */
	uint32_t param; /* one immutable number of the kind's own */
	uint64_t init_ns;
	uint64_t origin; /* another, 64 bits wide */
	uint64_t reserved;
	uint64_t checksum;
};

_Static_assert(sizeof(struct rh_header) == 64, "the header is one line");

/* An avalanche of one word; also the source of the breaker's jitter. Pure. */
static inline uint64_t
rh_mix(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static inline uint64_t
rh_header_sum(const struct rh_header *h)
{
	uint64_t s = rh_mix(((uint64_t)h->layout << 32) | h->kind);

	s = rh_mix(s ^ h->size);
	s = rh_mix(s ^ (((uint64_t)h->tag << 32) | h->param));
	s = rh_mix(s ^ h->init_ns);
	return rh_mix(s ^ h->origin);
}

static inline void
rh_header_fill(struct rh_header *h, uint32_t kind, uint64_t size, uint32_t tag, uint32_t param,
	       uint64_t origin, uint64_t now_ns)
{
	rh_store_init(&h->magic, 0);
	h->layout = RH_LAYOUT;
	h->kind = kind;
	h->size = size;
	h->tag = tag;
	h->param = param;
	h->init_ns = now_ns;
	h->origin = origin;
	h->reserved = 0;
	h->checksum = rh_header_sum(h);
}

/* The last act of init. */
static inline void
rh_header_seal(struct rh_header *h)
{
	rh_swap_rel(&h->magic, RH_MAGIC); /* O-R1 -> O-A1: the whole object */
}

static inline uint32_t
rh_once32(const uint32_t *at)
{
	return *(const volatile uint32_t *)at;
}

static inline uint64_t
rh_once64(const uint64_t *at)
{
	return *(const volatile uint64_t *)at;
}

/*
 * Reads a header into *h, each field once, and checks that: what a neighbour
 * changes afterwards does not become part of a handle.
 */
static inline int32_t
rh_header_read(const struct rh_header *shared, uint32_t kind, uint64_t size, struct rh_header *h)
{
	/* O-A1 <- O-R1: the whole object */
	if (rh_load_acq(&shared->magic) != RH_MAGIC)
		return RHEO_ERR_CORRUPT;
	h->layout = rh_once32(&shared->layout);
	h->kind = rh_once32(&shared->kind);
	h->size = rh_once64(&shared->size);
	h->tag = rh_once32(&shared->tag);
	h->param = rh_once32(&shared->param);
	h->init_ns = rh_once64(&shared->init_ns);
	h->origin = rh_once64(&shared->origin);
	if (h->layout != RH_LAYOUT)
		return RHEO_ERR_VERSION;
	if (h->kind != kind || h->tag > RH_TAG_MASK || rh_once64(&shared->checksum) != rh_header_sum(h))
		return RHEO_ERR_CORRUPT;
	return h->size > size ? RHEO_ERR_NOSPC : RHEO_OK;
}

/* What init and attach ask of the caller's memory before they touch it. */
static inline int32_t
rh_memory_check(const void *mem, const void *out)
{
	if (mem == NULL || out == NULL || ((uintptr_t)mem & RH_TAG_MASK) != 0)
		return RHEO_ERR_INVAL;
	return RHEO_OK;
}

static inline unsigned
rh_handle_tag(const void *handle)
{
	return (unsigned)((uintptr_t)handle & RH_TAG_MASK);
}

/* Byte arithmetic, so that the pointer keeps its provenance. */
static inline void *
rh_handle_memory(const void *handle)
{
	return (char *)(uintptr_t)handle - rh_handle_tag(handle);
}

static inline void *
rh_handle_make(void *mem, unsigned tag)
{
	return (char *)mem + tag;
}

#endif
