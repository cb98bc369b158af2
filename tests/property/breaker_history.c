/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The oracle of the breaker: a list of the calls in the window, a list of the
 * probes that are out, and the rules as the header tells them, judged anew on
 * every record. It knows nothing of words, tags, lanes or watches, and has no
 * generation that wraps, so whatever the library does to be quick must not show.
 */

#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "breaker/transition.h"
#include "rheo/breaker.h"

#define MAX_CALLS 4096
#define MAX_PERMITS 4096

struct call {
	uint64_t slice;
	bool failed, slow;
};

struct permit {
	uint64_t value; /* the library's */
	uint64_t generation, start;
	bool probe, out;
};

struct oracle {
	rheo_breaker_config_t cfg;
	uint64_t generation, told, slice_ns, slice;
	uint32_t state, mode, level, in_a_row;
	uint64_t deadline;
	struct call calls[MAX_CALLS];
	unsigned ncalls;
	uint32_t issued, succeeded, failed, ignored, slow_probes;
	struct permit permits[MAX_PERMITS];
	unsigned npermits;
	uint64_t successes, failures, slow, ignored_ever, stale, refused_open, refused_probe, regressions;
	uint32_t from_state, from_mode, cause; /* of the last transition */
};

static uint64_t
oracle_time(struct oracle *o, uint64_t now)
{
	o->regressions += now < o->told;
	return now > o->told ? now : o->told;
}

static void
turn(struct oracle *o, uint32_t state, uint32_t mode, uint32_t cause, uint64_t now)
{
	o->from_state = o->state;
	o->from_mode = o->mode;
	o->cause = cause;
	o->state = state;
	o->mode = mode;
	o->generation++;
	o->ncalls = 0;
	o->in_a_row = 0;
	o->issued = o->succeeded = o->failed = o->ignored = o->slow_probes = 0;
	for (unsigned i = 0; i < o->npermits; i++)
		o->permits[i].out = false;
	if (now > o->told)
		o->told = now;
}

/* Grown and capped as the header says; the jitter's draw is transition.h's, tested there. */
static uint64_t
open_time(const struct oracle *o, uint32_t level)
{
	struct rh_brules r = {.open_ns = o->cfg.open_ns,
			      .open_max_ns = o->cfg.open_max_ns,
			      .open_backoff_bp = o->cfg.open_backoff_bp,
			      .open_jitter_bp = o->cfg.open_jitter_bp};

	return rh_open_duration(&r, level, o->cfg.jitter_seed, o->generation + 1);
}

static void
open_up(struct oracle *o, uint32_t level, uint32_t cause, bool at_once, uint64_t now)
{
	uint64_t d = at_once ? 0 : open_time(o, level);

	o->deadline = now > UINT64_MAX - d ? UINT64_MAX : now + d;
	o->level = level;
	turn(o, RHEO_OPEN, o->mode, cause, now);
}

/* What is in the window when `slice` is the latest. */
struct counts {
	uint64_t calls, failures, slow;
};

static struct counts
in_window(const struct oracle *o, uint64_t slice)
{
	struct counts n = {0, 0, 0};
	unsigned first = 0;

	if (o->cfg.window_calls != 0 && o->ncalls > o->cfg.window_calls)
		first = o->ncalls - o->cfg.window_calls;
	for (unsigned i = first; i < o->ncalls; i++) {
		const struct call *c = &o->calls[i];

		if (o->cfg.window_calls == 0 &&
		    (c->slice > slice || slice - c->slice >= o->cfg.window_slices))
			continue;
		n.calls++;
		n.failures += c->failed;
		n.slow += c->slow;
	}
	return n;
}

static uint64_t
slice_at(const struct oracle *o, uint64_t now)
{
	return now / o->slice_ns > o->slice ? now / o->slice_ns : o->slice;
}

static uint32_t
minimum_of(const struct oracle *o)
{
	uint32_t all = o->cfg.window_calls;

	return all != 0 && all < o->cfg.minimum_calls ? all : o->cfg.minimum_calls;
}

