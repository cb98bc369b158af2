/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <rheo/rheo.h>

enum { WORKERS = 256, SECONDS, RATE, BURST, LANES, KILL_EVERY, SEGMENT, SEED, CHEAT };

static const struct option long_options[] = {
	{"workers", required_argument, NULL, WORKERS},
	{"seconds", required_argument, NULL, SECONDS},
	{"rate", required_argument, NULL, RATE},
	{"burst", required_argument, NULL, BURST},
	{"lanes", required_argument, NULL, LANES},
	{"kill-every-ms", required_argument, NULL, KILL_EVERY},
	{"segment", required_argument, NULL, SEGMENT},
	{"seed", required_argument, NULL, SEED},
	{"cheat", required_argument, NULL, CHEAT},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

static const char usage[] =
	"Usage: prefork [OPTION...]\n"
	"Worker processes share one rate limit and one circuit breaker in shared memory; they are\n"
	"killed at random and replaced, and in the end the master checks that the limit was kept.\n"
	"\n"
	"Options [default]:\n"
	"      --workers N        worker processes, at most 64 [8]\n"
	"      --seconds N        how long, at most 3600 [10]\n"
	"      --rate N           calls a second that all together may make, at most 100000 [2000]\n"
	"      --burst N          calls that may be made at once, at most 1000000 [200]\n"
	"      --lanes N          lanes of the bucket; 0: as CPUs and burst allow [1]\n"
	"      --kill-every-ms N  a worker is killed about so often; 0: none [100]\n"
	"      --segment PATH     share this file, and keep it; one that prefork left is replaced\n"
	"                         [a memfd, whose name under /proc is printed]\n"
	"      --seed N           of what is random: kills, illness, work [the time]\n"
	"      --cheat N          a worker makes every Nth call that was refused for the rate all the\n"
	"                         same, to see that the checks notice [0: never]\n"
	"  -h, --help             this text\n"
	"  -V, --version          the version of rheo\n"
	"\n"
	"While it runs: rheo-inspect --watch PATH. Exit status: 0, 1 where a check failed or nothing\n"
	"could be run, 2 for a wrong option.\n";

_Noreturn static void __attribute__((format(printf, 1, 2)))
wrong(const char *format, ...)
{
	va_list args;

	fputs("prefork: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(EXIT_USAGE);
}

static uint64_t
number(const char *option, uint64_t least, uint64_t most)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(optarg, &end, 10);
	if (!isdigit((unsigned char)optarg[0]) || *end != '\0' || errno != 0 || n < least || n > most)
		wrong("%s: \"%s\" is not a whole number from %llu to %llu", option, optarg,
		      (unsigned long long)least, (unsigned long long)most);
	return n;
}

static void
read_one(int option, struct options *o)
{
	switch (option) {
	case WORKERS:
		o->workers = number("--workers", 1, OPTIONS_WORKERS_MAX);
		break;
	case SECONDS:
		o->seconds = number("--seconds", 1, 3600);
		break;
	case RATE:
		o->rate = number("--rate", 1, 100000);
		break;
	case BURST:
		o->burst = number("--burst", 1, 1000000);
		break;
	case LANES:
		o->lanes = number("--lanes", 0, 1024);
		break;
	case KILL_EVERY:
		o->kill_every_ms = number("--kill-every-ms", 0, 3600000);
		break;
	case SEGMENT:
		o->segment = optarg;
		break;
	case SEED:
		o->seed = number("--seed", 0, UINT64_MAX);
		break;
	case CHEAT:
		o->cheat = number("--cheat", 0, 1000000);
		break;
	case 'h':
		fputs(usage, stdout);
		exit(EXIT_SUCCESS);
	case 'V':
		printf("prefork: rheo %s\n", rheo_version_string());
		exit(EXIT_SUCCESS);
	default:
		break;
	}
}

void
options_read(int argc, char **argv, struct options *o)
{
	int option;

	*o = (struct options){
		.workers = 8,
		.seconds = 10,
		.rate = 2000,
		.burst = 200,
		.lanes = 1,
		.kill_every_ms = 100,
		.seed = rheo_now_ns(),
	};
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":hV", long_options, NULL)) != -1) {
		if (option == ':')
			wrong("%s needs a value; see --help", argv[optind - 1]);
		if (option == '?')
			wrong("there is no option %s; see --help", argv[optind - 1]);
		read_one(option, o);
	}
	if (optind < argc)
		wrong("\"%s\" is not an option; see --help", argv[optind]);
	if (o->rate * o->seconds > OPTIONS_ADMISSIONS_MAX)
		wrong("--rate times --seconds is above %llu: each call admitted is kept until the end",
		      (unsigned long long)OPTIONS_ADMISSIONS_MAX);
}
