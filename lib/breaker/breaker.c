/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The breaker's calls. The state word is drawn in state.h, the rules of its
 * moves are in transition.h, one move in turn.c, the window in window.c, the
 * judgement in judge.c, probes in probe.c, the log of transitions in log.c.
 *
 *  P8  Every move of the state word from one generation to the next is the CAS
 *      in rh_breaker_turn, to a word that transition.h gives.
 *  P9  probe.c.
 *  P10 CLOSED admits. OPEN admits at its deadline: the caller itself turns it
 *      HALF_OPEN and takes the first probe. HALF_OPEN admits while permits are
 *      left; when none is, each refusal first gives up the probes whose time is
 *      over, the last of which reopens it, or closes it.
 *  P11 Each of these steps is one CAS whose predecessors may be repeated or
 *      left undone by somebody else (turn.c, probe.c).
 *  P12 Retries follow another call's success. P14 Loops are bounded, indexes
 *      come from the handle or are masked.
 */

#include "../base/config.h"
#include "self.h"

/* Out of the way, and the last act of who calls it, so that calls that are made often save no register. */
RH_COLD static int32_t
refuse_shared(rheo_breaker_t *breaker, int32_t status)
{
	rh_breaker_count(rh_breaker_self(breaker),
			 status == RHEO_REJ_OPEN ? BCOUNT_REFUSED_OPEN : BCOUNT_REFUSED_PROBE, 1);
	return status;
}

RH_INLINE int32_t
refuse(rheo_breaker_t *breaker, int32_t status)
{
	struct rh_bself self = rh_breaker_self(breaker);
	unsigned index = status == RHEO_REJ_OPEN ? BCOUNT_REFUSED_OPEN : BCOUNT_REFUSED_PROBE;

	if (rh_lines_add_own(rh_breaker_lines(self), index, 1))
		return status;
	return refuse_shared(breaker, status);
}

static int32_t
stale(struct rh_bself self)
{
	rh_breaker_count(self, BCOUNT_STALE, 1);
	return RHEO_STALE;
}

/* OPEN whose time is over: this caller makes it HALF_OPEN and is its first probe. */
static bool
begin_probing(struct rh_bself self, uint64_t *w, const struct rh_brules *r, uint64_t now_ns,
	      uint64_t *permit)
{
	struct rh_reason reason = {.cause = RHEO_CAUSE_OPEN_TIME_OVER};
	struct rh_state next = rh_after_open(rh_state_unpack(*w));
	uint32_t level = rh_breaker_level(self, rh_breaker_generation(self, *w));

	/* The time by which it was found to be over. */
	now_ns = rh_breaker_known(self, now_ns);
	next.issued = 1;
	next.ticket = 1;
	next.overdue = rh_probe_overdue(r, now_ns);
	if (!rh_breaker_turn(self, w, next, level, 0, now_ns, &reason))
		return false;
	rh_probe_sweep(self, *w);
	return rh_probe_first(self, *w, now_ns, permit);
}

/* Everything but CLOSED in AUTO mode. */
RH_COLD static int32_t
acquire_slowly(rheo_breaker_t *breaker, uint64_t now_ns, uint64_t *permit)
{
	struct rh_bself self = rh_breaker_self(breaker);
	uint64_t w = rh_load_acq(&self.b->state); /* T-A1 <- T-R1: its generation */
	struct rh_brules r;

	for (unsigned i = 0; i < RH_STATE_TRIES; i++) {
		struct rh_state s = rh_state_unpack(w);
		uint64_t seen = w;

		if (s.mode == RHEO_FORCED_OPEN)
			return refuse(breaker, RHEO_REJ_OPEN);
		if (s.state == RHEO_CLOSED) {
			*permit = rh_permit_closed(s.generation, now_ns);
			return RHEO_OK;
		}
		now_ns = i == 0 ? rh_breaker_time(self, now_ns) : rh_breaker_known(self, now_ns);
		if (s.state == RHEO_OPEN && !rh_breaker_over(self, w, now_ns))
			return refuse(breaker, RHEO_REJ_OPEN);
		if (!rh_brules_read(self, &r))
			return RHEO_ERR_CORRUPT;
		if (s.state == RHEO_OPEN) {
			if (begin_probing(self, &w, &r, now_ns, permit))
				return RHEO_OK;
		} else {
			rh_probe_expire(self, &r, now_ns);
			/* T-A1 <- T-R1: its generation */
			if (rh_load_acq(&self.b->state) == w && rh_probe_issue(self, &w, &r, now_ns, permit))
				return RHEO_OK;
		}
		w = rh_load_acq(&self.b->state); /* T-A1 <- T-R1: its generation */
		if (w == seen && s.state != RHEO_OPEN)
			break;
	}
	return refuse(breaker, RHEO_REJ_PROBE);
}

