/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BUCKET_H
#define RHEO_BUCKET_H

#include <rheo/export.h>
#include <rheo/status.h>

RHEO_BEGIN_DECLS

/*
 * A token bucket: `tokens_per_period` tokens are earned each `period_ns`, at
 * most `burst` are kept, and a request passes when it can take its cost.
 *
 *	rheo_bucket_config_t cfg;
 *	rheo_bucket_config_init(&cfg, sizeof cfg);
 *	cfg.tokens_per_period = 100;            per period_ns, 1 s by default
 *	cfg.burst = 200;
 *	... memory of rheo_bucket_size(&cfg) bytes, aligned to rheo_bucket_align()
 *	rheo_bucket_init(mem, size, &cfg, now_ns, &bucket);
 *
 *	rheo_bucket_refill(bucket, now_ns);     from the caller's timer
 *	if (rheo_bucket_try_acquire(bucket, 1) == RHEO_OK) ...
 *
 * Two ways of telling it the time, which may be mixed freely:
 *
 *  - A timer calls rheo_bucket_refill (the hook), which publishes the credit
 *    earned by now; requests call rheo_bucket_try_acquire, which reads no
 *    time. Tokens come from the clock, not from the hook: a late, missing,
 *    repeated or racing hook loses nothing that the burst can hold and mints
 *    nothing. rheo_bucket_next_refill_ns says when it is next worth calling.
 *  - Requests pass their own time to rheo_bucket_try_acquire_at, which uses
 *    the later of that and what is published. No hook is needed.
 *
 * The time of a decision is that later time. A time passed to a call is also
 * made known to later ones (published) once it has earned a 64th of the burst,
 * at least one token, beyond what is published; with less it may be forgotten,
 * should the next caller's clock be behind. What is promised (numbers as in
 * the README):
 *
 *  P1  Tokens admitted by decisions whose time lies in [t1, t2] never exceed
 *      burst + ceil(rate * (t2 - t1)), whatever runs at once.
 *  P2  A single caller at saturation loses no token: at least
 *      burst + rate * t - 1, at any polling period.
 *  P3  A refused call changes nothing but the time that is known.
 *  P4  A refund cancels exactly and never lifts the level above the burst.
 *  P5  The hook is idempotent and free of order.
 *  P6  Time going backwards mints nothing, removes nothing, blocks nobody.
 *
 * Lanes. With lanes > 1 tokens are parked in per-CPU words, so that threads on
 * different CPUs do not share a cache line. P (an eighth of the burst at most)
 * is parked, Q (a 64th) pays for callers that run ahead of the hook, and
 * burst - P - Q is held in common. P1 stays strict. P2 becomes: the long-run
 * rate is exact, the burst is at least burst - P - Q, and burst - Q once the
 * hook has run on an idle bucket. The largest cost is burst - P - Q; above it
 * is RHEO_REJ_NEVER. A request is served by one lane or by the common part,
 * never by crumbs of several. lanes = 1 (the default) is one word and exact.
 *
 * Precision. Credit is kept in units of 2^-k token, k chosen at init so that a
 * century fits (k = 20 up to about 1000 tokens a second, 0 at 10^9); every
 * decision is exact in whole tokens, without drift, at any polling period.
 *
 * Which calls may run at once on one bucket (x: no, -: yes). "others" is every
 * call not named:
 *
 *                 init attach others
 *	init          x    x      x
 *	attach        x    -      -
 *	others        x    -      -
 *
 * Every call but init and attach is safe in a signal handler that interrupted
 * any of them, and after fork. Any of them may return RHEO_ERR_CORRUPT where
 * the memory has been overwritten from outside.
 */

typedef struct rheo_bucket rheo_bucket_t;

/* flags: the bucket begins with no tokens instead of `burst`. */
#define RHEO_BUCKET_START_EMPTY 1u

