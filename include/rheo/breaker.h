/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BREAKER_H
#define RHEO_BREAKER_H

#include <rheo/export.h>
#include <rheo/status.h>

RHEO_BEGIN_DECLS

/*
 * A circuit breaker: it watches the outcomes of calls, refuses calls for a
 * while when too many fail, then lets a few probes through to find out whether
 * the other side is well again.
 *
 *	if (rheo_breaker_try_acquire(breaker, now_ns, &permit) == RHEO_OK) {
 *		... make the call ...
 *		rheo_breaker_record(breaker, permit, ok ? RHEO_SUCCESS : RHEO_FAILURE, now_ns);
 *	}
 *
 *	CLOSED     every call passes. OPEN when, over the window,
 *	           calls >= minimum_calls and
 *	           failures * 10000 >= failure_rate_bp * calls (or the same of slow
 *	           calls and slow_call_rate_bp), or after consecutive_failures.
 *	OPEN       every call is refused, until open_ns have passed since the trip
 *	           (at now_ns >= the deadline it is over).
 *	HALF_OPEN  half_open_calls permits in all. half_open_successes of them
 *	           close the breaker, half_open_failures reopen it, for longer if
 *	           open_backoff_bp says so. A permit that is not reported within
 *	           probe_timeout_ns counts as a failure (or as cancelled, by flag).
 *	           When all are reported and neither number is reached, it
 *	           reopens: as after a failure if one of them failed, else with no
 *	           wait (the next call is a probe of a new half-open period).
 *
 * Every permit must be reported by record or cancel. What is promised:
 *
 *  P8   Only CLOSED to OPEN, OPEN to HALF_OPEN, HALF_OPEN to CLOSED or OPEN,
 *       and forced edges; each seen exactly once, in order of generation.
 *  P9   At most half_open_calls permits in a half-open generation (one that is
 *       cancelled unused does not count); stale and repeated reports have no
 *       effect.
 *  P10  Never stuck: with every other thread dead, one caller gets a verdict
 *       that admits within open time plus probe timeout.
 *
 * In CLOSED a permit is not remembered anywhere (try_acquire is one load), so
 * there a second report of it counts as a call; it is recognised as repeated
 * when the state has changed since, and always in HALF_OPEN.
 *
 * When the trip comes. Outcomes are judged on every record that can change the
 * verdict (failures, slow calls, the first record of a slice, the success that
 * completes minimum_calls) and on the tick. Single-threaded the trip is on the
 * exact call. With many threads it is made no later than the return of the last
 * record among those that fulfil the condition; calls admitted until then pass.
 * One exception: a success that completes minimum_calls at the very moment that
 * a failure on another CPU finds them missing may not be seen by it, nor it by
 * the success (where CPUs have lanes of their own, counter.h). Then the next
 * record or tick makes the trip.
 *
 * What a record costs. Time window: a success in CLOSED is one add on this
 * CPU's line and writes no shared one; a failure adds to a shared line and
 * judges. Count window (window_calls > 0): the last window_calls calls of all
 * threads in one order, so every record writes two shared lines, and a judging
 * one reads window_calls / 16 words.
 *
 * Time is the later of now_ns and what the breaker has been told by transitions
 * and ticks; earlier times are read as standing still, and counted. (So are
 * honest times of threads that race with a tick.)
 *
 * With lanes a report whose time lies before another CPU's may be counted in
 * the earlier slice, as if it had come then.
 *
 * A permit is good for the breaker that gave it; another breaker cannot tell
 * whose it is.
 *
 * Which calls may run at once on one breaker (x: no, -: yes):
 *
 *                 init attach others
 *	init          x    x      x
 *	attach        x    -      -
 *	others        x    -      -
 *
 * Every call but init, attach and events is safe in a signal handler that
 * interrupted any of them, and after fork. Any of them may return
 * RHEO_ERR_CORRUPT where the memory has been overwritten from outside.
 */

typedef struct rheo_breaker rheo_breaker_t;

/* States. */
#define RHEO_CLOSED 0u
#define RHEO_OPEN 1u
#define RHEO_HALF_OPEN 2u

/* Outcomes. */
#define RHEO_SUCCESS 0u
#define RHEO_FAILURE 1u
#define RHEO_IGNORED 2u /* counts neither way: the caller's own error, say */

