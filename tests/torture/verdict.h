/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_TORTURE_VERDICT_H
#define RHEO_TESTS_TORTURE_VERDICT_H

/*
 * What must hold of a world at rest: nobody calls any more, calls that never
 * returned are in doubt (leave_in_doubt). Takes its notes to the oracles of P1
 * and P9, compares counts (P15), and goes on as the only caller that is left
 * (P10, and that a bucket fills).
 *
 * P15 with calls in doubt. Each count grows by one step of a call, so it lies
 * between what callers noted and that plus the calls in doubt, but for two kinds
 * of count that are kept as differences and totals: a bucket's `admitted` and
 * the successes and failures of a breaker with a time window. A caller killed
 * between moving the word and accounting for what it skipped leaves `admitted`
 * too high (a reconfigure of lanes, or one that sets the level: also too low);
 * one killed while it empties an old cell of the window leaves that cell's calls
 * out of the totals. These are held to a side, and how far off they were is
 * printed. Without such calls in doubt they are exact, too.
 */

#include "act.h"
#include "intervals.h"
#include "permits.h"

struct tally {
	uint64_t rounds, calls, transitions, partial;
	uint64_t doubts[KINDS];
	uint64_t admitted_over, window_lost; /* P15: how far off what doubt leaves inexact was */
	struct excess tokens;
	struct permits probes;
};

struct sums {
	uint64_t doubts, doubted[2][KINDS], counted;
	struct tank_counts tank[TANKS];
	struct breaker_counts breaker[BREAKERS];
	uint64_t admitted[TANKS], refunded[TANKS], charged[TANKS];
};

static inline uint64_t
notes_of(const struct view *v)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < v->w->actors; i++)
		n += atomic_load(&v->w->actor[i].done);
	return n;
}

static inline void
sum_notes(const struct actor *a, struct sums *s)
{
	for (uint64_t i = 0; i < a->done; i++) {
		const struct note *e = &a->note[i];

		if (e->doubt)
			continue;
		if (e->kind <= RESERVE)
			s->admitted[e->object] += e->n;
		else if (e->kind == REFUND)
			s->refunded[e->object] += e->n;
		else if (e->kind == CHARGE)
			s->charged[e->object] += e->n;
	}
}

static inline struct sums
sum_up(const struct view *v, struct tally *all)
{
	struct sums s = {0};

	for (uint32_t i = 0; i < v->w->actors; i++) {
		const struct actor *a = &v->w->actor[i];

		all->calls += a->calls;
		s.counted += a->counted;
		for (int k = 0; k < KINDS; k++) {
			all->doubts[k] += a->doubts[k];
			s.doubts += a->doubts[k];
			s.doubted[0][k] += a->doubted[0][k];
			s.doubted[1][k] += a->doubted[1][k];
		}
		for (int o = 0; o < 2; o++) {
			s.tank[o].refused_rate += a->tank[o].refused_rate;
			s.tank[o].refused_never += a->tank[o].refused_never;
			s.breaker[o].successes += a->breaker[o].successes;
			s.breaker[o].failures += a->breaker[o].failures;
			s.breaker[o].ignored += a->breaker[o].ignored;
			s.breaker[o].stale += a->breaker[o].stale;
			s.breaker[o].refused_open += a->breaker[o].refused_open;
			s.breaker[o].refused_probe += a->breaker[o].refused_probe;
		}
		sum_notes(a, &s);
	}
	return s;
}

/* --- P1 --- */

static inline bool
is_admission(const struct note *e)
{
	return e->kind <= RESERVE && !e->doubt;
}

/*
 * In doubt or not: what may have been lent was. A new rate is in force from some
 * moment of the call that makes it: while the call lasts credit may be earned by
 * either. A caller that read the old rules may decide and publish by them after
 * it, until the new curve is as far; and with lanes, whose time is not known
 * more exactly, a 64th of the burst later.
 */