static void
judge(struct oracle *o, uint64_t slice, uint64_t now)
{
	struct counts n = in_window(o, slice);

	if (n.calls < minimum_of(o))
		return;
	if (o->cfg.failure_rate_bp != 0 && n.failures * 10000 >= (uint64_t)o->cfg.failure_rate_bp * n.calls)
		open_up(o, 0, RHEO_CAUSE_FAILURE_RATE, false, now);
	else if (o->cfg.slow_call_rate_bp != 0 &&
		 n.slow * 10000 >= (uint64_t)o->cfg.slow_call_rate_bp * n.calls)
		open_up(o, 0, RHEO_CAUSE_SLOW_CALL_RATE, false, now);
}

static void
probe_ended(struct oracle *o, int how, uint64_t now)
{
	o->succeeded += how == 0;
	o->failed += how == 1;
	o->ignored += how == 2;
	if (o->failed >= o->cfg.half_open_failures) {
		open_up(o, o->level + 1, RHEO_CAUSE_PROBES_FAILED, false, now);
	} else if (o->succeeded >= o->cfg.half_open_successes) {
		o->level = 0;
		turn(o, RHEO_CLOSED, o->mode, RHEO_CAUSE_PROBES_SUCCEEDED, now);
	} else if (o->succeeded + o->failed + o->ignored == o->cfg.half_open_calls) {
		if (o->failed != 0)
			open_up(o, o->level + 1, RHEO_CAUSE_PROBES_FAILED, false, now);
		else
			open_up(o, o->level, RHEO_CAUSE_PROBES_INCONCLUSIVE, true, now);
	}
}

static int
late(const struct oracle *o)
{
	return o->cfg.flags & RHEO_BREAKER_PROBE_TIMEOUT_CANCELS ? 2 : 1;
}

static uint64_t
end_of(const struct oracle *o, const struct permit *p)
{
	return p->start > UINT64_MAX - o->cfg.probe_timeout_ns ? UINT64_MAX : p->start + o->cfg.probe_timeout_ns;
}

static void
expire(struct oracle *o, uint64_t now)
{
	for (unsigned i = 0; i < o->npermits && o->state == RHEO_HALF_OPEN; i++) {
		struct permit *p = &o->permits[i];

		if (p->out && p->probe && end_of(o, p) != UINT64_MAX && now >= end_of(o, p)) {
			p->out = false;
			probe_ended(o, late(o), end_of(o, p));
		}
	}
}

static struct permit *
new_permit(struct oracle *o, uint64_t value, uint64_t start, bool probe)
{
	struct permit *p = &o->permits[o->npermits++];

	*p = (struct permit){value, o->generation, start, probe, probe};
	return p;
}

static int32_t
oracle_acquire(struct oracle *o, uint64_t now)
{
	if (o->mode == RHEO_FORCED_OPEN) {
		o->refused_open++;
		return RHEO_REJ_OPEN;
	}
	if (o->state == RHEO_CLOSED)
		return RHEO_OK;
	now = oracle_time(o, now);
	if (o->state == RHEO_HALF_OPEN)
		expire(o, now);
	if (o->state == RHEO_CLOSED)
		return RHEO_OK;
	if (o->state == RHEO_OPEN) {
		if (now < o->deadline) {
			o->refused_open++;
			return RHEO_REJ_OPEN;
		}
		turn(o, RHEO_HALF_OPEN, o->mode, RHEO_CAUSE_OPEN_TIME_OVER, now);
	}
	if (o->issued == o->cfg.half_open_calls) {
		o->refused_probe++;
		return RHEO_REJ_PROBE;
	}
	o->issued++;
	if (now > o->told)
		o->told = now;
	return RHEO_OK;
}

/* As far as a permit can tell: where the word is narrow, generations come round in a test. */
static bool
same_generation(const struct oracle *o, const struct permit *p)
{
	return ((p->generation ^ o->generation) & RH_GEN_MASK) == 0;
}

