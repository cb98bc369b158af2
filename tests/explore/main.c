/* SPDX-License-Identifier: BSD-2-Clause */

/*
 *	explore [--list] [--limit N] [--catch N] [--schedule S] [--checkpoints N]
 *		[--preemptions N] [NAME...]
 *
 * Runs the scenarios that are called, or whose names begin with, one of those
 * given, or all but those called twin, which are broken on purpose. Exit 1
 * where one fails: it prints where, and the schedule. --schedule runs one by
 * it, each operation printed. --catch N turns the verdict round: the first
 * failure within N executions is what is wanted (a broken twin is caught).
 * --preemptions N: a scenario that is not exhausted when the limit is reached is
 * searched anew, to its end, with at most N preemptions and N old values read.
 * --checkpoints 0 runs every execution from its beginning; it finds the same.
 */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scenario.h"

static const struct ex_scenario *const groups[] = {counter_scenarios, record_scenarios, bucket_scenarios,
						   lanes_scenarios,   breaker_scenarios, probe_scenarios,
						   guard_scenarios,   twin_scenarios};

#define GROUPS (sizeof groups / sizeof *groups)

static uint64_t limit, catch_within;
static unsigned preemptions;
static uint64_t all_executions;

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
print_failure(const struct ex_scenario *s, const struct ex_result *r)
{
	printf("%s: %s:%d: %s\n  schedule: --schedule %s %s\n", s->name, r->file, r->line, r->what, r->schedule, s->name);
}

static struct ex_result
search(const struct ex_scenario *s, uint64_t most)
{
	double begin = seconds();
	struct ex_result r = ex_explore(s, EX_REDUCED, most);
	char how[64] = "limit reached";

	all_executions += r.executions + r.redundant + r.discarded;
	if (catch_within != 0)
		return r;
	if (r.failed) {
		print_failure(s, &r);
		return r;
	}
	if (r.exhausted && s->preemptions != 0)
		snprintf(how, sizeof how, "all with at most %u preemption%s", s->preemptions,
			 s->preemptions == 1 ? "" : "s");
	else if (r.exhausted)
		snprintf(how, sizeof how, "exhausted");
	printf("%-36s %10llu executions, %9llu begun, up to %4llu operations, %6.1f s: %s\n", s->name,
	       (unsigned long long)r.executions, (unsigned long long)r.redundant, (unsigned long long)r.longest,
	       seconds() - begin, how);
	fflush(stdout);
	return r;
}

/* True where it is caught in time. */
static bool
catches(const struct ex_scenario *s)
{
	struct ex_result r = search(s, catch_within);

	if (r.failed)
		printf("%-36s caught in %llu executions: %s\n", s->name,
		       (unsigned long long)(r.executions + r.redundant + r.discarded), r.what);
	else
		printf("%-36s NOT CAUGHT in %llu executions\n", s->name,
		       (unsigned long long)(r.executions + r.redundant));
	free(r.schedule);
	return r.failed;
}

/* True where no execution fails. */
static bool
explore(const struct ex_scenario *s)
{
	struct ex_result r = search(s, limit);

	if (!r.failed && !r.exhausted && preemptions != 0) {
		struct ex_scenario few = *s;

		few.preemptions = preemptions;
		r = search(&few, 0);
	}
	free(r.schedule);
	return !r.failed;
}

static bool
is_a_name(const char *name)
{
	for (unsigned g = 0; g < GROUPS; g++)
		for (const struct ex_scenario *s = groups[g]; s->name != NULL; s++)
			if (strcmp(s->name, name) == 0)
				return true;
	return false;
}

static bool
wanted(const struct ex_scenario *s, char **names)
{
	if (*names == NULL)
		return strncmp(s->name, "twin.", 5) != 0;
	for (; *names != NULL; names++)
		if (is_a_name(*names) ? strcmp(s->name, *names) == 0 : strncmp(s->name, *names, strlen(*names)) == 0)
			return true;
	return false;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {{"list", no_argument, NULL, 'l'},
						{"limit", required_argument, NULL, 'n'},
						{"catch", required_argument, NULL, 'c'},
						{"schedule", required_argument, NULL, 's'},
						{"preemptions", required_argument, NULL, 'b'},
						{"checkpoints", required_argument, NULL, 'p'},
						{NULL, 0, NULL, 0}};
	const char *schedule = NULL;
	bool list = false;
	unsigned ran = 0, good = 0;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (o) {
		case 'l':
			list = true;
			break;
		case 'n':
			limit = strtoull(optarg, NULL, 0);
			break;
		case 'c':
			catch_within = strtoull(optarg, NULL, 0);
			break;
		case 'b':
			preemptions = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 'p':
			ex_checkpoints = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 's':
			schedule = optarg;
			break;
		default:
			return 2;
		}
	for (unsigned g = 0; g < GROUPS; g++)
		for (const struct ex_scenario *s = groups[g]; s->name != NULL; s++) {
			struct ex_result r;

			if (!wanted(s, argv + optind))
				continue;
			ran++;
			if (list)
				printf("%s\n", s->name);
			else if (schedule == NULL)
				good += catch_within != 0 ? catches(s) : explore(s);
			else if (ex_replay(s, schedule, &r))
				printf("%s: %s:%d: %s\n", s->name, r.file, r.line, r.what);
			else
				good += 1;
		}
	if (ran == 0) {
		fprintf(stderr, "explore: no scenario of that name\n");
		return 2;
	}
	if (list)
		return 0;
	printf("explore: %u scenarios, %u as they should be, %llu executions\n", ran, good,
	       (unsigned long long)all_executions);
	return catch_within != 0 ? good == 0 : good != ran;
}
