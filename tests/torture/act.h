/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_TORTURE_ACT_H
#define RHEO_TESTS_TORTURE_ACT_H

/*
 * One act of an actor: one or two random calls on the objects of a world.
 *
 * When a call's time is. A decision has the later of the time passed and the
 * published time; so no earlier than the time passed, and no later than the
 * clock after the call. A call that passes no time has the published time: no
 * earlier than what was published before it.
 */

#include "world.h"

/* Before a call: whatever happens, it is known that it may have happened. */
static inline struct note *
begin(struct actor *a, struct note what)
{
	uint64_t at = atomic_load_explicit(&a->done, memory_order_relaxed);

	a->note[at] = what;
	atomic_store_explicit(&a->begun, at + 1, memory_order_release);
	return &a->note[at];
}

/* After it: the note stays, or was only for the moment. */
static inline void
end(struct actor *a, bool keep)
{
	uint64_t at = atomic_load_explicit(&a->done, memory_order_relaxed);

	a->calls++;
	if (keep)
		atomic_store_explicit(&a->done, at + 1, memory_order_release);
	else
		atomic_store_explicit(&a->begun, at, memory_order_release);
}

/* Now, or a little earlier, as a slow caller's clock would have it. */
static inline uint64_t
passed_time(const struct view *v, uint64_t r)
{
	uint64_t now = clock_of(v);

	return (r & 15) == 0 ? now - (r >> 4) % 5000 : now;
}

static inline uint64_t
published(const struct view *v, unsigned t)
{
	rheo_bucket_quota_t q;

	CHECK(rheo_bucket_quota(v->tank[t], 0, &q) == RHEO_OK, "quota");
	return q.time_ns;
}

/* How long after a call its tokens may still fall due. */
static inline uint64_t
debt_ns(const struct view *v)
{
	return (v->w->traits & OWES) ? DEBT * RATE_PERIOD_NS / RATE_TOKENS + 1 : 0;
}

static inline void
give_back(struct view *v, struct actor *a, unsigned t, uint64_t n)
{
	struct note *e = begin(a, (struct note){.kind = REFUND, .object = (uint8_t)t, .n = n, .lo = published(v, t)});

	CHECK(rheo_bucket_refund(v->tank[t], n) == RHEO_OK, "refund");
	e->hi = clock_of(v) + debt_ns(v);
	end(a, true);
}

static inline void
take(struct view *v, struct actor *a, unsigned t, enum kind kind, uint64_t r)
{
	rheo_bucket_t *b = v->tank[t];
	uint64_t n = (r & 63) == 0 ? 1 + (r >> 6) % v->w->burst[t] : 1 + (r >> 6) % 3;
	uint64_t now = passed_time(v, r >> 16), lo = kind == TAKE ? published(v, t) : now, got = n, wait = 0;
	struct note *e;
	int32_t st;

	e = begin(a, (struct note){.kind = (uint8_t)kind, .object = (uint8_t)t, .n = n, .lo = lo});
	switch (kind) {
	case TAKE:
		st = rheo_bucket_try_acquire(b, n);
		break;
	case TAKE_UPTO:
		st = rheo_bucket_acquire_upto(b, n, now, &got);
		break;
	case RESERVE:
		st = rheo_bucket_reserve(b, n, now, r >> 32 & 0xffff, &wait);
		break;
	default:
		st = rheo_bucket_try_acquire_at(b, n, now);
	}
	if (broken(MINTED_TOKEN) && st == RHEO_REJ_RATE && (r >> 50 & 7) == 0)
		st = RHEO_OK;
	if (st == RHEO_OK) {
		e->n = got;
		e->hi = clock_of(v);
		if (wait != 0)
			e->lo = e->hi = now + wait;
		end(a, true);
		if (broken(MINTED_REFUND) && (r >> 50 & 15) == 0) {
			give_back(v, a, t, got);
			e[1].lo = e[1].hi = 0;
		}
		if ((v->w->traits & GIVES_BACK) && (r >> 56 & 7) == 0)
			give_back(v, a, t, got);
		return;
	}
	CHECK(st == RHEO_REJ_RATE || st == RHEO_REJ_NEVER, "%s gave %d", kind_names[kind], st);
	if (st == RHEO_REJ_NEVER)
		a->tank[t].refused_never++;
	else if (!broken(LOST_COUNT) || (r >> 50 & 1023) != 0)
		a->tank[t].refused_rate++;
	end(a, false);
}

