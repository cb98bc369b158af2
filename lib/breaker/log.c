/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The log: the last transitions with the counts that caused them, indexed by
 * generation, polled by rheo_breaker_events.
 *
 * Entry g is written by the thread that made generation g: details first, each
 * word tagged with g, then `what`, tagged as well. Words are moved by CAS from
 * an older tag only, so a thread that slept here and wakes late writes nothing
 * over newer entries.
 *
 * That thread may be killed between the transition and its entry. The edge is
 * not lost with it: from is the previous entry's to, to is in the state word.
 * Whoever makes the next transition writes it down first (rh_log_complete), so
 * an entry can be missing for the current generation only, and for that one a
 * reader puts the edge together itself, after giving the writer a moment. What
 * is lost are the details: such an event is `partial`. Either way each
 * generation is reported once, in order (P8). An entry that somebody else wrote
 * down is marked; its own writer, if it was only slow, replaces it. Whoever
 * slept until the previous entry's place is taken by one 16 generations later
 * can put nothing together any more, nor need it: others have.
 *
 * Edges. G-R1 -> G-A1: the details, before `what`.
 */

#include "self.h"

#include <string.h>

#define EVENT_TRIES 4096u

/* what: from : 2, to : 2, from mode : 2, to mode : 2, cause : 4, by somebody else : 1 */
#define BY_ANOTHER (UINT32_C(1) << 12)
#define EDGE_BITS (UINT64_C(0xfff))

static uint32_t
what_pack(struct rh_state from, struct rh_state to, uint32_t cause)
{
	return (from.state & 3u) | (to.state & 3u) << 2 | (from.mode & 3u) << 4 |
	       (to.mode & 3u) << 6 | (cause & 15u) << 8;
}

/* Whether tag names an earlier entry of the same place than generation does. */
static bool
earlier(uint64_t v, uint64_t generation)
{
	return (int32_t)((uint32_t)(v >> 32) - (uint32_t)generation) < 0;
}

/* A word of an entry; over older ones, and over `what` as somebody else put it together. */
static void
put(rh_a64 *word, uint64_t generation, uint64_t value)
{
	uint64_t v = rh_load_rlx(word), another = generation << 32 | BY_ANOTHER;
	uint64_t next = generation << 32 | (value < UINT32_MAX ? value : UINT32_MAX);

	for (unsigned i = 0; i < EVENT_TRIES && (earlier(v, generation) || (v & ~EDGE_BITS) == another); i++) {
		RHEO_INJECT(LOG_BEFORE_WORD);
		if (rh_cas_rel(word, &v, next)) /* G-R1 -> G-A1: the details, before what */
			return;
	}
}

/*
 * The edge into a generation, from the entry before and the state word; the
 * cause where it is plain. 0 where the entry before is gone. Before the first
 * stands what init left, which says CLOSED and AUTO.
 */
static uint32_t
edge(struct rh_bself self, struct rh_state to, uint64_t generation)
{
	uint64_t before = rh_load_acq(&self.b->log[(generation - 1) % RH_LOG_EVENTS].what); /* G-A1 <- G-R1: its words */
	struct rh_state from = {.state = (uint32_t)before >> 2 & 3u, .mode = (uint32_t)before >> 6 & 3u};
	uint32_t cause = RHEO_CAUSE_UNKNOWN;

	if ((uint32_t)(before >> 32) != (uint32_t)(generation - 1))
		return 0;
	if (to.mode != from.mode)
		cause = RHEO_CAUSE_FORCED;
	else if (from.state == RHEO_OPEN && to.state == RHEO_HALF_OPEN)
		cause = RHEO_CAUSE_OPEN_TIME_OVER;
	return what_pack(from, to, cause) | BY_ANOTHER;
}

void
rh_log_complete(struct rh_bself self, uint64_t w, uint64_t generation)
{
	rh_a64 *what = &self.b->log[generation % RH_LOG_EVENTS].what;
	uint32_t bits;

	/* G-A1 <- G-R1: its words */
	if (generation != 0 && earlier(rh_load_acq(what), generation)) {
		RHEO_INJECT(LOG_BEFORE_EDGE);
		bits = edge(self, rh_state_unpack(w), generation);
		if (bits != 0)
			put(what, generation, bits);
	}
}