static inline struct span
lent_by(const struct view *v, const struct note *e)
{
	struct span s = {e->lo, e->hi + (e->doubt ? debt_ns(v) : 0), e->n};
	uint64_t either;

	if (e->kind != REFUND && e->kind != RECONFIGURE)
		s.n = 0;
	if (e->kind == RECONFIGURE && (v->w->traits & BENDS)) {
		either = (e->hi - e->lo) / SLOWER_NS + 1;
		s.n += either;
		s.hi += (either + v->w->burst[e->object] / 64 + 1) * RATE_PERIOD_NS / RATE_TOKENS;
	}
	return s;
}

/* Admissions are looked at from the last `recent` notes of each actor on, loans are all of them. */
static inline void
check_tank_intervals(const struct view *v, unsigned t, uint64_t recent, struct tally *all)
{
	uint64_t most = notes_of(v), before = excess_found(&all->tokens);
	struct span *admitted = malloc((most + 1) * sizeof *admitted), *lent = malloc((most + 1) * sizeof *lent);
	size_t n = 0, lents = 0;

	for (uint32_t i = 0; i < v->w->actors; i++)
		for (uint64_t k = 0; k < v->w->actor[i].done; k++) {
			const struct note *e = &v->w->actor[i].note[k];
			struct span s = lent_by(v, e);

			if (e->kind > RECONFIGURE || e->object != t)
				continue;
			if (is_admission(e) && k + recent >= v->w->actor[i].done)
				admitted[n++] = (struct span){e->lo, e->hi, e->n};
			if (s.n != 0)
				lent[lents++] = s;
		}
	check_intervals(admitted, n, lent, lents, v->w->burst[t], RATE_TOKENS, RATE_PERIOD_NS, &all->tokens);
	free(admitted);
	free(lent);
	if (excess_found(&all->tokens) != before) {
		print_excess(&all->tokens);
		CHECK(0, "P1: bucket %u, burst %llu, admitted more than its bound", t, ULL(v->w->burst[t]));
	}
}

/* --- P9 --- */

static inline void
check_breaker_permits(const struct view *v, unsigned k, const struct follower *f, struct tally *all)
{
	struct probe_note *p = malloc((notes_of(v) + 1) * sizeof *p);
	uint64_t before = permits_found(&all->probes);
	size_t n = 0;

	for (uint32_t i = 0; i < v->w->actors; i++)
		for (uint64_t j = 0; j < v->w->actor[i].done; j++) {
			const struct note *e = &v->w->actor[i].note[j];

			/* Of a call to acquire in doubt nobody knows the permit; closed ones are not probes. */
			if (e->kind < ACQUIRE || e->kind > CANCEL || e->object != k || e->n >> 63 == 0)
				continue;
			p[n++] = (struct probe_note){.generation = e->generation, .permit = e->n, .stamp = e->stamp,
						     .outcome = e->outcome, .doubt = e->doubt,
						     .fate = e->kind == ACQUIRE ? GIVEN
							     : e->kind == CANCEL ? CANCELLED
										 : REPORTED};
		}
	check_permits(p, n, PROBES, PROBE_SUCCESSES, f->half_open, f->closing, f->closings, &all->probes);
	free(p);
	if (permits_found(&all->probes) != before) {
		print_permits(&all->probes, PROBES);
		CHECK(0, "P9: breaker %u gave or counted more than %u permits", k, PROBES);
	}
}

/* --- P15 --- */

static inline void
check_between(const char *what, uint64_t counted, uint64_t noted, uint64_t doubts)
{
	CHECK(counted >= noted && counted - noted <= doubts, "P15: %s counted %llu, noted %llu, %llu in doubt", what,
	      ULL(counted), ULL(noted), ULL(doubts));
}

static inline void
check_tank_counts(const struct view *v, unsigned t, const struct sums *s, struct tally *all)
{
	const uint64_t *d = s->doubted[t];
	uint64_t takes = d[TAKE] + d[TAKE_AT] + d[TAKE_UPTO] + d[RESERVE];
	rheo_bucket_stats_t c;

	CHECK(rheo_bucket_stats(v->tank[t], &c, sizeof c) == RHEO_OK, "stats");
	/* Doubted calls that take are kept in tokens, one at least each. */
	check_between("refused_rate", c.refused_rate, s->tank[t].refused_rate, takes);
	check_between("refused_never", c.refused_never, s->tank[t].refused_never, takes);
	check_between("refunded", c.refunded, s->refunded[t], d[REFUND]);
	check_between("charged", c.charged, s->charged[t], d[CHARGE]);
	CHECK(d[RECONFIGURE] != 0 || c.admitted >= s->admitted[t], "P15: bucket %u admitted %llu, noted %llu", t,
	      ULL(c.admitted), ULL(s->admitted[t]));
	if (takes + d[REFUND] + d[CHARGE] + d[REFILL] + d[RECONFIGURE] == 0)
		CHECK(c.admitted == s->admitted[t], "P15: bucket %u admitted %llu, noted %llu", t, ULL(c.admitted),
		      ULL(s->admitted[t]));
	else if (c.admitted > s->admitted[t])
		all->admitted_over += c.admitted - s->admitted[t];
}

