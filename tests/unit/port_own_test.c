/* SPDX-License-Identifier: BSD-2-Clause */

/* port/own.h: words that one CPU writes, where the kernel and glibc offer it. */

#include "helpers.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>

#include "counter/lines.h"

static void
on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	cr_assert(sched_setaffinity(0, sizeof set, &set) == 0);
}

/* A CPU of this thread's own that it stays on; or the test is over, said aloud. */
#define PIN_OR_RETURN(own)                                                               \
	struct rh_own own = rh_own_here();                                               \
	do {                                                                             \
		if (own.cpu < 0) {                                                       \
			fputs("port_own: SKIPPED, no restartable sequences here\n", stderr); \
			return;                                                          \
		}                                                                        \
		on_cpu(own.cpu);                                                         \
		own = rh_own_here();                                                     \
	} while (0)

Test(port_own, a_word_of_this_cpu_is_added_to_replaced_and_counted)
{
	rh_a64 word;
	PIN_OR_RETURN(own);

	rh_store_init(&word, 5);
	cr_assert(rh_own_add(&word, own, UINT64_C(1) << 40));
	assert_u64(rh_load_rlx(&word), (UINT64_C(1) << 40) + 5);
	cr_assert(rh_own_cas(&word, own, (UINT64_C(1) << 40) + 5, UINT64_C(7) << 32 | 1));
	cr_assert(rh_own_count(&word, own, 7));
	assert_u64(rh_load_rlx(&word), UINT64_C(7) << 32 | 2);
}

Test(port_own, what_is_not_as_expected_is_left_as_it_is)
{
	rh_a64 word;
	PIN_OR_RETURN(own);

	rh_store_init(&word, UINT64_C(7) << 32 | 1);
	cr_assert_not(rh_own_cas(&word, own, UINT64_C(7) << 32, 9));
	cr_assert_not(rh_own_count(&word, own, 8));
	assert_u64(rh_load_rlx(&word), UINT64_C(7) << 32 | 1);
}

Test(port_own, another_cpus_word_is_left_as_it_is)
{
	rh_a64 word;
	PIN_OR_RETURN(own);

	rh_store_init(&word, UINT64_C(7) << 32 | 1);
	own.cpu++;
	cr_assert_not(rh_own_add(&word, own, 1));
	cr_assert_not(rh_own_cas(&word, own, UINT64_C(7) << 32 | 1, 9));
	cr_assert_not(rh_own_count(&word, own, 7));
	assert_u64(rh_load_rlx(&word), UINT64_C(7) << 32 | 1);
}

#ifdef RH_HAVE_OWN
/* A library that is unloaded must leave the kernel no pointer into it. */
Test(port_own, the_descriptor_is_taken_back_after_each_use)
{
	uint64_t *descriptor;
	rh_a64 word;
	PIN_OR_RETURN(own);

	descriptor = (uint64_t *)(void *)((char *)__builtin_thread_pointer() + own.at + 8);
	rh_store_init(&word, 0);
	cr_assert(rh_own_add(&word, own, 1));
	assert_u64(*(volatile uint64_t *)descriptor, 0);
	cr_assert_not(rh_own_cas(&word, own, 0, 9));
	assert_u64(*(volatile uint64_t *)descriptor, 0);
	own.cpu++;
	cr_assert_not(rh_own_count(&word, own, 0));
	assert_u64(*(volatile uint64_t *)descriptor, 0);
}
#endif

static rh_a64 interrupted;
static volatile uint64_t handled;

static void
add_in_handler(int sig)
{
	(void)sig;
	handled += rh_own_add(&interrupted, rh_own_here(), 1);
}

/* The handler runs, and adds, at any point of the sequence: the kernel makes that begin again, or it is over. */
Test(port_own, a_handler_that_interrupts_an_addition_loses_none)
{
	struct itimerval every = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};
	uint64_t added = 0;
	PIN_OR_RETURN(own);

	rh_store_init(&interrupted, 0);
	signal(SIGALRM, add_in_handler);
	setitimer(ITIMER_REAL, &every, NULL);
	for (uint64_t i = 0; i < 20000000 && handled < 2000; i++)
		added += rh_own_add(&interrupted, own, 1);
	setitimer(ITIMER_REAL, &never, NULL);
	assert_u64(rh_load_rlx(&interrupted), added + handled);
}

/* Where lanes are fewer than CPUs, nobody could say whose they are. */
Test(port_own, lanes_are_the_cpus_own_only_where_each_has_one)
{
	PIN_OR_RETURN(own);
	cr_assert(rh_lanes_own(rh_log2_ceil(rh_cpu_count())));
	if (rh_cpu_count() > 1)
		cr_assert_not(rh_lanes_own(0));
}