static int32_t
oracle_record(struct oracle *o, struct permit *p, uint32_t outcome, uint64_t now)
{
	bool failed = outcome == RHEO_FAILURE, slow = false;
	struct call *c;
	uint64_t slice;

	if (p->probe) {
		if (o->state != RHEO_HALF_OPEN || !same_generation(o, p)) {
			o->stale++;
			return RHEO_STALE;
		}
		now = oracle_time(o, now);
		if (!p->out) {
			o->stale++;
			return RHEO_STALE;
		}
		p->out = false;
		if (end_of(o, p) != UINT64_MAX && now >= end_of(o, p)) {
			probe_ended(o, late(o), end_of(o, p));
			o->stale++;
			return RHEO_STALE;
		}
		slow = outcome != RHEO_IGNORED && o->cfg.slow_call_rate_bp != 0 && now > p->start &&
		       now - p->start > o->cfg.slow_call_ns;
		if (outcome == RHEO_IGNORED)
			o->ignored_ever++;
		else {
			o->failures += failed;
			o->successes += !failed;
			o->slow += slow;
		}
		o->slow_probes += slow;
		probe_ended(o, outcome == RHEO_IGNORED ? 2 : failed || slow, now);
		return RHEO_OK;
	}
	if (o->state != RHEO_CLOSED || !same_generation(o, p)) {
		o->stale++;
		return RHEO_STALE;
	}
	if (outcome == RHEO_IGNORED) {
		o->ignored_ever++;
		return RHEO_OK;
	}
	slow = o->cfg.slow_call_rate_bp != 0 && now > p->start && now - p->start > o->cfg.slow_call_ns;
	o->failures += failed;
	o->successes += !failed;
	o->slow += slow;
	if (o->mode == RHEO_DISABLED)
		return RHEO_OK;
	now = oracle_time(o, now);
	slice = now / o->slice_ns;
	if (slice > o->slice)
		o->slice = slice;
	slice = o->slice;
	c = &o->calls[o->ncalls++];
	*c = (struct call){slice, failed, slow};
	o->in_a_row = o->cfg.consecutive_failures == 0 ? 0 : failed ? o->in_a_row + 1 : 0;
	if (o->mode != RHEO_AUTO)
		return RHEO_OK;
	if (o->cfg.consecutive_failures != 0 && o->in_a_row >= o->cfg.consecutive_failures)
		open_up(o, 0, RHEO_CAUSE_CONSECUTIVE_FAILURES, false, now);
	else
		judge(o, slice, now);
	return RHEO_OK;
}

static int32_t
oracle_cancel(struct oracle *o, struct permit *p, uint64_t now)
{
	if (!same_generation(o, p) || o->state != (p->probe ? RHEO_HALF_OPEN : RHEO_CLOSED))
		return RHEO_STALE;
	if (!p->probe)
		return RHEO_OK;
	now = oracle_time(o, now);
	if (!p->out)
		return RHEO_STALE;
	p->out = false;
	if (end_of(o, p) != UINT64_MAX && now >= end_of(o, p)) {
		probe_ended(o, late(o), end_of(o, p));
		return RHEO_STALE;
	}
	o->issued--;
	return RHEO_OK;
}

/* When time alone next makes something due; UINT64_MAX: never. */
static uint64_t
due(const struct oracle *o, uint64_t now)
{
	uint64_t at = UINT64_MAX, begun = now - now % o->slice_ns;

	if (o->state == RHEO_OPEN)
		return o->mode == RHEO_AUTO ? o->deadline : UINT64_MAX;
	if (o->state == RHEO_CLOSED && o->mode == RHEO_AUTO && o->cfg.window_calls == 0)
		return begun > UINT64_MAX - o->slice_ns ? UINT64_MAX : begun + o->slice_ns;
	for (unsigned i = 0; i < o->npermits; i++)
		if (o->permits[i].out && end_of(o, &o->permits[i]) < at)
			at = end_of(o, &o->permits[i]);
	return at;
}

/* Returns how long after the caller's time to call again. */
static uint64_t
oracle_tick(struct oracle *o, uint64_t callers)
{
	uint64_t now = oracle_time(o, callers), at;

	if (o->state == RHEO_CLOSED && o->mode == RHEO_AUTO)
		judge(o, slice_at(o, now), now);
	expire(o, now);
	if (o->state == RHEO_OPEN && o->mode == RHEO_AUTO && now >= o->deadline)
		turn(o, RHEO_HALF_OPEN, o->mode, RHEO_CAUSE_OPEN_TIME_OVER, now);
	if (now > o->told)
		o->told = now;
	at = due(o, now);
	return at == UINT64_MAX ? RHEO_FOREVER : at - callers;
}

