/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Contexts are made once and switched by _setjmp and _longjmp, which make no
 * system call; swapcontext would make two a switch. A thread that is to begin
 * anew returns to the bottom of its own stack, leaving what was on it. What a
 * thread that has yielded needs to go on is its buffer and the stack from the
 * frame that yielded upwards, at the same addresses.
 */

#include "coroutine.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>

#include "core.h"

#define STACK (128 * 1024)
#define BELOW_FRAME 256 /* more than co_yield's frame has under its base */

static struct co {
	ucontext_t context;
	void (*run)(void);
	bool made, fresh;
	jmp_buf bottom, at;
	char *top, *low; /* of the stack; what of it is in use, where it has yielded, else NULL */
} co[EX_THREADS];
static jmp_buf scheduler;
static volatile unsigned current;

static void
body(void)
{
	struct co *c = &co[current];

	if (_setjmp(c->bottom) == 0)
		_longjmp(scheduler, 1);
	for (;;) {
		co[current].run();
		co_leave();
	}
}

static void
make(unsigned i)
{
	char *stack = malloc(STACK);

	if (stack == NULL || getcontext(&co[i].context) != 0)
		abort();
	co[i].context.uc_stack.ss_sp = stack;
	co[i].context.uc_stack.ss_size = STACK;
	co[i].context.uc_link = NULL;
	makecontext(&co[i].context, body, 0);
	co[i].top = stack + STACK;
	co[i].made = true;
	current = i;
	if (_setjmp(scheduler) == 0)
		setcontext(&co[i].context);
}

void
co_start(unsigned i, void (*run)(void))
{
	if (!co[i].made)
		make(i);
	co[i].run = run;
	co[i].fresh = true;
}

void
co_resume(unsigned i)
{
	current = i;
	if (_setjmp(scheduler) == 0) {
		if (!co[i].fresh)
			_longjmp(co[i].at, 1);
		co[i].fresh = false;
		_longjmp(co[i].bottom, 1);
	}
}

void
co_yield(void)
{
	co[current].low = (char *)__builtin_frame_address(0) - BELOW_FRAME;
	if (_setjmp(co[current].at) == 0)
		_longjmp(scheduler, 1);
}

void
co_leave(void)
{
	co[current].low = NULL;
	_longjmp(scheduler, 1);
}

void
co_parts(unsigned i)
{
	struct co *c = &co[i];

	checkpoint_part(&c->low, sizeof c->low);
	if (c->low == NULL)
		return;
	checkpoint_part(c->at, sizeof c->at);
	checkpoint_part(c->low, (size_t)(c->top - c->low));
}
