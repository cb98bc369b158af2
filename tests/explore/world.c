/* SPDX-License-Identifier: BSD-2-Clause */

/* What a program runs in: its memory, as it was before the execution, and the CPUs of its threads. */

#include "core.h"

#include <stdlib.h>
#include <string.h>

#define MEMORY (256u * 1024u)

static struct {
	unsigned flags; /* the scenario's */
	unsigned cpu[EX_THREADS], moves[EX_THREADS];
	_Alignas(128) unsigned char memory[MEMORY];
	unsigned char image[MEMORY];
	uint64_t used;
} world;

void
world_new(unsigned flags)
{
	world.flags = flags;
	world.used = 0;
	memset(world.memory, 0, sizeof world.memory);
	for (unsigned t = 0; t < EX_THREADS; t++)
		world.cpu[t] = t;
}

void
world_keep(void)
{
	memcpy(world.image, world.memory, world.used);
}

void
world_restore(void)
{
	memcpy(world.memory, world.image, world.used);
	memset(world.moves, 0, sizeof world.moves);
}

void
world_parts(void)
{
	checkpoint_part(world.memory, world.used);
	checkpoint_part(world.moves, sizeof world.moves);
}

void *
ex_memory(uint64_t size)
{
	void *at = world.memory + world.used;

	size = (size + 127) / 128 * 128;
	if (size > MEMORY - world.used)
		abort();
	world.used += size;
	return at;
}

void
ex_set_cpu(unsigned thread, unsigned cpu)
{
	world.cpu[thread] = cpu;
}

/* In place of lib/port's. */
unsigned rh_cpu_guess(void);
unsigned rh_cpu_count(void);

unsigned
rh_cpu_guess(void)
{
	unsigned self = ex_self();

	return self < EX_THREADS ? world.cpu[self] : 0;
}

unsigned
rh_cpu_count(void)
{
	return world.flags & EX_OWN ? 2 : EX_THREADS;
}

int
ex_own_cpu(void)
{
	return !(world.flags & EX_OWN) ? -1 : (int)rh_cpu_guess();
}

bool
ex_moves(void)
{
	unsigned self = ex_self();

	if (self == EX_THREADS || !(world.flags & EX_MOVES) || world.moves[self] == EX_MOVES_MOST || ex_choose(2) == 0)
		return false;
	world.moves[self]++;
	return true;
}

bool
ex_own_cas(uint64_t *at, uint64_t seen, uint64_t v, const char *file, int line)
{
	return !ex_moves() && ex_cas(at, &seen, v, EX_AR, EX_RLX, file, line);
}

bool
ex_own_count(uint64_t *at, uint32_t high, const char *file, int line)
{
	uint64_t seen = ex_load(at, EX_RLX, file, line);

	/* What the kernel makes one step is two here; another that comes between makes it fail. */
	return seen >> 32 == high && ex_own_cas(at, seen, seen + 1, file, line);
}
