/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Threads call everything in a world, and are interrupted by timers of their
 * own, two each, whose handlers do the same, and may be interrupted in turn. A
 * thread and each level of its handlers is an actor. At the end of each world
 * all is at rest, nothing is in doubt, and the oracles are exact (verdict.h).
 *
 *	signal_torture [STEPS]        a signal for each step, or the environment's SIGNALS
 *
 * Timers shoot once and are set anew by their handler, for a random time.
 */

#define NOTES 8192

#include "verdict.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define THREADS 2
#define TIMERS 2
#define LEVELS 4 /* the thread, and handlers one within the other */
#define CALLS_A_SIGNAL 2
#define CROWD 3

/* glibc 2.36 has no name for it. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static struct view view;
static _Atomic unsigned running;
static _Atomic uint64_t signals, wanted, by_level[LEVELS + 1];

static _Thread_local struct {
	volatile int level;
	unsigned number;
	uint64_t seed;
	timer_t timer[TIMERS];
} self;

static struct actor *
actor_here(void)
{
	return &view.w->actor[self.number * LEVELS + (unsigned)self.level];
}

static void
set_timer(int which, long ns)
{
	struct itimerspec t = {.it_value = {0, ns}};

	timer_settime(self.timer[which], 0, &t, NULL);
}

static void
on_signal(int number)
{
	int which = number - SIGRTMIN, saved = errno;

	self.level++;
	atomic_fetch_add(&by_level[self.level < LEVELS ? self.level : LEVELS], 1);
	atomic_fetch_add(&signals, 1);
	if (!atomic_load(&view.w->stop)) {
		uint64_t r = next_random(&self.seed);

		set_timer(which, 1000 + (long)(r % (self.level + 1 < LEVELS ? 4000 : 100000)));
		for (int i = 0; self.level < LEVELS && i < CALLS_A_SIGNAL; i++)
			if (!act(&view, actor_here()))
				atomic_store(&view.w->stop, 1);
	}
	self.level--;
	errno = saved;
}

static void
make_timers(void)
{
	for (int i = 0; i < TIMERS; i++) {
		struct sigevent e = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + i};

		e.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
		CHECK(timer_create(CLOCK_MONOTONIC, &e, &self.timer[i]) == 0, "timer_create: %s", strerror(errno));
	}
}

static void
mask_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	for (int i = 0; i < TIMERS; i++)
		sigaddset(&set, SIGRTMIN + i);
	pthread_sigmask(how, &set, NULL);
}

static void *
work(void *arg)
{
	self.number = (unsigned)(uintptr_t)arg;
	self.level = 0;
	self.seed = actor_here()->seed + 1;
	make_timers();
	mask_signals(SIG_UNBLOCK);
	for (int i = 0; i < TIMERS; i++)
		set_timer(i, 1000 + i);
	while (!atomic_load(&view.w->stop))
		if (!act(&view, actor_here()))
			atomic_store(&view.w->stop, 1);
	for (int i = 0; i < TIMERS; i++)
		timer_delete(self.timer[i]);
	mask_signals(SIG_BLOCK);
	atomic_fetch_sub(&running, 1);
	return NULL;
}

static void
run(struct world *w, struct tally *all)
{
	struct follower f[BREAKERS];
	pthread_t thread[THREADS];

	view = world_init(w, THREADS * LEVELS, CROWD, traits_of(world_number), seed_given + world_number);
	followers_init(&view, f);
	atomic_store(&running, THREADS);
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, work, (void *)i);
	while (atomic_load(&running) != 0) {
		follow_world(&view, f);
		if (atomic_load(&signals) >= wanted)
			atomic_store(&w->stop, 1);
		sched_yield();
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	check_world(&view, f, NOTES, all);
}

int
main(int argc, char **argv)
{
	uint64_t steps = argc > 1 ? strtoull(argv[1], NULL, 0) : 100000;
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_NODEFER | SA_RESTART};
	struct world *w = aligned_alloc(128, world_size(THREADS * LEVELS));
	struct tally all = {0};
	double from, s;

	seed_given = env_number("SEED", 1);
	wanted = env_number("SIGNALS", steps);
	mask_signals(SIG_BLOCK);
	for (int i = 0; i < TIMERS; i++)
		sigaction(SIGRTMIN + i, &action, NULL);
	from = seconds();
	for (; signals < wanted; world_number++)
		run(w, &all);
	s = seconds() - from;
	printf("signal_torture: %llu signals in %.1f s, %.0f a second, SEED=%llu\n     handlers by depth:", ULL(signals),
	       s, (double)signals / s, ULL(seed_given));
	for (int i = 1; i <= LEVELS; i++)
		printf(" %d%s: %llu", i, i < LEVELS ? "" : " or more", ULL(by_level[i]));
	putchar('\n');
	print_tally(&all);
	free(w);
	return 0;
}
