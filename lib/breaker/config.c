/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Configuration of a breaker: defaults, checks, init, attach, and changing the
 * rules while others call. The rules are one record (base/record.h), read as
 * one; a decision is by the old or by the new.
 */

#include "../base/config.h"
#include "self.h"

#define MAX_SLICES 64u
#define MAX_WINDOW_CALLS (1u << 20)
#define MAX_LANES_LOG2 7u
#define MAX_NS (UINT64_C(1) << 57)
#define MAX_PROBE_NS (UINT64_C(1) << 40)
#define FULL_BP 10000u
#define MAX_BACKOFF_BP 1000000u /* a hundredfold each time */

/* The longest open time that a deadline of so many units can tell from a time past. */
#define LONGEST_UNITS (RH_DEADLINE_MASK >> 2)

int32_t
rheo_breaker_config_init(rheo_breaker_config_t *cfg, uint64_t size)
{
	const rheo_breaker_config_t defaults = {
		.struct_size = sizeof defaults,
		.failure_rate_bp = 5000,
		.minimum_calls = 20,
		.window_ns = UINT64_C(10000000000),
		.window_slices = 10,
		.open_ns = UINT64_C(5000000000),
		.half_open_calls = 3,
		.probe_timeout_ns = UINT64_C(30000000000),
	};

	return rh_config_defaults(cfg, size, &defaults, sizeof defaults);
}

static bool
bad_ns(uint64_t ns, uint64_t most)
{
	return ns == 0 || ns > most;
}

/* open_max_ns, or what stands for it where it is 0. */
static uint64_t
open_max_of(const rheo_breaker_config_t *c)
{
	if (c->open_max_ns != 0)
		return c->open_max_ns;
	return c->open_ns < MAX_NS / 10 ? c->open_ns * 10 : MAX_NS;
}

/* The first field, in the order of the struct, that is out of range; NULL: none is. */
static const char *
fault_of(const rheo_breaker_config_t *c)
{
	if ((c->flags & ~RHEO_BREAKER_PROBE_TIMEOUT_CANCELS) != 0)
		return "flags";
	if (c->failure_rate_bp > FULL_BP)
		return "failure_rate_bp";
	if (c->slow_call_rate_bp > FULL_BP)
		return "slow_call_rate_bp";
	if (c->slow_call_ns > MAX_NS || (c->slow_call_rate_bp != 0 && c->slow_call_ns == 0))
		return "slow_call_ns";
	if (c->minimum_calls == 0)
		return "minimum_calls";
	if (bad_ns(c->window_ns, MAX_NS))
		return "window_ns";
	if (c->window_slices == 0 || c->window_slices > MAX_SLICES || c->window_ns < c->window_slices)
		return "window_slices";
	if (c->window_calls > MAX_WINDOW_CALLS)
		return "window_calls";
	if (bad_ns(c->open_ns, MAX_NS))
		return "open_ns";
	if (open_max_of(c) < c->open_ns || open_max_of(c) > MAX_NS)
		return "open_max_ns";
	if (c->open_backoff_bp > MAX_BACKOFF_BP)
		return "open_backoff_bp";
	if (c->open_jitter_bp > FULL_BP)
		return "open_jitter_bp";
	if (c->half_open_calls == 0 || c->half_open_calls > RH_PROBES_MAX)
		return "half_open_calls";
	if (c->half_open_successes > c->half_open_calls)
		return "half_open_successes";
	if (c->half_open_failures > c->half_open_calls)
		return "half_open_failures";
	if (c->lanes > 1u << MAX_LANES_LOG2)
		return "lanes";
	return bad_ns(c->probe_timeout_ns, MAX_PROBE_NS) ? "probe_timeout_ns" : NULL;
}

/* The caller's configuration over the defaults, checked, zeros replaced by what they stand for. */
static int32_t
config_read(const rheo_breaker_config_t *theirs, rheo_breaker_config_t *c)
{
	int32_t st;

	rheo_breaker_config_init(c, sizeof *c);
	st = rh_config_copy(c, sizeof *c, theirs);
	if (st != RHEO_OK)
		return st;
	if (fault_of(c) != NULL)
		return RHEO_ERR_INVAL;
	c->open_max_ns = open_max_of(c);
	if (c->half_open_successes == 0)
		c->half_open_successes = c->half_open_calls;
	if (c->half_open_failures == 0)
		c->half_open_failures = 1;
	return RHEO_OK;
}

int32_t
rheo_breaker_config_check(const rheo_breaker_config_t *cfg)
{
	rheo_breaker_config_t ours;

	return config_read(cfg, &ours);
}

