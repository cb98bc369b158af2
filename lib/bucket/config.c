/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Configuration: defaults, checks, what it comes to on an object, init, attach,
 * and changing it while others acquire.
 *
 * reconfigure publishes the credit earned by now under the old curve, then
 * replaces the rules as one record (base/record.h): the new curve begins where
 * the old one is, so a new rate only bends it and spent needs no conversion.
 * (Less than a unit of credit, 2^-k token, is lost where the rate changes; a
 * change that leaves the rate alone leaves the curve alone.) A call that read
 * the old rules decides by them or starts again; none can see a mix.
 *
 * Lanes are trimmed to the new cap after the new rules are in force. Each trim
 * writes the lane's word even where it changes nothing: a filler that marks the
 * lane later has then read a word written after the rules changed, and re-reads
 * them; one that marked it earlier finds its mark gone and drops its batch.
 */

#include "../base/config.h"
#include "lanes.h"

/* Of the burst: what is parked in lanes, and what pays for running ahead of the hook. */
#define LANES_SHARE 8u
#define LANE_LEAST 4u

int32_t
rheo_bucket_config_init(rheo_bucket_config_t *cfg, uint64_t size)
{
	const rheo_bucket_config_t defaults = {
		.struct_size = sizeof defaults, .period_ns = UINT64_C(1000000000), .lanes = 1};

	return rh_config_defaults(cfg, size, &defaults, sizeof defaults);
}

/* The first field, in the order of the struct, that is out of range; NULL: none is. */
static const char *
fault_of(const rheo_bucket_config_t *cfg)
{
	if ((cfg->flags & ~RHEO_BUCKET_START_EMPTY) != 0)
		return "flags";
	if (cfg->tokens_per_period == 0)
		return "tokens_per_period";
	if (cfg->period_ns == 0)
		return "period_ns";
	if (cfg->tokens_per_period / rh_gcd(cfg->tokens_per_period, cfg->period_ns) >= RH_NUMERATOR_MAX ||
	    (cfg->tokens_per_period - 1) / cfg->period_ns >= RH_RATE_MAX)
		return "tokens_per_period";
	if (cfg->burst == 0 || cfg->burst > RH_UNITS_MAX)
		return "burst";
	if (cfg->max_debt > RH_UNITS_MAX)
		return "max_debt";
	if (cfg->lanes > 1u << RH_MAX_LANES_LOG2)
		return "lanes";
	return cfg->counter_lanes > 1u << RH_LINES_LOG2_MAX ? "counter_lanes" : NULL;
}

int32_t
rh_bucket_config_read(const rheo_bucket_config_t *theirs, rheo_bucket_config_t *cfg)
{
	int32_t st;

	rheo_bucket_config_init(cfg, sizeof *cfg);
	st = rh_config_copy(cfg, sizeof *cfg, theirs);
	if (st != RHEO_OK)
		return st;
	return fault_of(cfg) == NULL ? RHEO_OK : RHEO_ERR_INVAL;
}

int32_t
rheo_bucket_config_check(const rheo_bucket_config_t *cfg)
{
	rheo_bucket_config_t ours;

	return rh_bucket_config_read(cfg, &ours);
}

const char *
rheo_bucket_config_fault(const rheo_bucket_config_t *cfg)
{
	rheo_bucket_config_t ours;

	rheo_bucket_config_init(&ours, sizeof ours);
	return rh_config_copy(&ours, sizeof ours, cfg) == RHEO_OK ? fault_of(&ours) : "struct_size";
}

