/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_GO_SHIM_H
#define RHEO_GO_SHIM_H

/*
 * What Go calls on a request's path.
 *
 * Handles are integers here: they are not addresses (they carry an object's
 * geometry), so Go has no business with them as pointers. Results come back by
 * value: with no pointer passed there is nothing that escapes to Go's heap, with
 * any version of Go and without `#cgo noescape`. The time is read on this side,
 * where it costs no second crossing.
 */
#ifdef RHEO_BUNDLED
#include "rheo.h"
#else
#include <rheo/rheo.h>
#endif
#include <stdlib.h>

typedef struct rheogo_value {
	uint64_t value;
	int32_t status;
} rheogo_value_t;

#define RHEOGO_BUCKET(h) ((rheo_bucket_t *)(h))
#define RHEOGO_BREAKER(h) ((rheo_breaker_t *)(h))
#define RHEOGO_GUARD(h) ((rheo_guard_t *)(h))

/* --- bucket --- */

/* The handle as C has it, for what is called seldom. */
static inline rheo_bucket_t *
rheogo_bucket(uintptr_t h)
{
	return RHEOGO_BUCKET(h);
}

static inline uintptr_t
rheogo_bucket_handle(rheo_bucket_t *handle)
{
	return (uintptr_t)handle;
}

static inline int32_t
rheogo_bucket_try_acquire(uintptr_t h, uint64_t n)
{
	return rheo_bucket_try_acquire_at(RHEOGO_BUCKET(h), n, rheo_now_ns());
}

static inline int32_t
rheogo_bucket_try_acquire_at(uintptr_t h, uint64_t n, uint64_t now_ns)
{
	return rheo_bucket_try_acquire_at(RHEOGO_BUCKET(h), n, now_ns);
}

static inline int32_t
rheogo_bucket_try_acquire_published(uintptr_t h, uint64_t n)
{
	return rheo_bucket_try_acquire(RHEOGO_BUCKET(h), n);
}

static inline rheogo_value_t
rheogo_bucket_acquire_upto(uintptr_t h, uint64_t n, uint64_t now_ns)
{
	rheogo_value_t r = {0, 0};

	r.status = rheo_bucket_acquire_upto(RHEOGO_BUCKET(h), n, now_ns, &r.value);
	return r;
}

static inline rheogo_value_t
rheogo_bucket_reserve(uintptr_t h, uint64_t n, uint64_t now_ns, uint64_t max_wait_ns)
{
	rheogo_value_t r = {0, 0};

	r.status = rheo_bucket_reserve(RHEOGO_BUCKET(h), n, now_ns, max_wait_ns, &r.value);
	return r;
}

static inline int32_t
rheogo_bucket_refund(uintptr_t h, uint64_t n)
{
	return rheo_bucket_refund(RHEOGO_BUCKET(h), n);
}

static inline int32_t
rheogo_bucket_charge(uintptr_t h, uint64_t n, uint64_t now_ns)
{
	return rheo_bucket_charge(RHEOGO_BUCKET(h), n, now_ns);
}

static inline int32_t
rheogo_bucket_refill(uintptr_t h, uint64_t now_ns)
{
	return rheo_bucket_refill(RHEOGO_BUCKET(h), now_ns);
}

static inline rheogo_value_t
rheogo_bucket_next_refill_ns(uintptr_t h, uint64_t now_ns)
{
	rheogo_value_t r = {0, 0};

	r.status = rheo_bucket_next_refill_ns(RHEOGO_BUCKET(h), now_ns, &r.value);
	return r;
}

static inline rheogo_value_t
rheogo_bucket_wait_ns(uintptr_t h, uint64_t n, uint64_t now_ns)
{
	rheogo_value_t r = {0, 0};

	r.status = rheo_bucket_wait_ns(RHEOGO_BUCKET(h), n, now_ns, &r.value);
	return r;
}

static inline rheogo_value_t
rheogo_bucket_available(uintptr_t h, uint64_t now_ns)
{
	rheogo_value_t r = {0, 0};

	r.status = rheo_bucket_available(RHEOGO_BUCKET(h), now_ns, &r.value);
	return r;
}

typedef struct rheogo_quota {
	rheo_bucket_quota_t quota;
	int32_t status;
} rheogo_quota_t;

static inline rheogo_quota_t
rheogo_bucket_quota(uintptr_t h, uint64_t now_ns)
{
	rheogo_quota_t r = {{0}, 0};

	r.status = rheo_bucket_quota(RHEOGO_BUCKET(h), now_ns, &r.quota);
	return r;
}

/* --- breaker --- */

static inline rheo_breaker_t *
rheogo_breaker(uintptr_t h)
{
	return RHEOGO_BREAKER(h);
}

static inline uintptr_t
rheogo_breaker_handle(rheo_breaker_t *handle)
{
	return (uintptr_t)handle;
}

