/* SPDX-License-Identifier: BSD-2-Clause */

#include "rig.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TRIP 4096
#define MAX_TURNS 100000

bool
rig_open(struct rig *g)
{
	size_t align = (size_t)rheo_breaker_align();
	size_t size = ((size_t)rheo_breaker_size(&g->cfg) + align - 1) / align * align;

	must(g->r, g->cfg.window_calls != 0 || RIG_START_NS % g->cfg.window_ns == 0,
	     "the start is not where a window begins");
	g->now_ns = RIG_START_NS;
	g->mem = size != 0 ? aligned_alloc(align, size) : NULL;
	if (g->mem == NULL || rheo_breaker_init(g->mem, size, &g->cfg, g->now_ns, &g->b) != RHEO_OK) {
		fail(g->r, "rheo refuses this breaker: %s",
		     rheo_status_name(rheo_breaker_config_check(&g->cfg)));
		rig_close(g);
		return false;
	}
	if (g->window_only)
		rheo_breaker_force(g->b, RHEO_FORCED_CLOSED, g->now_ns);
	g->generation = UINT64_MAX;
	rig_settle(g);
	return true;
}

void
rig_close(struct rig *g)
{
	free(g->mem);
	g->mem = NULL;
	g->b = NULL;
}

rheo_breaker_snapshot_t
rig_look(const struct rig *g)
{
	rheo_breaker_snapshot_t s;
	int32_t st = rheo_breaker_snapshot(g->b, g->now_ns, &s, sizeof s);

	must(g->r, st == RHEO_OK, "snapshot: %s", rheo_status_name(st));
	return s;
}

rheo_breaker_event_t
rig_last_event(const struct rig *g)
{
	rheo_breaker_event_t e = {0};
	uint64_t generation = rig_look(g).generation;
	uint32_t count = 0;

	if (generation != 0)
		rheo_breaker_events(g->b, generation - 1, &e, 1, &count);
	return e;
}

uint64_t
rig_slice(const struct rig *g)
{
	if (g->cfg.window_calls != 0)
		return 0;
	return g->now_ns / (g->cfg.window_ns / g->cfg.window_slices);
}

uint64_t
rig_oldest_slice(const struct rig *g)
{
	uint64_t back = g->cfg.window_calls != 0 ? 0 : g->cfg.window_slices - 1;

	return g->slice - back > g->first_slice ? g->slice - back : g->first_slice;
}

void
rig_settle(struct rig *g)
{
	rheo_breaker_snapshot_t s = rig_look(g);
	uint64_t slice = rig_slice(g);

	if (s.generation != g->generation) {
		g->generation = s.generation;
		g->first_slice = slice;
		g->ignored_at[slice % MAX_SLICES] = s.ignored;
		g->refused_at = s.refused_open + s.refused_probe;
		g->given_back = g->late_ok = g->late_failed = 0;
		if (s.state == RHEO_HALF_OPEN) {
			g->probing = true;
			g->injected = 0;
			g->probe_ok = g->probe_failed = g->extra_ok = g->extra_failed = 0;
		} else if (s.state == RHEO_OPEN) {
			g->probing = false;
		}
	}
	for (uint64_t k = g->slice; k < slice && k - g->slice < MAX_SLICES; k++)
		g->ignored_at[(slice - (k - g->slice)) % MAX_SLICES] = s.ignored;
	if (slice != g->slice && g->cfg.window_slices == 1)
		g->late_ok = g->late_failed = 0;
	g->slice = slice;
}

