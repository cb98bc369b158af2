/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Memory, as C11 has it (RC11: no value out of thin air). Each location has its
 * stores in modification order; each thread knows, for each location, a store
 * before which it cannot read any more (its view). A release store carries its
 * thread's view, an acquire load that reads it joins it; a read-modify-write
 * hands on what it read (release sequences). So a load may read any store from
 * the thread's view on, a store may come anywhere after it, and a
 * read-modify-write directly after the store that it reads.
 *
 * seq_cst. Such operations are ordered by program order, by who read from whom,
 * and at one location by modification order and by reads before later stores;
 * the order must have no cycle. (The standard asks for more, by way of other
 * threads' happens-before; less is sound: it allows too much, never too little.)
 *
 * Reduced. A load that reads an older store although a later one has been
 * executed says nothing new if it could have been made before that one: the
 * search makes it there. It could not if the later store is in its past. So
 * the older store is a choice only if the later ones are in the past of what
 * the thread did before. In the same way a store goes before others in
 * modification order only if these had to be executed first.
 */

#include "core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCATIONS 1024u
#define WRITTEN 128u /* locations that an execution writes */
#define STORES 96u /* at one location */
#define VIEWS 4096u
#define SC_EVENTS 128u

struct store {
	uint64_t value;
	uint16_t event;
	uint16_t view; /* what an acquire load learns: its number + 1, or 0 */
	uint8_t place; /* in modification order */
	uint8_t sc; /* its number among seq_cst operations + 1, or 0 */
	bool follows_its_read; /* a read-modify-write: nothing comes between */
};

/* What has been written to a location. */
struct history {
	struct store store[STORES]; /* as executed; 0 is what was there */
	uint8_t order[STORES]; /* the same in modification order */
	unsigned count;
	struct {
		uint8_t sc, store;
	} sc_read[SC_EVENTS];
	unsigned sc_reads;
};

struct location {
	const uint64_t *at;
	uint64_t run; /* the execution that this is of */
	uint16_t last_write;
	uint16_t reader[EX_THREADS];
	uint16_t history; /* + 1 */
};

typedef uint8_t view_t[WRITTEN];

static struct location location[LOCATIONS];
static uint16_t in_use[LOCATIONS]; /* places in location */
static unsigned locations;
static struct history history[WRITTEN];
static unsigned histories;
static view_t view[VIEWS], known[EX_THREADS];
static unsigned views;
static uint64_t run;

/*
 * Locations that some execution of this scenario has written. A load of any
 * other is the same whenever it is made: it needs no turn. Where the set grows
 * the search begins anew.
 */
static const uint64_t *written[LOCATIONS];
static bool grown;

/* seq_cst operations: which come before which. */
__extension__ typedef unsigned __int128 sc_set;
static sc_set sc_before[SC_EVENTS];
static unsigned sc_count;
static uint8_t sc_last[EX_THREADS]; /* + 1 */

void
memory_begin(void)
{
	run++;
	locations = histories = views = sc_count = 0;
	memset(known, 0, sizeof known);
	memset(sc_last, 0, sizeof sc_last);
}

/* Views are only added to. */
void
memory_parts(void)
{
	checkpoint_part(&locations, sizeof locations);
	checkpoint_part(&histories, sizeof histories);
	checkpoint_part(&views, sizeof views);
	checkpoint_part(&sc_count, sizeof sc_count);
	checkpoint_part(in_use, locations * sizeof *in_use);
	run++;
	for (unsigned i = 0; i < locations; i++) {
		checkpoint_part(&location[in_use[i]], sizeof *location);
		location[in_use[i]].run = run;
	}
	for (unsigned i = 0; i < histories; i++) {
		struct history *h = &history[i];

		checkpoint_part(&h->count, sizeof h->count);
		checkpoint_part(&h->sc_reads, sizeof h->sc_reads);
		checkpoint_part(h->store, h->count * sizeof *h->store);
		checkpoint_part(h->order, h->count * sizeof *h->order);
		checkpoint_part(h->sc_read, h->sc_reads * sizeof *h->sc_read);
	}
	checkpoint_part(known, sizeof known);
	checkpoint_part(sc_before, sc_count * sizeof *sc_before);
	checkpoint_part(sc_last, sizeof sc_last);
}

static unsigned
hash(const uint64_t *at)
{
	return (unsigned)((uintptr_t)at >> 3) * 2654435761u % LOCATIONS;
}

/* Where an address stands in `written`, or would. */
static unsigned
written_slot(const uint64_t *at)
{
	unsigned i = hash(at);

	while (written[i] != NULL && written[i] != at)
		i = (i + 1) % LOCATIONS;
	return i;
}

void
memory_forget(void)
{
	memset(written, 0, sizeof written);
	grown = false;
}

bool
memory_has_grown(void)
{
	bool was = grown;

	grown = false;
	return was;
}

static struct location *
find(const uint64_t *at)
{
	unsigned i = hash(at);

	for (unsigned tries = 0; tries < LOCATIONS; tries++, i = (i + 1) % LOCATIONS) {
		struct location *l = &location[i];

		if (l->run == run && l->at == at)
			return l;
		if (l->run != run) {
			in_use[locations++] = (uint16_t)i;
			*l = (struct location){at, run, NO_EVENT, {NO_EVENT, NO_EVENT, NO_EVENT, NO_EVENT}, 0};
			return l;
		}
	}
	fprintf(stderr, "explore: more than %u locations\n", LOCATIONS);
	abort();
}

uint16_t
memory_location(const uint64_t *at)
{
	return (uint16_t)(find(at) - location);
}

static struct history *
history_of(const struct location *l)
{
	return l->history != 0 ? &history[l->history - 1] : NULL;
}

/* The same, for a location that has to have one. */
static struct history *
history_make(struct location *l)
{
	struct history *h;

	if (l->history == 0) {
		if (histories == WRITTEN)
			ex_fail(__FILE__, __LINE__, "more than %u locations are written", WRITTEN);
		h = &history[histories];
		h->store[0] = (struct store){.value = *l->at, .event = NO_EVENT};
		h->order[0] = 0;
		h->count = 1;
		h->sc_reads = 0;
		l->history = (uint16_t)++histories;
	}
	return &history[l->history - 1];
}

/* --- views ------------------------------------------------------------------------ */

static void
join(view_t into, const view_t from)
{
	for (unsigned i = 0; i < histories; i++)
		if (history[i].store[from[i]].place > history[i].store[into[i]].place)
			into[i] = from[i];
}

static uint16_t
view_copy(const view_t from)
{
	if (views == VIEWS)
		ex_fail(__FILE__, __LINE__, "more than %u views", VIEWS);
	memcpy(view[views], from, sizeof(view_t));
	return (uint16_t)++views;
}

static bool
acquires(enum ex_order order)
{
	return order == EX_ACQ || order == EX_AR || order == EX_SC;
}

static bool
releases(enum ex_order order)
{
	return order == EX_REL || order == EX_AR || order == EX_SC;
}

/* Where a thread's view of a location stands in modification order. */
static unsigned
seen_place(const struct history *h)
{
	return h->store[known[ex_self()][h - history]].place;
}

static void
learn(const struct history *h, unsigned id, enum ex_order order)
{
	uint8_t *mine = known[ex_self()];
	const struct store *s = &h->store[id];

	if (s->place > seen_place(h))
		mine[h - history] = (uint8_t)id;
	if (acquires(order) && s->view != 0)
		join(mine, view[s->view - 1]);
}

/* --- seq_cst ----------------------------------------------------------------------- */

static sc_set
sc_and_before(unsigned number)
{
	return number == 0 ? 0 : sc_before[number - 1] | (sc_set)1 << (number - 1);
}

/* What comes before an operation that reads `read` (or nothing) and writes directly after `after`. */
static sc_set
sc_past(const struct history *h, const unsigned *read, const unsigned *after)
{
	sc_set past = sc_and_before(sc_last[ex_self()]);

	if (read != NULL)
		past |= sc_and_before(h->store[*read].sc);
	for (unsigned i = 0; after != NULL && i <= h->store[*after].place; i++)
		past |= sc_and_before(h->store[h->order[i]].sc);
	for (unsigned i = 0; after != NULL && i < h->sc_reads; i++)
		if (h->store[h->sc_read[i].store].place <= h->store[*after].place)
			past |= sc_and_before(h->sc_read[i].sc);
	return past;
}

/* Stores that come after it: those behind `place` in modification order. */
static sc_set
sc_future(const struct history *h, unsigned place)
{
	sc_set future = 0;

	for (unsigned i = place + 1; i < h->count; i++)
		if (h->store[h->order[i]].sc != 0)
			future |= (sc_set)1 << (h->store[h->order[i]].sc - 1);
	return future;
}

static bool
sc_allows(const struct history *h, enum ex_order order, const unsigned *read, const unsigned *after)
{
	unsigned place = h->store[after != NULL ? *after : *read].place;

	return order != EX_SC || (sc_past(h, read, after) & sc_future(h, place)) == 0;
}

/* Enters an operation; returns its number + 1. */
static uint8_t
sc_enter(struct history *h, const unsigned *read, const unsigned *after)
{
	sc_set past = sc_past(h, read, after);
	sc_set future = sc_future(h, h->store[after != NULL ? *after : *read].place);

	if (sc_count == SC_EVENTS)
		ex_fail(__FILE__, __LINE__, "more than %u seq_cst operations", SC_EVENTS);
	sc_before[sc_count++] = past;
	for (unsigned i = 0; i < sc_count - 1; i++)
		if ((future >> i & 1u) != 0 || (sc_before[i] & future) != 0)
			sc_before[i] |= past | (sc_set)1 << (sc_count - 1);
	sc_last[ex_self()] = (uint8_t)sc_count;
	if (read != NULL) {
		h->sc_read[h->sc_reads].sc = (uint8_t)sc_count;
		h->sc_read[h->sc_reads++].store = (uint8_t)*read;
	}
	return (uint8_t)sc_count;
}

/* --- choices -------------------------------------------------------------------------- */

static bool
in_past(const struct history *h, unsigned id)
{
	return search_past(ex_self(), h->store[id].event);
}

/*
 * Whether everything behind `place` in modification order is in the past: of
 * this thread, or of something that comes before `place`.
 */
static bool
skips_past_only(const struct history *h, unsigned place)
{
	unsigned newest = 0;

	for (unsigned i = 0; i <= place; i++)
		newest = h->order[i] > newest ? h->order[i] : newest;
	for (unsigned i = place + 1; i < h->count; i++)
		if (h->order[i] > newest && !in_past(h, h->order[i]))
			return false;
	return true;
}

static bool
may_read(const struct history *h, unsigned id, enum ex_order order)
{
	unsigned place = h->store[id].place;

	return place >= seen_place(h) && sc_allows(h, order, &id, NULL) &&
	       (place == h->count - 1 || search_may_read_stale());
}

/* The stores that may be read, the latest first; not those of value *but. */
static unsigned
readable(const struct history *h, enum ex_order order, const uint64_t *but, unsigned option[STORES])
{
	unsigned options = 0, last = h->count - 1;

	/* Made before the last store rather than after it, unless it reads it or had to come after. */
	if (search_reduced() && !in_past(h, last) && h->store[last].place == last && may_read(h, last, order)) {
		if (but == NULL || h->store[last].value != *but)
			option[options++] = last;
		return options;
	}
	for (unsigned i = h->count; i-- > 0;)
		if ((but == NULL || h->store[h->order[i]].value != *but) && may_read(h, h->order[i], order))
			option[options++] = h->order[i];
	return options;
}

static bool
may_follow(const struct history *h, unsigned id, enum ex_order order, bool reads)
{
	unsigned place = h->store[id].place;

	if (place < seen_place(h) || !sc_allows(h, order, reads ? &id : NULL, &id))
		return false;
	if (place + 1u < h->count && h->store[h->order[place + 1]].follows_its_read)
		return false;
	return place + 1u == h->count ||
	       (search_reduced() ? skips_past_only(h, place) : search_may_read_stale());
}

/* --- what operations do --------------------------------------------------------------- */

static void
trace(const char *what, const struct location *l, uint64_t v, bool latest, const char *file, int line)
{
	if (search_tracing())
		printf("  %c %-5s %03x %016llx%s  %s:%d\n", 'a' + (int)ex_self(), what,
		       (unsigned)((uintptr_t)l->at & 0xfff), (unsigned long long)v, latest ? "" : " (stale)", file,
		       line);
}

static void
done_reading(struct location *l, struct history *h, unsigned id, enum ex_order order)
{
	if (h != NULL) {
		if (order == EX_SC)
			sc_enter(h, &id, NULL);
		if (h->store[id].place + 1u < h->count)
			search_reads_stale();
		learn(h, id, order);
	}
	l->reader[ex_self()] = search_event((uint16_t)(l - location), false, l->last_write, l->reader);
}

/* Puts a store directly behind `after`, having read it or not. */
static void
done_writing(struct location *l, unsigned after, bool read, uint64_t v, enum ex_order order)
{
	struct history *h = history_make(l);
	unsigned self = ex_self(), slot = written_slot(l->at), id = h->count, place = h->store[after].place + 1u;
	struct store *s = &h->store[id];
	uint16_t from = h->store[after].view;
	uint8_t sc;

	if (written[slot] == NULL) {
		written[slot] = l->at;
		grown = true;
	}
	if (id == STORES)
		ex_fail(__FILE__, __LINE__, "more than %u stores at one location", STORES);
	if (place < h->count)
		search_reads_stale();
	sc = order == EX_SC ? sc_enter(h, read ? &after : NULL, &after) : 0;
	if (read)
		learn(h, after, order);
	memmove(&h->order[place + 1], &h->order[place], h->count - place);
	h->order[place] = (uint8_t)id;
	h->count++;
	*s = (struct store){.value = v, .sc = sc, .follows_its_read = read};
	for (unsigned i = place; i < h->count; i++)
		h->store[h->order[i]].place = (uint8_t)i;
	known[self][h - history] = (uint8_t)id;
	if (releases(order)) {
		s->view = view_copy(known[self]);
		if (read && from != 0)
			join(view[s->view - 1], view[from - 1]);
	} else if (read) {
		s->view = from;
	}
	if (place == h->count - 1)
		*(uint64_t *)(uintptr_t)l->at = v;
	s->event = search_event((uint16_t)(l - location), true, l->last_write, l->reader);
	l->last_write = s->event;
	memset(l->reader, 0xff, sizeof l->reader);
}

static void
maybe_die(void)
{
	if (search_mortal(ex_self()) && search_branch(2) == 1)
		search_die();
}

uint64_t
ex_load(const uint64_t *at, enum ex_order order, const char *file, int line)
{
	struct location *l;
	struct history *h;
	unsigned option[STORES], options = 0, id = 0;
	uint64_t v;

	if (ex_self() == EX_THREADS)
		return *at;
	if (written[written_slot(at)] == NULL && search_skips())
		return *at;
	search_turn(at, false);
	l = find(at);
	/* A seq_cst read is ordered before writes that are still to come. */
	h = order == EX_SC ? history_make(l) : history_of(l);
	v = *at;
	if (h != NULL) {
		options = readable(h, order, NULL, option);
		id = option[search_branch(options)];
		v = h->store[id].value;
	}
	trace("load", l, v, h == NULL || h->store[id].place + 1u == h->count, file, line);
	done_reading(l, h, id, order);
	return v;
}

void
ex_store(uint64_t *at, uint64_t v, enum ex_order order, const char *file, int line)
{
	struct location *l;
	struct history *h;
	unsigned option[STORES], options = 0, after;

	if (ex_self() == EX_THREADS) {
		*at = v;
		return;
	}
	search_turn(at, true);
	maybe_die();
	l = find(at);
	h = history_make(l);
	for (unsigned i = h->count; i-- > 0;)
		if (may_follow(h, h->order[i], order, false))
			option[options++] = h->order[i];
	after = option[search_branch(options)];
	trace("store", l, v, h->store[after].place + 1u == h->count, file, line);
	done_writing(l, after, false, v, order);
}

/* A read-modify-write that cannot fail: adds to what it reads, or puts v in its place. */
static uint64_t
modify(uint64_t *at, uint64_t v, bool add, enum ex_order order, const char *file, int line)
{
	struct location *l;
	struct history *h;
	unsigned option[STORES], options = 0, after;
	uint64_t old = *at;

	if (ex_self() == EX_THREADS) {
		*at = add ? old + v : v;
		return old;
	}
	search_turn(at, true);
	maybe_die();
	l = find(at);
	h = history_make(l);
	for (unsigned i = h->count; i-- > 0;)
		if (may_follow(h, h->order[i], order, true))
			option[options++] = h->order[i];
	after = option[search_branch(options)];
	old = h->store[after].value;
	v = add ? old + v : v;
	trace(add ? "add" : "swap", l, v, true, file, line);
	done_writing(l, after, true, v, order);
	return old;
}

uint64_t
ex_add(uint64_t *at, uint64_t n, enum ex_order order, const char *file, int line)
{
	return modify(at, n, true, order, file, line);
}

uint64_t
ex_swap(uint64_t *at, uint64_t v, enum ex_order order, const char *file, int line)
{
	return modify(at, v, false, order, file, line);
}

bool
ex_cas(uint64_t *at, uint64_t *seen, uint64_t v, enum ex_order order, enum ex_order failed,
       const char *file, int line)
{
	struct location *l;
	struct history *h;
	unsigned option[2 * STORES], options = 0, successes, id = 0, pick;

	if (ex_self() == EX_THREADS) {
		bool same = *at == *seen;

		*seen = *at;
		if (same)
			*at = v;
		return same;
	}
	search_turn(at, true);
	l = find(at);
	h = history_make(l);
	for (unsigned i = h->count; i-- > 0;)
		if (h->store[h->order[i]].value == *seen && may_follow(h, h->order[i], order, true))
			option[options++] = h->order[i];
	successes = options;
	options += readable(h, failed, search_may_fail() ? NULL : seen, option + options);
	pick = search_branch(options);
	id = option[pick];
	if (pick < successes) {
		maybe_die();
		trace("cas", l, v, h->store[id].place + 1u == h->count, file, line);
		done_writing(l, id, true, v, order);
		return true;
	}
	if (h->store[id].value == *seen)
		search_fails();
	trace("fails", l, h->store[id].value, h->store[id].place + 1u == h->count, file, line);
	*seen = h->store[id].value;
	done_reading(l, h, id, failed);
	return false;
}
