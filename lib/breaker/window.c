/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The window: how many calls there were lately, and how many were bad.
 *
 * Time window. Time is cut into slices of slice_ns; a track is a ring of
 * counts, one a slice. Calls are counted on a track of the recording CPU's own
 * (a success touches nothing else); failures and slow calls on one shared track
 * each, for they are what has to be looked at. A cell is
 *
 *	[ 2^16 generation + slice : 32 | count : 32 ]        no count: empty
 *
 * It counts for a reader only if its generation and slice are ones the reader
 * asks for, so nothing has to be cleared when the breaker closes or time moves
 * on: the next record in a cell that holds something else replaces it, by the
 * same CAS that would have added one, unless its own generation is over by
 * then (the state word says so: stale). What it replaces is folded into the
 * track's total, so that totals since init are exact (P15).
 *
 * Of a slice no more than 16 bits are told apart from generations: they come round again, so no cell may stay. Each track has
 * the full number of the latest slice it counted in. A reader skips a track
 * that has been silent for longer than the window. The writer that moves the
 * number on first empties the cells of the slices it moves over. A cell read
 * before the number was seen unchanged was written before it moved, so what is
 * emptied is old; the CAS expects exactly it.
 *
 * A record for a slice earlier than the track's (a clock gone back, a thread
 * that slept) is counted in the track's: time stands still.
 *
 * Whose tracks they are is settled at init (counter/lines.h): each the CPU's
 * own, written without a locked instruction, and one more that all share for
 * callers that have no CPU of their own; or all written by atomics, and the
 * one more idle. What leaves the cells of an own track is folded into the
 * total of the shared one.
 *
 * Count window. head numbers the calls of all threads, in one order; call n has
 * bit n % window_calls of three planes, sixteen calls a word:
 *
 *	[ generation : 16 | slow : 16 | failed : 16 | valid : 16 ]
 *
 * A word of another generation is empty. Counting is population count over
 * the words, so a call that a killed process had numbered and not written down
 * leaves an older outcome in place for one more round, and nothing drifts.
 *
 * Order. The verdict must not fall between two records that each leave it to
 * the other. A record adds its call first, its failure second, then looks:
 *
 *  - Two failures: the later add on the failures track sees the earlier one's,
 *    and with it (W-R1 -> W-A1) that one's call.
 *  - A failure that finds too few calls sets the breaker's watch word, then
 *    counts the calls once more; a success adds its call, then reads the watch
 *    word. All four are sequentially consistent: either the failure counts the
 *    call or the success sees the watch and looks itself. Not so where tracks
 *    are the CPUs' own: there the success may read the watch before its count
 *    is to be seen. The watch stays, and the next record or tick looks.
 *
 * Edges. W-R1 -> W-A1: counts, by the words themselves. W-R2 -> W-A2: a track's
 * latest slice, after the old cells were emptied.
 */

#include "window.h"

#include "../base/inject.h"

#define COUNT_MASK UINT64_C(0xffffffff)
#define CELL_TRIES 65536u
#define CALLS_A_WORD 16u
#define PLANE UINT64_C(0xffff)

unsigned
rh_window_cells(bool by_calls, unsigned code)
{
	return by_calls ? 8u << (2 * (code & 7u)) : 16u << (code & 3u);
}

/* A count window has tracks without cells, for their totals. */
uint64_t
rh_window_size(bool by_calls, unsigned code, unsigned lanes_log2)
{
	uint64_t ring = by_calls ? sizeof(rh_a64) * (uint64_t)rh_window_cells(by_calls, code) : 0;

	return ((uint64_t)rh_blocks(lanes_log2) << rh_block_size(by_calls, code)) + ring;
}

static unsigned
lane_tracks(const struct rh_window *w)
{
	return (1u << w->lanes_log2) + 1;
}

static struct rh_track *
failures_track(const struct rh_window *w)
{
	return rh_window_track(w, lane_tracks(w));
}

static struct rh_track *
slow_track(const struct rh_window *w)
{
	return rh_window_track(w, lane_tracks(w) + 1);
}

static unsigned
slices_of(const struct rh_window *w)
{
	return w->shape.slices < w->cells ? w->shape.slices : w->cells;
}