/*
 * OPEN and not over, where the deadline is the next one after what the breaker
 * was told, as long ahead as one may be: then rh_breaker_over reckons the same.
 * In units of the deadline: it is a whole number of them, so now_ns lies before
 * it if and only if the unit that now_ns lies in does.
 */
RH_INLINE bool
is_shut(struct rh_bself self, uint64_t w, uint64_t now_ns, unsigned unit)
{
	uint64_t told = rh_load_acq(&self.b->told_ns); /* T-A2 <- T-R2: told before the deadline was set */
	uint64_t ahead = (w - (told >> unit)) & RH_DEADLINE_MASK;

	/* With units of 1 ns a time gone back makes the difference too large. */
	return rh_likely(w >> 60 == RHEO_OPEN << 2) && rh_likely(unit == 0 || now_ns >= told) &&
	       rh_likely((now_ns >> unit) - (told >> unit) < ahead) &&
	       rh_likely(ahead <= (rh_load_rlx(&self.b->longest) >> unit) + 1);
}

/* Where a deadline's unit is more than a nanosecond, or it was not shut at a glance. */
RH_NOINLINE static int32_t
acquire_not_closed(rheo_breaker_t *breaker, uint64_t now_ns, uint64_t *permit)
{
	struct rh_bself self = rh_breaker_self(breaker);
	uint64_t w = rh_load_acq(&self.b->state); /* T-A1 <- T-R1: its generation */

	if (is_shut(self, w, now_ns, rh_breaker_unit(self)))
		return refuse(breaker, RHEO_REJ_OPEN);
	return acquire_slowly(breaker, now_ns, permit);
}

int32_t
rheo_breaker_try_acquire(rheo_breaker_t *breaker, uint64_t now_ns, uint64_t *permit)
{
	struct rh_bself self;
	uint64_t w;

	if (breaker == NULL || permit == NULL)
		return RHEO_ERR_INVAL;
	self = rh_breaker_self(breaker);
	w = rh_load_acq(&self.b->state); /* T-A1 <- T-R1: its generation */
	if (rh_state_passes(w)) {
		*permit = rh_permit_closed(rh_state_unpack(w).generation, now_ns);
		return RHEO_OK;
	}
	*permit = RHEO_PERMIT_NONE;
	if (rh_likely(rh_breaker_unit(self) == 0) && rh_likely(is_shut(self, w, now_ns, 0)))
		return refuse(breaker, RHEO_REJ_OPEN);
	return acquire_not_closed(breaker, now_ns, permit);
}

/* Counts failures in a row, or their end. Returns true where this one opened the breaker. */
static bool
count_in_a_row(struct rh_bself self, uint64_t w, bool failed, const struct rh_brules *r,
	       uint64_t now_ns)
{
	uint32_t generation = rh_state_unpack(w).generation;

	for (unsigned i = 0; i < RH_STATE_TRIES; i++) {
		struct rh_state s = rh_state_unpack(w);
		struct rh_reason reason = {.cause = RHEO_CAUSE_CONSECUTIVE_FAILURES};

		if (s.state != RHEO_CLOSED || s.generation != generation)
			return false;
		if (!failed && s.in_a_row == 0)
			return false;
		RHEO_INJECT(ROW_BEFORE_SWAP);
		s.in_a_row = !failed ? 0 : s.in_a_row + (s.in_a_row != UINT32_MAX);
		if (failed && s.mode == RHEO_AUTO && s.in_a_row >= r->consecutive_failures) {
			reason.counts.calls = reason.counts.failures = s.in_a_row;
			if (rh_breaker_open(self, &w, r, 0, false, now_ns, &reason))
				return true;
		} else if (rh_cas_ar(&self.b->state, &w, rh_state_pack(s))) { /* T-R1 -> T-A1: as read */
			return false;
		}
		rh_backoff(i);
	}
	return false;
}

/* After a success was counted under the watch. */
RH_COLD static int32_t
look_after_success(rheo_breaker_t *breaker, uint64_t now_ns)
{
	struct rh_bself self = rh_breaker_self(breaker);
	struct rh_window window = rh_breaker_window(self);
	uint64_t w = rh_load_acq(&self.b->state); /* T-A1 <- T-R1: its generation */
	struct rh_brules r;

	if (!rh_brules_read(self, &r))
		return RHEO_ERR_CORRUPT;
	if (rh_state_passes(w))
		rh_breaker_judge(self, &r, w, rh_window_slice(&window, now_ns), now_ns);
	return RHEO_OK;
}

