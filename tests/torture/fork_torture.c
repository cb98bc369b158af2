/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Threads call everything in two worlds, one shared and one private, while the
 * process forks. A child has the shared world as everybody else, and a copy of
 * the private one in which all threads stopped at one moment, many of them
 * within a call. It goes on in both: calls in the shared one, beside the threads
 * and other children; in its copy it is alone, and that must hold what a world
 * at rest must (verdict.h), with the calls of the threads in doubt. Then it
 * exits. The parent's worlds are held to the same at their end, where nothing
 * is in doubt.
 *
 *	fork_torture [STEPS]        a fork for each 200 steps, or the environment's FORKS
 */

#define NOTES 4096

#include "verdict.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 2
#define CHILDREN 2
#define CALLS_A_CHILD 50
#define RECENT 256

static struct view shared, private;
static struct follower follow_shared[BREAKERS], follow_private[BREAKERS];
static pid_t child[CHILDREN];
static struct tally *copies; /* by child, in shared memory: what they found in their copies */

static void *
map_memory(size_t size, int how)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, how | MAP_ANONYMOUS, -1, 0);

	CHECK(mem != MAP_FAILED, "mmap: %s", strerror(errno));
	return mem;
}

static void *
work(void *arg)
{
	unsigned number = (unsigned)(uintptr_t)arg;

	while (!atomic_load(&shared.w->stop)) {
		bool a = act(&shared, &shared.w->actor[number]), b = act(&private, &private.w->actor[number]);

		if (!a && !b)
			usleep(100);
	}
	return NULL;
}

/* A child's life. Its copy of the private world is its own: the threads are not in it. */
static void
go_on(int slot)
{
	struct actor *mine = &shared.w->actor[THREADS + slot];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < CALLS_A_CHILD && act(&shared, mine); i++)
		;
	for (int i = 0; i < CALLS_A_CHILD && act(&private, &private.w->actor[THREADS]); i++)
		follow_world(&private, follow_private);
	check_world(&private, follow_private, RECENT, &copies[slot]);
	_exit(0);
}

/* True where a child has ended, or there was none. */
static bool
is_free(int slot, int how)
{
	int status;

	if (child[slot] == 0)
		return true;
	if (waitpid(child[slot], &status, how) != child[slot])
		return false;
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child ended with status %x", (unsigned)status);
	child[slot] = 0;
	return true;
}

static bool
is_full(const struct view *v)
{
	for (uint32_t i = 0; i < v->w->actors; i++)
		if (atomic_load(&v->w->actor[i].done) + 4 > NOTES)
			return true;
	return false;
}

static void
follow(void)
{
	follow_world(&shared, follow_shared);
	follow_world(&private, follow_private);
}

/* Forks for as long as there is room; returns how often. */
static uint64_t
fork_on(uint64_t most)
{
	uint64_t forks = 0;

	while (forks < most && !is_full(&shared) && !is_full(&private)) {
		for (int i = 0; i < CHILDREN && forks < most; i++) {
			follow();
			if (!is_free(i, WNOHANG))
				continue;
			child[i] = fork();
			CHECK(child[i] >= 0, "fork: %s", strerror(errno));
			if (child[i] == 0)
				go_on(i);
			forks++;
		}
		sched_yield();
	}
	for (int i = 0; i < CHILDREN; i++)
		while (!is_free(i, WNOHANG)) {
			follow();
			usleep(10);
		}
	return forks;
}

static uint64_t
run(struct world *w, struct world *p, uint64_t most, struct tally *all)
{
	uint32_t traits = traits_of(world_number);
	uint64_t seed = seed_given + 2 * world_number, forks;
	pthread_t thread[THREADS];

	shared = world_init(w, THREADS + CHILDREN, 0, traits, seed);
	private = world_init(p, THREADS + 1, 0, traits, seed + 1);
	followers_init(&shared, follow_shared);
	followers_init(&private, follow_private);
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, work, (void *)i);
	forks = fork_on(most);
	atomic_store(&w->stop, 1);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	check_world(&shared, follow_shared, NOTES, all);
	check_world(&private, follow_private, NOTES, all);
	return forks;
}

int
main(int argc, char **argv)
{
	uint64_t steps = argc > 1 ? strtoull(argv[1], NULL, 0) : 100000;
	uint64_t wanted = env_number("FORKS", steps / 200), forks = 0;
	struct world *w, *p;
	struct tally all = {0};
	double from, s;

	if (UNDER_TSAN) {
		printf("fork_torture: SKIPPED, TSan does not follow a process that forks while its threads run\n");
		return 0;
	}
	seed_given = env_number("SEED", 1);
	setvbuf(stdout, NULL, _IOLBF, 0);
	w = map_memory(world_size(THREADS + CHILDREN), MAP_SHARED);
	p = map_memory(world_size(THREADS + 1), MAP_PRIVATE);
	copies = map_memory(CHILDREN * sizeof *copies, MAP_SHARED);
	from = seconds();
	for (; forks < wanted; world_number++)
		forks += run(w, p, wanted - forks, &all);
	s = seconds() - from;
	printf("fork_torture: %llu forks in %.1f s, %.0f a second, SEED=%llu; the parent's worlds\n", ULL(forks), s,
	       (double)forks / s, ULL(seed_given));
	print_tally(&all);
	for (int i = 1; i < CHILDREN; i++)
		add_tally(&copies[0], &copies[i]);
	printf("and the copies that children went on with alone\n");
	print_tally(&copies[0]);
	return 0;
}