void
rh_bucket_rules_make(const rheo_bucket_config_t *cfg, unsigned shift, unsigned lanes_log2,
		     uint64_t t0, uint64_t base, struct rh_rules *r)
{
	uint64_t quantum = 0, ns;

	r->burst = cfg->burst;
	r->debt = cfg->max_debt << shift;
	r->tokens = cfg->tokens_per_period;
	r->period_ns = cfg->period_ns;
	r->start_empty = (cfg->flags & RHEO_BUCKET_START_EMPTY) != 0;
	r->curve = rh_curve_make(cfg->tokens_per_period, cfg->period_ns, shift, t0, base);
	r->lane_cap = 0;
	if (lanes_log2 != 0) {
		uint64_t share = (cfg->burst / LANES_SHARE) >> lanes_log2;

		if (share >= LANE_LEAST) {
			r->lane_cap = (uint32_t)(share < RH_LANE_CAP_MAX ? share : RH_LANE_CAP_MAX);
			quantum = rh_bucket_quantum(cfg->burst);
		}
	}
	r->cap = (cfg->burst - ((uint64_t)r->lane_cap << lanes_log2) - quantum) << shift;
	ns = rh_curve_within(&r->curve, quantum << shift);
	r->quantum_ns = (uint32_t)(ns < UINT32_MAX ? ns : UINT32_MAX);
}

/* Lanes as log2, 0 for one word: as asked, or as CPUs allow, where the burst is worth it. */
static unsigned
lanes_of(const rheo_bucket_config_t *cfg)
{
	unsigned l = rh_lanes_log2(cfg->lanes, RH_MAX_LANES_LOG2);

	while (cfg->lanes == 0 && l > 0 && (cfg->burst / LANES_SHARE) >> l < LANE_LEAST)
		l--;
	return (cfg->burst / LANES_SHARE) >> l < LANE_LEAST ? 0 : l;
}

static unsigned
tag_of(const rheo_bucket_config_t *cfg)
{
	return lanes_of(cfg) | rh_lanes_log2(cfg->counter_lanes, RH_LINES_LOG2_MAX) << 4;
}

static uint64_t
size_of(unsigned tag)
{
	uint64_t lanes = rh_tag_lanes(tag) == 0 ? 0 : UINT64_C(1) << rh_tag_lanes(tag);

	return rh_whole(sizeof(struct rh_bucket) + rh_lines_size(rh_tag_lines(tag)) +
			sizeof(struct rh_lane) * lanes);
}

uint64_t
rheo_bucket_size(const rheo_bucket_config_t *cfg)
{
	rheo_bucket_config_t ours;

	return rh_bucket_config_read(cfg, &ours) == RHEO_OK ? size_of(tag_of(&ours)) : 0;
}

uint64_t
rheo_bucket_align(void)
{
	return RH_ALIGN;
}

int32_t
rheo_bucket_init(void *mem, uint64_t size, const rheo_bucket_config_t *cfg, uint64_t now_ns,
		 rheo_bucket_t **bucket)
{
	rheo_bucket_config_t ours;
	struct rh_bucket *b = mem;
	struct rh_rules r;
	struct rh_self self;
	uint64_t field[RULE_FIELDS], spent;
	unsigned tag, shift, param;
	int32_t st = rh_memory_check(mem, bucket);

	if (st == RHEO_OK)
		st = rh_bucket_config_read(cfg, &ours);
	if (st != RHEO_OK)
		return st;
	tag = tag_of(&ours);
	if (size < size_of(tag))
		return RHEO_ERR_NOSPC;
	shift = rh_curve_shift(ours.tokens_per_period, ours.period_ns, ours.burst, ours.max_debt);
	rh_bucket_rules_make(&ours, shift, rh_tag_lanes(tag), now_ns, 0, &r);
	spent = r.start_empty ? 0 : (uint64_t)0 - r.cap;
	param = shift | (rh_lanes_own(rh_tag_lines(tag)) ? RH_PARAM_OWN : 0);
	rh_header_fill(&b->head, RH_KIND_BUCKET, size_of(tag), tag, param, spent, now_ns);
	rh_store_init(&b->spent, spent);
	rh_store_init(&b->earned, 0);
	rh_store_init(&b->published_ns, now_ns);
	rh_store_init(&b->dry, UINT64_C(1) << 63);
	rh_rules_pack(&r, field);
	rh_record_init(&b->control, b->rules, RULE_FIELDS, field);
	*bucket = rh_handle_make(mem, tag);
	self = rh_bucket_self(*bucket);
	rh_lines_init(rh_bucket_lines(self));
	if (self.lanes != 0)
		rh_lanes_init(self, r.start_empty ? 0 : r.lane_cap);
	rh_header_seal(&b->head);
	return RHEO_OK;
}

