/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PREFORK_LAYOUT_H
#define PREFORK_LAYOUT_H

#include <stdatomic.h>
#include <stdint.h>

#include <rheo/rheo.h>

#include "options.h"

/*
 * The segment that the master and its workers share. What is where:
 *
 *	head          below
 *	breaker       \
 *	bucket         } rheo's objects, each at a multiple of 128, of the size
 *	counter       /  that its configuration asks for
 *	admission[]   who was admitted, and when: what the master checks at the end
 *
 * No pointer is in it, so it may lie at another address in each process. A guard
 * has pointers: each process makes its own, in its own memory.
 */

#define LAYOUT_MAGIC UINT64_C(0x6b726f6665727001) /* "\1prefork" as little-endian machines see it */

struct layout_head {
	_Atomic uint64_t magic; /* written last */
	uint64_t size;
	uint64_t breaker_at, bucket_at, counter_at, admission_at; /* offsets */
	uint64_t admissions; /* room for so many */
	_Atomic uint32_t ill; /* whether what the workers call is ill now, in percent of failures */
	_Alignas(128) _Atomic uint64_t next; /* the next admission's place; may pass `admissions` */
};

/* One whose decided_ns is 0 is being written, or its worker was killed at it. */
struct admission {
	uint64_t asked_ns;
	_Atomic uint64_t decided_ns; /* written last; the decision's time lies between the two */
	uint64_t generation; /* of the breaker, when the permit was given */
	uint32_t probe;
	uint32_t worker;
};

/* What the counter counts, calls all. */
enum { ASKED, ADMITTED, REFUSED_RATE, REFUSED_OPEN, REFUSED_PROBE, SUCCEEDED, FAILED, STALE };

/* The segment as one process sees it. */
struct layout {
	struct layout_head *head;
	struct admission *admission;
	rheo_breaker_t *breaker;
	rheo_bucket_t *bucket;
	rheo_counter_t *counter;
};

/* Makes the segment, in a file or a memfd, and what is in it; one line on stderr and false where that fails. */
bool layout_make(const struct options *options, struct layout *layout);

/* Another process's view of it, or another thread's: false where it holds something else. */
bool layout_attach(void *mem, struct layout *layout);

/* A guard over the parts, in this process's own memory: *mem, to free. NULL where there is none. */
rheo_guard_t *layout_guard(const struct layout *layout, void **mem);

#endif