void
rh_window_init(const struct rh_window *w, uint64_t now_ns)
{
	uint64_t slice = rh_window_slice(w, now_ns);

	for (unsigned i = 0; i < lane_tracks(w) + 2; i++) {
		struct rh_track *t = rh_window_track(w, i);

		rh_store_init(&t->slice, slice);
		rh_store_init(&t->folded, 0);
		for (unsigned k = 0; w->ring == NULL && k < w->cells; k++)
			rh_store_init(&t->cell[k], 0);
	}
	if (w->ring != NULL) {
		rh_store_init(w->head, 0);
		for (unsigned k = 0; k < w->cells; k++)
			rh_store_init(&w->ring[k], 0);
	}
}

/* A track and how it is written: by the CPU it belongs to, or by atomics. */
struct place {
	struct rh_track *track;
	struct rh_own own; /* none: by atomics */
};

/* Not a CPU's own. */
static const struct rh_own nobody = {.cpu = -1};

/* After so many lost tries at a track of one's own, the one that all share. */
#define OWN_TRIES 8u

/* Where a call is counted, at the n-th try. */
static struct place
place_of_call(const struct rh_window *w, unsigned n)
{
	unsigned lanes = 1u << w->lanes_log2;
	struct rh_own own;

	if (!w->own)
		return (struct place){rh_window_track(w, rh_cpu_hint() & (lanes - 1)), nobody};
	own = rh_own_here();
	if (n < OWN_TRIES && (unsigned)own.cpu < lanes)
		return (struct place){rh_window_track(w, (unsigned)own.cpu), own};
	return (struct place){rh_window_track(w, lanes), nobody};
}

static bool
is_own(const struct place *p)
{
	return p->own.cpu >= 0;
}

/* Takes a count that leaves a cell into the totals. */
static void
fold(const struct rh_window *w, const struct place *p, uint64_t cell)
{
	struct rh_track *t = !is_own(p) ? p->track : rh_window_track(w, 1u << w->lanes_log2);

	if ((cell & COUNT_MASK) != 0)
		rh_add_rlx(&t->folded, cell & COUNT_MASK);
}

/*
 * Empties the cells of the slices after the track's latest, `last`, up to
 * `slice`. False: another does, or counted here meanwhile by a time long past,
 * or this thread has left the track's CPU.
 */
static bool
empty_up_to(const struct rh_window *w, const struct place *p, uint64_t last, uint64_t slice)
{
	uint64_t s = slice - last > w->cells ? slice - w->cells : last;

	while (s++ < slice) {
		rh_a64 *cell = &p->track->cell[s & (w->cells - 1)];
		uint64_t v = rh_load_acq(cell); /* W-A1 <- W-R1: the count, and the slice before it */

		/* Then somebody else empties them. A count of a slice begun since has brought that slice with it. */
		if (rh_load_rlx(&p->track->slice) != last)
			return false;
		RHEO_INJECT(WINDOW_BEFORE_EMPTY);
		if (v == 0)
			continue;
		/* W-R1 -> W-A1: an empty cell of a slice not begun */
		if (is_own(p) ? rh_own_cas(cell, p->own, v, 0) : rh_cas_rlx(cell, &v, 0))
			fold(w, p, v);
		else if (is_own(p) || v != 0)
			return false;
	}
	return true;
}

/* Moves a track on to a slice, if it can. Returns the track's slice. */
static uint64_t
move_on(const struct rh_window *w, const struct place *p, uint64_t slice)
{
	uint64_t last = rh_load_acq(&p->track->slice); /* W-A2 <- W-R2: its cells */

	for (unsigned i = 0; i < CELL_TRIES && slice > last; i++) {
		bool emptied = empty_up_to(w, p, last, slice);

		RHEO_INJECT(WINDOW_BEFORE_SLICE);
		if (is_own(p)) {
			/* W-R2 -> W-A2: emptied cells, before the slice moves on */
			return emptied && rh_own_cas(&p->track->slice, p->own, last, slice) ? slice : last;
		}
		if (!emptied) {
			last = rh_load_acq(&p->track->slice); /* W-A2 <- W-R2: its cells */
			continue;
		}
		/* W-R2 -> W-A2: emptied cells, before the slice moves on */
		if (rh_cas_ar(&p->track->slice, &last, slice))
			return slice;
	}
	return last;
}

/* Whether the breaker is still in this generation. */
static bool
is_current(const struct rh_window *w, uint32_t generation)
{
	return rh_state_unpack(rh_load_rlx(w->word)).generation == generation;
}