void
rig_advance(struct rig *g, uint64_t ns)
{
	uint64_t until_ns = g->now_ns + ns, next_ns = 0;

	for (unsigned turns = 0; g->timer && g->now_ns < until_ns; turns++) {
		int32_t st = rheo_breaker_tick(g->b, g->now_ns, &next_ns);

		must(g->r, st == RHEO_OK, "tick: %s", rheo_status_name(st));
		if (turns == MAX_TURNS) {
			fail(g->r, "the timer is due without end");
			break;
		}
		if (next_ns == 0)
			next_ns = 1;
		g->now_ns = next_ns < until_ns - g->now_ns ? g->now_ns + next_ns : until_ns;
	}
	g->now_ns = until_ns;
	if (g->timer)
		rheo_breaker_tick(g->b, g->now_ns, NULL);
	rig_settle(g);
}

int32_t
rig_ask(struct rig *g, uint64_t *permit)
{
	int32_t st = rheo_breaker_try_acquire(g->b, g->now_ns, permit);

	must(g->r, (st == RHEO_OK) == (*permit != RHEO_PERMIT_NONE), "%s with permit %" PRIx64,
	     rheo_status_name(st), *permit);
	return st;
}

void
rig_hold(struct rig *g, const char *id, uint64_t permit)
{
	struct held *h = id[0] != 0 ? rig_find(g, id) : NULL;

	if (h != NULL)
		rig_drop(g, h);
	if (permit == RHEO_PERMIT_NONE && id[0] == 0)
		return;
	h = &g->held[g->held_count];
	if (g->held_count == MAX_HELD || strlen(id) >= sizeof h->id) {
		fail(g->r, "too many permits, or too long a name");
		return;
	}
	*h = (struct held){.permit = permit, .slice = rig_slice(g), .ended = permit == RHEO_PERMIT_NONE};
	strcpy(h->id, id);
	rheo_breaker_permit(g->b, permit, &h->generation, NULL);
	g->held_count++;
}

struct held *
rig_find(struct rig *g, const char *id)
{
	for (unsigned i = g->held_count; i-- > 0;)
		if (strcmp(g->held[i].id, id) == 0)
			return &g->held[i];
	return NULL;
}

void
rig_drop(struct rig *g, struct held *h)
{
	struct held *end = &g->held[g->held_count--];

	memmove(h, h + 1, (size_t)(end - h - 1) * sizeof *h);
}

void
rig_trip(struct rig *g)
{
	uint32_t state = RHEO_CLOSED;
	uint64_t permit;

	g->injected = 0;
	for (unsigned i = 0; i < MAX_TRIP && state != RHEO_OPEN; i++) {
		if (rheo_breaker_try_acquire(g->b, g->now_ns, &permit) != RHEO_OK)
			break;
		rheo_breaker_record(g->b, permit, RHEO_FAILURE, g->now_ns);
		g->injected++;
		rheo_breaker_state(g->b, &state, NULL);
	}
	must(g->r, state == RHEO_OPEN, "it does not trip");
}

/* P8: each edge follows from the last, and is one there can be. */
void
rig_check_history(const struct rig *g)
{
	rheo_breaker_event_t e[16];
	uint32_t count = 0, state = RHEO_CLOSED;
	uint64_t generation;

	rheo_breaker_events(g->b, 0, e, 16, &count);
	generation = count != 0 ? e[0].generation : 0;
	for (uint32_t i = 0; i < count; i++) {
		bool forced = e[i].cause == RHEO_CAUSE_FORCED || e[i].cause == RHEO_CAUSE_RESET;

		must(g->r, e[i].generation == generation + i && !e[i].partial, "event %u is missing", i + 1);
		must(g->r, (i == 0 && generation != 1) || e[i].from_state == state,
		     "event %u does not begin where the last ended", i + 1);
		must(g->r,
		     forced || (e[i].from_state == RHEO_CLOSED && e[i].to_state == RHEO_OPEN) ||
			     (e[i].from_state == RHEO_OPEN && e[i].to_state == RHEO_HALF_OPEN) ||
			     (e[i].from_state == RHEO_HALF_OPEN && e[i].to_state != RHEO_HALF_OPEN),
		     "from state %u to %u", e[i].from_state, e[i].to_state);
		state = e[i].to_state;
	}
}
