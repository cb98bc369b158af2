/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Probes: the permits of HALF_OPEN.
 *
 * How many are issued and how many have ended how is in the state word, so
 * their number is bounded by one compare-and-swap (P9). Which ones are out is
 * in a table of 64 places, each holding a permit or nothing:
 *
 *	issue   CAS the state word (issued + 1, the next ticket), then CAS the
 *	        permit into the ticket's place
 *	end     CAS the permit out of its place, then CAS the state word (one more
 *	        succeeded, failed or ignored; the transition, if it decides)
 *	cancel  CAS the permit out of its place, then CAS the state word
 *	        (issued - 1)
 *
 * A permit can be taken out of its place once: by a report, a cancel or the
 * time-out, whoever comes first. All others find it gone: STALE. So a repeated
 * report has no effect, and neither has one of an earlier generation, which the
 * state word refuses before the table is looked at.
 *
 * Somebody may die between the two steps. Then permits are issued that are in
 * no place. They are given up when `overdue` has passed, a sixteenth of the
 * time-out before or at the time-out of the last permit issued (nobody whose
 * permit is in its place is judged by that). Whoever was only slow finds, at
 * the second step, all issued permits ended, or another generation: STALE. So
 * a half-open breaker comes to a verdict whoever dies (P10, P11).
 *
 * A probe that is late has failed when its time was over, not when somebody
 * noticed: what follows is dated so. If that is long ago, the open time that
 * followed may be over as well, and whoever noticed goes on to probe. So it
 * does not matter when, or whether, a timer ticks.
 *
 * Rules that change (reconfigure) may leave all issued probes ended and no more
 * to issue: whoever asks next, or ticks, does what follows by the new rules.
 *
 * Two holders of one place: 64 tickets later the place is asked for again. If
 * the first holder's permit is there, the second looks for another place. If
 * the first has not put it there yet, whoever comes second finds the place
 * changed, gives its issue back and starts again. (Should its issue have been
 * given up by then, it takes back somebody else's: another permit is issued in
 * its stead, and the last of them to report finds all ended: STALE.) A permit is put over
 * what an earlier generation left, never over a later one's: what a place holds
 * is read first, then that the generation stands.
 *
 * Edges. P-R1 -> P-A1: a place. T-R1 -> T-A1: the state word.
 */

#include "self.h"

/* Whether a place holds a permit of this generation. */
static bool
is_out(uint64_t p, uint32_t generation)
{
	return rh_permit_is_probe(p) && rh_permit_generation(p) == generation;
}

/*
 * Empties places that earlier generations left behind, so that none is mistaken
 * for this one's when the number comes round. By whoever begins HALF_OPEN; what
 * one that dies leaves, the next one sweeps.
 */
void
rh_probe_sweep(struct rh_bself self, uint64_t w)
{
	uint32_t generation = rh_state_unpack(w).generation;

	for (uint32_t i = 0; i < RH_PROBE_SLOTS; i++) {
		uint64_t p = rh_load_acq(&self.b->probe[i]); /* P-A1 <- P-R1: whose it is */

		if (p != 0 && rh_nearest(rh_permit_generation(p), generation, RH_GEN_BITS) < 0)
			rh_cas_rlx(&self.b->probe[i], &p, 0);
	}
}

/* Ended or given up, of those issued. */
static uint32_t
ended(struct rh_state s)
{
	return s.succeeded + s.failed + s.ignored;
}

/* One step of `overdue`. */
static uint64_t
step_ns(const struct rh_brules *r)
{
	uint64_t ns = r->probe_timeout_ns / RH_OVERDUE_STEPS;

	return ns != 0 ? ns : 1;
}

uint32_t
rh_probe_overdue(const struct rh_brules *r, uint64_t now_ns)
{
	return (uint32_t)(now_ns / step_ns(r) + RH_OVERDUE_STEPS) & RH_OVERDUE_MASK;
}

static bool
is_overdue(const struct rh_brules *r, struct rh_state s, uint64_t now_ns)
{
	int64_t left = rh_nearest(s.overdue, now_ns / step_ns(r), RH_OVERDUE_BITS);

	return left <= 0 || left > (int64_t)RH_OVERDUE_STEPS;
}

