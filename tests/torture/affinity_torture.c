/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Threads call everything in a world while the CPUs they may run on change at
 * random: a caller takes from one lane what it then gives back to another's, and
 * finds itself elsewhere between two instructions.
 *
 *	affinity_torture [STEPS]        ten calls a step
 */

#include "verdict.h"

#define THREADS 4
#define CALLS_A_THREAD 10000

static struct view view;
static cpu_set_t allowed;
static _Atomic uint64_t moves;
static _Atomic unsigned running;

/* Any of the CPUs that this process may use, alone. */
static void
move_to_another_cpu(uint64_t r)
{
	int cpus = CPU_COUNT(&allowed), nth = (int)(r % (unsigned)cpus);
	cpu_set_t one;

	CPU_ZERO(&one);
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed) && nth-- == 0)
			CPU_SET(cpu, &one);
	/* Fails where CPUs are taken away meanwhile; then it stays where it is. */
	if (sched_setaffinity(0, sizeof one, &one) == 0)
		atomic_fetch_add(&moves, 1);
}

static void *
work(void *arg)
{
	struct actor *a = arg;
	uint64_t seed = a->seed + 1;

	for (uint64_t i = 0; i < CALLS_A_THREAD && act(&view, a); i++) {
		uint64_t r = next_random(&seed);

		if ((r & 31) == 0)
			move_to_another_cpu(r >> 8);
	}
	atomic_fetch_sub(&running, 1);
	return NULL;
}

static void
run(struct world *w, struct tally *all)
{
	struct follower f[BREAKERS];
	pthread_t thread[THREADS];

	view = world_init(w, THREADS, 0, traits_of(world_number), seed_given + world_number);
	followers_init(&view, f);
	atomic_store(&running, THREADS);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, work, &w->actor[i]);
	while (atomic_load(&running) != 0) {
		follow_world(&view, f);
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
	struct world *w = aligned_alloc(128, world_size(THREADS));
	struct tally all = {0};

	sched_getaffinity(0, sizeof allowed, &allowed);
	seed_given = env_number("SEED", 1);
	for (; all.calls < 10 * steps; world_number++)
		run(w, &all);
	printf("affinity_torture: %d threads moved %llu times over %d CPUs, SEED=%llu\n", THREADS, ULL(moves),
	       CPU_COUNT(&allowed), ULL(seed_given));
	print_tally(&all);
	free(w);
	return 0;
}