static inline rheogo_value_t
rheogo_breaker_try_acquire_at(uintptr_t h, uint64_t now_ns)
{
	rheogo_value_t r = {0, 0};

	r.status = rheo_breaker_try_acquire(RHEOGO_BREAKER(h), now_ns, &r.value);
	return r;
}

static inline rheogo_value_t
rheogo_breaker_try_acquire(uintptr_t h)
{
	return rheogo_breaker_try_acquire_at(h, rheo_now_ns());
}

static inline int32_t
rheogo_breaker_record_at(uintptr_t h, uint64_t permit, uint32_t outcome, uint64_t now_ns)
{
	return rheo_breaker_record(RHEOGO_BREAKER(h), permit, outcome, now_ns);
}

static inline int32_t
rheogo_breaker_record(uintptr_t h, uint64_t permit, uint32_t outcome)
{
	return rheo_breaker_record(RHEOGO_BREAKER(h), permit, outcome, rheo_now_ns());
}

static inline int32_t
rheogo_breaker_cancel_at(uintptr_t h, uint64_t permit, uint64_t now_ns)
{
	return rheo_breaker_cancel(RHEOGO_BREAKER(h), permit, now_ns);
}

static inline rheogo_value_t
rheogo_breaker_retry_after_ns(uintptr_t h, uint64_t now_ns)
{
	rheogo_value_t r = {0, 0};

	r.status = rheo_breaker_retry_after_ns(RHEOGO_BREAKER(h), now_ns, &r.value);
	return r;
}

/* The state in the low half, the mode in the high one. */
static inline rheogo_value_t
rheogo_breaker_state(uintptr_t h)
{
	rheogo_value_t r = {0, 0};
	uint32_t state = 0, mode = 0;

	r.status = rheo_breaker_state(RHEOGO_BREAKER(h), &state, &mode);
	r.value = (uint64_t)mode << 32 | state;
	return r;
}

static inline rheogo_value_t
rheogo_breaker_tick(uintptr_t h, uint64_t now_ns)
{
	rheogo_value_t r = {0, 0};

	r.status = rheo_breaker_tick(RHEOGO_BREAKER(h), now_ns, &r.value);
	return r;
}

/* --- guard --- */

static inline rheo_guard_t *
rheogo_guard(uintptr_t h)
{
	return RHEOGO_GUARD(h);
}

static inline uintptr_t
rheogo_guard_handle(rheo_guard_t *handle)
{
	return (uintptr_t)handle;
}

/* Its configuration holds pointers, so it is filled on this side. */
static inline void
rheogo_guard_config(rheo_guard_config_t *cfg, uint32_t flags, uint32_t lanes, uintptr_t breaker, uintptr_t b0,
		    uintptr_t b1, uintptr_t b2, uintptr_t b3)
{
	rheo_guard_config_init(cfg, sizeof *cfg);
	cfg->flags = flags;
	cfg->lanes = lanes;
	cfg->breaker = RHEOGO_BREAKER(breaker);
	cfg->bucket[0] = RHEOGO_BUCKET(b0);
	cfg->bucket[1] = RHEOGO_BUCKET(b1);
	cfg->bucket[2] = RHEOGO_BUCKET(b2);
	cfg->bucket[3] = RHEOGO_BUCKET(b3);
}

static inline rheo_verdict_t
rheogo_guard_try_acquire_at(uintptr_t h, uint64_t cost, uint64_t now_ns)
{
	rheo_verdict_t v = {0};

	/* Of an error of the caller's a verdict says nothing else. */
	v.status = rheo_guard_try_acquire(RHEOGO_GUARD(h), cost, now_ns, &v);
	return v;
}

static inline rheo_verdict_t
rheogo_guard_try_acquire(uintptr_t h, uint64_t cost)
{
	return rheogo_guard_try_acquire_at(h, cost, rheo_now_ns());
}

static inline int32_t
rheogo_guard_record_at(uintptr_t h, uint64_t permit, uint32_t outcome, uint64_t now_ns)
{
	return rheo_guard_record(RHEOGO_GUARD(h), permit, outcome, now_ns);
}

static inline int32_t
rheogo_guard_record(uintptr_t h, uint64_t permit, uint32_t outcome)
{
	return rheo_guard_record(RHEOGO_GUARD(h), permit, outcome, rheo_now_ns());
}

static inline int32_t
rheogo_guard_cancel_at(uintptr_t h, uint64_t permit, uint64_t cost, uint64_t now_ns)
{
	return rheo_guard_cancel(RHEOGO_GUARD(h), permit, cost, now_ns);
}

static inline rheogo_value_t
rheogo_guard_tick(uintptr_t h, uint64_t now_ns)
{
	rheogo_value_t r = {0, 0};

	r.status = rheo_guard_tick(RHEOGO_GUARD(h), now_ns, &r.value);
	return r;
}

#endif