typedef struct rheo_bucket_config {
	uint32_t struct_size;
	uint32_t flags;
	uint64_t tokens_per_period; /* rate, with period_ns: any up to 10^12 a second; must be set */
	uint64_t period_ns;
	uint64_t burst; /* tokens kept at most, up to 2^58; must be set */
	uint64_t max_debt; /* tokens that rheo_bucket_reserve may borrow from the future */
	uint32_t lanes; /* 1: one word, exact. 2 to 1024, rounded up to a power of two. 0: as CPUs
			   and burst allow. With a burst below 32 a lane the rest is one word (stats.lanes). */
	uint32_t counter_lanes; /* lanes for counting alone, 1 to 128; 0: as many as CPUs */
} rheo_bucket_config_t;

/* What reconfigure does with the level. */
#define RHEO_BUCKET_KEEP 0u /* keeps the tokens that are there, up to the new burst */
#define RHEO_BUCKET_SCALE 1u /* keeps the fraction of the burst that is there */
#define RHEO_BUCKET_RESET 2u /* begins anew: full, or empty with START_EMPTY */

typedef struct rheo_bucket_stats {
	uint64_t admitted; /* tokens taken by try_acquire, try_acquire_at, acquire_upto, reserve; those that a guard
			      gave back when a later part refused are in refunded as well */
	uint64_t charged; /* tokens taken by charge */
	uint64_t refunded; /* tokens given back by refund */
	uint64_t refused_rate; /* calls refused with REJ_RATE */
	uint64_t refused_never; /* calls refused with REJ_NEVER */
	uint64_t clock_regressions; /* calls whose time was before the published time */
	uint64_t cas_retries; /* compare-and-swaps lost to another call */
	int64_t level; /* whole tokens as of the published time, below 0 in debt or where callers ran ahead of
			  it; for a gauge rheo_bucket_available */
	uint64_t published_ns; /* the latest time published */
	uint64_t max_cost; /* the largest cost that is not RHEO_REJ_NEVER */
	uint64_t parked; /* of level, tokens parked in lanes */
	uint32_t lanes; /* lanes in use, 1: one word */
	uint32_t reserved;
} rheo_bucket_stats_t;

/*
 * rheo_bucket_config_init: fills *cfg with defaults: period_ns 10^9, lanes 1,
 * everything else 0; tokens_per_period and burst must then be set.
 *
 * size is sizeof *cfg as the caller was compiled; what this library does not
 * know of it is zeroed. Returns RHEO_OK, or RHEO_ERR_INVAL for NULL or a size
 * below 8 or beyond reason. Any thread, wait-free.
 */
RHEO_API int32_t rheo_bucket_config_init(rheo_bucket_config_t *cfg, uint64_t size);

/*
 * rheo_bucket_config_check: whether init would accept this configuration.
 *
 * Returns RHEO_OK; RHEO_ERR_INVAL where a field is out of range: a rate, period
 * or burst of 0, a rate above 10^12 a second, tokens_per_period / period_ns in
 * lowest terms with a numerator of 2^41 or more, burst or max_debt above 2^58,
 * lanes or counter_lanes too many, an unknown flag; RHEO_ERR_VERSION. Any
 * thread, wait-free.
 */
RHEO_API int32_t rheo_bucket_config_check(const rheo_bucket_config_t *cfg);

/*
 * rheo_bucket_config_fault: the name of the first field, in the order of the
 * struct, for which init would refuse this configuration: "burst".
 *
 * Returns a constant; NULL where init would accept it; "struct_size" for a NULL
 * cfg and for one of a version this library does not know. Any thread,
 * wait-free.
 */
RHEO_API const char *rheo_bucket_config_fault(const rheo_bucket_config_t *cfg);

/*
 * rheo_bucket_size: bytes a bucket of this configuration needs; a multiple of
 * rheo_bucket_align(), as aligned_alloc wants it.
 *
 * Returns 0 where the configuration is not valid. Depends on the number of
 * CPUs where lanes or counter_lanes is 0. Any thread.
 */
