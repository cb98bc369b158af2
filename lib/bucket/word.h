/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BUCKET_WORD_H
#define RHEO_BUCKET_WORD_H

/*
 * The bucket in memory, how its rules are read, and the one place where its
 * deciding word moves.
 *
 *	head          what never changes: k, the geometry, the first spent
 *	spent         units spent: the only word that decides          (own line)
 *	earned        units published by the hook          \
 *	published_ns  the time of that publication           } read by all,
 *	control       which rules are in force (record.h)    } written by the hook
 *	dry           earned when a full look found nothing /
 *	rules         two slots of the record
 *	lane[]        with lanes: parked tokens, a line a CPU (lanes.h)
 *	line[]        counts, a line a CPU (counter/lines.h)
 *
 * Edges. B-R1 -> B-A1: who sees a spent word sees the published credit its
 * writer used, so time known to one is known to the next. B-R2 -> B-A2: who
 * sees a published credit sees the clamp made before it. B-R3 -> B-A3: who
 * sees a published time sees a credit at least as late.
 *
 * A decision loads spent first and earned second. If spent has not moved when
 * the compare-and-swap comes, earned was at least as loaded all the while, so
 * the piece taken ends at or before what is really earned, however long the
 * thread slept in between. (Loaded the other way round, a sleeper could hold a
 * credit so old that the difference wraps.) spent can only come back to the
 * very same value after wrapping through 2^64 units.
 */

#include "../base/internal.h"
#include "../base/object.h"
#include "../base/record.h"
#include "../counter/lines.h"
#include "curve.h"
#include "rheo/bucket.h"

/* The record's fields. */
enum { /* the first two share a line: decisions by published credit need no more */
	RULE_CAP, /* units the deciding word may hold: burst, less what lanes and quantum have */
	RULE_SHAPE, /* norm : 6, start empty : 1, -, lane cap : 16 at 8, quantum ns : 32 at 32 */
	RULE_T0,
	RULE_BASE,
	RULE_MULT,
	RULE_PERIOD, /* normalised */
	RULE_RECIP,
	RULE_SPAN,
	RULE_BURST, /* tokens */
	RULE_DEBT, /* units */
	RULE_TOKENS, /* as configured */
	RULE_PERIOD_NS, /* as configured */
	RULE_FIELDS
};

/* Counts, one line a CPU. Tokens where not said otherwise; they wrap, so they may also fall. */
enum {
	COUNT_REFUSED_RATE, /* calls */
	COUNT_REFUSED_NEVER, /* calls */
	COUNT_REGRESSIONS, /* calls */
	COUNT_RETRIES, /* compare-and-swaps */
	COUNT_REFUNDED,
	COUNT_CHARGED,
	COUNT_SKIPPED, /* units spent moved by without being taken: a full bucket's clamp */
	COUNT_ADJUSTED /* tokens that came into lanes without being spent, less those lost there */
};

/* Valid amounts are at most 2^58; the mask keeps arithmetic defined on garbage (P14). */
#define RH_UNITS_MASK ((UINT64_C(1) << 59) - 1)

#define RH_SHAPE_EMPTY (UINT64_C(1) << 6)
#define RH_LANE_CAP_MAX 65535u
#define RH_LINES_LOG2_MAX 7u

/* Tries before a contended word is given up as overwritten from outside (P14). */
#define RH_WORD_TRIES 65536u

struct rh_lane; /* lanes.h */

struct rh_bucket {
	struct rh_header head;
	RH_ALIGNED(64) rh_a64 spent;
	RH_ALIGNED(64) rh_a64 earned;
	rh_a64 published_ns;
	rh_a64 control;
	rh_a64 dry;
	RH_ALIGNED(64) rh_a64 rules[4 * RULE_FIELDS];
	RH_ALIGNED(64) unsigned char lanes_and_lines[];
};

_Static_assert(offsetof(struct rh_bucket, spent) == 64, "spent has a line of its own");
_Static_assert(offsetof(struct rh_bucket, earned) == 128, "what all read is on another");
_Static_assert(offsetof(struct rh_bucket, lanes_and_lines) % 64 == 0, "lanes begin on a line");