static void
oracle_force(struct oracle *o, uint32_t mode, uint64_t now)
{
	bool open = mode == RHEO_FORCED_OPEN || (mode == RHEO_AUTO && o->mode == RHEO_FORCED_OPEN);

	now = oracle_time(o, now);
	if (mode == o->mode)
		return;
	o->deadline = now;
	o->level = 0;
	turn(o, open ? RHEO_OPEN : RHEO_CLOSED, mode, RHEO_CAUSE_FORCED, now);
}

static void
oracle_reset(struct oracle *o, uint64_t now)
{
	o->level = 0;
	turn(o, RHEO_CLOSED, RHEO_AUTO, RHEO_CAUSE_RESET, oracle_time(o, now));
}

static void
any_config(struct bytes *in, rheo_breaker_config_t *c)
{
	static const uint32_t rates[] = {0, 1, 3333, 5000, 5001, 9999, 10000, 2500};

	rheo_breaker_config_init(c, sizeof *c);
	c->failure_rate_bp = rates[take(in, 1) % 8];
	c->slow_call_rate_bp = take(in, 1) % 2 ? rates[take(in, 1) % 8] : 0;
	c->slow_call_ns = take(in, 2) + (c->slow_call_rate_bp != 0);
	c->consecutive_failures = take(in, 1) % 3 ? 0 : 1 + (uint32_t)take(in, 1) % 6;
	c->minimum_calls = 1 + (uint32_t)take(in, 1) % 12;
	c->window_slices = 1 + (uint32_t)take(in, 1) % 12;
	c->window_ns = c->window_slices * (1 + take(in, 2) % 5000) - take(in, 1) % c->window_slices;
	if (c->window_ns < c->window_slices)
		c->window_ns = c->window_slices;
	c->window_calls = take(in, 1) % 2 ? 0 : 1 + (uint32_t)take(in, 1) % 40;
	c->open_ns = 1 + take(in, 2);
	c->open_backoff_bp = (uint32_t)take(in, 1) % 3 * 7500;
	c->open_max_ns = take(in, 1) % 2 ? 0 : c->open_ns * (1 + take(in, 1) % 7);
	c->open_jitter_bp = take(in, 1) % 4 ? 0 : (uint32_t)take(in, 2) % 10001;
	c->jitter_seed = 1 + take(in, 2);
	c->half_open_calls = 1 + (uint32_t)take(in, 1) % 5;
	c->half_open_successes = (uint32_t)take(in, 1) % (c->half_open_calls + 1);
	c->half_open_failures = (uint32_t)take(in, 1) % (c->half_open_calls + 1);
	c->probe_timeout_ns = 1 + take(in, 2);
	c->flags = take(in, 1) % 2 ? RHEO_BREAKER_PROBE_TIMEOUT_CANCELS : 0;
	c->lanes = 1;
}

/* As the library reads it: zeros replaced. */
static void
resolve(rheo_breaker_config_t *c)
{
	if (c->open_max_ns == 0)
		c->open_max_ns = c->open_ns * 10;
	if (c->half_open_successes == 0)
		c->half_open_successes = c->half_open_calls;
	if (c->half_open_failures == 0)
		c->half_open_failures = 1;
}

static uint64_t
rate_bp(const struct oracle *o, uint64_t bad, uint64_t calls)
{
	return calls < minimum_of(o) ? 0 : bad * 10000 / calls;
}

static bool
same_window(const rheo_breaker_snapshot_t *s, const struct oracle *o, uint64_t now)
{
	/* A turn empties the oracle's list. */
	struct counts n = in_window(o, slice_at(o, now > o->told ? now : o->told));

	return s->window_calls == n.calls && s->window_failures == n.failures && s->window_slow == n.slow &&
	       s->failure_rate_bp == rate_bp(o, n.failures, n.calls) &&
	       s->slow_call_rate_bp == rate_bp(o, n.slow, n.calls);
}

