/* SPDX-License-Identifier: BSD-2-Clause */

/* The CPU hint, the number of CPUs and the clock where the system does not play along: the shipped files, the system played here. */

#ifdef __linux__
#include "helpers.h"

#include <sched.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

/* glibc's words about restartable sequences, behind pointers that may be NULL as the words may be absent. */
const ptrdiff_t *rseq_offset;
const unsigned *rseq_size;
static int getcpu_says, clock_says;
static long sysconf_says;

static int
played_getcpu(void)
{
	return getcpu_says;
}

static long
played_sysconf(int name)
{
	return name == _SC_NPROCESSORS_CONF ? sysconf_says : -1;
}

static int
played_clock(clockid_t clock, struct timespec *ts)
{
	*ts = (struct timespec){clock == CLOCK_MONOTONIC ? 3 : 0, 7};
	return clock_says;
}

#define __rseq_offset (*rseq_offset)
#define __rseq_size (*rseq_size)
#define sched_getcpu played_getcpu
#define sysconf played_sysconf
#define clock_gettime played_clock
#define rh_cpu_guess played_guess
#define rh_rseq_at played_rseq_at
#define rh_cpu_count played_count
#define rheo_now_ns played_now
#include "port/cpu_linux.c"
#include "port/clock.c"

#ifdef HAS_RSEQ
Test(port_linux, the_hint_is_the_word_that_the_kernel_keeps)
{
	/* volatile: it is read by way of the thread's pointer */
	volatile struct {
		unsigned cpu_id_start;
		int cpu_id;
	} area = {0, 5};
	ptrdiff_t offset = (volatile char *)&area - (volatile char *)__builtin_thread_pointer();
	unsigned size = 32;

	getcpu_says = 3;
	rseq_offset = &offset;
	rseq_size = &size;
	cr_assert(played_guess() == 5);
	area.cpu_id = 0;
	cr_assert(played_guess() == 0);
	/* not registered, or not any more */
	area.cpu_id = -1;
	cr_assert(played_guess() == 3);
	/* turned off by a tunable */
	area.cpu_id = 5;
	size = 0;
	cr_assert(played_guess() == 3);
	/* a C library that does not know of it */
	rseq_size = NULL;
	cr_assert(played_guess() == 3);
}
#endif

Test(port_linux, with_nobody_to_ask_a_thread_has_the_same_hint_each_time)
{
	unsigned hint;

	getcpu_says = -1;
	hint = played_guess();
	for (int i = 0; i < 100; i++)
		cr_assert(played_guess() == hint);
}

Test(port_linux, whatever_the_system_says_there_is_a_number_of_cpus_to_go_by)
{
	const long says[] = {-1, 0, 1, 2, 65536, 65537, 1L << 30};
	const unsigned means[] = {1, 1, 1, 2, 65536, 65536, 65536};

	for (size_t i = 0; i < sizeof says / sizeof *says; i++) {
		sysconf_says = says[i];
		rh_swap_rlx(&cpus, 0);
		assert_u64(played_count(), means[i]);
		/* it is not asked again */
		sysconf_says = 7;
		assert_u64(played_count(), means[i]);
	}
}

Test(port_linux, a_clock_that_fails_stands_still)
{
	clock_says = 0;
	assert_u64(played_now(), 3 * SECOND + 7);
	clock_says = -1;
	assert_u64(played_now(), 0);
}
#endif