/* The handle's seven bits: lanes 0 to 10 in four, counting lines 0 to 7 in three (log2 both). */
static inline unsigned
rh_tag_lanes(unsigned tag)
{
	return tag & 15u;
}

static inline unsigned
rh_tag_lines(unsigned tag)
{
	return tag >> 4;
}

/* A handle taken apart; two registers. */
struct rh_self {
	struct rh_bucket *b;
	uint16_t lanes; /* log2 */
	uint8_t lines; /* log2 */
	bool own; /* counting lines are the CPUs' own */
	uint32_t shift; /* k */
};

/* The header's param: k : 5, own : 1 (RH_PARAM_OWN). */

static inline struct rh_self
rh_bucket_self(const rheo_bucket_t *handle)
{
	unsigned tag = rh_handle_tag(handle);
	struct rh_bucket *b = rh_handle_memory(handle);

	return (struct rh_self){b, (uint16_t)rh_tag_lanes(tag), (uint8_t)rh_tag_lines(tag),
				(b->head.param & RH_PARAM_OWN) != 0, b->head.param & 31u};
}

static inline struct rh_lane *
rh_bucket_lanes(struct rh_self self)
{
	return (struct rh_lane *)(void *)self.b->lanes_and_lines;
}

/* A lane is as large as a line (lanes.h). */
static inline struct rh_lines
rh_bucket_lines(struct rh_self self)
{
	struct rh_line *line = (void *)self.b->lanes_and_lines;

	return (struct rh_lines){line + (self.lanes != 0 ? 1u << self.lanes : 0), RH_LINES_TOGETHER, self.lines,
				 self.own};
}

static inline void
rh_bucket_count(struct rh_self self, unsigned index, uint64_t n)
{
	rh_lines_add(rh_bucket_lines(self), index, n);
}

/* The rules in force, read as one. */
struct rh_rules {
	uint64_t control; /* under which they were read */
	uint64_t cap;
	uint64_t burst;
	uint64_t debt;
	uint64_t tokens;
	uint64_t period_ns;
	struct rh_curve curve;
	uint32_t lane_cap;
	uint32_t quantum_ns;
	bool start_empty;
};

static inline uint64_t
rh_rules_shape(const struct rh_rules *r)
{
	return (r->curve.period.norm & 63u) | (r->start_empty ? RH_SHAPE_EMPTY : 0) |
	       (uint64_t)r->lane_cap << 8 | (uint64_t)r->quantum_ns << 32;
}

static inline void
rh_rules_pack(const struct rh_rules *r, uint64_t field[RULE_FIELDS])
{
	field[RULE_CAP] = r->cap;
	field[RULE_SHAPE] = rh_rules_shape(r);
	field[RULE_T0] = r->curve.t0;
	field[RULE_BASE] = r->curve.base;
	field[RULE_MULT] = r->curve.mult;
	field[RULE_PERIOD] = r->curve.period.d;
	field[RULE_RECIP] = r->curve.period.recip;
	field[RULE_SPAN] = r->curve.span;
	field[RULE_BURST] = r->burst;
	field[RULE_DEBT] = r->debt;
	field[RULE_TOKENS] = r->tokens;
	field[RULE_PERIOD_NS] = r->period_ns;
}

/* One field alone: the cap for a decision by published credit, the shape for lanes. */
static inline bool
rh_rule(const struct rh_bucket *b, unsigned field, uint64_t *value)
{
	for (unsigned i = 0; i < RH_RECORD_TRIES; i++) {
		uint32_t tag = rh_record_active(rh_load_acq(&b->control)); /* R-A1 <- R-R1: the rules' words */
		uint64_t differ = 0;

		*value = rh_record_get(b->rules, field, tag, &differ);
		if (rh_record_whole(differ))
			return true;
	}
	return false;
}