const char *
rheo_breaker_config_fault(const rheo_breaker_config_t *cfg)
{
	rheo_breaker_config_t ours;

	rheo_breaker_config_init(&ours, sizeof ours);
	return rh_config_copy(&ours, sizeof ours, cfg) == RHEO_OK ? fault_of(&ours) : "struct_size";
}

/* The smallest size code with room for the window. */
static unsigned
code_of(const rheo_breaker_config_t *c)
{
	bool by_calls = c->window_calls != 0;
	unsigned cells = by_calls ? (c->window_calls + 15) / 16 : c->window_slices, code = 0;

	while (rh_window_cells(by_calls, code) < cells)
		code++;
	return code;
}

static unsigned
tag_of(const rheo_breaker_config_t *c)
{
	return rh_lanes_log2(c->lanes, MAX_LANES_LOG2) | (c->window_calls != 0 ? 1u << 3 : 0) |
	       code_of(c) << 4;
}

static uint64_t
size_of(unsigned tag)
{
	return rh_whole(sizeof(struct rh_breaker) +
			rh_window_size(rh_btag_by_calls(tag), rh_btag_code(tag), rh_btag_lanes(tag)));
}

uint64_t
rheo_breaker_size(const rheo_breaker_config_t *cfg)
{
	rheo_breaker_config_t ours;

	return config_read(cfg, &ours) == RHEO_OK ? size_of(tag_of(&ours)) : 0;
}

uint64_t
rheo_breaker_align(void)
{
	return RH_ALIGN;
}

static uint32_t
shape_sum(const struct rh_shape *s)
{
	uint64_t x = rh_mix(s->slice_ns);

	x = rh_mix(x ^ s->slice_d);
	x = rh_mix(x ^ s->slice_recip);
	x = rh_mix(x ^ ((uint64_t)s->slice_norm << 32 | s->slices));
	return (uint32_t)rh_mix(x ^ s->window_calls);
}

static struct rh_shape
shape_of(const rheo_breaker_config_t *c)
{
	struct rh_shape s = {.slices = c->window_slices, .window_calls = c->window_calls};
	struct rh_divisor d;

	s.slice_ns = (c->window_ns + c->window_slices - 1) / c->window_slices;
	d = rh_divisor_make(s.slice_ns);
	s.slice_d = d.d;
	s.slice_recip = d.recip;
	s.slice_norm = d.norm;
	s.sum = shape_sum(&s);
	return s;
}

/* The unit that a deadline needs to hold open_max_ns; 0 up to 73 minutes. */
static unsigned
unit_of(uint64_t open_max_ns)
{
	unsigned unit = 0;

	while (open_max_ns >> unit > LONGEST_UNITS)
		unit++;
	return unit;
}

static struct rh_brules
rules_of(const rheo_breaker_config_t *c)
{
	return (struct rh_brules){
		.failure_rate_bp = c->failure_rate_bp,
		.slow_call_rate_bp = c->slow_call_rate_bp,
		.slow_call_ns = c->slow_call_ns,
		.consecutive_failures = c->consecutive_failures,
		.minimum_calls = c->minimum_calls,
		.open_ns = c->open_ns,
		.open_max_ns = c->open_max_ns,
		.open_backoff_bp = c->open_backoff_bp,
		.open_jitter_bp = c->open_jitter_bp,
		.half_open_calls = c->half_open_calls,
		.half_open_successes = c->half_open_successes,
		.half_open_failures = c->half_open_failures,
		.flags = c->flags,
		.probe_timeout_ns = c->probe_timeout_ns,
	};
}

static void
rules_pack(const struct rh_brules *r, uint64_t field[BRULE_FIELDS])
{
	field[BRULE_RATES] = r->failure_rate_bp | (uint64_t)r->slow_call_rate_bp << 16 |
			     (uint64_t)r->half_open_calls << 32 |
			     (uint64_t)r->half_open_successes << 40 |
			     (uint64_t)r->half_open_failures << 48 | (uint64_t)r->flags << 56;
	field[BRULE_SLOW_NS] = r->slow_call_ns;
	field[BRULE_COUNTS] = r->minimum_calls | (uint64_t)r->consecutive_failures << 32;
	field[BRULE_OPEN_NS] = r->open_ns;
	field[BRULE_OPEN_MAX_NS] = r->open_max_ns;
	field[BRULE_SPREAD] = r->open_backoff_bp | (uint64_t)r->open_jitter_bp << 32;
	field[BRULE_TIMEOUT_NS] = r->probe_timeout_ns;
}