/* Adds one to a track: t, or where t is NULL one for calls. */
static struct rh_recorded
add(const struct rh_window *w, struct rh_track *t, uint32_t generation, uint64_t slice)
{
	struct rh_recorded r = {false, false, slice};

	for (unsigned i = 0; i < CELL_TRIES; i++) {
		struct place p = t != NULL ? (struct place){t, nobody} : place_of_call(w, i);
		uint64_t v, next, latest = rh_load_acq(&p.track->slice); /* W-A2 <- W-R2: its cells */
		rh_a64 *cell;

		/* Later than the track: it moves on. Earlier: time stands still. */
		if (slice > latest) {
			r.first = true;
			latest = move_on(w, &p, slice);
			if (latest < slice)
				continue;
		}
		r.slice = latest;
		cell = &p.track->cell[r.slice & (w->cells - 1)];
		v = rh_load_acq(cell); /* W-A1 <- W-R1: the count */
		next = v + ((v & COUNT_MASK) != COUNT_MASK);
		if ((uint32_t)(v >> 32) != rh_window_tag(generation, r.slice) || (v & COUNT_MASK) == 0) {
			r.first = true;
			r.stale = !is_current(w, generation);
			if (r.stale)
				break;
			next = (uint64_t)rh_window_tag(generation, r.slice) << 32 | 1;
		}
		RHEO_INJECT(WINDOW_BEFORE_ADD);
		/* W-R1 -> W-A1: the count, and what was counted before it */
		if (is_own(&p) ? rh_own_cas(cell, p.own, v, next) : rh_cas_sc(cell, &v, next)) {
			if ((next ^ v) >> 32 != 0)
				fold(w, &p, v);
			break;
		}
	}
	return r;
}

void
rh_window_note(const struct rh_window *w, bool failed, bool slow)
{
	if (failed)
		rh_add_rlx(&failures_track(w)->folded, 1);
	if (slow)
		rh_add_rlx(&slow_track(w)->folded, 1);
}

/* A count window's record: numbers the call and writes its outcome down. */
static struct rh_recorded
record_in_ring(const struct rh_window *w, uint32_t generation, bool failed, bool slow)
{
	struct rh_recorded r = {false, false, 0};
	uint64_t calls = w->shape.window_calls != 0 ? w->shape.window_calls : 1;
	uint64_t position = rh_add_sc(w->head, 1) % calls; /* W-R1 -> W-A1: its number */
	rh_a64 *word = &w->ring[(position / CALLS_A_WORD) & (w->cells - 1)];
	unsigned bit = (unsigned)(position % CALLS_A_WORD);
	uint64_t v = rh_load_acq(word), next; /* W-A1 <- W-R1: the outcomes */

	for (unsigned i = 0; i < CELL_TRIES; i++) {
		next = v;
		if ((uint32_t)(v >> 48) != generation) {
			r.stale = !is_current(w, generation);
			if (r.stale) {
				/* Numbered, but not a call of the window: taken off the total again. */
				rh_add_rlx(&rh_window_track(w, 0)->folded, UINT64_MAX);
				return r;
			}
			next = (uint64_t)generation << 48;
		}
		next &= ~((UINT64_C(1) | UINT64_C(1) << 16 | UINT64_C(1) << 32) << bit);
		next |= (UINT64_C(1) | (uint64_t)failed << 16 | (uint64_t)slow << 32) << bit;
		RHEO_INJECT(WINDOW_BEFORE_OUTCOME);
		/* W-R1 -> W-A1: the outcome, in its place */
		if (rh_cas_sc(word, &v, next))
			break;
	}
	rh_window_note(w, failed, slow);
	return r;
}

/* That a call counted at *r was bad. */
static void
add_badness(const struct rh_window *w, struct rh_track *t, uint32_t generation, bool failed, struct rh_recorded *r)
{
	struct rh_recorded bad = add(w, t, generation, r->slice);

	/* Where the generation ends in between, the call still counts in the totals as what it was. */
	if (bad.stale)
		rh_window_note(w, failed, !failed);
	r->first |= bad.first;
}

struct rh_recorded
rh_window_record(const struct rh_window *w, uint32_t generation, bool failed, bool slow,
		 uint64_t now_ns)
{
	uint64_t slice = rh_window_slice(w, now_ns), latest;
	struct rh_recorded r;

	if (w->ring != NULL)
		return record_in_ring(w, generation, failed, slow);
	/* A bad call goes where bad calls are counted: not into an older slice of a lane whose clock is behind. */
	if (failed || slow) {
		latest = rh_load_acq(&failures_track(w)->slice); /* W-A2 <- W-R2: its cells */
		slice = latest > slice ? latest : slice;
	}
	r = add(w, NULL, generation, slice);
	if (r.stale)
		return r;
	RHEO_INJECT(WINDOW_BETWEEN_CALL_AND_OUTCOME);
	if (failed)
		add_badness(w, failures_track(w), generation, true, &r);
	if (slow)
		add_badness(w, slow_track(w), generation, false, &r);
	return r;
}

