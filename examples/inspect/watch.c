/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The segment is opened anew for every look: one that has grown, or has been
 * made anew under its name, is seen as it is, and nothing is mapped meanwhile.
 */

#include "watch.h"

#include <stdio.h>
#include <stdlib.h>

#include "look.h"
#include "screen.h"
#include "table.h"

/* A frame in memory, so that it reaches the terminal in one piece. */
static char *
draw(const struct options *o, const struct sample *s, const struct sample *before, bool colour, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	if (out == NULL)
		abort();
	table_print(out, o->segment, s, before, true, colour);
	if (s->count == 0)
		fprintf(out, "\nNothing of rheo's is in it.\n");
	if (fclose(out) != 0)
		abort();
	return text;
}

/* Until the next look is due; false where that is never. */
static bool
wait_for(uint64_t until_ns, const char *text, size_t size)
{
	for (;;) {
		enum woken woken = screen_wait(until_ns);

		if (woken == TIME_OVER)
			return true;
		if (woken == ENDED || !screen_show(text, size))
			return false;
	}
}

int
watch(const struct options *o)
{
	struct sample sample, before = {0};
	bool first = true, go_on = true;
	char why[WHY_SIZE];
	uint64_t due_ns;

	screen_begin();
	segment_when_lost(screen_end);
	for (due_ns = rheo_now_ns(); go_on; due_ns += o->every_ns) {
		char *text;
		size_t size;

		if (!sample_take(o->segment, options_now(o), &sample, why)) {
			screen_end();
			fprintf(stderr, "rheo-inspect: %s\n", why);
			return EXIT_FAILURE;
		}
		text = draw(o, &sample, first ? NULL : &before, screen_has_colour(), &size);
		/* After a pause, Control-Z or a laptop's lid, it does not catch up. */
		if (rheo_now_ns() > due_ns + o->every_ns)
			due_ns = rheo_now_ns();
		go_on = screen_show(text, size) && wait_for(due_ns + o->every_ns, text, size);
		free(text);
		sample_free(&before);
		before = sample;
		first = false;
	}
	sample_free(&before);
	return screen_exit_status();
}