RHEO_API uint64_t rheo_bucket_size(const rheo_bucket_config_t *cfg);

/* rheo_bucket_align: the alignment that memory for a bucket must have, 128. */
RHEO_API uint64_t rheo_bucket_align(void);

/*
 * rheo_bucket_init: makes a bucket in the caller's memory, full unless
 * START_EMPTY, its clock beginning at now_ns.
 *
 * mem: rheo_bucket_size(cfg) bytes or more, size: how many there are. Stores
 * the handle in *bucket. Returns RHEO_OK; RHEO_ERR_INVAL for NULL, unaligned
 * memory or a bad configuration; RHEO_ERR_NOSPC; RHEO_ERR_VERSION. One caller,
 * before anybody else has the memory.
 */
RHEO_API int32_t rheo_bucket_init(void *mem, uint64_t size, const rheo_bucket_config_t *cfg,
				  uint64_t now_ns, rheo_bucket_t **bucket);

/*
 * rheo_bucket_attach: a handle for a bucket that another process has made.
 *
 * Writes nothing to mem. Returns RHEO_OK; RHEO_ERR_INVAL for NULL or unaligned
 * memory; RHEO_ERR_CORRUPT where mem holds no bucket; RHEO_ERR_VERSION for
 * another layout; RHEO_ERR_NOSPC where size is less than the bucket's. Any
 * thread, wait-free.
 */
RHEO_API int32_t rheo_bucket_attach(void *mem, uint64_t size, rheo_bucket_t **bucket);

/*
 * rheo_bucket_try_acquire: takes n tokens if they are there, by the credit
 * published.
 *
 * Returns RHEO_OK; RHEO_REJ_RATE; RHEO_REJ_NEVER where n is above the burst
 * (with lanes: above burst - P - Q); RHEO_ERR_INVAL for NULL or n = 0. Any
 * thread, process and signal handler; lock-free, a refusal wait-free; one
 * compare-and-swap to accept, none to refuse. A call that sees another's
 * admission also sees the time that one used.
 */
RHEO_API int32_t rheo_bucket_try_acquire(rheo_bucket_t *bucket, uint64_t n);

/*
 * rheo_bucket_try_acquire_at: the same by the credit earned at now_ns, or that
 * published if it is later.
 *
 * Returns, callers, progress as rheo_bucket_try_acquire. With lanes it runs
 * the hook itself when now_ns has earned more than Q beyond what is published.
 */
RHEO_API int32_t rheo_bucket_try_acquire_at(rheo_bucket_t *bucket, uint64_t n, uint64_t now_ns);

/*
 * rheo_bucket_acquire_upto: takes as many tokens as there are, at most n.
 *
 * Stores how many in *taken. Returns RHEO_OK with *taken in 1 to n;
 * RHEO_REJ_RATE with *taken 0; RHEO_ERR_INVAL for NULL or n = 0. n may be above
 * the burst. For callers whose boundary costs more than a decision: take many,
 * spend them locally, refund the rest. P1 counts tokens when they are taken;
 * for it to hold of when they are spent, make the bucket with the burst less
 * all that its holders can hold at once. (What is spent in an interval was held
 * when it began, or taken in it.) Callers, progress as rheo_bucket_try_acquire.
 */
RHEO_API int32_t rheo_bucket_acquire_upto(rheo_bucket_t *bucket, uint64_t n, uint64_t now_ns,
					  uint64_t *taken);

/*
 * rheo_bucket_reserve: takes n tokens now or from the future, if the wait is
 * not longer than max_wait_ns and the debt not above the configured max_debt.
 *
 * Stores in *wait_ns how long after now_ns to act, 0 for at once. The tokens
 * count (P1) as admitted at the time they fall due. Returns RHEO_OK;
 * RHEO_REJ_RATE, with *wait_ns the wait it would have taken; RHEO_REJ_NEVER;
 * RHEO_ERR_INVAL for NULL or n = 0. Cancel with rheo_bucket_refund. Callers,
 * progress as rheo_bucket_try_acquire. With max_wait_ns 0 or max_debt 0 it is
 * rheo_bucket_try_acquire_at that says how long to wait.
 */
