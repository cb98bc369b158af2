/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <rheo/rheo.h>

enum { ON_JSON = 256, ON_WATCH, ON_NOW, ON_FORCE_OPEN, ON_FORCE_CLOSED, ON_AUTO, ON_RESET };

static const struct option long_options[] = {
	{"json", no_argument, NULL, ON_JSON},
	{"watch", optional_argument, NULL, ON_WATCH},
	{"now", required_argument, NULL, ON_NOW},
	{"force-open", required_argument, NULL, ON_FORCE_OPEN},
	{"force-closed", required_argument, NULL, ON_FORCE_CLOSED},
	{"auto", required_argument, NULL, ON_AUTO},
	{"reset", required_argument, NULL, ON_RESET},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

static const char usage[] =
	"Usage: rheo-inspect [OPTION...] SEGMENT\n"
	"Shows the rate limits, circuit breakers and counters that lie in shared memory: what they\n"
	"are set to, what they hold, what they have counted. Looking writes nothing.\n"
	"\n"
	"SEGMENT is a file, a name of shm_open (in /dev/shm), or /proc/PID/fd/N for a memfd.\n"
	"\n"
	"Options:\n"
	"      --json                one JSON document\n"
	"      --watch[=SECONDS]     look again every second, or so often; q or Control-C ends it\n"
	"      --now NS              the time to go by, in nanoseconds [the monotonic clock's]\n"
	"      --force-open WHICH    the breaker refuses every call\n"
	"      --force-closed WHICH  the breaker admits every call\n"
	"      --auto WHICH          the breaker goes by what it counts, as usual\n"
	"      --reset WHICH         the breaker is closed, goes by what it counts, and its window is empty\n"
	"  -h, --help                this text\n"
	"  -V, --version             the version of rheo\n"
	"\n"
	"WHICH is the #number that an object is shown with, or its offset: #1, 1, 768, 0x300.\n"
	"Times are of the clock that the segment's users pass to rheo. Without --now that is taken to\n"
	"be the one rheo_now_ns() reads, CLOCK_MONOTONIC; where it is another, ages and levels are\n"
	"wrong, and acting on a breaker by a time far ahead of its users' makes it stand still until\n"
	"they get there: give --now. The rates that --watch shows are by this program's own clock.\n"
	"\n"
	"Exit status: 0; 1 where the segment could not be read, or something in it; 2 for a wrong\n"
	"option.\n";

_Noreturn static void __attribute__((format(printf, 1, 2)))
wrong(const char *format, ...)
{
	va_list args;

	fputs("rheo-inspect: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("; see --help\n", stderr);
	exit(EXIT_USAGE);
}

static uint64_t
nanoseconds(const char *text)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0)
		wrong("--now: \"%s\" is not a number of nanoseconds", text);
	return n;
}

static uint64_t
interval(const char *text)
{
	double s;
	char *end;

	if (text == NULL)
		return UINT64_C(1000000000);
	s = strtod(text, &end);
	if (!isdigit((unsigned char)text[0]) || *end != '\0' || !(s >= 0.05) || s > 3600)
		wrong("--watch: \"%s\" is not a number of seconds from 0.05 to 3600", text);
	return (uint64_t)(s * 1e9);
}

static void
act(struct options *o, enum action action)
{
	if (o->action != LOOK)
		wrong("only one of --force-open, --force-closed, --auto and --reset at a time");
	o->action = action;
	o->which = optarg;
}

static void
read_one(int option, struct options *o)
{
	switch (option) {
	case ON_JSON:
		o->json = true;
		break;
	case ON_WATCH:
		o->watch = true;
		o->every_ns = interval(optarg);
		break;
	case ON_NOW:
		o->has_now = true;
		o->now_ns = nanoseconds(optarg);
		break;
	case ON_FORCE_OPEN:
		act(o, FORCE_OPEN);
		break;
	case ON_FORCE_CLOSED:
		act(o, FORCE_CLOSED);
		break;
	case ON_AUTO:
		act(o, AUTO);
		break;
	case ON_RESET:
		act(o, RESET);
		break;
	case 'h':
		fputs(usage, stdout);
		exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
	case 'V':
		printf("rheo-inspect: rheo %s\n", rheo_version_string());
		exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
	default:
		break;
	}
}

void
options_read(int argc, char **argv, struct options *o)
{
	int option;

	*o = (struct options){.action = LOOK, .started_ns = rheo_now_ns()};
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":hV", long_options, NULL)) != -1) {
		if (option == ':')
			wrong("%s needs a value", argv[optind - 1]);
		if (option == '?')
			wrong("%s is no option", argv[optind - 1]);
		read_one(option, o);
	}
	if (optind + 1 != argc)
		wrong(optind == argc ? "which segment?" : "one segment at a time");
	o->segment = argv[optind];
	if (o->json + o->watch + (o->action != LOOK) > 1)
		wrong("--json, --watch and acting on a breaker are three things");
}

uint64_t
options_now(const struct options *o)
{
	uint64_t clock_ns = rheo_now_ns();

	if (!o->has_now)
		return clock_ns;
	return o->watch ? o->now_ns + (clock_ns - o->started_ns) : o->now_ns;
}