static inline void
charge(struct view *v, struct actor *a, unsigned t, uint64_t r)
{
	uint64_t n = 1 + r % 4;

	begin(a, (struct note){.kind = CHARGE, .object = (uint8_t)t, .n = n});
	CHECK(rheo_bucket_charge(v->tank[t], n, clock_of(v)) == RHEO_OK, "charge");
	end(a, true);
}

/* Another burst or rate; the bound is by the largest of each. */
static inline void
reconfigure(struct view *v, struct actor *a, unsigned t, uint64_t r)
{
	rheo_bucket_config_t c = tank_config(v->w, t);
	uint32_t mode = RHEO_BUCKET_KEEP;
	struct note *e;

	if ((v->w->traits & SHRINKS) && (r & 1))
		c.burst -= c.burst / 4;
	if ((v->w->traits & BENDS) && (r & 2)) {
		c.tokens_per_period = (100 - SLOWER_PERCENT) * RATE_TOKENS;
		c.period_ns = 100 * RATE_PERIOD_NS;
	}
	if ((v->w->traits & RENEWS) && (r & 12) == 0)
		mode = (r & 16) ? RHEO_BUCKET_RESET : RHEO_BUCKET_SCALE;
	e = begin(a, (struct note){.kind = RECONFIGURE, .object = (uint8_t)t, .lo = published(v, t),
				   .n = mode != RHEO_BUCKET_KEEP ? v->w->burst[t] + DEBT : 0});
	CHECK(rheo_bucket_reconfigure(v->tank[t], &c, clock_of(v), mode) == RHEO_OK, "reconfigure");
	e->hi = clock_of(v) + debt_ns(v);
	end(a, true);
}

static inline void
refill(struct view *v, struct actor *a, unsigned t, uint64_t r)
{
	begin(a, (struct note){.kind = REFILL, .object = (uint8_t)t});
	CHECK(rheo_bucket_refill(v->tank[t], passed_time(v, r)) == RHEO_OK, "refill");
	end(a, false);
}

static inline void
act_on_tank(struct view *v, struct actor *a, unsigned t, uint64_t r)
{
	uint32_t traits = v->w->traits;

	switch (r & 15) {
	case 0:
	case 1:
		refill(v, a, t, r >> 4);
		break;
	case 2:
		take(v, a, t, TAKE_UPTO, r >> 4);
		break;
	case 3:
		take(v, a, t, RESERVE, r >> 4);
		break;
	case 4:
		if ((traits & OWES) && (r & 0x70) == 0)
			charge(v, a, t, r >> 8);
		break;
	case 5:
		if ((traits & (SHRINKS | BENDS | RENEWS)) && (r & 0x70) == 0)
			reconfigure(v, a, t, r >> 8);
		break;
	case 6:
	case 7:
	case 8:
		take(v, a, t, TAKE, r >> 4);
		break;
	default:
		take(v, a, t, TAKE_AT, r >> 4);
	}
}

/* Whether the breaker is past a generation; events is the cheap way, but not for signal handlers. */
static inline bool
is_past(const struct view *v, unsigned k, uint64_t generation)
{
	rheo_breaker_snapshot_t s;
	rheo_breaker_event_t e;
	uint32_t n;

	if (v->w->crowd_max == 0) {
		CHECK(rheo_breaker_events(v->breaker[k], generation, &e, 1, &n) == RHEO_OK, "events");
		return n != 0;
	}
	CHECK(rheo_breaker_snapshot(v->breaker[k], 0, &s, sizeof s) == RHEO_OK, "snapshot");
	return s.generation > generation;
}

