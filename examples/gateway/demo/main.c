/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The demo: starts the gateway and its upstream, plays the plan (plan.h) over
 * real HTTP on the loopback, watches, and checks the promises from what was
 * seen on the wire. What it started it stops, however it ends.
 */

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <rheo/clock.h>

#include "check.h"
#include "child.h"
#include "load.h"
#include "loop.h"
#include "plan.h"
#include "plot.h"
#include "report.h"
#include "self_test.h"
#include "watch.h"

#define MS UINT64_C(1000000)
#define HEADSTART_NS (400 * MS)
#define LATEST_NS (20000 * MS) /* after the last request is due, all must be over */

struct demo {
	const char *gateway_program, *upstream_program, *script, *out;
	struct event_base *base;
	struct child gateway, upstream;
	struct history history;
	struct load *load;
	struct watch *watch;
	struct live live;
	struct event *phase_timer;
	unsigned phase; /* the next to begin */
	int stopped_by; /* a signal, or -1 where it took too long */
	int gateway_status;
};

static const char usage[] =
	"Usage: demo-load [OPTION...]\n"
	"Plays 20 s of load against a rheo gateway and checks P1, P8 and P9 from the wire.\n"
	"\n"
	"  --gateway PROGRAM   the gateway [build/gateway]\n"
	"  --upstream PROGRAM  the server behind it [build/demo-upstream]\n"
	"  --plot SCRIPT       gnuplot script for the picture; none: no picture\n"
	"  --out FOLDER        for the picture and what it was drawn from [build/demo]\n"
	"  --self-test         only prove that the checks can fail: feed them doctored records\n"
	"  --help              this text\n"
	"\n"
	"Exit status: 0 all checks held, 1 one did not, 2 wrong option, 130 interrupted.\n";

static struct timeval
time_of(uint64_t ns)
{
	return (struct timeval){.tv_sec = (time_t)(ns / (1000 * MS)),
				.tv_usec = (suseconds_t)(ns % (1000 * MS) / 1000)};
}

/* Tells the upstream what the phase wants, and waits for the next. */
static void
begin_phase(evutil_socket_t fd, short what, void *arg)
{
	struct demo *d = arg;
	uint64_t now_ns, next_ns;
	struct timeval wait;

	(void)fd;
	(void)what;
	watch_tell_upstream(d->watch, d->phase++);
	if (d->phase == PLAN_PHASES)
		return;
	now_ns = rheo_now_ns();
	next_ns = d->history.begin_ns + plan_begin_ns(d->phase);
	wait = time_of(next_ns > now_ns ? next_ns - now_ns : 0);
	evtimer_add(d->phase_timer, &wait);
}

static void
show(evutil_socket_t fd, short what, void *arg)
{
	struct demo *d = arg;
	uint64_t now_ns = rheo_now_ns();

	(void)fd;
	(void)what;
	live_show(&d->live, &d->history, load_tally(d->load), now_ns);
	if (now_ns > d->history.begin_ns + plan_begin_ns(PLAN_PHASES) + LATEST_NS) {
		d->stopped_by = -1;
		event_base_loopbreak(d->base);
	}
}

static void
all_looked_at(void *arg)
{
	struct demo *d = arg;

	event_base_loopbreak(d->base);
}

static void
all_answered(void *arg)
{
	struct demo *d = arg;

	watch_finish(d->watch, all_looked_at, d);
}

static void
interrupted(evutil_socket_t signal_number, short what, void *arg)
{
	struct demo *d = arg;

	(void)what;
	d->stopped_by = (int)signal_number;
	event_base_loopbreak(d->base);
}

static bool
start_programs(struct demo *d)
{
	char upstream[32], route[512];
	char *upstream_arguments[] = {"demo-upstream", "--listen", "127.0.0.1:0", NULL};
	char *gateway_arguments[] = {"gateway", "--listen",  "127.0.0.1:0", "--upstream",
				     upstream,	"--threads", "2",	    "--trace",
				     "--route", route,	     NULL};

	snprintf(route, sizeof route, "%s", plan_route);
	if (!child_start(&d->upstream, d->upstream_program, upstream_arguments))
		return false;
	snprintf(upstream, sizeof upstream, "127.0.0.1:%u", d->upstream.port);
	return child_start(&d->gateway, d->gateway_program, gateway_arguments);
}

