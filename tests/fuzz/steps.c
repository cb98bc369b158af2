/* SPDX-License-Identifier: BSD-2-Clause */

#include "steps.h"

#include <stdio.h>
#include <stdlib.h>

#include "count.h"

static struct {
	unsigned cpus;
	bool own;
	bool moves;
} machine = {1, true, false};

static _Thread_local struct {
	bool on;
	unsigned cpu, chances;
	uint64_t count;
	void (*between)(void *, uint64_t);
	void *arg;
} call;

void
steps_machine(size_t length)
{
	machine.cpus = length % 2 ? 1 : 4;
	machine.own = length % 3 != 0;
	machine.moves = length % 5 == 0;
	call.chances = 0;
}

void
steps_begin(unsigned cpu, void (*between)(void *, uint64_t step), void *arg)
{
	call.cpu = cpu;
	call.count = 0;
	call.between = between;
	call.arg = arg;
	call.on = true;
}

uint64_t
steps_end(void)
{
	call.on = false;
	call.cpu = 0;
	return call.count;
}

unsigned
fuzz_cpu(void)
{
	return call.cpu;
}

unsigned
fuzz_cpus(void)
{
	return machine.cpus;
}

int
fuzz_own_cpu(void)
{
	return machine.own ? (int)call.cpu : -1;
}

bool
fuzz_moves(void)
{
	/* In a history that compares two objects each time, so that both fare the same. */
	return machine.moves && (!call.on || ++call.chances % 3 == 0);
}

void
fuzz_between(void)
{
	if (!call.on)
		return;
	if (++call.count > STEPS_MOST) {
		fprintf(stderr, "fuzz: BROKEN: a call that does not end: %llu atomic operations\n",
			(unsigned long long)call.count);
		abort();
	}
	if (call.between != NULL)
		call.between(call.arg, call.count);
}