bool
rh_brules_read(struct rh_bself self, struct rh_brules *r)
{
	for (unsigned i = 0; i < RH_RECORD_TRIES; i++) {
		uint64_t control = rh_load_acq(&self.b->control); /* R-A1 <- R-R1: the rules' words */
		uint32_t tag = rh_record_active(control);
		uint64_t differ = 0, rates = rh_record_get(self.b->rules, BRULE_RATES, tag, &differ);
		uint64_t counts = rh_record_get(self.b->rules, BRULE_COUNTS, tag, &differ);
		uint64_t spread = rh_record_get(self.b->rules, BRULE_SPREAD, tag, &differ);

		r->control = control;
		r->failure_rate_bp = rates & 0xffffu;
		r->slow_call_rate_bp = rates >> 16 & 0xffffu;
		r->half_open_calls = rates >> 32 & 0xffu;
		r->half_open_successes = rates >> 40 & 0xffu;
		r->half_open_failures = rates >> 48 & 0xffu;
		r->flags = (uint32_t)(rates >> 56);
		r->slow_call_ns = rh_record_get(self.b->rules, BRULE_SLOW_NS, tag, &differ);
		r->minimum_calls = (uint32_t)counts;
		r->consecutive_failures = (uint32_t)(counts >> 32);
		r->open_ns = rh_record_get(self.b->rules, BRULE_OPEN_NS, tag, &differ);
		r->open_max_ns = rh_record_get(self.b->rules, BRULE_OPEN_MAX_NS, tag, &differ);
		r->open_backoff_bp = (uint32_t)spread;
		r->open_jitter_bp = (uint32_t)(spread >> 32);
		r->probe_timeout_ns = rh_record_get(self.b->rules, BRULE_TIMEOUT_NS, tag, &differ);
		if (rh_record_whole(differ))
			return true;
	}
	return false;
}

static unsigned
own_of(unsigned tag)
{
	if (!rh_lanes_own(rh_btag_lanes(tag)))
		return 0;
	return rh_btag_by_calls(tag) || rh_btag_code(tag) != 0 ? RH_PARAM_OWN : RH_PARAM_OWN | RH_PARAM_QUICK;
}

int32_t
rheo_breaker_init(void *mem, uint64_t size, const rheo_breaker_config_t *cfg, uint64_t now_ns,
		  rheo_breaker_t **breaker)
{
	rheo_breaker_config_t c;
	struct rh_breaker *b = mem;
	struct rh_brules r;
	struct rh_bself self;
	struct rh_window window;
	uint64_t field[BRULE_FIELDS], seed;
	unsigned tag, param;
	int32_t st = rh_memory_check(mem, breaker);

	if (st == RHEO_OK)
		st = config_read(cfg, &c);
	if (st != RHEO_OK)
		return st;
	tag = tag_of(&c);
	if (size < size_of(tag))
		return RHEO_ERR_NOSPC;
	seed = c.jitter_seed != 0 ? c.jitter_seed : rh_mix(now_ns + 1);
	param = unit_of(c.open_max_ns) | own_of(tag);
	rh_header_fill(&b->head, RH_KIND_BREAKER, size_of(tag), tag, param, seed, now_ns);
	b->shape = shape_of(&c);
	rh_store_init(&b->state, 0);
	rh_store_init(&b->told_ns, now_ns);
	rh_store_init(&b->turns, 0);
	rh_store_init(&b->watch, c.slow_call_rate_bp != 0 ? RH_TIMED : 0);
	rh_store_init(&b->longest, c.open_max_ns);
	rh_store_init(&b->judged, 0);
	for (unsigned i = 0; i < RH_LEVELS; i++)
		rh_store_init(&b->levels[i], 0);
	r = rules_of(&c);
	rules_pack(&r, field);
	rh_record_init(&b->control, b->rules, BRULE_FIELDS, field);
	for (unsigned i = 0; i < RH_LOG_EVENTS; i++) {
		rh_a64 *word = &b->log[i].what;

		for (unsigned k = 0; k < sizeof(struct rh_event) / sizeof *word; k++)
			rh_store_init(&word[k], 0);
	}
	for (unsigned i = 0; i < RH_PROBE_SLOTS; i++)
		rh_store_init(&b->probe[i], 0);
	*breaker = rh_handle_make(mem, tag);
	self = rh_breaker_self(*breaker);
	rh_lines_init(rh_breaker_lines(self));
	window = rh_breaker_window(self);
	rh_window_init(&window, now_ns);
	rh_header_seal(&b->head);
	return RHEO_OK;
}