/* So that the follower misses nothing, nobody goes on when it is far behind, and few do at once. */
static inline bool
may_turn(struct view *v, unsigned k)
{
	if (v->w->crowd_max != 0 && atomic_fetch_add(&v->w->crowd, 1) >= v->w->crowd_max) {
		atomic_fetch_sub(&v->w->crowd, 1);
		return false;
	}
	if (!is_past(v, k, atomic_load(&v->w->followed[k]) + v->w->ahead))
		return true;
	if (v->w->crowd_max != 0)
		atomic_fetch_sub(&v->w->crowd, 1);
	return false;
}

static inline void
has_turned(struct view *v)
{
	if (v->w->crowd_max != 0)
		atomic_fetch_sub(&v->w->crowd, 1);
}

/* A breaker whose probes' time is never over, to the caller. */
static inline uint64_t
breaker_time(struct view *v, unsigned k, uint64_t now)
{
	uint32_t state = 0;

	if (broken(PROBE_FOR_EVER)) {
		rheo_breaker_state(v->breaker[k], &state, NULL);
		return state == RHEO_HALF_OPEN ? 0 : now;
	}
	return now;
}

static inline void
acquire(struct view *v, struct actor *a, unsigned k, uint64_t r)
{
	uint64_t permit, now = breaker_time(v, k, passed_time(v, r));
	_Atomic uint64_t *kept = &v->w->board[k][r >> 16 & (BOARD - 1)];
	struct note *e = begin(a, (struct note){.kind = ACQUIRE, .object = (uint8_t)k});
	int32_t st = rheo_breaker_try_acquire(v->breaker[k], now, &permit);
	uint32_t probe = 0;

	if (broken(PROBE_TOO_MANY) && st == RHEO_REJ_PROBE) {
		uint64_t other = atomic_load(kept);

		if (other >> 63 != 0) {
			st = RHEO_OK;
			permit = other ^ 1;
		}
	}
	if (st == RHEO_OK) {
		CHECK(rheo_breaker_permit(v->breaker[k], permit, &e->generation, &probe) == RHEO_OK, "permit");
		e->n = permit;
		if (probe)
			e->stamp = atomic_fetch_add(&v->w->stamp, 1);
		end(a, probe != 0);
		atomic_store(kept, permit);
		return;
	}
	CHECK(st == RHEO_REJ_OPEN || st == RHEO_REJ_PROBE, "breaker_try_acquire gave %d", st);
	a->breaker[k].refused_open += st == RHEO_REJ_OPEN;
	a->breaker[k].refused_probe += st == RHEO_REJ_PROBE;
	end(a, false);
}

static inline int32_t
report_as(struct view *v, unsigned k, enum kind kind, uint64_t permit, uint32_t outcome, uint64_t now)
{
	if (kind == CANCEL)
		return rheo_breaker_cancel(v->breaker[k], permit, now);
	return rheo_breaker_record(v->breaker[k], permit, outcome, now);
}