/* The window's count on a track, if it has counted lately. */
static uint64_t
sum(const struct rh_window *w, const struct rh_track *t, uint32_t generation, uint64_t slice)
{
	uint64_t last = rh_load_acq(&t->slice); /* W-A2 <- W-R2: its cells */
	unsigned slices = slices_of(w);
	uint64_t total = 0;

	if (last < slice && slice - last >= slices)
		return 0;
	for (unsigned i = 0; i < slices; i++) {
		/* W-A1 <- W-R1: the count, and what was counted before it */
		uint64_t v = rh_load_sc(&t->cell[(slice - i) & (w->cells - 1)]);

		if ((uint32_t)(v >> 32) == rh_window_tag(generation, slice - i))
			total += v & COUNT_MASK;
	}
	return total;
}

/* How many of the low 16 bits are set. */
static unsigned
bits_in(uint64_t plane)
{
	uint32_t x = (uint32_t)(plane & PLANE);

	x -= (x >> 1) & 0x5555u;
	x = (x & 0x3333u) + ((x >> 2) & 0x3333u);
	x = (x + (x >> 4)) & 0x0f0fu;
	return (x + (x >> 8)) & 0x1fu;
}

static struct rh_counts
count_ring(const struct rh_window *w, uint32_t generation)
{
	struct rh_counts c = {0, 0, 0};
	unsigned words = (w->shape.window_calls + CALLS_A_WORD - 1) / CALLS_A_WORD;

	for (unsigned i = 0; i < words && i < w->cells; i++) {
		uint64_t v = rh_load_sc(&w->ring[i]); /* W-A1 <- W-R1: the outcomes */

		if ((uint32_t)(v >> 48) != generation)
			continue;
		c.calls += bits_in(v);
		c.failures += bits_in(v >> 16);
		c.slow += bits_in(v >> 32);
	}
	return c;
}

void
rh_window_bad(const struct rh_window *w, uint32_t generation, uint64_t *slice,
	      struct rh_counts *counts)
{
	uint64_t failed, slow;

	if (w->ring != NULL) {
		*counts = count_ring(w, generation);
		return;
	}
	failed = rh_load_acq(&failures_track(w)->slice); /* W-A2 <- W-R2: its cells */
	slow = rh_load_acq(&slow_track(w)->slice); /* W-A2 <- W-R2: its cells */
	*slice = failed > *slice ? failed : *slice;
	*slice = slow > *slice ? slow : *slice;
	counts->calls = 0;
	counts->failures = sum(w, failures_track(w), generation, *slice);
	counts->slow = sum(w, slow_track(w), generation, *slice);
}

uint64_t
rh_window_latest(const struct rh_window *w, uint64_t slice)
{
	for (unsigned i = 0; w->ring == NULL && i < lane_tracks(w); i++) {
		uint64_t last = rh_load_acq(&rh_window_track(w, i)->slice); /* W-A2 <- W-R2: its cells */

		slice = last > slice ? last : slice;
	}
	return slice;
}

void
rh_window_calls(const struct rh_window *w, uint32_t generation, uint64_t slice,
		struct rh_counts *counts)
{
	if (w->ring != NULL)
		return;
	counts->calls = 0;
	for (unsigned i = 0; i < lane_tracks(w); i++)
		counts->calls += sum(w, rh_window_track(w, i), generation, slice);
}

static uint64_t
ever(const struct rh_window *w, const struct rh_track *t)
{
	uint64_t total = rh_load_rlx(&t->folded);

	for (unsigned i = 0; w->ring == NULL && i < w->cells; i++)
		total += rh_load_rlx(&t->cell[i]) & COUNT_MASK;
	return total;
}

struct rh_counts
rh_window_ever(const struct rh_window *w)
{
	struct rh_counts c = {0, 0, 0};

	for (unsigned i = 0; w->ring == NULL && i < lane_tracks(w); i++)
		c.calls += ever(w, rh_window_track(w, i));
	if (w->ring != NULL)
		c.calls = rh_load_rlx(w->head) + rh_load_rlx(&rh_window_track(w, 0)->folded);
	c.failures = ever(w, failures_track(w));
	c.slow = ever(w, slow_track(w));
	return c;
}