static const char *
compare(const rheo_breaker_t *b, const struct oracle *o, uint64_t now)
{
	rheo_breaker_snapshot_t s;
	rheo_breaker_event_t e;
	uint32_t n;

	if (rheo_breaker_snapshot(b, now, &s, sizeof s) != RHEO_OK)
		return "snapshot failed";
	if (s.state != o->state || s.mode != o->mode || s.generation != o->generation) {
		return wrong("state %u/%u mode %u/%u generation %llu/%llu", s.state, o->state, s.mode,
			     o->mode, (unsigned long long)s.generation,
			     (unsigned long long)o->generation);
	}
	if (s.successes != o->successes || s.failures != o->failures || s.slow != o->slow ||
	    s.ignored != o->ignored_ever || s.stale != o->stale ||
	    s.refused_open != o->refused_open || s.refused_probe != o->refused_probe ||
	    s.clock_regressions != o->regressions) {
		return wrong("counts: successes %llu/%llu failures %llu/%llu slow %llu/%llu stale %llu/%llu "
			     "open %llu/%llu probe %llu/%llu regressions %llu/%llu",
			     (unsigned long long)s.successes, (unsigned long long)o->successes,
			     (unsigned long long)s.failures, (unsigned long long)o->failures,
			     (unsigned long long)s.slow, (unsigned long long)o->slow,
			     (unsigned long long)s.stale, (unsigned long long)o->stale,
			     (unsigned long long)s.refused_open, (unsigned long long)o->refused_open,
			     (unsigned long long)s.refused_probe, (unsigned long long)o->refused_probe,
			     (unsigned long long)s.clock_regressions, (unsigned long long)o->regressions);
	}
	if (o->state == RHEO_HALF_OPEN &&
	    (s.probes_issued != o->issued || s.probes_succeeded != o->succeeded ||
	     s.probes_failed != o->failed || s.probes_ignored != o->ignored ||
	     s.probes_slow != o->slow_probes))
		return "probes differ";
	if (o->state == RHEO_CLOSED && s.consecutive_failures != o->in_a_row)
		return "failures in a row differ";
	if (s.backoff_level != o->level && o->state != RHEO_CLOSED)
		return "backoff level differs";
	if (!same_window(&s, o, now))
		return wrong("window: %llu calls, %llu failures, %llu slow, rates %u and %u differ",
			     (unsigned long long)s.window_calls, (unsigned long long)s.window_failures,
			     (unsigned long long)s.window_slow, s.failure_rate_bp, s.slow_call_rate_bp);
	if (o->generation != 0) {
		if (rheo_breaker_events(b, o->generation - 1, &e, 1, &n) != RHEO_OK || n != 1)
			return "the last transition is not in the log";
		if (e.generation != o->generation || e.from_state != o->from_state ||
		    e.to_state != o->state || e.from_mode != o->from_mode || e.to_mode != o->mode ||
		    e.cause != o->cause || e.partial != 0) {
			return wrong("event %u->%u cause %u, oracle %u->%u cause %u", e.from_state,
				     e.to_state, e.cause, o->from_state, o->state, o->cause);
		}
	}
	return NULL;
}

