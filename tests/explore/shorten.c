/* SPDX-License-Identifier: BSD-2-Clause */

/* From the schedule of an execution that fails to a short one that fails at the same line. */

#include "core.h"

#include <stdlib.h>
#include <string.h>

#define SHORTEN_TRIES 4000u

static unsigned
switches(const char *schedule)
{
	unsigned n = 0;
	char last = 0;

	for (; *schedule != '\0'; schedule++)
		if (*schedule >= 'a') {
			n += *schedule != last;
			last = *schedule;
		} else if (*schedule != '0') {
			n++;
		}
	return n;
}

/* Whether a schedule fails as the first one did, with fewer switches; then it takes its place. */
static bool
better(const char *candidate, int line, char **best)
{
	char *text = search_fails_again(candidate, line);

	if (text == NULL)
		return false;
	if (switches(text) < switches(*best) ||
	    (switches(text) == switches(*best) && strlen(text) < strlen(*best))) {
		free(*best);
		*best = text;
		return true;
	}
	free(text);
	return false;
}

/* Leaves out of a schedule what it does not need: turns, then stretches, from the end on. */
char *
search_shorten(char *best, int line)
{
	unsigned tries = 0;
	bool shorter = true;

	while (shorter) {
		shorter = false;
		for (size_t span = 32; span >= 1; span /= 2)
			for (size_t i = strlen(best); i-- > 0 && tries < SHORTEN_TRIES; tries++) {
				char *candidate = malloc(strlen(best) + 1);
				size_t cut = i + span < strlen(best) ? span : strlen(best) - i;

				memcpy(candidate, best, i);
				strcpy(candidate + i, best + i + cut);
				shorter |= better(candidate, line, &best);
				free(candidate);
				if (i > strlen(best))
					i = strlen(best);
			}
	}
	return best;
}