/* Gives an issue back that was not used. */
static bool
unissue(struct rh_bself self, uint32_t generation)
{
	uint64_t w = rh_load_acq(&self.b->state); /* T-A1 <- T-R1: its generation */

	for (unsigned i = 0; i < RH_STATE_TRIES; i++) {
		struct rh_state s = rh_state_unpack(w);

		if (s.state != RHEO_HALF_OPEN || s.generation != generation || ended(s) >= s.issued)
			return false;
		s.issued--;
		RHEO_INJECT(PROBE_BEFORE_GIVING_BACK);
		if (rh_cas_ar(&self.b->state, &w, rh_state_pack(s))) /* T-R1 -> T-A1: as read */
			return true;
	}
	return false;
}

/* Puts a permit into the place of `slot`, which held `seen`. */
static bool
install(struct rh_bself self, uint32_t generation, uint32_t slot, uint64_t seen, uint64_t now_ns,
	uint64_t *permit)
{
	uint64_t p = rh_permit_probe(generation, slot, now_ns);

	RHEO_INJECT(PROBE_BEFORE_INSTALL);
	/* P-R1 -> P-A1: the time told, at or after the permit's start */
	if (rh_cas_ar(&self.b->probe[slot & (RH_PROBE_SLOTS - 1)], &seen, p)) {
		*permit = p;
		return true;
	}
	unissue(self, generation);
	return false;
}

bool
rh_probe_first(struct rh_bself self, uint64_t w, uint64_t now_ns, uint64_t *permit)
{
	uint32_t generation = rh_state_unpack(w).generation;
	uint64_t seen = rh_load_acq(&self.b->probe[0]); /* P-A1 <- P-R1: whose it is, and the generation */

	/* T-A1 <- T-R1: its generation. If that still stands, what was seen is no later one's permit. */
	w = rh_load_acq(&self.b->state);
	if (is_out(seen, generation) || rh_state_unpack(w).generation != generation) {
		unissue(self, generation);
		return false;
	}
	return install(self, generation, 0, seen, now_ns, permit);
}

bool
rh_probe_issue(struct rh_bself self, uint64_t *w, const struct rh_brules *r, uint64_t now_ns,
	       uint64_t *permit)
{
	struct rh_state s = rh_state_unpack(*w);
	uint64_t seen = 0;
	uint32_t slot, i;

	if (s.issued >= r->half_open_calls)
		return false;
	for (i = 0; i < RH_PROBE_SLOTS; i++) {
		seen = rh_load_acq(&self.b->probe[(s.ticket + i) & (RH_PROBE_SLOTS - 1)]); /* P-A1 <- P-R1: whose it is */
		if (!is_out(seen, s.generation))
			break;
	}
	if (i == RH_PROBE_SLOTS)
		return false;
	slot = s.ticket + i;
	s.issued++;
	s.ticket = slot + 1;
	s.overdue = rh_probe_overdue(r, now_ns);
	/* Before others see what is overdue by this time. */
	rh_breaker_tell(self, now_ns);
	RHEO_INJECT(PROBE_BEFORE_ISSUE);
	if (!rh_cas_ar(&self.b->state, w, rh_state_pack(s))) { /* T-R1 -> T-A1: as read */
		rh_breaker_count(self, BCOUNT_RETRIES, 1);
		return false;
	}
	*w = rh_state_pack(s);
	return install(self, s.generation, slot, seen, now_ns, permit);
}

/* Takes a permit out of its place: only one caller can. */
static bool
claim(struct rh_bself self, uint64_t permit)
{
	uint64_t seen = permit;

	RHEO_INJECT(PROBE_BEFORE_CLAIM);
	/* P-R1 -> P-A1: the place, empty */
	return rh_cas_ar(&self.b->probe[rh_permit_slot(permit)], &seen, 0);
}

/* From w, which is HALF_OPEN, to n or to what the verdict says. */
static bool
conclude(struct rh_bself self, const struct rh_brules *r, uint64_t *w, struct rh_state n,
	 enum rh_verdict verdict, uint64_t now_ns)
{
	struct rh_reason reason = {0};
	uint32_t level = rh_breaker_level(self, rh_breaker_generation(self, *w));

