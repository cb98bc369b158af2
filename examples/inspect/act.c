/* SPDX-License-Identifier: BSD-2-Clause */
#include "act.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "format.h"
#include "look.h"

#define SECOND UINT64_C(1000000000)

/* Which object is meant; NULL with the reason in why. */
static const struct found *
choose(const struct found_list *list, const char *which, char *why)
{
	bool index_only = which[0] == '#', hex = which[0] == '0' && (which[1] == 'x' || which[1] == 'X');
	const char *digits = which + (index_only ? 1 : 0);
	const struct found *by_index = NULL, *by_offset = NULL;
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(digits, &end, hex ? 16 : 10);
	if (!isdigit((unsigned char)digits[0]) || *end != '\0' || errno != 0) {
		snprintf(why, WHY_SIZE, "\"%.64s\" is neither a #number nor an offset", which);
		return NULL;
	}
	if (!hex && n < list->count)
		by_index = &list->found[n];
	for (size_t i = 0; i < list->count && !index_only; i++)
		if (list->found[i].offset == n)
			by_offset = &list->found[i];
	if (by_index != NULL && by_offset != NULL && by_index != by_offset) {
		snprintf(why, WHY_SIZE, "%llu is the number of one object and the offset of another: say #%llu or 0x%llx", n, n, n);
		return NULL;
	}
	if (by_index == NULL && by_offset == NULL)
		snprintf(why, WHY_SIZE, "there is no object %.64s; there are %zu", which, list->count);
	return by_index != NULL ? by_index : by_offset;
}

/*
 * Whether a time can be the one that the segment's users go by. One that is
 * ahead of them cannot be told from a segment that nobody has used for a while.
 */
static bool
is_their_time(const struct found_list *list, uint64_t now_ns, char *why)
{
	struct look l;

	for (size_t i = 0; i < list->count; i++) {
		look_at(&list->found[i], now_ns, &l);
		if (look_known_ns(&l) > now_ns && look_known_ns(&l) - now_ns > SECOND) {
			snprintf(why, WHY_SIZE,
				 "its users' time is %s ahead of %" PRIu64 " ns, so it is another clock's: give --now",
				 format_about(look_known_ns(&l) - now_ns).s, now_ns);
			return false;
		}
	}
	return true;
}

static int32_t
do_it(rheo_breaker_t *b, enum action action, uint64_t now_ns)
{
	switch (action) {
	case FORCE_OPEN:
		return rheo_breaker_force(b, RHEO_FORCED_OPEN, now_ns);
	case FORCE_CLOSED:
		return rheo_breaker_force(b, RHEO_FORCED_CLOSED, now_ns);
	case AUTO:
		return rheo_breaker_force(b, RHEO_AUTO, now_ns);
	default:
		return rheo_breaker_reset(b, now_ns);
	}
}

static void
say(const rheo_breaker_snapshot_t *s)
{
	printf("%s, %s, generation %" PRIu64, rheo_state_name(s->state), rheo_mode_name(s->mode), s->generation);
}

static bool
act_on(const struct options *o, const struct found_list *list, char *why)
{
	uint64_t now_ns = options_now(o);
	const struct found *f = choose(list, o->which, why);
	rheo_breaker_snapshot_t before, after;
	char name[256];
	int32_t st;

	if (f == NULL || !is_their_time(list, now_ns, why))
		return false;
	if (f->status != RHEO_OK || f->kind != BREAKER) {
		snprintf(why, WHY_SIZE, "#%zu at %" PRIu64 " is %s %s: only breakers are acted on", (size_t)(f - list->found),
			 f->offset, f->status == RHEO_OK ? "a" : "an object that cannot be read, maybe a", kind_name(f->kind));
		return false;
	}
	st = rheo_breaker_snapshot(f->handle.breaker, now_ns, &before, sizeof before);
	if (st == RHEO_OK)
		st = do_it(f->handle.breaker, o->action, now_ns);
	if (st == RHEO_OK)
		st = rheo_breaker_snapshot(f->handle.breaker, now_ns, &after, sizeof after);
	if (st != RHEO_OK) {
		snprintf(why, WHY_SIZE, "#%zu: %s", (size_t)(f - list->found), rheo_status_text(st));
		return false;
	}
	segment_show_name(name, sizeof name, o->segment);
	printf("%s: #%zu, breaker at %" PRIu64 ": was ", name, (size_t)(f - list->found), f->offset);
	say(&before);
	printf("; is ");
	say(&after);
	printf("\n");
	return true;
}

int
act(const struct options *o)
{
	struct segment segment;
	struct found_list list;
	char why[WHY_SIZE];
	bool good;

	if (!segment_open(&segment, o->segment, true, why)) {
		fprintf(stderr, "rheo-inspect: %s\n", why);
		return EXIT_FAILURE;
	}
	list = segment_find(&segment);
	good = act_on(o, &list, why);
	if (!good)
		fprintf(stderr, "rheo-inspect: %s\n", why);
	segment_close(&segment);
	free(list.found);
	return good && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
