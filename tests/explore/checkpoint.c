/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Checkpoints: what an execution was after some of its choices. The next
 * execution, which differs from a later choice on, begins there instead of at
 * its beginning: the same execution, since everything that a thread can see or
 * change is kept (its stack, the scenario's memory, the stores, what the search
 * knows). They stand on a stack, as the choices do.
 */

#include "core.h"

#include <stdlib.h>
#include <string.h>

#include "coroutine.h"

#define MOST 1024u

unsigned ex_checkpoints = 20;

static struct checkpoint {
	unsigned used; /* choices before it */
	unsigned char *bytes;
	size_t size, room;
} checkpoint[MOST];
static unsigned count;
static unsigned at, end; /* choices made so far; in the execution before this one */

static struct checkpoint *keeper; /* the one being written, */
static const unsigned char *reader; /* or where the one being read is */

void
checkpoint_part(void *part, size_t size)
{
	if (keeper == NULL) {
		memcpy(part, reader, size);
		reader += size;
		return;
	}
	if (size > keeper->room - keeper->size) {
		keeper->room = 2 * keeper->room + size;
		keeper->bytes = realloc(keeper->bytes, keeper->room);
		if (keeper->bytes == NULL)
			abort();
	}
	memcpy(keeper->bytes + keeper->size, part, size);
	keeper->size += size;
}

static void
parts(struct here *here)
{
	checkpoint_part(here, sizeof *here);
	world_parts();
	memory_parts();
	for (unsigned t = 0; t < EX_THREADS; t++)
		co_parts(t);
}

void
checkpoint_forget(void)
{
	count = 0;
}

/* What changes is mostly near the end: towards it they stand closer, at half of what is left. */
static bool
wanted(unsigned used)
{
	unsigned last = count == 0 ? 0 : checkpoint[count - 1].used, half = used < end ? (end - used) / 2 : 0;

	return ex_checkpoints != 0 && count < MOST && used - last >= (half > ex_checkpoints ? half : ex_checkpoints);
}

void
checkpoint_make(struct here *here)
{
	at = here->used;
	if (!wanted(here->used))
		return;
	keeper = &checkpoint[count++];
	keeper->used = here->used;
	keeper->size = 0;
	parts(here);
	keeper = NULL;
}

bool
checkpoint_return(unsigned changed, struct here *here)
{
	end = at;
	while (count > 0 && checkpoint[count - 1].used > changed)
		count--;
	if (count == 0)
		return false;
	reader = checkpoint[count - 1].bytes;
	parts(here);
	return true;
}