/* Any permit that anybody left: most are taken down, some stay and will be reported again. */
static inline void
report(struct view *v, struct actor *a, unsigned k, uint64_t r)
{
	_Atomic uint64_t *kept = &v->w->board[k][r & (BOARD - 1)];
	uint64_t permit = (r >> 8 & 7) == 0 ? atomic_load(kept) : atomic_exchange(kept, 0), generation;
	uint64_t now = breaker_time(v, k, passed_time(v, r >> 16));
	bool ill = atomic_load(&v->w->ill) != 0;
	enum kind kind = (r >> 12 & 31) == 0 ? CANCEL : RECORD;
	uint32_t outcome = ill ? (r >> 24 & 3) != 0 : (r >> 24 & 31) == 0, probe = 0;
	struct breaker_counts *c = &a->breaker[k];
	int32_t st;

	if (permit == RHEO_PERMIT_NONE)
		return;
	if ((r >> 32 & 31) == 0)
		outcome = RHEO_IGNORED;
	CHECK(rheo_breaker_permit(v->breaker[k], permit, &generation, &probe) == RHEO_OK, "permit");
	begin(a, (struct note){.kind = (uint8_t)kind, .object = (uint8_t)k, .n = permit, .generation = generation,
			       .outcome = outcome, .stamp = probe ? atomic_fetch_add(&v->w->stamp, 1) : 0});
	st = report_as(v, k, kind, permit, outcome, now);
	CHECK(st == RHEO_OK || st == RHEO_STALE, "%s gave %d", kind_names[kind], st);
	if (st == RHEO_STALE)
		c->stale++;
	else if (kind == RECORD) {
		c->successes += outcome == RHEO_SUCCESS;
		c->failures += outcome == RHEO_FAILURE;
		c->ignored += outcome == RHEO_IGNORED;
	}
	end(a, probe && (st == RHEO_OK || broken(REPEATED_REPORT)));
}

static inline void
rethink(struct view *v, unsigned k, uint64_t r)
{
	rheo_breaker_config_t c = breaker_config(k);

	c.minimum_calls -= (uint32_t)(r & 3);
	c.open_ns -= (r >> 2 & 3) * 1000;
	c.probe_timeout_ns -= (r >> 4 & 3) * 1000;
	c.failure_rate_bp -= (uint32_t)(r >> 6 & 3) * 100;
	CHECK(rheo_breaker_reconfigure(v->breaker[k], &c, clock_of(v)) == RHEO_OK, "reconfigure");
}

/* Calls that are seldom made, each of a kind that needs no note afterwards. */
static inline void
steer(struct view *v, struct actor *a, unsigned k, enum kind kind, uint64_t r)
{
	uint64_t now = breaker_time(v, k, passed_time(v, r)), next;
	int32_t st = RHEO_OK;

	begin(a, (struct note){.kind = (uint8_t)kind, .object = (uint8_t)k});
	if (kind == TICK)
		st = rheo_breaker_tick(v->breaker[k], now, &next);
	else if (kind == RESET)
		st = rheo_breaker_reset(v->breaker[k], now);
	else if (kind == FORCE)
		st = rheo_breaker_force(v->breaker[k], (r >> 20 & 7) < 4 ? (uint32_t)(r >> 20 & 3) : RHEO_AUTO, now);
	else
		rethink(v, k, r >> 20);
	CHECK(st == RHEO_OK, "%s gave %d", kind_names[kind], st);
	end(a, false);
}

static inline void
act_on_breaker(struct view *v, struct actor *a, unsigned k, uint64_t r)
{
	uint32_t traits = v->w->traits;

	if (!may_turn(v, k))
		return;
	if ((r & 15) == 0)
		steer(v, a, k, TICK, r >> 4);
	else if ((r & 15) == 1 && (r & 0xf0) == 0 && (traits & RETHINKS))
		steer(v, a, k, RETHINK, r >> 8);
	else if ((r & 15) == 2 && (r & 0xf0) == 0 && (traits & FORCES))
		steer(v, a, k, FORCE, r >> 8);
	else if ((r & 15) == 3 && (r & 0xff0) == 0 && (traits & FORCES))
		steer(v, a, k, RESET, r >> 12);
	else if (r & 16)
		acquire(v, a, k, r >> 8);
	else
		report(v, a, k, r >> 8);
	has_turned(v);
}