/* Modes, for force. */
#define RHEO_AUTO 0u /* as described above */
#define RHEO_FORCED_OPEN 1u /* refuses every call */
#define RHEO_FORCED_CLOSED 2u /* admits every call; outcomes fill the window, nothing trips */
#define RHEO_DISABLED 3u /* admits every call; outcomes are counted for stats only */

/* What caused a transition. */
#define RHEO_CAUSE_UNKNOWN 0u /* of a partial event */
#define RHEO_CAUSE_FAILURE_RATE 1u
#define RHEO_CAUSE_SLOW_CALL_RATE 2u
#define RHEO_CAUSE_CONSECUTIVE_FAILURES 3u
#define RHEO_CAUSE_OPEN_TIME_OVER 4u
#define RHEO_CAUSE_PROBES_SUCCEEDED 5u
#define RHEO_CAUSE_PROBES_FAILED 6u
#define RHEO_CAUSE_PROBES_INCONCLUSIVE 7u /* all reported, none failed, too few succeeded */
#define RHEO_CAUSE_FORCED 8u
#define RHEO_CAUSE_RESET 9u

/* A permit that stands for no breaker: recording or cancelling it does nothing. */
#define RHEO_PERMIT_NONE UINT64_C(0)

/* flags: a probe that does not report in time ends without a verdict, as RHEO_IGNORED does, not as failed. */
#define RHEO_BREAKER_PROBE_TIMEOUT_CANCELS 1u

typedef struct rheo_breaker_config {
	uint32_t struct_size;
	uint32_t flags;
	uint32_t failure_rate_bp; /* 1 to 10000 (100 %), 0: off; default 5000 */
	uint32_t slow_call_rate_bp; /* 1 to 10000, 0: off; default 0 */
	uint64_t slow_call_ns; /* strictly longer is slow; must be set with slow_call_rate_bp; default 0 */
	uint32_t consecutive_failures; /* in a row, whatever else succeeded before; 0: off; default 0 */
	uint32_t minimum_calls; /* at least 1; default 20; at most window_calls counts */
	uint64_t window_ns; /* the time window, not 0 with window_calls either; default 10 s */
	uint32_t window_slices; /* it slides in this many steps, 1 to 64; default 10 */
	uint32_t window_calls; /* not 0: the last so many calls instead, up to 2^20 */
	uint64_t open_ns; /* default 5 s */
	uint64_t open_max_ns; /* the longest after backoff; 0: ten times open_ns */
	uint32_t open_backoff_bp; /* growth each time it reopens; 10000 doubles, up to 10^6; default 0 */
	uint32_t open_jitter_bp; /* spread to both sides, 0 to 10000; never above open_max_ns */
	uint64_t jitter_seed; /* 0: from the time of init */
	uint32_t half_open_calls; /* 1 to 32; default 3 */
	uint32_t half_open_successes; /* 0: half_open_calls */
	uint32_t half_open_failures; /* 0: 1 */
	uint32_t lanes; /* per-CPU window lines, 1 to 128; 0: as many as CPUs */
	uint64_t probe_timeout_ns; /* up to 2^40 (18 minutes); default 30 s */
} rheo_breaker_config_t;

/* A transition. Fixed at 96 bytes; what is reserved is 0. */
typedef struct rheo_breaker_event {
	uint64_t generation; /* the one that began, 1 for the first transition */
	uint64_t at_ns;
	uint32_t from_state;
	uint32_t to_state;
	uint32_t from_mode;
	uint32_t to_mode;
	uint32_t cause;
	uint32_t partial; /* 1: at_ns, open_ns and the counts are missing: whoever made it died, or slept, before
			     it wrote them down */
	uint64_t calls; /* the counts that caused it: in the window, or among the probes */
	uint64_t failures;
	uint64_t slow;
	uint64_t open_ns; /* to_state OPEN: for how long */
	uint64_t reserved[3];
} rheo_breaker_event_t;