RHEO_API int32_t rheo_bucket_reserve(rheo_bucket_t *bucket, uint64_t n, uint64_t now_ns,
				     uint64_t max_wait_ns, uint64_t *wait_ns);

/*
 * rheo_bucket_refund: gives back n tokens that were taken and not used, or a
 * reservation that is not wanted.
 *
 * Cancels exactly; what would lift the level above the burst is dropped (P4).
 * Returns RHEO_OK; RHEO_ERR_INVAL for NULL, n = 0, or n more than any bucket
 * can hold. Callers, progress as rheo_bucket_try_acquire.
 */
RHEO_API int32_t rheo_bucket_refund(rheo_bucket_t *bucket, uint64_t n);

/*
 * rheo_bucket_charge: takes n tokens for work already done, whose cost was only
 * known afterwards (bytes sent, model tokens), going into debt if need be.
 *
 * Never refuses by policy: later requests wait until the debt is earned. Debt
 * stops growing at 2^58 units of 2^-k token (2^38 tokens at k = 20). Returns
 * RHEO_OK; RHEO_ERR_INVAL for NULL, n = 0, or n above that. Callers, progress
 * as rheo_bucket_try_acquire.
 */
RHEO_API int32_t rheo_bucket_charge(rheo_bucket_t *bucket, uint64_t n, uint64_t now_ns);

/*
 * rheo_bucket_refill: the timer hook: publishes the credit earned by now_ns.
 *
 * Returns RHEO_OK, or RHEO_ERR_INVAL for NULL. A time not later than the
 * published one changes nothing. Callers, progress as rheo_bucket_try_acquire;
 * with lanes the cost grows with their number; it tops up at most 64 of them a
 * call.
 */
RHEO_API int32_t rheo_bucket_refill(rheo_bucket_t *bucket, uint64_t now_ns);

/*
 * rheo_bucket_next_refill_ns: how long after now_ns the hook is next worth
 * calling, in *delay_ns: when an eighth of the burst, at least one token, has
 * been earned beyond what is published (with lanes: half of Q).
 *
 * 0 means now. Calling more often is harmless; calling less often delays
 * credit to callers of rheo_bucket_try_acquire. Returns RHEO_OK, or
 * RHEO_ERR_INVAL for NULL. Any thread, lock-free.
 */
RHEO_API int32_t rheo_bucket_next_refill_ns(const rheo_bucket_t *bucket, uint64_t now_ns,
					    uint64_t *delay_ns);

/*
 * rheo_bucket_wait_ns: how long after now_ns a request for n tokens would pass
 * if nobody else asked, in *wait_ns; exact, rounded up to a nanosecond.
 *
 * Takes nothing. RHEO_FOREVER where that lies beyond the end of uint64_t time.
 * Returns RHEO_OK; RHEO_REJ_NEVER, with *wait_ns RHEO_FOREVER; RHEO_ERR_INVAL
 * for NULL or n = 0. Any thread and signal handler, lock-free.
 */
RHEO_API int32_t rheo_bucket_wait_ns(const rheo_bucket_t *bucket, uint64_t n, uint64_t now_ns,
				     uint64_t *wait_ns);

/*
 * rheo_bucket_available: whole tokens that are there at now_ns, 0 in debt, in
 * *tokens. Takes nothing.
 *
 * Returns RHEO_OK, or RHEO_ERR_INVAL for NULL. Any thread and signal handler,
 * lock-free; a moment's view while others take.
 */
RHEO_API int32_t rheo_bucket_available(const rheo_bucket_t *bucket, uint64_t now_ns,
				       uint64_t *tokens);