int32_t
rheo_breaker_attach(void *mem, uint64_t size, rheo_breaker_t **breaker)
{
	struct rh_breaker *b = mem;
	struct rh_header head;
	int32_t st = rh_memory_check(mem, breaker);

	if (st == RHEO_OK && size < sizeof *b)
		st = RHEO_ERR_NOSPC;
	if (st == RHEO_OK)
		st = rh_header_read(&b->head, RH_KIND_BREAKER, size, &head);
	if (st != RHEO_OK)
		return st;
	if (head.size != size_of(head.tag) || b->shape.sum != shape_sum(&b->shape))
		return RHEO_ERR_CORRUPT;
	*breaker = rh_handle_make(mem, head.tag);
	return RHEO_OK;
}

int32_t
rheo_breaker_config(const rheo_breaker_t *breaker, rheo_breaker_config_t *cfg, uint64_t size)
{
	rheo_breaker_config_t c;
	struct rh_bself self;
	struct rh_brules r;

	if (breaker == NULL || cfg == NULL || size < 2 * sizeof(uint32_t))
		return RHEO_ERR_INVAL;
	self = rh_breaker_self(breaker);
	if (!rh_brules_read(self, &r))
		return RHEO_ERR_CORRUPT;
	rheo_breaker_config_init(&c, sizeof c);
	c.struct_size = size < sizeof c ? (uint32_t)size : (uint32_t)sizeof c;
	c.flags = r.flags;
	c.failure_rate_bp = r.failure_rate_bp;
	c.slow_call_rate_bp = r.slow_call_rate_bp;
	c.slow_call_ns = r.slow_call_ns;
	c.consecutive_failures = r.consecutive_failures;
	c.minimum_calls = r.minimum_calls;
	c.window_ns = self.b->shape.slice_ns * self.b->shape.slices;
	/* Whole slices may pass the longest window; that one means the same slices, and is valid. */
	if (c.window_ns > MAX_NS)
		c.window_ns = MAX_NS;
	c.window_slices = self.b->shape.slices;
	c.window_calls = self.b->shape.window_calls;
	c.open_ns = r.open_ns;
	c.open_max_ns = r.open_max_ns;
	c.open_backoff_bp = r.open_backoff_bp;
	c.open_jitter_bp = r.open_jitter_bp;
	c.jitter_seed = self.b->head.origin;
	c.half_open_calls = r.half_open_calls;
	c.half_open_successes = r.half_open_successes;
	c.half_open_failures = r.half_open_failures;
	c.lanes = 1u << rh_btag_lanes(self.tag);
	c.probe_timeout_ns = r.probe_timeout_ns;
	return rh_report_copy(cfg, size, &c, sizeof c);
}

/* What has to be known before new rules are in force, and does no harm if they never are. */
static void
prepare(struct rh_bself self, const struct rh_brules *r)
{
	uint64_t longest = rh_load_rlx(&self.b->longest), watch = rh_load_rlx(&self.b->watch);

	for (unsigned i = 0; i < RH_STATE_TRIES && r->open_max_ns > longest; i++) {
		RHEO_INJECT(PREPARE_BEFORE_LONGEST);
		if (rh_cas_rlx(&self.b->longest, &longest, r->open_max_ns))
			break;
	}
	for (unsigned i = 0; i < RH_STATE_TRIES && r->slow_call_rate_bp != 0 && !(watch & RH_TIMED); i++)
		rh_cas_rlx(&self.b->watch, &watch, watch | RH_TIMED);
}

int32_t
rheo_breaker_reconfigure(rheo_breaker_t *breaker, const rheo_breaker_config_t *cfg, uint64_t now_ns)
{
	rheo_breaker_config_t c;
	struct rh_bself self;
	struct rh_brules old, new;
	struct rh_shape shape;
	uint64_t field[BRULE_FIELDS];
	int32_t st;

	(void)now_ns;
	if (breaker == NULL)
		return RHEO_ERR_INVAL;
	st = config_read(cfg, &c);
	if (st != RHEO_OK)
		return st;
	self = rh_breaker_self(breaker);
	shape = shape_of(&c);
	if (shape.slice_ns != self.b->shape.slice_ns || shape.slices != self.b->shape.slices ||
	    shape.window_calls != self.b->shape.window_calls ||
	    unit_of(c.open_max_ns) > rh_breaker_unit(self))
		return RHEO_ERR_INVAL;
	for (unsigned i = 0; i < RH_STATE_TRIES; i++) {
		if (!rh_brules_read(self, &old))
			break;
		new = rules_of(&c);
		prepare(self, &new);
		rules_pack(&new, field);
		if (rh_record_replace(&self.b->control, self.b->rules, BRULE_FIELDS, old.control, field, NULL, 0)) {
			/* What is in the window may open it by the new rules: the next success looks. */
			rh_breaker_watch(self);
			return RHEO_OK;
		}
		rh_backoff(i);
	}
	return RHEO_ERR_CORRUPT;
}
