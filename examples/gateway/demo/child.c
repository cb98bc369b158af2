/* SPDX-License-Identifier: BSD-2-Clause */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_PATIENCE_MS 10000
#define STOP_PATIENCE_MS 5000

static void
pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* In a group of its own, so that Ctrl-C reaches the demo alone, which stops it in order. */
static pid_t
launch(const char *program, char *const *arguments, int output)
{
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	if (output >= 0)
		dup2(output, STDOUT_FILENO);
	execvp(program, arguments);
	fprintf(stderr, "demo: %s: %s\n", program, strerror(errno));
	_exit(127);
}

/* Reads up to the end of the first line. */
static bool
read_line(int fd, char *line, size_t size)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	size_t length = 0;

	while (length + 1 < size && poll(&ready, 1, START_PATIENCE_MS) == 1 &&
	       read(fd, line + length, 1) == 1) {
		if (line[length] == '\n') {
			line[length] = '\0';
			return true;
		}
		length++;
	}
	return false;
}

bool
child_start(struct child *child, const char *program, char *const *arguments)
{
	char line[256], *where = NULL;
	int ends[2];

	child->program = program;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	child->pid = launch(program, arguments, ends[1]);
	close(ends[1]);
	child->output = ends[0];
	if (child->pid > 0 && read_line(child->output, line, sizeof line))
		where = strstr(line, "listening on ");
	where = where != NULL ? strchr(where, ':') : NULL;
	if (where == NULL) {
		fprintf(stderr, "demo: %s did not start\n", program);
		return false;
	}
	child->port = (uint16_t)atoi(where + 1);
	return true;
}

int
child_stop(struct child *child)
{
	int status = -1;

	if (child->pid <= 0)
		return -1;
	kill(child->pid, SIGTERM);
	for (long ms = 0; waitpid(child->pid, &status, WNOHANG) == 0; ms += 10) {
		if (ms >= STOP_PATIENCE_MS) {
			kill(child->pid, SIGKILL);
			waitpid(child->pid, &status, 0);
			break;
		}
		pause_ms(10);
	}
	close(child->output);
	child->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int
child_run(const char *program, char *const *arguments)
{
	pid_t pid = launch(program, arguments, -1);
	int status = -1;

	if (pid <= 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
