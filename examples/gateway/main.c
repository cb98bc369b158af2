/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * gateway: HTTP in, guard, upstream, outcome recorded, answer out. README.md
 * here shows a request's way through the files.
 */

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/thread.h>

#include "gateway.h"
#include "worker.h"

/* The main thread: it waits for signals and for workers to end. */
struct watch {
	struct gateway gateway;
	struct worker *worker;
	struct event_base *base;
	unsigned running;
	uint64_t drain_began_ns; /* 0: no signal yet */
};

void *
gateway_memory(size_t size)
{
	void *mem = calloc(1, size);

	if (mem == NULL) {
		fputs("gateway: out of memory\n", stderr);
		abort();
	}
	return mem;
}

char *
gateway_copy(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(gateway_memory(size), text, size);
}

static void
on_signal(evutil_socket_t signal_number, short what, void *arg)
{
	struct watch *watch = arg;

	(void)what;
	if (watch->drain_began_ns != 0) {
		fputs("gateway: second signal: ends at once\n", stderr);
		_exit(128 + (int)signal_number);
	}
	watch->drain_began_ns = rheo_now_ns();
	for (unsigned i = 0; i < watch->gateway.options.threads; i++)
		worker_drain(&watch->worker[i]);
}

static void
on_ended(evutil_socket_t fd, short what, void *arg)
{
	struct watch *watch = arg;

	(void)fd;
	(void)what;
	if (--watch->running == 0)
		event_base_loopbreak(watch->base);
}

static void
log_line(int severity, const char *message)
{
	if (severity >= EVENT_LOG_WARN)
		fprintf(stderr, "gateway: libevent: %s\n", message);
}

/* A connection in and one out for each request under way. */
static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void
make_gateway(struct gateway *g)
{
	char why_route[256];
	const char *why;

	if (!address_find(g->options.upstream, false, &g->upstream, &why))
		options_wrong("--upstream %s: %s", g->options.upstream, why);
	g->started_ns = rheo_now_ns();
	if (!routes_make(&g->routes, g->options.route, g->options.routes, g->started_ns, why_route,
			 sizeof why_route))
		options_wrong("--route %s", why_route);
}

static void
start_workers(struct watch *watch)
{
	unsigned threads = (unsigned)watch->gateway.options.threads;
	struct address address;
	int *fds = gateway_memory(threads * sizeof *fds);
	const char *why;

	if (!address_find(watch->gateway.options.listen, true, &address, &why))
		options_wrong("--listen %s: %s", watch->gateway.options.listen, why);
	if (!address_listen(&address, fds, threads))
		options_wrong("--listen %s: %s", watch->gateway.options.listen, strerror(errno));
	watch->worker = gateway_memory(threads * sizeof *watch->worker);
	for (unsigned i = 0; i < threads; i++) {
		struct event *ended = event_new(watch->base, -1, 0, on_ended, watch);

		if (ended == NULL || !worker_start(&watch->worker[i], &watch->gateway, fds[i], ended)) {
			fputs("gateway: a worker thread could not be started\n", stderr);
			exit(EXIT_FAILURE);
		}
		watch->running++;
	}
	free(fds);
	printf("gateway: listening on %s, upstream %s, %u thread%s, %u route%s\n", address.text,
	       watch->gateway.upstream.text, threads, threads == 1 ? "" : "s", watch->gateway.routes.count,
	       watch->gateway.routes.count == 1 ? "" : "s");
	fflush(stdout);
}

static void
summarize(const struct watch *watch)
{
	uint64_t requests = 0, admitted = 0;
	unsigned cut = 0;

	for (unsigned i = 0; i < watch->gateway.options.threads; i++) {
		requests += watch->worker[i].requests;
		cut += watch->worker[i].cut;
	}
	for (unsigned i = 0; i < watch->gateway.routes.count; i++)
		admitted += route_counted(&watch->gateway.routes.route[i], ROUTE_ADMITTED);
	printf("gateway: drained in %.2f s: %" PRIu64 " requests, %" PRIu64 " admitted, %u cut short\n",
	       (double)(rheo_now_ns() - watch->drain_began_ns) / 1e9, requests, admitted, cut);
}

int
main(int argc, char **argv)
{
	static struct watch watch;
	struct event *terminate, *interrupt;

	options_read(argc, argv, &watch.gateway.options);
	signal(SIGPIPE, SIG_IGN);
	raise_descriptor_limit();
	event_set_log_callback(log_line);
	make_gateway(&watch.gateway);
	if (evthread_use_pthreads() != 0 || (watch.base = event_base_new()) == NULL) {
		fputs("gateway: no event loop\n", stderr);
		return EXIT_FAILURE;
	}
	terminate = evsignal_new(watch.base, SIGTERM, on_signal, &watch);
	interrupt = evsignal_new(watch.base, SIGINT, on_signal, &watch);
	if (terminate == NULL || interrupt == NULL || event_add(terminate, NULL) != 0 ||
	    event_add(interrupt, NULL) != 0)
		return EXIT_FAILURE;
	start_workers(&watch);
	event_base_dispatch(watch.base);
	for (unsigned i = 0; i < watch.gateway.options.threads; i++)
		worker_join(&watch.worker[i]);
	summarize(&watch);
	event_free(terminate);
	event_free(interrupt);
	event_base_free(watch.base);
	free(watch.worker);
	routes_free(&watch.gateway.routes);
	libevent_global_shutdown();
	return EXIT_SUCCESS;
}
