/* SPDX-License-Identifier: BSD-2-Clause */

/* Counts on lines that are the CPUs' own (counter/lines.h), for a thread that is interrupted just then. */

#ifdef __linux__
#include "helpers.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counter/lines.h"

enum { BEGINS, MAY_TRACE, TRACED, NOT_ALLOWED, DONE };

/* Stops the test before each of its instructions, until it is done. */
static void
step_through(pid_t pid, volatile int *stage)
{
	int status;

	while (*stage == BEGINS)
		;
	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) != 0 || waitpid(pid, &status, 0) != pid) {
		*stage = NOT_ALLOWED;
		_exit(0);
	}
	*stage = TRACED;
	while (*stage != DONE && ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == 0)
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			_exit(1);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	_exit(0);
}

Test(counter_own, p15_an_addition_that_is_interrupted_is_made_on_the_line_that_all_share)
{
	static struct rh_line line[1025];
	struct rh_lines l = {line, RH_LINES_TOGETHER, 10, true};
	volatile int *stage = mmap(NULL, sizeof *stage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t tracer, self = getpid();
	int status;

	cr_assert(stage != MAP_FAILED);
	rh_lines_init(l);
	tracer = fork();
	cr_assert(tracer >= 0);
	if (tracer == 0)
		step_through(self, stage);
	prctl(PR_SET_PTRACER, tracer, 0, 0, 0);
	*stage = MAY_TRACE;
	while (*stage == MAY_TRACE)
		;
	rh_lines_add(l, 3, 7);
	if (*stage == NOT_ALLOWED)
		fputs("counter_own: SKIPPED, no process may step through another here\n", stderr);
	else
		*stage = DONE;
	cr_assert(waitpid(tracer, &status, 0) == tracer && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_u64(rh_lines_sum(l, 3), 7);
	if (*stage == DONE)
		assert_u64(rh_load_rlx(rh_lines_count(l, 1024, 3)), 7);
}
#endif