void
rh_log_write(struct rh_bself self, uint64_t generation, struct rh_state from, struct rh_state to,
	     uint64_t at_ns, uint64_t open_ns, const struct rh_reason *reason)
{
	struct rh_event *e = &self.b->log[generation % RH_LOG_EVENTS];

	put(&e->at_low, generation, at_ns & UINT32_MAX);
	put(&e->at_high, generation, at_ns >> 32);
	put(&e->open_low, generation, open_ns & UINT32_MAX);
	put(&e->open_high, generation, open_ns >> 32);
	put(&e->calls, generation, reason->counts.calls);
	put(&e->failures, generation, reason->counts.failures);
	put(&e->slow, generation, reason->counts.slow);
	RHEO_INJECT(LOG_BEFORE_WHAT);
	put(&e->what, generation, what_pack(from, to, reason->cause));
}

/* Reads a word of an entry; *differ grows where it is not of this generation. */
static uint64_t
get(const rh_a64 *word, uint64_t generation, uint32_t *differ)
{
	uint64_t v = rh_load_rlx(word);

	*differ |= (uint32_t)(v >> 32) ^ (uint32_t)generation;
	return (uint32_t)v;
}

static uint64_t
get_pair(const rh_a64 *low, const rh_a64 *high, uint64_t generation, uint32_t *differ)
{
	uint64_t l = get(low, generation, differ);

	return get(high, generation, differ) << 32 | l;
}

/* One entry; false where it has been overwritten. */
static bool
read_event(struct rh_bself self, uint64_t generation, uint64_t w, rheo_breaker_event_t *out)
{
	const struct rh_event *e = &self.b->log[generation % RH_LOG_EVENTS];
	uint64_t what = rh_load_acq(&e->what); /* G-A1 <- G-R1: the details */
	uint32_t bits, differ = 0;

	for (unsigned i = 0; i < EVENT_TRIES && earlier(what, generation); i++) {
		rh_pause();
		RHEO_INJECT(LOG_WAITS);
		what = rh_load_acq(&e->what); /* G-A1 <- G-R1: the details */
	}
	if (earlier(what, generation)) {
		/* Its writer is dead or very slow; w is of this generation, or the next one completed it. */
		if (rh_breaker_generation(self, w) != generation)
			return false;
		RHEO_INJECT(LOG_BEFORE_EDGE);
		bits = edge(self, rh_state_unpack(w), generation);
		/* G-A1 <- G-R1: the details; written by whoever made the next one, at the latest */
		what = bits != 0 ? generation << 32 | bits : rh_load_acq(&e->what);
	}
	if ((uint32_t)(what >> 32) != (uint32_t)generation)
		return false;
	bits = (uint32_t)what;
	memset(out, 0, sizeof *out);
	out->generation = generation;
	out->at_ns = get_pair(&e->at_low, &e->at_high, generation, &differ);
	out->open_ns = get_pair(&e->open_low, &e->open_high, generation, &differ);
	out->calls = get(&e->calls, generation, &differ);
	out->failures = get(&e->failures, generation, &differ);
	out->slow = get(&e->slow, generation, &differ);
	if (differ != 0 || (bits & BY_ANOTHER)) {
		memset(out, 0, sizeof *out);
		out->generation = generation;
		out->partial = 1;
	}
	out->from_state = bits & 3u;
	out->to_state = bits >> 2 & 3u;
	out->from_mode = bits >> 4 & 3u;
	out->to_mode = bits >> 6 & 3u;
	out->cause = bits >> 8 & 15u;
	return true;
}

int32_t
rheo_breaker_events(const rheo_breaker_t *breaker, uint64_t since, rheo_breaker_event_t *out,
		    uint32_t max, uint32_t *count)
{
	struct rh_bself self;
	uint64_t w, last, g;

	if (breaker == NULL || count == NULL || (out == NULL && max != 0))
		return RHEO_ERR_INVAL;
	self = rh_breaker_self(breaker);
	w = rh_load_acq(&self.b->state); /* T-A1 <- T-R1: the generation's number */
	last = rh_breaker_generation(self, w);
	*count = 0;
	g = since;
	if (last > RH_LOG_EVENTS && g < last - RH_LOG_EVENTS)
		g = last - RH_LOG_EVENTS;
	while (g < last && *count < max)
		*count += read_event(self, ++g, w, &out[*count]);
	return RHEO_OK;
}