/* Whether a success changes nothing but a count: CLOSED, and nothing slow to look for. */
RH_INLINE bool
only_counts(struct rh_bself self, uint64_t w, uint64_t permit, uint64_t now_ns)
{
	return rh_likely(w == rh_state_quiet(rh_permit_quiet(permit))) &&
	       rh_likely(now_ns >= rh_load_acq(&self.b->told_ns)) && /* T-A2 <- T-R2: the time known */
	       rh_likely((rh_load_rlx(&self.b->watch) & RH_TIMED) == 0);
}

/* Whether a call counts as slow, by the rules in force. False: corrupt memory. */
static bool
is_slow(struct rh_bself self, uint64_t permit, uint64_t now_ns, bool *slow)
{
	struct rh_brules r;

	if (!rh_brules_read(self, &r))
		return false;
	*slow = r.slow_call_rate_bp != 0 && rh_permit_duration(permit, now_ns) > r.slow_call_ns;
	return true;
}

/* Any other report of a call that CLOSED admitted. */
static int32_t
record_closed(struct rh_bself self, uint64_t w, uint64_t permit, uint32_t outcome, uint64_t now_ns)
{
	struct rh_window window = rh_breaker_window(self);
	struct rh_state s = rh_state_unpack(w);
	bool failed = outcome == RHEO_FAILURE, slow = false;
	struct rh_recorded rec;
	struct rh_brules r;

	if (s.state != RHEO_CLOSED || s.generation != rh_permit_generation(permit))
		return stale(self);
	if (outcome == RHEO_IGNORED) {
		rh_breaker_count(self, BCOUNT_IGNORED, 1);
		return RHEO_OK;
	}
	if ((rh_load_rlx(&self.b->watch) & RH_TIMED) != 0 && !is_slow(self, permit, now_ns, &slow))
		return RHEO_ERR_CORRUPT;
	if (s.mode == RHEO_DISABLED) {
		rh_breaker_count(self, BCOUNT_OTHER_CALLS, 1);
		rh_window_note(&window, failed, slow);
		return RHEO_OK;
	}
	now_ns = rh_breaker_time(self, now_ns);
	rec = rh_window_record(&window, s.generation, failed, slow, now_ns);
	if (rec.stale)
		return stale(self);
	/* A sum of a slice so long ago that it goes by the same name is not believed. */
	if ((failed || slow) && rec.first)
		rh_swap_rlx(&self.b->judged, 0);
	if (!failed && !slow && !rec.first && s.in_a_row == 0 && !rh_breaker_watched(self))
		return RHEO_OK;
	if (!rh_brules_read(self, &r))
		return RHEO_ERR_CORRUPT;
	/* A row begun under other rules ends where rows are not counted. */
	if ((r.consecutive_failures != 0 || s.in_a_row != 0) &&
	    count_in_a_row(self, w, failed && r.consecutive_failures != 0, &r, now_ns))
		return RHEO_OK;
	if (s.mode == RHEO_AUTO) {
		w = rh_load_acq(&self.b->state); /* T-A1 <- T-R1: its generation */
		if (rh_state_unpack(w).generation == s.generation)
			rh_breaker_judge(self, &r, w, rec.slice, now_ns);
	}
	return RHEO_OK;
}

/* Any other report. */
RH_COLD static int32_t
record_else(rheo_breaker_t *breaker, uint64_t permit, uint32_t outcome, uint64_t now_ns)
{
	struct rh_bself self;
	int32_t st;

	if (breaker == NULL || outcome > RHEO_IGNORED)
		return RHEO_ERR_INVAL;
	if (permit == RHEO_PERMIT_NONE)
		return RHEO_OK;
	self = rh_breaker_self(breaker);
	if (!rh_permit_is_probe(permit))
		/* T-A1 <- T-R1: its generation */
		return record_closed(self, rh_load_acq(&self.b->state), permit, outcome, now_ns);
	st = rh_probe_report(self, permit, outcome, now_ns);
	return st == RHEO_STALE ? stale(self) : st;
}