/* Calls that only look, and what must be so at any moment. */
static inline void
look(struct view *v, struct actor *a, unsigned i)
{
	uint64_t now = clock_of(v), x, y;
	rheo_breaker_snapshot_t s;
	rheo_breaker_config_t kc;
	rheo_bucket_config_t tc;
	rheo_bucket_stats_t ts;

	begin(a, (struct note){.kind = LOOK, .object = (uint8_t)i});
	CHECK(rheo_bucket_available(v->tank[i], now, &x) == RHEO_OK, "available");
	x += broken(LEVEL_TOO_HIGH) ? v->w->burst[i] : 0;
	CHECK(x <= v->w->burst[i], "P4: a level of %llu, burst %llu", ULL(x), ULL(v->w->burst[i]));
	CHECK(rheo_bucket_wait_ns(v->tank[i], 1, now, &y) == RHEO_OK, "wait_ns");
	CHECK(rheo_bucket_next_refill_ns(v->tank[i], now, &y) == RHEO_OK, "next_refill_ns");
	CHECK(rheo_bucket_stats(v->tank[i], &ts, sizeof ts) == RHEO_OK, "stats");
	CHECK(rheo_bucket_config(v->tank[i], &tc, sizeof tc) == RHEO_OK && tc.burst <= v->w->burst[i] &&
		      tc.burst >= v->w->burst[i] / 2,
	      "a configuration that nobody made");
	CHECK(rheo_breaker_retry_after_ns(v->breaker[i], now, &y) == RHEO_OK, "retry_after_ns");
	CHECK(rheo_breaker_snapshot(v->breaker[i], now, &s, sizeof s) == RHEO_OK && s.probes_issued <= PROBES,
	      "P9: %u probes issued", s.probes_issued);
	CHECK(rheo_breaker_config(v->breaker[i], &kc, sizeof kc) == RHEO_OK && kc.half_open_calls == PROBES,
	      "a configuration that nobody made");
	CHECK(rheo_counter_read(v->counter, 0, &x) == RHEO_OK && rheo_counter_read(v->counter, 0, &y) == RHEO_OK &&
		      y >= x,
	      "P15: a counter fell from %llu to %llu", ULL(x), ULL(y));
	end(a, false);
}

static inline void
count(struct view *v, struct actor *a, uint64_t r)
{
	uint64_t n = 1 + (r & 7);

	begin(a, (struct note){.kind = COUNT});
	CHECK(rheo_counter_add(v->counter, 0, n) == RHEO_OK, "counter_add");
	a->counted += n;
	end(a, false);
}

/* Time goes in small steps, now and then in one that fills a bucket, seldom past all that waits for it. */
static inline void
move_clock(struct view *v, uint64_t r)
{
	if ((r & 0xffff) == 0)
		atomic_fetch_add(&v->w->clock, (r >> 16) % 300000000);
	else if ((r & 4095) == 0)
		atomic_fetch_add(&v->w->clock, (r >> 12) % (640 * RATE_PERIOD_NS));
	else if ((r & 7) == 0)
		atomic_fetch_add(&v->w->clock, (r >> 12) % RATE_PERIOD_NS);
	if ((r & 255) == 1)
		atomic_store(&v->w->ill, (uint32_t)(r >> 12 & 1));
}

/* False where there is no room for its notes. */
static inline bool
act(struct view *v, struct actor *a)
{
	uint64_t r = next_random(&a->seed), s = next_random(&a->seed);

	if (atomic_load_explicit(&a->done, memory_order_relaxed) + 4 > NOTES)
		return false;
	move_clock(v, s >> 24);
	switch (r & 15) {
	case 0:
		count(v, a, r >> 8);
		break;
	case 1:
		if ((r & 0xf0) == 0)
			look(v, a, r >> 8 & 1);
		break;
	case 2:
	case 3:
	case 4:
	case 5:
	case 6:
	case 7:
	case 8:
		act_on_breaker(v, a, r >> 8 & 1, s);
		break;
	default:
		act_on_tank(v, a, r >> 8 & 1, s);
	}
	return true;
}

#endif