int32_t
rheo_bucket_attach(void *mem, uint64_t size, rheo_bucket_t **bucket)
{
	struct rh_bucket *b = mem;
	struct rh_header head;
	int32_t st = rh_memory_check(mem, bucket);

	if (st == RHEO_OK && size < sizeof b->head)
		st = RHEO_ERR_NOSPC;
	if (st == RHEO_OK)
		st = rh_header_read(&b->head, RH_KIND_BUCKET, size, &head);
	if (st != RHEO_OK)
		return st;
	if (rh_tag_lanes(head.tag) > RH_MAX_LANES_LOG2 || head.size != size_of(head.tag) ||
	    (head.param & ~RH_PARAM_OWN) > RH_SHIFT_MAX)
		return RHEO_ERR_CORRUPT;
	*bucket = rh_handle_make(mem, head.tag);
	return RHEO_OK;
}

int32_t
rheo_bucket_config(const rheo_bucket_t *bucket, rheo_bucket_config_t *cfg, uint64_t size)
{
	rheo_bucket_config_t ours;
	struct rh_self self;
	struct rh_rules r;

	if (bucket == NULL || cfg == NULL || size < 2 * sizeof(uint32_t))
		return RHEO_ERR_INVAL;
	self = rh_bucket_self(bucket);
	if (!rh_rules_read(self.b, &r))
		return RHEO_ERR_CORRUPT;
	rheo_bucket_config_init(&ours, sizeof ours);
	ours.struct_size = size < sizeof ours ? (uint32_t)size : (uint32_t)sizeof ours;
	ours.flags = r.start_empty ? RHEO_BUCKET_START_EMPTY : 0;
	ours.tokens_per_period = r.tokens;
	ours.period_ns = r.period_ns;
	ours.burst = r.burst;
	ours.max_debt = r.debt >> self.shift;
	ours.lanes = r.lane_cap != 0 ? 1u << self.lanes : 1;
	ours.counter_lanes = 1u << self.lines;
	return rh_report_copy(cfg, size, &ours, sizeof ours);
}

/* What SCALE or RESET make of a level. */
static int64_t
level_by(uint32_t mode, int64_t level, const struct rh_rules *old, const struct rh_rules *new)
{
	if (mode == RHEO_BUCKET_RESET)
		level = new->start_empty ? 0 : (int64_t)new->cap;
	else if (level > 0 && old->burst != 0)
		level = (int64_t)rh_muldiv((uint64_t)level, new->burst, old->burst);
	return level < (int64_t)new->cap ? level : (int64_t)new->cap;
}

/*
 * Moves the level of the common part, to which `out` units come from lanes, to
 * what the mode makes of it; counted as skipped. By the very word that is
 * swapped, so that what is taken meanwhile stays taken.
 */
static void
set_level(struct rh_self self, uint32_t mode, uint64_t out, const struct rh_rules *old, const struct rh_rules *new)
{
	uint64_t spent = rh_load_acq(&self.b->spent); /* B-A1 <- B-R1: the credit its writer used */
	uint64_t earned, want;

	for (unsigned i = 0; i < RH_WORD_TRIES; i++) {
		earned = rh_load_acq(&self.b->earned); /* B-A2 <- B-R2: the clamp before it */
		want = earned - (uint64_t)level_by(mode, rh_level(earned, spent, old->cap) + (int64_t)out, old, new);
		RHEO_INJECT(RECONFIGURE_LEVEL_READ);
		/* B-R1 -> B-A1: the credit used */
		if (rh_cas_sc(&self.b->spent, &spent, want)) {
			rh_bucket_count(self, COUNT_SKIPPED, want - spent);
			return;
		}
	}
}

