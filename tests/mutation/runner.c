/* SPDX-License-Identifier: BSD-2-Clause */

/*
 *	unit [ORDER]
 *
 * Runs the tests that are named in the file ORDER, a line each, suite/name; all
 * if there is none, each in a process of its own. Prints the CPU time of each
 * and the file it is in, and ends at the first failure.
 */

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "criterion/criterion.h"

static struct mu_test *tests;
static const struct mu_test *running;

void
mu_register(struct mu_test *test)
{
	test->next = tests;
	tests = test;
}

void
mu_fail(const char *file, int line, const char *what)
{
	printf("FAILED %s/%s: %s:%d: %s\n", running->suite, running->name, file, line, what);
	exit(1);
}

static void
run(const struct mu_test *t)
{
	struct rusage used;
	int status;
	pid_t child;

	running = t;
	fflush(stdout);
	child = fork();
	if (child == 0) {
		t->run();
		fflush(stdout);
		_exit(0); /* exit would move the offset in ORDER, which it shares */
	}
	if (child < 0 || wait4(child, &status, 0, &used) != child)
		exit(2);
	if (WIFSIGNALED(status))
		printf("FAILED %s/%s: signal %d\n", t->suite, t->name, WTERMSIG(status));
	if (status != 0)
		exit(1);
	printf("%s/%s %ld.%06ld %s\n", t->suite, t->name, (long)used.ru_utime.tv_sec, (long)used.ru_utime.tv_usec, t->file);
}

static const struct mu_test *
find(const char *line)
{
	char name[512];

	for (const struct mu_test *t = tests; t != NULL; t = t->next) {
		snprintf(name, sizeof name, "%s/%s\n", t->suite, t->name);
		if (strcmp(name, line) == 0)
			return t;
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	char line[512];
	unsigned ran = 0;
	FILE *order = argc > 1 ? fopen(argv[1], "r") : NULL;

	if (argc > 1 && order == NULL) {
		perror(argv[1]);
		return 2;
	}
	for (const struct mu_test *t = tests; order == NULL && t != NULL; t = t->next, ran++)
		run(t);
	for (; order != NULL && fgets(line, sizeof line, order) != NULL; ran++) {
		const struct mu_test *t = find(line);

		if (t == NULL) {
			fprintf(stderr, "unit: no test %s", line);
			return 2;
		}
		run(t);
	}
	printf("%u tests\n", ran);
	return ran == 0;
}
