/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rheo/rheo.h>

#include "units.h"

#define SECOND UINT64_C(1000000000)
#define THREADS_MAX 64u

enum { THREADS = 256, UPSTREAM_CONNECTIONS, MAX_BODY, IDLE_TIMEOUT, DRAIN_TIMEOUT, TRACE };

static const struct option long_options[] = {
	{"listen", required_argument, NULL, 'l'},
	{"upstream", required_argument, NULL, 'u'},
	{"route", required_argument, NULL, 'r'},
	{"threads", required_argument, NULL, THREADS},
	{"upstream-connections", required_argument, NULL, UPSTREAM_CONNECTIONS},
	{"max-body", required_argument, NULL, MAX_BODY},
	{"idle-timeout", required_argument, NULL, IDLE_TIMEOUT},
	{"drain-timeout", required_argument, NULL, DRAIN_TIMEOUT},
	{"trace", no_argument, NULL, TRACE},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

static const char usage[] =
	"Usage: gateway --upstream ADDRESS --route 'PREFIX SETTING...' [--route ...] [OPTION...]\n"
	"An HTTP/1.1 reverse proxy that asks a rheo guard (rate limits and a circuit breaker)\n"
	"before each call. Answers 429 or 503 with Retry-After where the guard says no.\n"
	"\n"
	"  gateway --listen 127.0.0.1:8080 --upstream 127.0.0.1:9000 \\\n"
	"          --route '/pay rate=100/s burst=200 failure_rate=50%'\n"
	"\n"
	"Options [default]:\n"
	"  -l, --listen ADDRESS          host:port or [v6]:port; port 0: any free one [127.0.0.1:8080]\n"
	"  -u, --upstream ADDRESS        where requests go; a name is looked up once, at the start\n"
	"  -r, --route 'PREFIX ...'      one guard for all paths under PREFIX; the longest prefix wins;\n"
	"                                may be given up to 64 times; settings below\n"
	"      --threads N               worker threads [as many as CPUs]\n"
	"      --upstream-connections N  connections a thread may have to the upstream [256]\n"
	"      --max-body BYTES          largest request and response body, 64k, 8m [8m]\n"
	"      --idle-timeout TIME       a client connection silent for so long is closed [60s]\n"
	"      --drain-timeout TIME      what requests in flight get to finish at SIGTERM [10s]\n"
	"      --trace                   add X-Rheo-* fields that say how each request was decided\n"
	"  -h, --help                    this text\n"
	"  -V, --version                 the version of rheo\n"
	"\n"
	"Settings of a route, as name=value [default]:\n";

static const char ends[] =
	"\n"
	"/-/status on the same address shows every route's state and counts, for people;\n"
	"/-/status?format=json&since=N for programs, with the transitions after generation N.\n"
	"SIGTERM and SIGINT drain; a second one ends at once, as a signal does. Exit status: 0, or 2 for a wrong\n"
	"option or an address that cannot be had.\n";

void
options_wrong(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("gateway: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(EXIT_USAGE);
}

static uint64_t
count(const char *option, const char *text, uint64_t most)
{
	uint64_t n;

	if (!units_count(text, &n) || n == 0 || n > most)
		options_wrong("%s: \"%s\" is not a whole number from 1 to %llu", option, text,
			      (unsigned long long)most);
	return n;
}

static uint64_t
duration(const char *option, const char *text)
{
	uint64_t ns;

	if (!units_duration(text, &ns) || ns < SECOND / 1000 || ns > 86400 * SECOND)
		options_wrong("%s: \"%s\" is not a duration from 1ms to 1d", option, text);
	return ns;
}

static void
add_route(const char *text, struct options *o)
{
	char why[256];

	if (o->routes == OPTIONS_ROUTES_MAX)
		options_wrong("--route: at most %u routes", OPTIONS_ROUTES_MAX);
	if (!settings_read(text, &o->route[o->routes], why, sizeof why))
		options_wrong("--route '%s': %s", text, why);
	for (unsigned i = 0; i < o->routes; i++)
		if (strcmp(o->route[i].prefix, o->route[o->routes].prefix) == 0)
			options_wrong("--route '%s': %s is given twice", text, o->route[i].prefix);
	o->routes++;
}

_Noreturn static void
help(void)
{
	fputs(usage, stdout);
	settings_help(stdout);
	fputs(ends, stdout);
	exit(EXIT_SUCCESS);
}

static void
read_one(int option, struct options *o)
{
	switch (option) {
	case 'l':
		o->listen = optarg;
		break;
	case 'u':
		o->upstream = optarg;
		break;
	case 'r':
		add_route(optarg, o);
		break;
	case THREADS:
		o->threads = count("--threads", optarg, THREADS_MAX);
		break;
	case UPSTREAM_CONNECTIONS:
		o->upstream_connections = count("--upstream-connections", optarg, 100000);
		break;
	case MAX_BODY:
		if (!units_bytes(optarg, &o->max_body_bytes) || o->max_body_bytes > UINT64_C(1) << 40)
			options_wrong("--max-body: \"%s\" is not a size such as 64k or 8m", optarg);
		break;
	case IDLE_TIMEOUT:
		o->idle_timeout_ns = duration("--idle-timeout", optarg);
		break;
	case DRAIN_TIMEOUT:
		o->drain_timeout_ns = duration("--drain-timeout", optarg);
		break;
	case TRACE:
		o->trace = true;
		break;
	case 'h':
		help();
	case 'V':
		printf("gateway: rheo %s\n", rheo_version_string());
		exit(EXIT_SUCCESS);
	default:
		break;
	}
}

void
options_read(int argc, char **argv, struct options *o)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int option;

	*o = (struct options){
		.listen = "127.0.0.1:8080",
		.threads = cpus < 1		      ? 1
			   : cpus > (long)THREADS_MAX ? THREADS_MAX
						      : (uint64_t)cpus,
		.upstream_connections = 256,
		.max_body_bytes = 8 << 20,
		.idle_timeout_ns = 60 * SECOND,
		.drain_timeout_ns = 10 * SECOND,
	};
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":l:u:r:hV", long_options, NULL)) != -1) {
		if (option == ':')
			options_wrong("%s needs a value; see --help", argv[optind - 1]);
		if (option == '?')
			options_wrong("there is no option %s; see --help", argv[optind - 1]);
		read_one(option, o);
	}
	if (optind < argc)
		options_wrong("\"%s\" is not an option; see --help", argv[optind]);
	if (o->upstream == NULL)
		options_wrong("--upstream is missing; see --help");
	if (o->routes == 0)
		options_wrong("--route is missing; see --help");
}