static inline void
check_breaker_counts(const struct view *v, unsigned k, const struct sums *s, struct tally *all)
{
	const struct breaker_counts *n = &s->breaker[k];
	const uint64_t *d = s->doubted[k];
	rheo_breaker_snapshot_t c;

	CHECK(rheo_breaker_snapshot(v->breaker[k], clock_of(v), &c, sizeof c) == RHEO_OK, "snapshot");
	check_between("refused_open", c.refused_open, n->refused_open, d[ACQUIRE]);
	check_between("refused_probe", c.refused_probe, n->refused_probe, d[ACQUIRE]);
	check_between("stale", c.stale, n->stale, d[RECORD] + d[CANCEL]);
	check_between("ignored", c.ignored, n->ignored, d[RECORD]);
	if (k == 1 || d[RECORD] == 0) {
		check_between("failures", c.failures, n->failures, d[RECORD]);
		check_between("calls", c.successes + c.failures, n->successes + n->failures, d[RECORD]);
	} else {
		uint64_t counted = c.successes + c.failures, noted = n->successes + n->failures;

		CHECK(c.failures <= n->failures + d[RECORD] && (counted <= noted + d[RECORD] || counted >> 63 != 0),
		      "P15: %llu calls, %llu failures, noted %llu and %llu", ULL(counted), ULL(c.failures),
		      ULL(noted), ULL(n->failures));
		all->window_lost += counted < noted ? noted - counted : 0;
	}
}

static inline void
check_counts(const struct view *v, struct tally *all)
{
	struct sums s = sum_up(v, all);
	uint64_t counted;

	for (unsigned t = 0; t < TANKS; t++)
		check_tank_counts(v, t, &s, all);
	for (unsigned k = 0; k < BREAKERS; k++)
		check_breaker_counts(v, k, &s, all);
	CHECK(rheo_counter_read(v->counter, 0, &counted) == RHEO_OK, "counter_read");
	check_between("counter", counted, s.counted, 8 * (s.doubted[0][COUNT] + s.doubted[1][COUNT]));
}

/* --- P10 --- */

/* The only caller left asks until it is admitted; returns how long that took. */
static inline uint64_t
ask_until_admitted(struct view *v, unsigned k, uint64_t *permit)
{
	uint64_t from = clock_of(v), now;

	for (now = from; rheo_breaker_try_acquire(v->breaker[k], breaker_time(v, k, now), permit) != RHEO_OK;
	     now = atomic_fetch_add(&v->w->clock, 500) + 500)
		CHECK(now - from <= OPEN_MAX_NS + PROBE_TIMEOUT_NS, "P10: breaker %u is stuck", k);
	return now - from;
}

static inline void
check_never_stuck(struct view *v, unsigned k)
{
	uint64_t permit;
	uint32_t state, mode;

	CHECK(rheo_breaker_state(v->breaker[k], NULL, &mode) == RHEO_OK, "state");
	if (mode != RHEO_AUTO)
		rheo_breaker_force(v->breaker[k], RHEO_AUTO, clock_of(v));
	ask_until_admitted(v, k, &permit);
	/* All is well now; what the dead left half-open does not keep it from closing. */
	for (int i = 0; i < 64; i++) {
		rheo_breaker_record(v->breaker[k], permit, RHEO_SUCCESS, clock_of(v));
		CHECK(rheo_breaker_state(v->breaker[k], &state, NULL) == RHEO_OK, "state");
		if (state == RHEO_CLOSED)
			return;
		ask_until_admitted(v, k, &permit);
	}
	CHECK(0, "P10: breaker %u does not close, however many calls succeed", k);
}

