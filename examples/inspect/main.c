/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * rheo-inspect: what lies in a segment of shared memory, and one change to it.
 *
 *	options.c   the command line
 *	segment.c   the segment: opened, mapped, and what if it is cut meanwhile
 *	find.c      which objects are in it, and where
 *	look.c      what each of them shows
 *	table.c json.c format.c   that, for people and for programs
 *	watch.c screen.c          again and again
 *	act.c       forcing and resetting a breaker
 */

#include <stdio.h>
#include <stdlib.h>

#include "act.h"
#include "json.h"
#include "look.h"
#include "screen.h"
#include "table.h"
#include "watch.h"

/* What is to be said of a sample besides showing it; the exit status. */
static int
judge(const char *name, const struct sample *s)
{
	char shown[256];

	segment_show_name(shown, sizeof shown, name);
	if (s->count == 0)
		fprintf(stderr, "rheo-inspect: %s: nothing of rheo's is in it\n", shown);
	else if (s->unread != 0)
		fprintf(stderr, "rheo-inspect: %s: %zu of %zu objects could not be read\n", shown, s->unread, s->count);
	else if (s->more)
		fprintf(stderr, "rheo-inspect: %s: there are more than %zu objects\n", shown, s->count);
	return s->count == 0 || s->unread != 0 || s->more ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int
show(const struct options *o)
{
	struct sample sample;
	char why[WHY_SIZE];
	bool written = true;
	int status;

	if (!sample_take(o->segment, options_now(o), &sample, why)) {
		fprintf(stderr, "rheo-inspect: %s\n", why);
		return EXIT_FAILURE;
	}
	if (o->json)
		written = json_print(stdout, o->segment, &sample);
	else if (sample.count != 0)
		table_print(stdout, o->segment, &sample, NULL, false, screen_has_colour());
	if (!written || fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "rheo-inspect: the output could not be written\n");
		status = EXIT_FAILURE;
	} else {
		status = judge(o->segment, &sample);
	}
	sample_free(&sample);
	return status;
}

int
main(int argc, char **argv)
{
	struct options options;

	options_read(argc, argv, &options);
	if (options.action != LOOK)
		return act(&options);
	if (options.watch)
		return watch(&options);
	return show(&options);
}