const char *
breaker_history(struct bytes in, int *steps)
{
	struct oracle *o = calloc(1, sizeof *o);
	rheo_breaker_config_t given;
	rheo_breaker_t *b = NULL;
	const char *result = NULL, *differs;
	uint64_t now = take(&in, 1) % 2 ? take(&in, 8) : take(&in, 3), value, size, delay;
	struct room mem = {0};
	int32_t st, want;
#ifdef RH_NARROW
	uint64_t passed = 0;
#endif

	*steps = 0;
	any_config(&in, &given);
#ifdef RH_NARROW
	given.window_calls = 0;
	now &= UINT64_MAX >> 2;
#endif
	o->cfg = given;
	resolve(&o->cfg);
	size = rheo_breaker_size(&given);
	if (size == 0)
		FAIL("a valid configuration was refused for its %s", rheo_breaker_config_fault(&given));
	mem = room_make((size_t)size);
	if (rheo_breaker_init(mem.at, size, &given, now, &b) != RHEO_OK)
		FAIL("init");
	o->told = now;
	o->slice_ns = (given.window_ns + given.window_slices - 1) / given.window_slices;
	o->slice = now / o->slice_ns;
	while (in.left > 0 && o->ncalls < MAX_CALLS - 1 && o->npermits < MAX_PERMITS - 1) {
		uint64_t op = take(&in, 1) % 32, step = take(&in, 1);

		++*steps;
#ifdef RH_NARROW
		/* Windows hold the counts of earlier generations until they come round: let them pass. */
		if (o->generation != passed && o->generation % 8 == 0 && now < UINT64_MAX / 2) {
			now = (now > o->told ? now : o->told) + 2 * o->cfg.window_ns;
			passed = o->generation;
		}
#endif
		/* A little, about a slice, about an open time, back, very far. */
		step = step % 16 < 8    ? step
		       : step % 16 < 13 ? take(&in, 1) * (o->slice_ns / 100 + 1)
		       : step % 16 < 15 ? take(&in, 1) * (o->cfg.open_ns / 64 + 1)
					: 0;
		now = now > UINT64_MAX - step ? now : now + step;
		if (op == 31)
			now = now > 5000 ? now - take(&in, 2) % 5000 : now;
		if (op == 30 && take(&in, 1) % 8 == 0)
			now = now > UINT64_MAX / 2 ? now : now + take(&in, 5);
		if (op < 12) {
			st = rheo_breaker_try_acquire(b, now, &value);
			want = oracle_acquire(o, now);
			if (st != want)
				FAIL("step %d: try_acquire at %llu gave %d, oracle %d", *steps,
				     (unsigned long long)now, st, want);
			if (st == RHEO_OK)
				new_permit(o, value, o->state == RHEO_CLOSED || now > o->told ? now : o->told,
					   o->state == RHEO_HALF_OPEN);
			else if (value != RHEO_PERMIT_NONE)
				FAIL("step %d: a refusal with a permit", *steps);
		} else if (op < 26 && o->npermits != 0) {
			/* Mostly the newest permit, sometimes any: reported already, of an older time. */
			unsigned i = take(&in, 1) % 4 ? o->npermits - 1 - (unsigned)take(&in, 1) % 4 % o->npermits
						      : (unsigned)take(&in, 2) % o->npermits;
			uint32_t outcome = (uint32_t)take(&in, 1) % 8;

			outcome = outcome < 3 ? RHEO_SUCCESS : outcome < 7 ? RHEO_FAILURE : RHEO_IGNORED;
			value = o->permits[i].value;
			if (op == 25) {
				st = rheo_breaker_cancel(b, value, now);
				want = oracle_cancel(o, &o->permits[i], now);
				o->stale += want == RHEO_STALE;
			} else {
				st = rheo_breaker_record(b, value, outcome, now);
				want = oracle_record(o, &o->permits[i], outcome, now);
			}
			if (st != want)
				FAIL("step %d: report at %llu gave %d, oracle %d", *steps,
				     (unsigned long long)now, st, want);
		} else if (op < 29) {
			uint64_t next = oracle_tick(o, now);

			if (rheo_breaker_tick(b, now, &delay) != RHEO_OK || delay != next)
				FAIL("step %d: tick at %llu is due again in %llu, oracle %llu", *steps,
				     (unsigned long long)now, (unsigned long long)delay, (unsigned long long)next);
		} else if (op == 29 && take(&in, 1) % 8 == 0) {
			uint32_t mode = (uint32_t)take(&in, 1) % 4;

			rheo_breaker_force(b, mode, now);
			oracle_force(o, mode, now);
		} else if (op == 30 && take(&in, 1) % 16 == 0) {
			rheo_breaker_reset(b, now);
			oracle_reset(o, now);
		}
		differs = compare(b, o, now);
		if (differs != NULL)
			FAIL("step %d (op %d, now %llu): %s", *steps, (int)op, (unsigned long long)now,
			     differs);
	}
	if (!room_intact(&mem))
		FAIL("a call wrote beyond the breaker");
out:
	room_free(&mem);
	free(o);
	return result;
}