/* A bucket fills, in the time that it says, to what one call may take, and to no more than its burst. */
static inline void
check_fills(struct view *v, unsigned t)
{
	rheo_bucket_config_t in_force;
	rheo_bucket_stats_t c;
	uint64_t wait, got, sum;

	CHECK(rheo_bucket_stats(v->tank[t], &c, sizeof c) == RHEO_OK, "stats");
	CHECK(rheo_bucket_wait_ns(v->tank[t], c.max_cost, clock_of(v), &wait) == RHEO_OK, "wait_ns");
	atomic_fetch_add(&v->w->clock, wait);
	CHECK(rheo_bucket_refill(v->tank[t], clock_of(v)) == RHEO_OK, "refill");
	CHECK(rheo_bucket_try_acquire(v->tank[t], c.max_cost) == RHEO_OK, "P11: bucket %u does not fill", t);
	for (sum = c.max_cost; rheo_bucket_acquire_upto(v->tank[t], sum, clock_of(v), &got) == RHEO_OK; sum += got)
		;
	CHECK(rheo_bucket_config(v->tank[t], &in_force, sizeof in_force) == RHEO_OK && sum <= in_force.burst,
	      "P1: bucket %u has %llu at once, burst %llu", t, ULL(sum), ULL(in_force.burst));
}

/* All of it. f: who has followed the world's breakers from the beginning; recent: of notes, for P1. */
static inline void
check_world(struct view *v, struct follower f[BREAKERS], uint64_t recent, struct tally *all)
{
	for (uint32_t i = 0; i < v->w->actors; i++)
		leave_in_doubt(v, &v->w->actor[i]);
	for (unsigned k = 0; k < BREAKERS; k++) {
		follow_to_end(&f[k], v->breaker[k]);
		CHECK(f[k].missed == 0, "P8: %llu transitions are not in the log", ULL(f[k].missed));
		all->transitions += f[k].seen;
		all->partial += f[k].partial;
		check_breaker_permits(v, k, &f[k], all);
	}
	for (unsigned t = 0; t < TANKS; t++)
		check_tank_intervals(v, t, recent, all);
	check_counts(v, all);
	for (unsigned k = 0; k < BREAKERS; k++)
		check_never_stuck(v, k);
	for (unsigned t = 0; t < TANKS; t++)
		check_fills(v, t);
	all->rounds++;
}

static inline void
add_tally(struct tally *to, const struct tally *t)
{
	to->rounds += t->rounds;
	to->calls += t->calls;
	to->transitions += t->transitions;
	to->partial += t->partial;
	to->admitted_over += t->admitted_over;
	to->window_lost += t->window_lost;
	for (int k = 0; k < KINDS; k++)
		to->doubts[k] += t->doubts[k];
	add_excess(&to->tokens, &t->tokens);
	add_permits(&to->probes, &t->probes);
}

/* Where callers were that never returned. */
static inline void
print_doubts(const struct tally *all)
{
	printf("     stopped inside:");
	for (int k = 0; k < KINDS; k++)
		if (all->doubts[k] != 0)
			printf(" %s %llu", kind_names[k], ULL(all->doubts[k]));
	putchar('\n');
}

static inline void
print_tally(const struct tally *all)
{
	uint64_t doubts = 0;

	for (int k = 0; k < KINDS; k++)
		doubts += all->doubts[k];
	print_excess(&all->tokens);
	printf("P8   %llu transitions, each seen once, in order; %llu without their details\n", ULL(all->transitions),
	       ULL(all->partial));
	print_permits(&all->probes, PROBES);
	printf("P10  in each of %llu worlds at rest both breakers admitted in time, then closed\n", ULL(all->rounds));
	printf("P15  counts of %llu calls agree", ULL(all->calls));
	if (doubts == 0) {
		putchar('\n');
		return;
	}
	printf(", but for %llu in doubt; for these %llu tokens too many are counted admitted, %llu calls too few in "
	       "windows\n",
	       ULL(doubts), ULL(all->admitted_over), ULL(all->window_lost));
	print_doubts(all);
}

#endif