	reason.counts = (struct rh_counts){ended(n), n.failed, n.slow};
	RHEO_INJECT(PROBE_BEFORE_SETTLE);
	switch (verdict) {
	case RH_CLOSE:
		reason.cause = RHEO_CAUSE_PROBES_SUCCEEDED;
		return rh_breaker_turn(self, w, rh_next_generation(n, RHEO_CLOSED), 0, 0, now_ns, &reason);
	case RH_REOPEN:
		reason.cause = RHEO_CAUSE_PROBES_FAILED;
		return rh_breaker_open(self, w, r, level + 1, false, now_ns, &reason);
	case RH_REOPEN_AT_ONCE:
		reason.cause = RHEO_CAUSE_PROBES_INCONCLUSIVE;
		return rh_breaker_open(self, w, r, level, true, now_ns, &reason);
	default:
		return rh_cas_ar(&self.b->state, w, rh_state_pack(n)); /* T-R1 -> T-A1: as read */
	}
}

/* One probe that was claimed, or given up, has ended: counts it and does what follows. */
static int32_t
settle(struct rh_bself self, const struct rh_brules *r, uint32_t generation, enum rh_probe_end end,
       bool slow, uint64_t now_ns)
{
	uint64_t w = rh_load_acq(&self.b->state); /* T-A1 <- T-R1: its generation */

	for (unsigned i = 0; i < RH_STATE_TRIES; i++) {
		struct rh_state s = rh_state_unpack(w), n = s;
		enum rh_verdict verdict;

		if (s.state != RHEO_HALF_OPEN || s.generation != generation || ended(s) >= s.issued)
			return RHEO_STALE;
		verdict = rh_after_probe(&n, r, end);
		n.slow += slow;
		if (conclude(self, r, &w, n, verdict, now_ns))
			return RHEO_OK;
	}
	return RHEO_STALE;
}

/* All have ended and no more will be issued, under rules that changed since: what follows by these. */
static void
reconsider(struct rh_bself self, const struct rh_brules *r, uint64_t w, uint64_t now_ns)
{
	struct rh_state s = rh_state_unpack(w);

	if (s.issued >= r->half_open_calls)
		conclude(self, r, &w, s, rh_probes_verdict(&s, r), now_ns);
}

static enum rh_probe_end
late_end(const struct rh_brules *r)
{
	return (r->flags & RHEO_BREAKER_PROBE_TIMEOUT_CANCELS) ? RH_PROBE_IGNORED : RH_PROBE_FAILED;
}

/* When a probe's time is over; UINT64_MAX, which never comes, where that is past all time. */
static uint64_t
end_of(const struct rh_brules *r, uint64_t start_ns)
{
	return start_ns > UINT64_MAX - r->probe_timeout_ns ? UINT64_MAX : start_ns + r->probe_timeout_ns;
}

static bool
is_late(uint64_t end_ns, uint64_t now_ns)
{
	return now_ns >= end_ns && end_ns != UINT64_MAX;
}

static uint64_t
start_of(struct rh_bself self, uint64_t permit)
{
	/* T-A2 <- T-R2: told at or after the permit's start */
	return rh_permit_probe_start(permit, rh_load_acq(&self.b->told_ns));
}

