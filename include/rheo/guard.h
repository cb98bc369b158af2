/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_GUARD_H
#define RHEO_GUARD_H

#include <rheo/breaker.h>
#include <rheo/bucket.h>
#include <rheo/export.h>
#include <rheo/status.h>

RHEO_BEGIN_DECLS

/*
 * A guard: one breaker (or none) and up to four buckets, asked as one. A
 * request passes when all of them let it; a refusal has spent nothing and
 * leaked no probe.
 *
 *	rheo_verdict_t v;
 *	if (rheo_guard_try_acquire(guard, 1, now_ns, &v) == RHEO_OK) {
 *		... make the call ...
 *		rheo_guard_record(guard, v.permit, ok ? RHEO_SUCCESS : RHEO_FAILURE, now_ns);
 *	} else {
 *		... v.status, v.retry_after_ns ...
 *	}
 *
 * The guard borrows its parts: they must outlive it, may be used on their own
 * besides, and may be shared by several guards (a bucket a tenant, one for
 * all). It holds pointers, so unlike its parts it belongs to one process.
 *
 * Order: the breaker, then the buckets in the order given. What an earlier part
 * gave is given back when a later one refuses; until then another thread may
 * find that much less, and some of it may come back into another lane, or, in a
 * bucket that was full, by the next publication. Put the bucket first that
 * refuses most.
 *
 * A part that is NULL is no limit: check what init of each part returned.
 *
 * With RHEO_GUARD_SHADOW (a dry run) it decides and counts as it would, and
 * admits every request.
 *
 * Which calls may run at once on one guard: all but init, which is alone.
 * Every call but init and stats is safe in a signal handler that interrupted
 * any of them, and after fork. Progress: lock-free, as the parts are.
 */

typedef struct rheo_guard rheo_guard_t;

#define RHEO_GUARD_BUCKETS 4u

/* flags: decide and count, but admit. */
#define RHEO_GUARD_SHADOW 1u
/* flags: on RHEO_OK leave limit, remaining and the times of the verdict 0, bucket UINT32_MAX; it is then cheaper. */
#define RHEO_GUARD_LEAN 2u

/* Who refused. A bucket is RHEO_BY_BUCKET + its index. */
#define RHEO_BY_NOBODY 0u
#define RHEO_BY_BREAKER 1u
#define RHEO_BY_BUCKET 2u

typedef struct rheo_guard_config {
	uint32_t struct_size;
	uint32_t flags;
	rheo_breaker_t *breaker; /* or NULL: none */
	rheo_bucket_t *bucket[RHEO_GUARD_BUCKETS]; /* those not NULL, no one twice */
	uint32_t lanes; /* per-CPU lines for the guard's own counts, 1 to 64; 0: as many as CPUs */
	uint32_t reserved; /* 0 */
} rheo_guard_config_t;

/* Fixed at 128 bytes; what is reserved is 0. */
typedef struct rheo_verdict {
	int32_t status; /* what try_acquire returned */
	int32_t shadow_status; /* with SHADOW: what it would have returned; else as status */
	uint32_t refused_by; /* RHEO_BY_NOBODY, RHEO_BY_BREAKER, RHEO_BY_BUCKET + index; SHADOW: would have */
	uint32_t bucket; /* index of the bucket that the fields below are about; UINT32_MAX: none */
	uint64_t permit; /* for record or cancel; RHEO_PERMIT_NONE where not admitted or no breaker */
	uint64_t cost; /* tokens taken from each bucket, for cancel: the cost, or 0 where refused */
	uint64_t retry_after_ns; /* where refused: by when all parts let it pass if nobody else asks (sooner where a
				    probe reports); RHEO_FOREVER: unknown */
	/* Of the bucket that refused, or else of the (first) one with the fewest tokens left: */
	uint64_t limit; /* its burst */
	uint64_t window_ns; /* the time in which it fills from empty */
	uint64_t remaining; /* whole tokens left */
	uint64_t more_ns; /* until there is one more */
	uint64_t reset_ns; /* until it is full */
	uint64_t decided_ns; /* the decision's time lies between now_ns and this */
	uint64_t reserved[5];
} rheo_verdict_t;