/* What an answer to a client says of a limit. Fixed at 64 bytes; what is reserved is 0. */
typedef struct rheo_bucket_quota {
	uint64_t limit; /* the burst */
	uint64_t window_ns; /* the time in which an empty bucket fills */
	uint64_t remaining; /* whole tokens left, 0 in debt */
	uint64_t more_ns; /* from now_ns until there is one more, 0 when full */
	uint64_t full_ns; /* from now_ns until the bucket is full, 0 when it is */
	uint64_t time_ns; /* the later of now_ns and the published time: a decision's at now_ns */
	uint64_t reserved[2];
} rheo_bucket_quota_t;

/*
 * rheo_bucket_quota: limit, remaining and reset at now_ns, as the IETF
 * RateLimit and RateLimit-Policy fields want them, in *quota. Takes nothing.
 *
 * Returns RHEO_OK; RHEO_ERR_INVAL for NULL; RHEO_ERR_CORRUPT. Any thread and
 * signal handler, lock-free; a moment's view while others take.
 */
RHEO_API int32_t rheo_bucket_quota(const rheo_bucket_t *bucket, uint64_t now_ns,
				   rheo_bucket_quota_t *quota);

/*
 * rheo_bucket_reconfigure: another rate, burst or max_debt, while others
 * acquire: each decision is by the old configuration or by the new, never by a
 * mix. mode says what becomes of the level.
 *
 * The number of lanes stays, whatever (valid) number cfg->lanes and
 * cfg->counter_lanes say; with lanes SCALE and RESET begin with nothing parked. Debt is kept as tokens and repaid at the new rate. Returns RHEO_OK;
 * RHEO_ERR_INVAL for NULL, an unknown mode, a bad configuration, or a burst or
 * max_debt above 2^58 units of the k chosen at init (2^38 tokens where k is
 * 20); RHEO_ERR_VERSION. Any thread and process; obstruction-free: two at once
 * may make each other start again, one of them then decides last. A caller
 * killed half-way leaves the old configuration or the new, and others go on;
 * with lanes, what they hold of a larger burst stays until the hook next runs.
 * P1 across the change: one rate after the other, from the last published time
 * on. (Its last two instructions are a look whether time has gone on, and the
 * change. Whoever is stopped between these two, by so much that others earn a
 * burst, lets the time between be earned at the new rate once more. With lanes,
 * who is stopped between its look at the time and its lane, while the rate
 * grows and the hook runs, takes what its lane holds as if no more had been
 * earned beyond the published time than by the old rate.)
 */
RHEO_API int32_t rheo_bucket_reconfigure(rheo_bucket_t *bucket, const rheo_bucket_config_t *cfg,
					 uint64_t now_ns, uint32_t mode);

/*
 * rheo_bucket_config: the configuration in force, in *cfg of `size` bytes;
 * lanes as in use.
 *
 * Returns RHEO_OK; RHEO_ERR_INVAL for NULL or an absurd size;
 * RHEO_ERR_CORRUPT. Any thread, lock-free.
 */
RHEO_API int32_t rheo_bucket_config(const rheo_bucket_t *bucket, rheo_bucket_config_t *cfg,
				    uint64_t size);

/*
 * rheo_bucket_stats: counts since init and the level, in *stats of `size`
 * bytes (a smaller or larger struct of another version is served).
 *
 * Exact while nobody acts (P15); admitted wraps at 2^64 >> k tokens. A filler
 * killed between taking a batch for its lane and parking it leaves that batch
 * counted as admitted. Returns RHEO_OK, or RHEO_ERR_INVAL for NULL or an
 * absurd size. Any thread, lock-free.
 */
RHEO_API int32_t rheo_bucket_stats(const rheo_bucket_t *bucket, rheo_bucket_stats_t *stats,
				   uint64_t size);

RHEO_END_DECLS

#endif