typedef struct rheo_breaker_snapshot {
	uint32_t state;
	uint32_t mode;
	uint64_t generation; /* transitions since init */
	uint64_t retry_after_ns; /* as rheo_breaker_retry_after_ns */
	uint64_t window_calls; /* in the window now */
	uint64_t window_failures;
	uint64_t window_slow;
	uint32_t failure_rate_bp; /* of the window, rounded down; 0 while below minimum_calls */
	uint32_t slow_call_rate_bp;
	uint32_t consecutive_failures; /* 0 while the setting is off */
	uint32_t backoff_level; /* times reopened since it was last closed */
	uint32_t probes_issued; /* of this half-open generation, cancelled ones not counted */
	uint32_t probes_succeeded;
	uint32_t probes_failed;
	uint32_t probes_ignored;
	uint32_t probes_slow; /* of these */
	uint32_t reserved;
	/* Since init; they survive transitions. */
	uint64_t successes;
	uint64_t failures;
	uint64_t slow; /* of both */
	uint64_t ignored;
	uint64_t stale; /* reports without effect */
	uint64_t refused_open; /* calls refused with REJ_OPEN */
	uint64_t refused_probe; /* calls refused with REJ_PROBE */
	uint64_t clock_regressions;
	uint64_t cas_retries;
} rheo_breaker_snapshot_t;

/*
 * rheo_state_name: the name of a state without its prefix, "HALF_OPEN".
 *
 * Returns a constant, "UNKNOWN" for a value not listed; never NULL. Any
 * thread, wait-free.
 */
RHEO_API const char *rheo_state_name(uint32_t state);

/* rheo_mode_name: the name of a mode, "FORCED_OPEN". As rheo_state_name. */
RHEO_API const char *rheo_mode_name(uint32_t mode);

/* rheo_cause_name: the name of what caused a transition, "FAILURE_RATE". As rheo_state_name. */
RHEO_API const char *rheo_cause_name(uint32_t cause);

/*
 * rheo_breaker_config_init: fills *cfg with the defaults named above.
 *
 * size is sizeof *cfg as the caller was compiled; what this library does not
 * know of it is zeroed. Returns RHEO_OK, or RHEO_ERR_INVAL for NULL or a size
 * below 8 or beyond reason. Any thread, wait-free.
 */
RHEO_API int32_t rheo_breaker_config_init(rheo_breaker_config_t *cfg, uint64_t size);

/*
 * rheo_breaker_config_check: whether init would accept this configuration.
 *
 * Returns RHEO_OK; RHEO_ERR_INVAL where a field is out of the range given
 * above, a duration is 0 or above 2^57 ns (4.5 years), probe_timeout_ns above
 * 2^40 ns (18 minutes), window_ns below window_slices, open_max_ns below open_ns, half_open_successes or _failures above half_open_calls, or a flag
 * unknown; RHEO_ERR_VERSION. Any thread, wait-free.
 */
RHEO_API int32_t rheo_breaker_config_check(const rheo_breaker_config_t *cfg);

/*
 * rheo_breaker_config_fault: the name of the first field, in the order of the
 * struct, for which init would refuse this configuration: "open_ns".
 *
 * Returns a constant; NULL where init would accept it; "struct_size" for a NULL
 * cfg and for one of a version this library does not know. Any thread,
 * wait-free.
 */
RHEO_API const char *rheo_breaker_config_fault(const rheo_breaker_config_t *cfg);

/*
 * rheo_breaker_size: bytes a breaker of this configuration needs; a multiple of
 * rheo_breaker_align(), as aligned_alloc wants it.
 *
 * Returns 0 where the configuration is not valid. Depends on the number of
 * CPUs where lanes is 0. Any thread.
 */
RHEO_API uint64_t rheo_breaker_size(const rheo_breaker_config_t *cfg);

/* rheo_breaker_align: the alignment that memory for a breaker must have, 128. */
RHEO_API uint64_t rheo_breaker_align(void);

/*
 * rheo_breaker_init: makes a closed breaker in the caller's memory.
 *
 * mem: rheo_breaker_size(cfg) bytes or more, size: how many there are. Stores
 * the handle in *breaker. Returns RHEO_OK; RHEO_ERR_INVAL for NULL, unaligned
 * memory or a bad configuration; RHEO_ERR_NOSPC; RHEO_ERR_VERSION. One caller,
 * before anybody else has the memory.
 */
RHEO_API int32_t rheo_breaker_init(void *mem, uint64_t size, const rheo_breaker_config_t *cfg,
				   uint64_t now_ns, rheo_breaker_t **breaker);