/* All of them; a decision by time needs the curve and the cap to be of one mind. */
static inline bool
rh_rules_read(const struct rh_bucket *b, struct rh_rules *r)
{
	for (unsigned i = 0; i < RH_RECORD_TRIES; i++) {
		uint64_t control = rh_load_acq(&b->control); /* R-A1 <- R-R1: the rules' words */
		uint32_t tag = rh_record_active(control);
		uint64_t differ = 0, shape = rh_record_get(b->rules, RULE_SHAPE, tag, &differ);

		r->control = control;
		r->cap = rh_record_get(b->rules, RULE_CAP, tag, &differ) & RH_UNITS_MASK;
		r->burst = rh_record_get(b->rules, RULE_BURST, tag, &differ) & RH_UNITS_MASK;
		r->debt = rh_record_get(b->rules, RULE_DEBT, tag, &differ) & RH_UNITS_MASK;
		r->tokens = rh_record_get(b->rules, RULE_TOKENS, tag, &differ);
		r->period_ns = rh_record_get(b->rules, RULE_PERIOD_NS, tag, &differ);
		r->curve.t0 = rh_record_get(b->rules, RULE_T0, tag, &differ);
		r->curve.base = rh_record_get(b->rules, RULE_BASE, tag, &differ);
		r->curve.mult = rh_record_get(b->rules, RULE_MULT, tag, &differ);
		r->curve.period.d = rh_record_get(b->rules, RULE_PERIOD, tag, &differ);
		r->curve.period.recip = rh_record_get(b->rules, RULE_RECIP, tag, &differ);
		r->curve.period.norm = (unsigned)(shape & 63u);
		r->curve.span = rh_record_get(b->rules, RULE_SPAN, tag, &differ);
		r->lane_cap = (uint32_t)(shape >> 8) & 0xffffu;
		r->quantum_ns = (uint32_t)(shape >> 32);
		r->start_empty = (shape & RH_SHAPE_EMPTY) != 0;
		if (rh_record_whole(differ))
			return true;
	}
	return false;
}

/* Of the rules what a decision by time needs, in line and once: false where they have to be read again. */
RH_INLINE bool
rh_curve_now(const struct rh_bucket *b, struct rh_curve *c, uint64_t *cap)
{
	uint32_t tag = rh_record_active(rh_load_acq(&b->control)); /* R-A1 <- R-R1: the rules' words */

	*cap = rh_record_peek(b->rules, RULE_CAP, tag) & RH_UNITS_MASK;
	c->t0 = rh_record_peek(b->rules, RULE_T0, tag);
	c->base = rh_record_peek(b->rules, RULE_BASE, tag);
	c->mult = rh_record_peek(b->rules, RULE_MULT, tag);
	c->period.d = rh_record_peek(b->rules, RULE_PERIOD, tag);
	c->period.recip = rh_record_peek(b->rules, RULE_RECIP, tag);
	c->period.norm = (unsigned)(rh_record_peek(b->rules, RULE_SHAPE, tag) & 63u);
	c->span = rh_record_peek(b->rules, RULE_SPAN, tag);
	RHEO_INJECT(BUCKET_RULES_PEEKED);
	return rh_likely(rh_record_stands(&b->control, tag));
}

/*
 * What looking needs of the rules, in line and once: the curve and the cap,
 * and where `told` what a client is told of them. False where they have to be
 * read again.
 */
RH_INLINE bool
rh_rules_look(const struct rh_bucket *b, struct rh_rules *r, bool told)
{
	uint32_t tag = rh_record_active(rh_load_acq(&b->control)); /* R-A1 <- R-R1: the rules' words */
	uint64_t differ = 0;

	RHEO_INJECT(BUCKET_LOOKING);
	r->cap = rh_record_get(b->rules, RULE_CAP, tag, &differ) & RH_UNITS_MASK;
	r->curve.period.norm = (unsigned)(rh_record_get(b->rules, RULE_SHAPE, tag, &differ) & 63u);
	r->curve.t0 = rh_record_get(b->rules, RULE_T0, tag, &differ);
	r->curve.base = rh_record_get(b->rules, RULE_BASE, tag, &differ);
	r->curve.mult = rh_record_get(b->rules, RULE_MULT, tag, &differ);
	r->curve.period.d = rh_record_get(b->rules, RULE_PERIOD, tag, &differ);
	r->curve.period.recip = rh_record_get(b->rules, RULE_RECIP, tag, &differ);
	r->curve.span = rh_record_get(b->rules, RULE_SPAN, tag, &differ);
	if (told) {
		r->burst = rh_record_get(b->rules, RULE_BURST, tag, &differ) & RH_UNITS_MASK;
		r->tokens = rh_record_get(b->rules, RULE_TOKENS, tag, &differ);
		r->period_ns = rh_record_get(b->rules, RULE_PERIOD_NS, tag, &differ);
	}
	return rh_record_whole(differ);
}