typedef struct rheo_guard_stats {
	uint64_t refused_by_breaker; /* with SHADOW: would have been */
	uint64_t refused_by_bucket[RHEO_GUARD_BUCKETS];
	uint64_t shadowed; /* admitted by SHADOW alone */
	uint64_t cancelled;
} rheo_guard_stats_t;

/*
 * rheo_guard_config_init: fills *cfg with defaults: no parts, no flags.
 *
 * size is sizeof *cfg as the caller was compiled; what this library does not
 * know of it is zeroed. Returns RHEO_OK, or RHEO_ERR_INVAL for NULL or a size
 * below 8 or beyond reason. Any thread, wait-free.
 */
RHEO_API int32_t rheo_guard_config_init(rheo_guard_config_t *cfg, uint64_t size);

/*
 * rheo_guard_size: bytes a guard of this configuration needs; a multiple of
 * rheo_guard_align(), as aligned_alloc wants it.
 *
 * Returns 0 where the configuration is not valid: no part, a bucket twice, an
 * unknown flag, too many lanes. Any thread.
 */
RHEO_API uint64_t rheo_guard_size(const rheo_guard_config_t *cfg);

/* rheo_guard_align: the alignment that memory for a guard must have, 128. */
RHEO_API uint64_t rheo_guard_align(void);

/*
 * rheo_guard_init: makes a guard in the caller's memory.
 *
 * mem: rheo_guard_size(cfg) bytes or more, size: how many there are. Stores the
 * handle in *guard. Returns RHEO_OK; RHEO_ERR_INVAL for NULL, unaligned memory
 * or a bad configuration; RHEO_ERR_NOSPC; RHEO_ERR_VERSION. One caller, before
 * anybody else has the memory.
 */
RHEO_API int32_t rheo_guard_init(void *mem, uint64_t size, const rheo_guard_config_t *cfg,
				 uint64_t now_ns, rheo_guard_t **guard);

/*
 * rheo_guard_try_acquire: asks all parts for a request of this cost.
 *
 * Fills *verdict. Returns RHEO_OK; RHEO_REJ_OPEN or RHEO_REJ_PROBE from the
 * breaker; RHEO_REJ_RATE or RHEO_REJ_NEVER from a bucket; RHEO_ERR_INVAL for
 * NULL or cost 0, with *verdict untouched. The buckets decide as
 * rheo_bucket_try_acquire_at does.
 */
RHEO_API int32_t rheo_guard_try_acquire(rheo_guard_t *guard, uint64_t cost, uint64_t now_ns,
					rheo_verdict_t *verdict);

/*
 * rheo_guard_record: reports the outcome of the call that was admitted with
 * `permit`; rheo_breaker_record on the guard's breaker.
 *
 * Returns as that does; RHEO_OK where the guard has no breaker.
 */
RHEO_API int32_t rheo_guard_record(rheo_guard_t *guard, uint64_t permit, uint32_t outcome,
				   uint64_t now_ns);

/*
 * rheo_guard_cancel: undoes an admission whose call was never made: the permit
 * goes back to the breaker, `cost` tokens (verdict.cost) to every bucket.
 *
 * Returns RHEO_OK; RHEO_STALE where the permit was reported before or is of an
 * older generation (the tokens are given back all the same); RHEO_ERR_INVAL
 * for NULL.
 */
RHEO_API int32_t rheo_guard_cancel(rheo_guard_t *guard, uint64_t permit, uint64_t cost,
				   uint64_t now_ns);

/*
 * rheo_guard_tick: the timer hook of every part, and in *next_ns (if not NULL)
 * how long after now_ns to call again.
 *
 * Returns RHEO_OK, or RHEO_ERR_INVAL for NULL.
 */
RHEO_API int32_t rheo_guard_tick(rheo_guard_t *guard, uint64_t now_ns, uint64_t *next_ns);

/*
 * rheo_guard_stats: what the guard itself has counted, in *stats of `size`
 * bytes; the parts' own counts are theirs.
 *
 * Returns RHEO_OK, or RHEO_ERR_INVAL for NULL or an absurd size.
 */
RHEO_API int32_t rheo_guard_stats(const rheo_guard_t *guard, rheo_guard_stats_t *stats,
				  uint64_t size);

RHEO_END_DECLS

#endif