/*
 * rheo_breaker_attach: a handle for a breaker that another process has made.
 *
 * Writes nothing to mem. Returns RHEO_OK; RHEO_ERR_INVAL for NULL or unaligned
 * memory; RHEO_ERR_CORRUPT where mem holds no breaker; RHEO_ERR_VERSION for
 * another layout; RHEO_ERR_NOSPC where size is less than the breaker's. Any
 * thread, wait-free.
 */
RHEO_API int32_t rheo_breaker_attach(void *mem, uint64_t size, rheo_breaker_t **breaker);

/*
 * rheo_breaker_try_acquire: asks whether a call may be made; if so, *permit is
 * what to report it with.
 *
 * Returns RHEO_OK; RHEO_REJ_OPEN; RHEO_REJ_PROBE (half-open, and no permit is
 * left); RHEO_ERR_INVAL for NULL. *permit is RHEO_PERMIT_NONE unless RHEO_OK.
 * The first call at or after the deadline of OPEN makes it HALF_OPEN. Any
 * thread, process and signal handler; in CLOSED one load, else lock-free.
 */
RHEO_API int32_t rheo_breaker_try_acquire(rheo_breaker_t *breaker, uint64_t now_ns,
					  uint64_t *permit);

/*
 * rheo_breaker_record: reports the outcome of the call that `permit` admitted.
 *
 * The call lasted from try_acquire's now_ns to this one; slow calls are judged
 * by that (up to 19 hours; in HALF_OPEN a slow success counts as a failure
 * where slow_call_rate_bp is set). Returns RHEO_OK; RHEO_STALE where the permit
 * is of an older generation or was reported before: counted, no effect;
 * RHEO_ERR_INVAL for NULL or an unknown outcome. RHEO_PERMIT_NONE: RHEO_OK, no
 * effect. Any thread, process and signal handler, lock-free.
 */
RHEO_API int32_t rheo_breaker_record(rheo_breaker_t *breaker, uint64_t permit, uint32_t outcome,
				     uint64_t now_ns);

/*
 * rheo_breaker_cancel: gives back a permit whose call was never made.
 *
 * In HALF_OPEN another caller may have it. Returns RHEO_OK; RHEO_STALE as
 * record; RHEO_ERR_INVAL for NULL. RHEO_PERMIT_NONE: RHEO_OK, no effect.
 * Callers and progress as record.
 */
RHEO_API int32_t rheo_breaker_cancel(rheo_breaker_t *breaker, uint64_t permit, uint64_t now_ns);

/*
 * rheo_breaker_permit: what a permit says: the generation it was given in, in
 * *generation, and in *probe 1 for a permit of HALF_OPEN, 0 for one of CLOSED.
 *
 * For logs and traces; any of the two may be NULL. Exact for the last 32768
 * generations. Returns RHEO_OK, or RHEO_ERR_INVAL for NULL or
 * RHEO_PERMIT_NONE. Any thread and signal handler, wait-free.
 */
RHEO_API int32_t rheo_breaker_permit(const rheo_breaker_t *breaker, uint64_t permit,
				     uint64_t *generation, uint32_t *probe);

/*
 * rheo_breaker_tick: the timer hook: does what time alone makes due (OPEN to
 * HALF_OPEN, probes that did not report, a window that has moved on), and
 * stores in *next_ns (if not NULL) how long after now_ns to call again.
 *
 * Nothing depends on it being called: try_acquire and record do the same where
 * it matters to them. Returns RHEO_OK, or RHEO_ERR_INVAL for NULL. Any thread,
 * lock-free.
 */
RHEO_API int32_t rheo_breaker_tick(rheo_breaker_t *breaker, uint64_t now_ns, uint64_t *next_ns);

/*
 * rheo_breaker_force: sets the mode: RHEO_AUTO, RHEO_FORCED_OPEN,
 * RHEO_FORCED_CLOSED or RHEO_DISABLED.
 *
 * A change of mode is a transition with a generation of its own: to OPEN for
 * RHEO_FORCED_OPEN, else to CLOSED with an empty window; from RHEO_FORCED_OPEN
 * back to RHEO_AUTO it stays OPEN with its time over, so the next call is a
 * probe. Returns RHEO_OK (also where the mode is set already);
 * RHEO_ERR_INVAL for NULL or an unknown mode. Any thread, lock-free.
 */
