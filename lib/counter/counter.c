/* SPDX-License-Identifier: BSD-2-Clause */

/* The counter object: a header and its lines (lines.h says why the sums hold). */

#include "rheo/counter.h"

#include "../base/config.h"
#include "../base/object.h"
#include "lines.h"

struct rh_counter {
	struct rh_header head;
	struct rh_line line[];
};

/* The handle's bits: lanes 0 to 10 (log2) in four, whether they are the CPUs' own in one. */
#define TAG_OWN 16u

static unsigned
lanes_of(unsigned tag)
{
	return tag & 15u;
}

/* const or not: whoever is given a handle that is const only reads. */
static inline struct rh_lines
lines_of(const rheo_counter_t *counter)
{
	struct rh_counter *c = rh_handle_memory(counter);
	unsigned tag = rh_handle_tag(counter);

	return (struct rh_lines){c->line, RH_LINES_TOGETHER, lanes_of(tag), (tag & TAG_OWN) != 0};
}

static uint64_t
size_of(unsigned lanes_log2)
{
	return rh_whole(sizeof(struct rh_counter) + rh_lines_size(lanes_log2));
}

int32_t
rheo_counter_config_init(rheo_counter_config_t *cfg, uint64_t size)
{
	const rheo_counter_config_t defaults = {sizeof defaults, 0, 0, 1};

	return rh_config_defaults(cfg, size, &defaults, sizeof defaults);
}

static int32_t
check(const rheo_counter_config_t *theirs, unsigned *lanes_log2)
{
	rheo_counter_config_t cfg;
	int32_t st;

	rheo_counter_config_init(&cfg, sizeof cfg);
	st = rh_config_copy(&cfg, sizeof cfg, theirs);
	if (st != RHEO_OK)
		return st;
	if (cfg.flags != 0 || cfg.counts < 1 || cfg.counts > RH_COUNTS ||
	    cfg.lanes > 1u << RH_MAX_LANES_LOG2)
		return RHEO_ERR_INVAL;
	*lanes_log2 = rh_lanes_log2(cfg.lanes, RH_MAX_LANES_LOG2);
	return RHEO_OK;
}

uint64_t
rheo_counter_size(const rheo_counter_config_t *cfg)
{
	unsigned lanes_log2;

	return check(cfg, &lanes_log2) == RHEO_OK ? size_of(lanes_log2) : 0;
}

uint64_t
rheo_counter_align(void)
{
	return RH_ALIGN;
}

int32_t
rheo_counter_init(void *mem, uint64_t size, const rheo_counter_config_t *cfg, uint64_t now_ns,
		  rheo_counter_t **counter)
{
	struct rh_counter *c = mem;
	unsigned lanes_log2, tag;
	int32_t st = rh_memory_check(mem, counter);

	if (st == RHEO_OK)
		st = check(cfg, &lanes_log2);
	if (st != RHEO_OK)
		return st;
	if (size < size_of(lanes_log2))
		return RHEO_ERR_NOSPC;
	tag = lanes_log2 | (rh_lanes_own(lanes_log2) ? TAG_OWN : 0);
	rh_header_fill(&c->head, RH_KIND_COUNTER, size_of(lanes_log2), tag, 0, 0, now_ns);
	rh_lines_init(lines_of(rh_handle_make(mem, tag)));
	rh_header_seal(&c->head);
	*counter = rh_handle_make(mem, tag);
	return RHEO_OK;
}

int32_t
rheo_counter_attach(void *mem, uint64_t size, rheo_counter_t **counter)
{
	struct rh_counter *c = mem;
	struct rh_header head;
	int32_t st = rh_memory_check(mem, counter);

	if (st == RHEO_OK && size < sizeof c->head)
		st = RHEO_ERR_NOSPC;
	if (st == RHEO_OK)
		st = rh_header_read(&c->head, RH_KIND_COUNTER, size, &head);
	if (st != RHEO_OK)
		return st;
	if (head.tag > (TAG_OWN | 15u) || lanes_of(head.tag) > RH_MAX_LANES_LOG2 ||
	    head.size != size_of(lanes_of(head.tag)))
		return RHEO_ERR_CORRUPT;
	*counter = rh_handle_make(mem, head.tag);
	return RHEO_OK;
}

/* Calls that are seldom made are out of the way, and the last act of who makes them (lib/README.md). */
RH_COLD static int32_t
add_shared(rheo_counter_t *counter, uint32_t index, uint64_t n)
{
	rh_lines_add_shared(lines_of(counter), index, n);
	return RHEO_OK;
}

int32_t
rheo_counter_add(rheo_counter_t *counter, uint32_t index, uint64_t n)
{
	if (counter == NULL || index >= RH_COUNTS)
		return RHEO_ERR_INVAL;
	if (rh_lines_add_own(lines_of(counter), index, n))
		return RHEO_OK;
	return add_shared(counter, index, n);
}

int32_t
rheo_counter_read(const rheo_counter_t *counter, uint32_t index, uint64_t *sum)
{
	if (counter == NULL || index >= RH_COUNTS || sum == NULL)
		return RHEO_ERR_INVAL;
	*sum = rh_lines_sum(lines_of(counter), index);
	return RHEO_OK;
}
