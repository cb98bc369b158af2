/* SPDX-License-Identifier: BSD-2-Clause */

/* Where there is no operating system to ask: the shipped file, compiled as there. */

#include "helpers.h"

#undef __linux__
#define rh_cpu_guess generic_guess
#define rh_cpu_count generic_count
#include "port/cpu_generic.c"

Test(port_generic, a_thread_has_the_same_hint_each_time_and_there_is_one_cpu)
{
	unsigned hint = generic_guess();

	for (int i = 0; i < 100; i++)
		cr_assert(generic_guess() == hint);
	assert_u64(generic_count(), 1);
}