int32_t
rh_probe_report(struct rh_bself self, uint64_t permit, uint32_t outcome, uint64_t now_ns)
{
	struct rh_state s = rh_state_unpack(rh_load_acq(&self.b->state)); /* T-A1 <- T-R1: its generation */
	enum rh_probe_end end = RH_PROBE_IGNORED;
	struct rh_window window;
	struct rh_brules r;
	uint64_t start;
	bool slow;

	if (s.state != RHEO_HALF_OPEN || s.generation != rh_permit_generation(permit))
		return RHEO_STALE;
	if (!rh_brules_read(self, &r))
		return RHEO_ERR_CORRUPT;
	now_ns = rh_breaker_time(self, now_ns);
	start = start_of(self, permit);
	if (!claim(self, permit))
		return RHEO_STALE;
	if (is_late(end_of(&r, start), now_ns)) {
		settle(self, &r, s.generation, late_end(&r), false, end_of(&r, start));
		return RHEO_STALE;
	}
	slow = outcome != RHEO_IGNORED && r.slow_call_rate_bp != 0 && now_ns > start &&
	       now_ns - start > r.slow_call_ns;
	if (outcome != RHEO_IGNORED)
		end = outcome == RHEO_FAILURE || slow ? RH_PROBE_FAILED : RH_PROBE_SUCCEEDED;
	if (settle(self, &r, s.generation, end, slow, now_ns) != RHEO_OK)
		return RHEO_STALE;
	window = rh_breaker_window(self);
	rh_breaker_count(self, outcome == RHEO_IGNORED ? BCOUNT_IGNORED : BCOUNT_OTHER_CALLS, 1);
	rh_window_note(&window, outcome == RHEO_FAILURE, slow);
	return RHEO_OK;
}

int32_t
rh_probe_cancel(struct rh_bself self, uint64_t permit, uint64_t now_ns)
{
	struct rh_state s = rh_state_unpack(rh_load_acq(&self.b->state)); /* T-A1 <- T-R1: its generation */
	struct rh_brules r;
	uint64_t end;

	if (s.state != RHEO_HALF_OPEN || s.generation != rh_permit_generation(permit))
		return RHEO_STALE;
	if (!rh_brules_read(self, &r))
		return RHEO_ERR_CORRUPT;
	now_ns = rh_breaker_time(self, now_ns);
	end = end_of(&r, start_of(self, permit));
	if (!claim(self, permit))
		return RHEO_STALE;
	if (is_late(end, now_ns)) {
		settle(self, &r, s.generation, late_end(&r), false, end);
		return RHEO_STALE;
	}
	return unissue(self, s.generation) ? RHEO_OK : RHEO_STALE;
}

void
rh_probe_expire(struct rh_bself self, const struct rh_brules *r, uint64_t now_ns)
{
	uint64_t w = rh_load_acq(&self.b->state); /* T-A1 <- T-R1: its generation */
	struct rh_state s = rh_state_unpack(w);
	uint32_t generation = s.generation, out = 0;

	if (s.state != RHEO_HALF_OPEN)
		return;
	if (ended(s) >= s.issued) {
		reconsider(self, r, w, now_ns);
		return;
	}
	for (uint32_t i = 0; i < RH_PROBE_SLOTS; i++) {
		uint64_t p = rh_load_acq(&self.b->probe[i]), end; /* P-A1 <- P-R1: the permit, told since */

		if (!is_out(p, generation))
			continue;
		end = end_of(r, start_of(self, p));
		if (!is_late(end, now_ns))
			out++;
		else if (claim(self, p))
			settle(self, r, generation, late_end(r), false, end);
	}
	/* Issued, not ended, and in no place. */
	for (uint32_t i = 0; i < RH_PROBES_MAX; i++) {
		s = rh_state_unpack(rh_load_acq(&self.b->state)); /* T-A1 <- T-R1: its generation */
		/* The last one's time was told before it was issued; by an earlier time than that any would seem overdue. */
		now_ns = rh_breaker_known(self, now_ns);
		if (s.state != RHEO_HALF_OPEN || s.generation != generation ||
		    ended(s) + out >= s.issued || !is_overdue(r, s, now_ns))
			return;
		settle(self, r, generation, late_end(r), false, now_ns);
	}
}

uint64_t
rh_probe_due(struct rh_bself self, const struct rh_brules *r, struct rh_state s, uint64_t now_ns)
{
	uint64_t due = UINT64_MAX, at, latest = end_of(r, now_ns);

	if (ended(s) >= s.issued)
		return s.issued >= r->half_open_calls ? now_ns : UINT64_MAX;
	for (uint32_t i = 0; i < RH_PROBE_SLOTS; i++) {
		uint64_t p = rh_load_acq(&self.b->probe[i]); /* P-A1 <- P-R1: the permit, told since */

		if (!is_out(p, s.generation))
			continue;
		at = end_of(r, start_of(self, p));
		if (at < due)
			due = at;
	}
	return due < latest ? due : latest;
}