/* A success where lanes are not the CPUs' own, or windows have more than 16 slices, or count calls. */
RH_NOINLINE static int32_t
succeed(rheo_breaker_t *breaker, uint64_t permit, uint64_t now_ns)
{
	struct rh_bself self = rh_breaker_self(breaker);
	uint64_t w = rh_load_acq(&self.b->state); /* T-A1 <- T-R1: its generation */
	struct rh_window window = rh_breaker_window(self);
	struct rh_own own = rh_own_here();
	unsigned lanes = 1u << rh_btag_lanes(self.tag);
	unsigned lane = window.own ? (unsigned)own.cpu : rh_cpu_hint() & (lanes - 1);

	if (window.ring != NULL || lane >= lanes || !only_counts(self, w, permit, now_ns) ||
	    !rh_window_count_on(rh_window_track(&window, lane), window.cells, window.own ? &own : NULL,
				window.shape.slice_ns, rh_permit_generation(permit), now_ns))
		return record_else(breaker, permit, RHEO_SUCCESS, now_ns);
	return rh_breaker_watched(self) ? look_after_success(breaker, now_ns) : RHEO_OK;
}

/* A success is mostly like the one before it, and then nothing but this CPU's count changes. */
int32_t
rheo_breaker_record(rheo_breaker_t *breaker, uint64_t permit, uint32_t outcome, uint64_t now_ns)
{
	struct rh_bself self;
	unsigned char *block;
	struct rh_own own;

	if (breaker == NULL || !rh_likely(outcome == RHEO_SUCCESS))
		return record_else(breaker, permit, outcome, now_ns);
	self = rh_breaker_self(breaker);
	if (!rh_likely((self.b->head.param & RH_PARAM_QUICK) != 0))
		return succeed(breaker, permit, now_ns);
	/* T-A1 <- T-R1: its generation */
	if (!only_counts(self, rh_load_acq(&self.b->state), permit, now_ns))
		return record_else(breaker, permit, RHEO_SUCCESS, now_ns);
	own = rh_own_here();
	if (!rh_likely((uint64_t)(unsigned)own.cpu >> rh_btag_lanes(self.tag) == 0))
		return record_else(breaker, permit, RHEO_SUCCESS, now_ns);
	block = self.b->blocks + ((size_t)(unsigned)own.cpu << RH_QUICK_APART) + RH_TRACK_AT;
	if (!rh_window_count_on((void *)block, RH_QUICK_CELLS, &own, self.b->shape.slice_ns,
				(uint32_t)rh_permit_quiet(permit), now_ns))
		return record_else(breaker, permit, RHEO_SUCCESS, now_ns);
	return rh_likely(!rh_breaker_watched(self)) ? RHEO_OK : look_after_success(breaker, now_ns);
}

int32_t
rheo_breaker_cancel(rheo_breaker_t *breaker, uint64_t permit, uint64_t now_ns)
{
	struct rh_bself self;
	struct rh_state s;
	int32_t st;

	if (breaker == NULL)
		return RHEO_ERR_INVAL;
	if (permit == RHEO_PERMIT_NONE)
		return RHEO_OK;
	self = rh_breaker_self(breaker);
	if (rh_permit_is_probe(permit)) {
		st = rh_probe_cancel(self, permit, now_ns);
		return st == RHEO_STALE ? stale(self) : st;
	}
	s = rh_state_unpack(rh_load_acq(&self.b->state)); /* T-A1 <- T-R1: its generation */
	if (s.state != RHEO_CLOSED || s.generation != rh_permit_generation(permit))
		return stale(self);
	return RHEO_OK;
}

int32_t
rheo_breaker_permit(const rheo_breaker_t *breaker, uint64_t permit, uint64_t *generation,
		    uint32_t *probe)
{
	struct rh_state s = {.state = RHEO_CLOSED, .generation = rh_permit_generation(permit)};

	if (breaker == NULL || permit == RHEO_PERMIT_NONE)
		return RHEO_ERR_INVAL;
	if (generation != NULL)
		*generation = rh_breaker_generation(rh_breaker_self(breaker), rh_state_pack(s));
	if (probe != NULL)
		*probe = rh_permit_is_probe(permit);
	return RHEO_OK;
}

/* What time alone makes due, one step of it. */
static void
do_what_is_due(struct rh_bself self, const struct rh_brules *r, uint64_t now_ns)
{
	uint64_t w = rh_load_acq(&self.b->state); /* T-A1 <- T-R1: its generation */
	struct rh_state s = rh_state_unpack(w);
	struct rh_window window = rh_breaker_window(self);
	struct rh_reason reason = {.cause = RHEO_CAUSE_OPEN_TIME_OVER};

	now_ns = rh_breaker_known(self, now_ns);
	if (rh_state_passes(w))
		rh_breaker_judge(self, r, w, window.ring == NULL ? rh_window_slice(&window, now_ns) : 0,
				 now_ns);
	else if (s.state == RHEO_HALF_OPEN)
		rh_probe_expire(self, r, now_ns);
	else if (s.state == RHEO_OPEN && s.mode == RHEO_AUTO && rh_breaker_over(self, w, now_ns) &&
		 rh_breaker_turn(self, &w, rh_after_open(s),
				 rh_breaker_level(self, rh_breaker_generation(self, w)), 0,
				 rh_breaker_known(self, now_ns), &reason))
		rh_probe_sweep(self, w);
}