/* Whether the rules read are still those in force. */
static inline bool
rh_rules_stand(const struct rh_bucket *b, const struct rh_rules *r)
{
	uint64_t control = rh_load_acq(&b->control); /* R-A1 <- R-R1: the rules' words */

	return rh_record_active(control) == rh_record_active(r->control);
}

/* The same, in line and once: false where it has to be read again. */
RH_INLINE bool
rh_rule_now(const struct rh_bucket *b, unsigned field, uint64_t *value)
{
	uint32_t tag = rh_record_active(rh_load_acq(&b->control)); /* R-A1 <- R-R1: the rules' words */

	*value = rh_record_peek(b->rules, field, tag);
	return rh_likely(rh_record_stands(&b->control, tag));
}

/* What a call asks of the deciding word, in units of credit. */
struct rh_ask {
	uint64_t cost;
	uint64_t unit; /* 0: the whole cost or nothing; else as much of it as there is, in such steps */
	uint64_t cap; /* from the rules */
	uint64_t debt; /* how far below nothing it may go */
	uint64_t until; /* ... and no further than this credit, where bounded */
	bool bounded;
	const struct rh_rules *timed; /* the rules that `now` was computed under, or NULL */
	uint64_t now; /* credit earned by the caller's own time, where timed */
};

/* The piece of the credit axis that was taken, or would have been: it ends at `end`. */
struct rh_piece {
	uint64_t end;
	uint64_t cost;
	uint64_t earned; /* by which it was decided */
};

enum rh_answer { RH_TAKEN, RH_REFUSED, RH_RULES_CHANGED, RH_UNDECIDED, RH_NOT_TRIED };

/*
 * Moves spent on by the cost if the credit allows it: one compare-and-swap to
 * take, nothing written to refuse. A retry means that another call moved spent.
 */
static inline enum rh_answer
rh_word_take(struct rh_self self, const struct rh_ask *ask, struct rh_piece *piece)
{
	struct rh_bucket *b = self.b;
	uint64_t spent = rh_load_acq(&b->spent); /* B-A1 <- B-R1: the credit its writer used */
	unsigned retries = 0;
	enum rh_answer answer = RH_REFUSED;

	for (;;) {
		uint64_t earned = rh_load_acq(&b->earned); /* B-A2 <- B-R2: the clamp before it */
		uint64_t cost = ask->cost, skipped;
		int64_t level, there;

		if (ask->timed != NULL) {
			if (!rh_rules_stand(b, ask->timed)) {
				answer = RH_RULES_CHANGED;
				break;
			}
			earned = rh_later(ask->now, earned);
		}
		level = there = rh_level(earned, spent, ask->cap);
		if (ask->debt != 0) {
			int64_t allowed = (int64_t)ask->debt;

			if (ask->bounded && (int64_t)(ask->until - earned) < allowed)
				allowed = (int64_t)(ask->until - earned);
			if (allowed > 0)
				there += allowed;
		}
		if (ask->unit != 0 && there < (int64_t)cost)
			cost = there > 0 ? (uint64_t)there & ~(ask->unit - 1) : 0;
		piece->cost = cost;
		piece->earned = earned;
		piece->end = earned - (uint64_t)level + cost;
		if (cost == 0 || there < (int64_t)cost || retries > RH_WORD_TRIES)
			break;
		RHEO_INJECT(BUCKET_BEFORE_CAS);
		/* B-R1 -> B-A1: the credit used, with the piece taken */
		if (rh_cas_ar(&b->spent, &spent, piece->end)) {
			skipped = piece->end - cost - spent;
			if (skipped != 0)
				rh_bucket_count(self, COUNT_SKIPPED, skipped);
			answer = RH_TAKEN;
			break;
		}
		rh_backoff(retries++);
	}
	if (retries != 0)
		rh_bucket_count(self, COUNT_RETRIES, retries);
	return answer;
}

