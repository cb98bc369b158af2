/* SPDX-License-Identifier: BSD-2-Clause */

#include "helpers.h"

#include <sched.h>

#include "port/cpu.h"

Test(port_cpu, there_is_at_least_one)
{
	cr_assert(rh_cpu_count() >= 1);
}

Test(port_cpu, a_pinned_thread_gets_its_own_cpu_as_the_hint)
{
	cpu_set_t was, one;

	cr_assert(sched_getaffinity(0, sizeof was, &was) == 0);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &was))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (sched_setaffinity(0, sizeof one, &one) == 0)
			cr_assert(rh_cpu_hint() == (unsigned)cpu, "hint %u on CPU %d", rh_cpu_hint(), cpu);
	}
}

Test(port_clock, time_does_not_go_back_and_is_in_nanoseconds)
{
	uint64_t first = rheo_now_ns(), last = first, now;

	for (int i = 0; i < 100000; i++) {
		now = rheo_now_ns();
		cr_assert(now >= last);
		last = now;
	}
	cr_assert(first > 0 && last - first < 60 * SECOND);
}