/* When the tick is next worth calling, after now_ns. */
static uint64_t
next_due(struct rh_bself self, const struct rh_brules *r, uint64_t now_ns)
{
	uint64_t w = rh_load_acq(&self.b->state), at = UINT64_MAX, left; /* T-A1 <- T-R1: its generation */
	struct rh_state s = rh_state_unpack(w);
	struct rh_window window = rh_breaker_window(self);

	if (s.state == RHEO_OPEN && s.mode == RHEO_AUTO) {
		at = rh_breaker_deadline(self, w);
	} else if (s.state == RHEO_HALF_OPEN) {
		at = rh_probe_due(self, r, s, now_ns);
	} else if (rh_state_passes(w) && window.ring == NULL && window.shape.slice_ns != 0) {
		left = window.shape.slice_ns - now_ns % window.shape.slice_ns;
		at = left > UINT64_MAX - now_ns ? UINT64_MAX : now_ns + left;
	}
	return at == UINT64_MAX ? RHEO_FOREVER : at > now_ns ? at - now_ns : 0;
}

int32_t
rheo_breaker_tick(rheo_breaker_t *breaker, uint64_t now_ns, uint64_t *next_ns)
{
	struct rh_bself self;
	struct rh_brules r;
	uint64_t time_ns, before;
	unsigned tries = 0;

	if (breaker == NULL)
		return RHEO_ERR_INVAL;
	self = rh_breaker_self(breaker);
	if (!rh_brules_read(self, &r))
		return RHEO_ERR_CORRUPT;
	time_ns = rh_breaker_time(self, now_ns);
	/* A lost probe may be followed by an open time that is over as well. */
	do {
		before = rh_load_rlx(&self.b->state);
		do_what_is_due(self, &r, time_ns);
	} while (++tries < 3 && rh_load_rlx(&self.b->state) != before);
	rh_breaker_tell(self, time_ns);
	if (next_ns != NULL) {
		*next_ns = next_due(self, &r, time_ns);
		/* Counted from the caller's time, should that be behind; it was a time less time_ns. */
		if (*next_ns != RHEO_FOREVER)
			*next_ns += time_ns - now_ns;
	}
	return RHEO_OK;
}

int32_t
rheo_breaker_force(rheo_breaker_t *breaker, uint32_t mode, uint64_t now_ns)
{
	struct rh_reason reason = {.cause = RHEO_CAUSE_FORCED};
	struct rh_bself self;
	uint64_t w;

	if (breaker == NULL || mode > RHEO_DISABLED)
		return RHEO_ERR_INVAL;
	self = rh_breaker_self(breaker);
	now_ns = rh_breaker_time(self, now_ns);
	w = rh_load_acq(&self.b->state); /* T-A1 <- T-R1: its generation */
	for (unsigned i = 0; i < RH_STATE_TRIES; i++) {
		struct rh_state s = rh_state_unpack(w);

		if (s.mode == mode)
			return RHEO_OK;
		/* Back from FORCED_OPEN its time is over at once. */
		s = rh_after_force(s, mode, rh_deadline_make(now_ns, rh_breaker_unit(self)));
		if (rh_breaker_turn(self, &w, s, 0, mode == RHEO_FORCED_OPEN ? RHEO_FOREVER : 0, now_ns,
				    &reason))
			return RHEO_OK;
	}
	return RHEO_ERR_CORRUPT;
}

int32_t
rheo_breaker_reset(rheo_breaker_t *breaker, uint64_t now_ns)
{
	struct rh_reason reason = {.cause = RHEO_CAUSE_RESET};
	struct rh_bself self;
	uint64_t w;

	if (breaker == NULL)
		return RHEO_ERR_INVAL;
	self = rh_breaker_self(breaker);
	now_ns = rh_breaker_time(self, now_ns);
	w = rh_load_acq(&self.b->state); /* T-A1 <- T-R1: its generation */
	for (unsigned i = 0; i < RH_STATE_TRIES; i++)
		if (rh_breaker_turn(self, &w, rh_after_reset(rh_state_unpack(w)), 0, 0, now_ns, &reason))
			return RHEO_OK;
	return RHEO_ERR_CORRUPT;
}
