/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * prefork: a master and workers that share one limit and one breaker. The
 * master calls the timer hook, makes what the workers call ill and well again,
 * kills workers and starts others, and at the end checks what was admitted.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "random.h"
#include "report.h"
#include "worker.h"

#define WELL_MS 1500u /* twice as long at most, half of it on average */
#define ILL_MS 800u
#define LAST_MS 2000u

struct master {
	struct options options;
	struct layout layout;
	rheo_guard_t *guard;
	void *guard_mem;
	pid_t worker[OPTIONS_WORKERS_MAX]; /* 0: none */
	uint64_t random;
	uint64_t kill_at_ns, turn_at_ns;
	struct outcome outcome;
};

static volatile sig_atomic_t stop;

static void
on_stop(int number)
{
	(void)number;
	stop = 1;
}

static void
on_child(int number)
{
	(void)number; /* ends the wait */
}

/* All are blocked but while the master waits, so none comes between a look and the wait. */
static void
take_signals(void)
{
	struct sigaction action = {.sa_handler = on_child};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGCHLD, &action, NULL);
	action.sa_handler = on_stop;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static void
be_worker(const struct master *m, uint32_t number, pid_t master)
{
	struct sigaction action = {.sa_handler = SIG_IGN};
	sigset_t none;

	/* It ends with the master, whatever that one ends by; Control-C is the master's to answer. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != master)
		_exit(1);
	sigaction(SIGINT, &action, NULL);
	action.sa_handler = SIG_DFL;
	sigaction(SIGTERM, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	worker_run(m->layout.head, &m->options, number, m->random);
}

static void
start_missing(struct master *m)
{
	for (uint32_t i = 0; i < m->options.workers; i++) {
		pid_t master = getpid(), pid;

		if (m->worker[i] != 0)
			continue;
		random_below(&m->random, 1); /* so that no two are alike */
		pid = fork();
		if (pid == 0)
			be_worker(m, i, master);
		if (pid < 0) {
			fprintf(stderr, "prefork: fork: %s\n", strerror(errno));
			stop = 1;
			return;
		}
		m->worker[i] = pid;
	}
}

/* Takes note of those who have ended; with `all`, waits until everybody has. */
static void
bury(struct master *m, bool all)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, all ? 0 : WNOHANG)) > 0 || (pid < 0 && errno == EINTR)) {
		for (unsigned i = 0; pid > 0 && i < OPTIONS_WORKERS_MAX; i++)
			if (m->worker[i] == pid)
				m->worker[i] = 0;
		if (pid > 0 && WIFSIGNALED(status) && (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGTERM))
			m->outcome.killed++;
		else if (pid > 0)
			m->outcome.ended++;
	}
}

static void
kill_one(struct master *m)
{
	pid_t pid = m->worker[random_below(&m->random, m->options.workers)];

	if (pid != 0)
		kill(pid, SIGKILL);
}

static void
kill_all(struct master *m)
{
	for (unsigned i = 0; i < OPTIONS_WORKERS_MAX; i++)
		if (m->worker[i] != 0)
			kill(m->worker[i], SIGKILL);
	bury(m, true);
}

/* The breaker keeps its last 16 transitions; the master keeps them all. */
static void
look_at_transitions(struct master *m)
{
	struct history *h = &m->outcome.history;
	rheo_breaker_event_t event[16];
	uint64_t last = h->count == 0 ? 0 : h->event[h->count - 1].generation;
	uint32_t count = 0;

	if (rheo_breaker_events(m->layout.breaker, last, event, 16, &count) != RHEO_OK || count == 0)
		return;
	h->event = realloc(h->event, (h->count + count) * sizeof *h->event);
	if (h->event == NULL)
		abort();
	memcpy(h->event + h->count, event, count * sizeof *event);
	h->count += count;
	for (uint32_t i = 0; i < count; i++) {
		h->missed += event[i].generation - last - 1;
		last = event[i].generation;
	}
}

static uint64_t
sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void
turn(struct master *m, uint64_t now_ns)
{
	uint32_t ill = atomic_load(&m->layout.head->ill);

	m->turn_at_ns = now_ns + random_below(&m->random, ill != 0 ? WELL_MS : ILL_MS) * OPTIONS_MS;
	atomic_store(&m->layout.head->ill, ill != 0 ? 0 : 60 + (uint32_t)random_below(&m->random, 41));
}

/*
 * The end comes when permits of a half-open breaker are out, which then nobody
 * reports; for that the other side falls ill for good. At the latest LAST_MS
 * later.
 */
static bool
is_over(struct master *m, uint64_t now_ns, uint64_t end_ns)
{
	rheo_breaker_snapshot_t s;

	if (stop || m->outcome.ended != 0 || now_ns >= end_ns + LAST_MS * OPTIONS_MS)
		return true;
	if (now_ns < end_ns)
		return false;
	m->turn_at_ns = UINT64_MAX;
	atomic_store(&m->layout.head->ill, 100);
	return rheo_breaker_snapshot(m->layout.breaker, now_ns, &s, sizeof s) == RHEO_OK && s.state == RHEO_HALF_OPEN &&
	       s.probes_issued > s.probes_succeeded + s.probes_failed + s.probes_ignored;
}

static void
run(struct master *m)
{
	uint64_t begin_ns = rheo_now_ns(), now_ns = begin_ns, next;
	uint64_t end_ns = begin_ns + m->options.seconds * 1000 * OPTIONS_MS;
	uint64_t mean_ns = m->options.kill_every_ms * OPTIONS_MS;
	sigset_t none;

	sigemptyset(&none);
	m->kill_at_ns = mean_ns == 0 ? UINT64_MAX : now_ns + mean_ns;
	m->turn_at_ns = now_ns + WELL_MS / 2 * OPTIONS_MS;
	for (; !is_over(m, now_ns, end_ns); now_ns = rheo_now_ns()) {
		struct timespec wait;

		bury(m, false);
		start_missing(m);
		if (now_ns >= m->kill_at_ns) {
			kill_one(m);
			m->kill_at_ns = now_ns + random_below(&m->random, 2 * mean_ns);
		}
		if (now_ns >= m->turn_at_ns)
			turn(m, now_ns);
		/* The timer hook of both parts, and when they want it next. */
		if (rheo_guard_tick(m->guard, now_ns, &next) != RHEO_OK)
			break;
		look_at_transitions(m);
		next = sooner(next < OPTIONS_MS ? OPTIONS_MS : next, now_ns < end_ns ? 50 * OPTIONS_MS : OPTIONS_MS);
		next = sooner(now_ns + next, sooner(m->kill_at_ns, m->turn_at_ns));
		next = next > now_ns ? next - now_ns : 0;
		wait = (struct timespec){.tv_sec = 0, .tv_nsec = (long)next};
		ppoll(NULL, 0, &wait, &none);
	}
	m->outcome.ran_ns = now_ns - begin_ns;
	kill_all(m);
	look_at_transitions(m);
}

int
main(int argc, char **argv)
{
	static struct master m;
	bool good;

	options_read(argc, argv, &m.options);
	m.random = m.options.seed;
	take_signals();
	if (!layout_make(&m.options, &m.layout) || (m.guard = layout_guard(&m.layout, &m.guard_mem)) == NULL)
		return EXIT_FAILURE;
	run(&m);
	good = report(&m.options, &m.layout, &m.outcome);
	if (fflush(stdout) != 0)
		good = false;
	free(m.guard_mem);
	free(m.outcome.history.event);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
