/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Processes call everything in a world that they share, each through a mapping
 * at an address of its own. The master kills one of them with SIGKILL, at any
 * moment: after a while of random length, or after it has gone through some
 * instructions of a call one by one. Another takes the place of the dead. After
 * some deaths all are killed at once, and what is left is held to P1, P8 to P10
 * and as much of P15 as there is (verdict.h).
 *
 *	kill_torture [STEPS]        a kill for each 200 steps, or the environment's KILLS
 *
 * About every fourth kill finds its process within a call; that call, and no
 * other, is in doubt: it may have happened or not.
 */

#define NOTES 8192

#include "verdict.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 3
#define KILLS_A_WORLD 40
#define STEPPED_ONE_IN 8
#define STEPS_TO_A_CALL 600
#define STEPS_IN_A_CALL 200

static int memory;
static pid_t pid[WORKERS];
static struct view view;
static struct follower follower[BREAKERS];
static bool can_step = true, dying[WORKERS];

static struct world *
map_world(void)
{
	void *mem = mmap(NULL, world_size(WORKERS), PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);

	CHECK(mem != MAP_FAILED, "mmap: %s", strerror(errno));
	return mem;
}

/* A worker's life: it never ends by itself. */
static void
work(int slot)
{
	struct world *w;
	struct view v;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	w = map_world();
	v = world_attach(w);
	for (;;)
		if (!act(&v, &w->actor[slot]))
			usleep(100);
}

static void
start(int slot)
{
	fflush(stdout);
	dying[slot] = false;
	pid[slot] = fork();
	CHECK(pid[slot] >= 0, "fork: %s", strerror(errno));
	if (pid[slot] == 0) {
		work(slot);
		_exit(1);
	}
}

/* The dead are counted and replaced when they are found; `how` waits or does not. */
static void
bury(int how)
{
	int status, slot = 0;
	pid_t dead;

	while ((dead = waitpid(-1, &status, how)) > 0) {
		for (slot = 0; slot < WORKERS && pid[slot] != dead; slot++)
			;
		if (WIFSTOPPED(status) || slot == WORKERS)
			continue;
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && dying[slot],
		      "worker %d ended by itself: status %x", slot, (unsigned)status);
		leave_in_doubt(&view, &view.w->actor[slot]);
		pid[slot] = 0;
		if (how == WNOHANG)
			start(slot);
	}
}

static void
kill_one(int slot)
{
	CHECK(pid[slot] > 0, "worker %d is nobody", slot);
	dying[slot] = true;
	kill(pid[slot], SIGKILL);
}

static bool
is_in_call(int slot)
{
	const struct actor *a = &view.w->actor[slot];

	return atomic_load(&a->begun) != atomic_load(&a->done);
}

/* One instruction, or up to where it is stopped. */
static bool
lead(int slot, int how)
{
	int status;

	if (ptrace(how, pid[slot], NULL, NULL) != 0 || waitpid(pid[slot], &status, 0) != pid[slot])
		return false;
	CHECK(WIFSTOPPED(status), "worker %d ended by itself: status %x", slot, (unsigned)status);
	return true;
}

/* Leads a worker to some instruction within a call, where it then dies. */
static void
step_into_call(int slot, uint64_t r)
{
	int left = (int)(r % STEPS_IN_A_CALL);

	if (ptrace(PTRACE_SEIZE, pid[slot], NULL, NULL) != 0) {
		can_step = false;
		printf("kill_torture: single steps SKIPPED, ptrace: %s\n", strerror(errno));
		return;
	}
	if (!lead(slot, PTRACE_INTERRUPT))
		return;
	for (int i = 0; i < STEPS_TO_A_CALL && !is_in_call(slot) && lead(slot, PTRACE_SINGLESTEP); i++)
		;
	while (left-- > 0 && lead(slot, PTRACE_SINGLESTEP))
		if (left % 64 == 0)
			follow_world(&view, follower);
}

/* Time passes, and with it transitions that have to be seen. */
static void
wait_a_while(uint64_t r)
{
	struct timespec nap = {0, (long)(r >> 16) % 50000};

	for (uint64_t naps = r % 3; naps > 0; naps--) {
		follow_world(&view, follower);
		bury(WNOHANG);
		nanosleep(&nap, NULL);
	}
	for (volatile unsigned i = (unsigned)(r >> 8) % 256; i > 0; i--)
		;
}

/* Of those alive, one that is within a call, where there is one. */
static int
pick(uint64_t r)
{
	int any = -1;

	for (int i = 0; i < WORKERS; i++) {
		int slot = (int)((r + (unsigned)i) % WORKERS);

		if (dying[slot])
			continue;
		if (is_in_call(slot))
			return slot;
		any = slot;
	}
	return any;
}

static bool
is_full(void)
{
	for (int i = 0; i < WORKERS; i++)
		if (atomic_load(&view.w->actor[i].done) + 16 > NOTES)
			return true;
	return false;
}

/* One world, from its beginning to the death of all; returns the kills. */
static uint64_t
run(struct world *w, uint64_t kills, struct tally *all)
{
	uint64_t killed = 0, seed = seed_given + world_number;

	view = world_init(w, WORKERS, 0, traits_of(world_number), seed);
	followers_init(&view, follower);
	for (int i = 0; i < WORKERS; i++)
		start(i);
	while (killed < kills && killed < KILLS_A_WORLD && !is_full()) {
		uint64_t r = next_random(&seed);
		int slot;

		wait_a_while(r);
		bury(WNOHANG);
		slot = pick(r >> 32);
		if (slot < 0)
			continue;
		if (can_step && (r >> 40) % STEPPED_ONE_IN == 0)
			step_into_call(slot, r >> 48);
		kill_one(slot);
		killed++;
	}
	wait_a_while(next_random(&seed));
	for (int i = 0; i < WORKERS; i++)
		kill_one(i);
	bury(0);
	check_world(&view, follower, NOTES, all);
	return killed + WORKERS;
}

int
main(int argc, char **argv)
{
	uint64_t steps = argc > 1 ? strtoull(argv[1], NULL, 0) : 100000, done = 0;
	uint64_t kills = env_number("KILLS", steps / 200);
	struct tally all = {0};
	struct world *w;
	double from, s;

	if (UNDER_TSAN) {
		printf("kill_torture: SKIPPED, TSan looks at one process, not at memory that several share\n");
		return 0;
	}
	seed_given = env_number("SEED", 1);
	memory = memfd_create("torture", 0);
	CHECK(memory >= 0 && ftruncate(memory, (off_t)world_size(WORKERS)) == 0, "memfd: %s", strerror(errno));
	prctl(PR_SET_TIMERSLACK, 1);
	w = map_world();
	from = seconds();
	for (; done < kills; world_number++)
		done += run(w, kills - done, &all);
	s = seconds() - from;
	printf("kill_torture: %llu processes killed in %.1f s, %.0f a second, SEED=%llu\n", ULL(done), s,
	       (double)done / s, ULL(seed_given));
	print_tally(&all);
	return 0;
}