static void
play(struct demo *d)
{
	const struct timeval fifth = {.tv_usec = 200000}, at_once = {0};
	struct event *look = event_new(d->base, -1, EV_PERSIST, show, d);
	struct event *interrupt = evsignal_new(d->base, SIGINT, interrupted, d);
	struct event *terminate = evsignal_new(d->base, SIGTERM, interrupted, d);

	d->phase_timer = evtimer_new(d->base, begin_phase, d);
	if (look == NULL || interrupt == NULL || terminate == NULL || d->phase_timer == NULL)
		abort();
	d->history.begin_ns = rheo_now_ns() + HEADSTART_NS;
	load_schedule(&d->history.records, d->history.begin_ns);
	d->watch = watch_start(d->base, d->gateway.port, d->upstream.port, &d->history);
	d->load = load_start(d->base, d->gateway.port, &d->history.records, all_answered, d);
	live_begin(&d->live);
	event_add(look, &fifth);
	event_add(interrupt, NULL);
	event_add(terminate, NULL);
	evtimer_add(d->phase_timer, &at_once);
	event_base_dispatch(d->base);
	live_end(&d->live);
	event_free(look);
	event_free(interrupt);
	event_free(terminate);
	event_free(d->phase_timer);
}

static bool
tell(struct finding finding)
{
	printf("  %s\n", finding.line);
	return finding.good;
}

/* Prints everything; returns whether all was as it should be. */
static bool
judge(const struct demo *d)
{
	const struct history *h = &d->history;
	bool good = true;

	report_phases(h);
	report_transitions(h);
	putchar('\n');
	good &= tell(check_p1(&h->records, PLAN_LIMIT_PER_S, PLAN_BURST));
	good &= tell(check_p8(h));
	good &= tell(check_p9(&h->records, PLAN_HALF_OPEN_CALLS));
	good &= tell(check_sums(h));
	good &= tell(check_phases(h));
	if (watch_trouble(d->watch) != NULL) {
		printf("  BROKEN: %s\n", watch_trouble(d->watch));
		good = false;
	}
	if (d->gateway_status != 0) {
		printf("  BROKEN: the gateway ended with %d, not by draining\n", d->gateway_status);
		good = false;
	}
	return good;
}

static int
finish(struct demo *d)
{
	bool good;

	if (d->stopped_by > 0) {
		fputs("demo: interrupted; everything it started is stopped\n", stderr);
		return 128 + d->stopped_by;
	}
	if (d->stopped_by < 0)
		fputs("demo: took too long; what was not answered by now counts as lost\n", stderr);
	good = judge(d);
	if (d->script != NULL) {
		if (plot(&d->history, d->out, d->script))
			printf("\n  picture: %s/timeline.png and %s/timeline.svg\n", d->out, d->out);
		else
			good = false;
	}
	printf("  %s\n", good ? "all checks held" : "NOT all checks held");
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void
read_options(int argc, char **argv, struct demo *d)
{
	static const struct option options[] = {{"gateway", required_argument, NULL, 'g'},
						{"upstream", required_argument, NULL, 'u'},
						{"plot", required_argument, NULL, 'p'},
						{"out", required_argument, NULL, 'o'},
						{"self-test", no_argument, NULL, 't'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'g':
			d->gateway_program = optarg;
			break;
		case 'u':
			d->upstream_program = optarg;
			break;
		case 'p':
			d->script = optarg;
			break;
		case 'o':
			d->out = optarg;
			break;
		case 't':
			exit(self_test() == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
		case 'h':
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		default:
			exit(2);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "demo: \"%s\" is not an option; see --help\n", argv[optind]);
		exit(2);
	}
}

int
main(int argc, char **argv)
{
	static struct demo d = {.gateway_program = "build/gateway",
				.upstream_program = "build/demo-upstream",
				.out = "build/demo"};
	int status = EXIT_FAILURE;

	read_options(argc, argv, &d);
	signal(SIGPIPE, SIG_IGN);
	d.base = loop_new();
	if (d.base == NULL)
		return EXIT_FAILURE;
	if (start_programs(&d)) {
		printf("demo: gateway 127.0.0.1:%u, upstream 127.0.0.1:%u, %.0f s\n      --route '%s'\n\n",
		       d.gateway.port, d.upstream.port, (double)plan_begin_ns(PLAN_PHASES) / 1e9,
		       plan_route);
		play(&d);
		d.gateway_status = child_stop(&d.gateway);
		child_stop(&d.upstream);
		status = finish(&d);
	}
	child_stop(&d.gateway);
	child_stop(&d.upstream);
	watch_free(d.watch);
	load_free(d.load);
	event_base_free(d.base);
	free(d.history.records.record);
	free(d.history.seen);
	return status;
}
