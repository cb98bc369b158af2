/* SPDX-License-Identifier: BSD-2-Clause */

/* What a breaker says of itself: its state, when to ask again, its figures. Nothing here writes. */

#include "../base/config.h"
#include "self.h"

int32_t
rheo_breaker_state(const rheo_breaker_t *breaker, uint32_t *state, uint32_t *mode)
{
	struct rh_state s;

	if (breaker == NULL)
		return RHEO_ERR_INVAL;
	/* T-A1 <- T-R1: its generation */
	s = rh_state_unpack(rh_load_acq(&rh_breaker_self(breaker).b->state));
	if (state != NULL)
		*state = s.state <= RHEO_HALF_OPEN ? s.state : RHEO_HALF_OPEN;
	if (mode != NULL)
		*mode = s.mode;
	return RHEO_OK;
}

/* The delay of the word w at a time at or after what is known. */
static uint64_t
retry_after(struct rh_bself self, const struct rh_brules *r, uint64_t w, uint64_t now_ns)
{
	struct rh_state s = rh_state_unpack(w);
	uint64_t at, generation, open_ns;

	if (s.mode == RHEO_FORCED_OPEN)
		return RHEO_FOREVER;
	if (s.state == RHEO_CLOSED || (s.state == RHEO_OPEN && rh_breaker_over(self, w, now_ns)) ||
	    (s.state == RHEO_HALF_OPEN && s.issued < r->half_open_calls))
		return 0;
	/* All ended under rules that changed: whoever asks next does what follows. */
	if (s.state == RHEO_HALF_OPEN && s.succeeded + s.failed + s.ignored >= s.issued &&
	    rh_probes_verdict(&s, r) != RH_REOPEN)
		return 0;
	at = s.state == RHEO_OPEN ? rh_breaker_deadline(self, w) : rh_probe_due(self, r, s, now_ns);
	if (s.state == RHEO_HALF_OPEN && at <= now_ns && !(r->flags & RHEO_BREAKER_PROBE_TIMEOUT_CANCELS)) {
		/* A probe is lost: whoever asks next finds it failed then, and OPEN since. */
		generation = rh_breaker_generation(self, w);
		open_ns = rh_open_duration(r, rh_breaker_level(self, generation) + 1, self.b->head.origin,
					   generation + 1);
		at = at > UINT64_MAX - open_ns ? UINT64_MAX : at + open_ns;
	}
	return at == UINT64_MAX ? RHEO_FOREVER : at > now_ns ? at - now_ns : 0;
}

/* The same by a caller's clock, which may be behind. */
static uint64_t
retry_after_own(struct rh_bself self, const struct rh_brules *r, uint64_t w, uint64_t now_ns)
{
	uint64_t told = rh_load_acq(&self.b->told_ns), delay_ns; /* T-A2 <- T-R2: the time known */

	if (told <= now_ns)
		return retry_after(self, r, w, now_ns);
	delay_ns = retry_after(self, r, w, told);
	if (delay_ns == 0)
		return 0;
	return delay_ns > UINT64_MAX - (told - now_ns) ? RHEO_FOREVER : delay_ns + (told - now_ns);
}

int32_t
rheo_breaker_retry_after_ns(const rheo_breaker_t *breaker, uint64_t now_ns, uint64_t *delay_ns)
{
	struct rh_bself self;
	struct rh_brules r;
	uint64_t w, delay = 0;

	if (breaker == NULL || delay_ns == NULL)
		return RHEO_ERR_INVAL;
	self = rh_breaker_self(breaker);
	w = rh_load_acq(&self.b->state); /* T-A1 <- T-R1: its generation */
	if (!rh_state_passes(w)) {
		if (!rh_brules_read(self, &r))
			return RHEO_ERR_CORRUPT;
		delay = retry_after_own(self, &r, w, now_ns);
	}
	*delay_ns = delay;
	return RHEO_OK;
}

static uint32_t
rate_bp(uint64_t count, uint64_t calls, uint64_t minimum)
{
	return calls == 0 || calls < minimum ? 0 : (uint32_t)(count * 10000u / calls);
}

int32_t
rheo_breaker_snapshot(const rheo_breaker_t *breaker, uint64_t now_ns,
		      rheo_breaker_snapshot_t *snapshot, uint64_t size)
{
	rheo_breaker_snapshot_t v = {0};
	struct rh_counts now = {0, 0, 0}, ever;
	struct rh_window window;
	struct rh_bself self;
	struct rh_brules r;
	struct rh_state s;
	uint64_t w, told, slice, minimum, count[RH_COUNTS];

	if (breaker == NULL)
		return RHEO_ERR_INVAL;
	self = rh_breaker_self(breaker);
	if (!rh_brules_read(self, &r))
		return RHEO_ERR_CORRUPT;
	w = rh_load_acq(&self.b->state); /* T-A1 <- T-R1: its generation */
	v.retry_after_ns = retry_after_own(self, &r, w, now_ns);
	told = rh_load_acq(&self.b->told_ns); /* T-A2 <- T-R2: the time known */
	now_ns = now_ns > told ? now_ns : told;
	s = rh_state_unpack(w);
	window = rh_breaker_window(self);
	minimum = r.minimum_calls;
	for (unsigned i = 0; i < RH_COUNTS; i++)
		count[i] = rh_lines_sum(rh_breaker_lines(self), i);
	if (s.state == RHEO_CLOSED) {
		slice = window.ring == NULL ? rh_window_latest(&window, rh_window_slice(&window, now_ns)) : 0;
		rh_window_bad(&window, s.generation, &slice, &now);
		rh_window_calls(&window, s.generation, slice, &now);
	}
	if (window.ring != NULL && minimum > window.shape.window_calls)
		minimum = window.shape.window_calls;
	ever = rh_window_ever(&window);
	v.state = s.state;
	v.mode = s.mode;
	v.generation = rh_breaker_generation(self, w);
	v.window_calls = now.calls;
	v.window_failures = now.failures;
	v.window_slow = now.slow;
	v.failure_rate_bp = rate_bp(now.failures, now.calls, minimum);
	v.slow_call_rate_bp = rate_bp(now.slow, now.calls, minimum);
	v.consecutive_failures = s.in_a_row;
	v.backoff_level = rh_breaker_level(self, v.generation);
	v.probes_issued = s.issued;
	v.probes_succeeded = s.succeeded;
	v.probes_failed = s.failed;
	v.probes_ignored = s.ignored;
	v.probes_slow = s.slow;
	v.failures = ever.failures;
	v.slow = ever.slow;
	v.successes = ever.calls + count[BCOUNT_OTHER_CALLS] - ever.failures;
	v.ignored = count[BCOUNT_IGNORED];
	v.stale = count[BCOUNT_STALE];
	v.refused_open = count[BCOUNT_REFUSED_OPEN];
	v.refused_probe = count[BCOUNT_REFUSED_PROBE];
	v.clock_regressions = count[BCOUNT_REGRESSIONS];
	v.cas_retries = count[BCOUNT_RETRIES];
	return rh_report_copy(snapshot, size, &v, sizeof v);
}