/* Moves spent to the end of a piece of so much at this level, if that allows it; tried once. */
RH_INLINE enum rh_answer
rh_word_move(struct rh_bucket *b, uint64_t spent, uint64_t earned, int64_t level, uint64_t cost, uint64_t *skipped)
{
	uint64_t from = spent;

	if (level < (int64_t)cost)
		return RH_REFUSED;
	RHEO_INJECT(BUCKET_BEFORE_CAS);
	/* B-R1 -> B-A1: the credit used, with the piece taken */
	if (!rh_likely(rh_cas_ar(&b->spent, &from, earned - (uint64_t)level + cost)))
		return RH_UNDECIDED;
	*skipped = earned - (uint64_t)level - spent;
	return RH_TAKEN;
}

/*
 * The same for the commonest case: the whole of cost by published credit, no
 * debt, a level that the hook has clamped, tried once. RH_UNDECIDED: another
 * call came first; RH_NOT_TRIED: it is not that case.
 */
RH_INLINE enum rh_answer
rh_word_take_now(struct rh_bucket *b, uint64_t cost)
{
	uint64_t spent = rh_load_acq(&b->spent); /* B-A1 <- B-R1: the credit its writer used */
	uint64_t earned = rh_load_acq(&b->earned); /* B-A2 <- B-R2: the clamp before it */
	uint64_t level = earned - spent, from = spent, cap;

	if ((int64_t)level < (int64_t)cost)
		return RH_REFUSED;
	if (!rh_rule_now(b, RULE_CAP, &cap) || !rh_likely(level <= cap))
		return RH_NOT_TRIED;
	RHEO_INJECT(BUCKET_BEFORE_CAS);
	/* B-R1 -> B-A1: the credit used, with the piece taken */
	return rh_likely(rh_cas_ar(&b->spent, &from, spent + cost)) ? RH_TAKEN : RH_UNDECIDED;
}

/*
 * Moves spent back by up to `units`, never so far that the level passes the cap
 * (P4). Returns how far. A decision clamps too, so a credit published between
 * the two loads and the CAS lifts nothing.
 */
static inline uint64_t
rh_word_give(struct rh_self self, uint64_t cap, uint64_t units)
{
	uint64_t spent = rh_load_acq(&self.b->spent); /* B-A1 <- B-R1: the credit its writer used */

	for (unsigned i = 0; i < RH_WORD_TRIES; i++) {
		uint64_t earned = rh_load_acq(&self.b->earned); /* B-A2 <- B-R2: the clamp before it */
		int64_t room = (int64_t)(spent - (earned - cap));
		uint64_t given = room <= 0 ? 0 : (uint64_t)room < units ? (uint64_t)room : units;

		if (given == 0)
			return 0;
		RHEO_INJECT(BUCKET_BEFORE_GIVE);
		/* B-R1 -> B-A1: the credit used, with the piece given back; seq_cst: lanes.c, "Refusing" */
		if (rh_cas_sc(&self.b->spent, &spent, spent - given))
			return given;
		rh_backoff(i);
	}
	return 0;
}

/* Q, in tokens: what pays for callers that run ahead of the hook on a bucket with lanes. */
static inline uint64_t
rh_bucket_quantum(uint64_t burst)
{
	return burst / 64 != 0 ? burst / 64 : 1;
}

/* refill.c: the hook: publishes the credit earned by now. */
RH_INTERNAL void rh_bucket_publish(struct rh_self self, uint64_t now_ns);

/* refill.c: raises spent to `floor`, the credit less the cap. Returns the units discarded. */
RH_INTERNAL uint64_t rh_bucket_clamp(struct rh_self self, uint64_t floor);

/* refill.c: the rules, renewed where now lies beyond their curve's span. False: corrupt memory. */
RH_INTERNAL bool rh_bucket_rules_at(struct rh_self self, uint64_t now_ns, struct rh_rules *r);

/* config.c: the rules a valid configuration gives on an object whose k its burst and debt fit. */
RH_INTERNAL void rh_bucket_rules_make(const rheo_bucket_config_t *cfg, unsigned shift, unsigned lanes_log2,
			  uint64_t t0, uint64_t base, struct rh_rules *r);

/* config.c: the caller's configuration over the defaults, checked. */
RH_INTERNAL int32_t rh_bucket_config_read(const rheo_bucket_config_t *theirs, rheo_bucket_config_t *cfg);

#endif
