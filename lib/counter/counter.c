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

static uint64_t
size_of(unsigned lanes_log2)
{
	return rh_whole(sizeof(struct rh_counter) + (sizeof(struct rh_line) << lanes_log2));
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
	unsigned lanes_log2;
	int32_t st = rh_memory_check(mem, counter);

	if (st == RHEO_OK)
		st = check(cfg, &lanes_log2);
	if (st != RHEO_OK)
		return st;
	if (size < size_of(lanes_log2))
		return RHEO_ERR_NOSPC;
	rh_header_fill(&c->head, RH_KIND_COUNTER, size_of(lanes_log2), lanes_log2, 0, 0, now_ns);
	rh_lines_init(c->line, lanes_log2);
	rh_header_seal(&c->head);
	*counter = rh_handle_make(mem, lanes_log2);
	return RHEO_OK;
}

int32_t
rheo_counter_attach(void *mem, uint64_t size, rheo_counter_t **counter)
{
	struct rh_counter *c = mem;
	int32_t st = rh_memory_check(mem, counter);

	if (st == RHEO_OK && size < sizeof c->head)
		st = RHEO_ERR_NOSPC;
	if (st == RHEO_OK)
		st = rh_header_check(&c->head, RH_KIND_COUNTER, size);
	if (st != RHEO_OK)
		return st;
	if (c->head.tag > RH_MAX_LANES_LOG2 || c->head.size != size_of(c->head.tag))
		return RHEO_ERR_CORRUPT;
	*counter = rh_handle_make(mem, c->head.tag);
	return RHEO_OK;
}

int32_t
rheo_counter_add(rheo_counter_t *counter, uint32_t index, uint64_t n)
{
	struct rh_counter *c;

	if (counter == NULL || index >= RH_COUNTS)
		return RHEO_ERR_INVAL;
	c = rh_handle_memory(counter);
	rh_lines_add(c->line, rh_handle_tag(counter), index, n);
	return RHEO_OK;
}

int32_t
rheo_counter_read(const rheo_counter_t *counter, uint32_t index, uint64_t *sum)
{
	const struct rh_counter *c;

	if (counter == NULL || index >= RH_COUNTS || sum == NULL)
		return RHEO_ERR_INVAL;
	c = rh_handle_memory(counter);
	*sum = rh_lines_sum(c->line, rh_handle_tag(counter), index);
	return RHEO_OK;
}