RHEO_API int32_t rheo_breaker_force(rheo_breaker_t *breaker, uint32_t mode, uint64_t now_ns);

/*
 * rheo_breaker_reset: CLOSED, AUTO, an empty window, no backoff; a transition
 * of its own. Counts since init stay.
 *
 * Returns RHEO_OK, or RHEO_ERR_INVAL for NULL. Any thread, lock-free.
 */
RHEO_API int32_t rheo_breaker_reset(rheo_breaker_t *breaker, uint64_t now_ns);

/*
 * rheo_breaker_state: the state and the mode (either may be NULL), as the last
 * call left them: OPEN whose time is over stays OPEN until a call or a tick.
 *
 * Returns RHEO_OK, or RHEO_ERR_INVAL for NULL. Any thread and signal handler,
 * wait-free, one load.
 */
RHEO_API int32_t rheo_breaker_state(const rheo_breaker_t *breaker, uint32_t *state, uint32_t *mode);

/*
 * rheo_breaker_retry_after_ns: how long after now_ns a call passes at the
 * latest, in *delay_ns: 0 in CLOSED, the rest of the open time in OPEN,
 * RHEO_FOREVER when forced open; in HALF_OPEN without permits the time to the
 * next probe's deadline, while most probes report much sooner; where probes are
 * late already, an estimate of what follows when that is noticed.
 *
 * Returns RHEO_OK, or RHEO_ERR_INVAL for NULL. Any thread and signal handler,
 * lock-free.
 */
RHEO_API int32_t rheo_breaker_retry_after_ns(const rheo_breaker_t *breaker, uint64_t now_ns,
					     uint64_t *delay_ns);

/*
 * rheo_breaker_snapshot: everything there is to see at now_ns, in *snapshot of
 * `size` bytes (a smaller or larger struct of another version is served).
 *
 * Exact while nobody acts (P15). Returns RHEO_OK, or RHEO_ERR_INVAL for NULL or
 * an absurd size. Any thread, lock-free; reads the whole window.
 */
RHEO_API int32_t rheo_breaker_snapshot(const rheo_breaker_t *breaker, uint64_t now_ns,
				       rheo_breaker_snapshot_t *snapshot, uint64_t size);

/*
 * rheo_breaker_events: the transitions after generation `since`, oldest first:
 * at most max of them in out[], their number in *count.
 *
 * The last 16 are kept: a gap between `since` and out[0].generation says that
 * some were missed. Poll with since = the last generation seen, 0 at first.
 * Returns RHEO_OK, or RHEO_ERR_INVAL for NULL. Any thread; lock-free. Not in a
 * signal handler: it waits a bounded moment for a transition being written
 * down, then takes it as partial.
 */
RHEO_API int32_t rheo_breaker_events(const rheo_breaker_t *breaker, uint64_t since,
				     rheo_breaker_event_t *out, uint32_t max, uint32_t *count);

/*
 * rheo_breaker_reconfigure: other thresholds and times, while others call;
 * state and window stay.
 *
 * What shapes the window stays too: window_ns, window_slices, window_calls must
 * be as they are; lanes may be any valid number. An open time already running is not
 * changed. Returns RHEO_OK; RHEO_ERR_INVAL for NULL, a bad configuration,
 * another window, or an open_max_ns that does not fit the deadline's bits (73
 * minutes always do; beyond that the same power of two of 73 minutes as at
 * init); RHEO_ERR_VERSION. Any
 * thread and process; obstruction-free, as rheo_bucket_reconfigure.
 */
RHEO_API int32_t rheo_breaker_reconfigure(rheo_breaker_t *breaker,
					  const rheo_breaker_config_t *cfg, uint64_t now_ns);

/*
 * rheo_breaker_config: the configuration in force, in *cfg of `size` bytes,
 * zeros and rounded numbers replaced by what they stand for.
 *
 * Returns RHEO_OK; RHEO_ERR_INVAL for NULL or an absurd size;
 * RHEO_ERR_CORRUPT. Any thread, lock-free.
 */
RHEO_API int32_t rheo_breaker_config(const rheo_breaker_t *breaker, rheo_breaker_config_t *cfg,
				     uint64_t size);

RHEO_END_DECLS

#endif