/* Puts the new rules in force. *old, *new: what was and what is. */
static int32_t
replace_rules(struct rh_self self, const rheo_bucket_config_t *cfg, uint64_t now_ns,
	      struct rh_rules *old, struct rh_rules *new)
{
	uint64_t field[RULE_FIELDS], from_ns, earned;

	for (unsigned i = 0; i < RH_WORD_TRIES; i++) {
		rh_bucket_publish(self, now_ns);
		earned = rh_load_acq(&self.b->earned); /* B-A2 <- B-R2: of this time or a later one */
		from_ns = rh_load_acq(&self.b->published_ns); /* B-A3 <- B-R3: the credit of that time */
		RHEO_INJECT(RECONFIGURE_TIME_READ);
		if (!rh_bucket_rules_at(self, from_ns, old))
			return RHEO_ERR_CORRUPT;
		/* Rules that came in force since begin later; a curve has no credit before it begins. */
		if (from_ns < old->curve.t0)
			from_ns = old->curve.t0;
		rh_bucket_rules_make(cfg, self.shift, self.lanes, from_ns,
				     rh_curve_earned(&old->curve, from_ns), new);
		if (new->curve.mult == old->curve.mult &&
		    rh_curve_period(&new->curve) == rh_curve_period(&old->curve))
			new->curve = old->curve;
		rh_rules_pack(new, field);
		/* If time has gone on meanwhile, that has been earned by the old rate, and is not to be once more. */
		if (rh_record_replace(&self.b->control, self.b->rules, RULE_FIELDS, old->control, field,
				      &self.b->earned, earned))
			return RHEO_OK;
		rh_backoff(i);
	}
	return RHEO_ERR_CORRUPT;
}

int32_t
rheo_bucket_reconfigure(rheo_bucket_t *bucket, const rheo_bucket_config_t *cfg, uint64_t now_ns,
			uint32_t mode)
{
	rheo_bucket_config_t ours;
	struct rh_self self;
	struct rh_rules old, new;
	uint64_t out = 0;
	int32_t st;

	if (bucket == NULL || mode > RHEO_BUCKET_RESET)
		return RHEO_ERR_INVAL;
	st = rh_bucket_config_read(cfg, &ours);
	if (st != RHEO_OK)
		return st;
	self = rh_bucket_self(bucket);
	if (self.shift > RH_SHIFT_MAX)
		return RHEO_ERR_CORRUPT;
	/* Known before anything is published. */
	if (ours.burst > RH_UNITS_MAX >> self.shift || ours.max_debt > RH_UNITS_MAX >> self.shift)
		return RHEO_ERR_INVAL;
	st = replace_rules(self, &ours, now_ns, &old, &new);
	if (st != RHEO_OK)
		return st;
	RHEO_INJECT(RECONFIGURE_RULES_IN_FORCE);
	if (self.lanes != 0)
		out = rh_lanes_trim(self, mode == RHEO_BUCKET_KEEP ? new.lane_cap : 0) << self.shift;
	if (mode == RHEO_BUCKET_KEEP) {
		rh_bucket_count(self, COUNT_SKIPPED, (uint64_t)0 - rh_word_give(self, new.cap, out));
		/* What is above the new burst is gone, even if the burst grows again. */
		/* B-A2 <- B-R2: the clamp before it */
		rh_bucket_clamp(self, rh_load_acq(&self.b->earned) - new.cap);
	} else {
		set_level(self, mode, out, &old, &new);
	}
	if (self.lanes != 0)
		rh_lanes_wet(self);
	return RHEO_OK;
}
