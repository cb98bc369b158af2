/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Those written down to the end. */
static struct admission *
gather(const struct layout *l, size_t *count)
{
	uint64_t places = atomic_load(&l->head->next);
	struct admission *list;

	if (places > l->head->admissions)
		places = l->head->admissions;
	list = calloc(places + 1, sizeof *list);
	if (list == NULL)
		abort();
	*count = 0;
	for (uint64_t i = 0; i < places; i++)
		if (atomic_load_explicit(&l->admission[i].decided_ns, memory_order_acquire) != 0)
			list[(*count)++] = l->admission[i];
	return list;
}

static void
show_calls(const struct layout *l)
{
	static const char *const name[] = {"asked", "admitted", "rate", "open", "probe", "succeeded", "failed", "stale"};

	printf("  calls   ");
	for (uint32_t i = 0; i < 8; i++)
		printf(" %9s", name[i]);
	printf("\n          ");
	for (uint32_t i = 0; i < 8; i++) {
		uint64_t n = 0;

		rheo_counter_read(l->counter, i, &n);
		printf(" %9" PRIu64, n);
	}
	printf("\n");
}

static void
show_workers(const struct admission *list, size_t count, uint64_t workers)
{
	uint64_t by[OPTIONS_WORKERS_MAX] = {0};

	for (size_t i = 0; i < count; i++)
		by[list[i].worker % OPTIONS_WORKERS_MAX]++;
	for (uint64_t i = 0; i < workers; i++)
		printf("%s %9" PRIu64 "%s", i % 8 == 0 ? i == 0 ? "  admitted" : "          " : "", by[i],
		       i % 8 == 7 || i + 1 == workers ? "\n" : "");
}

static bool
show(struct finding f)
{
	printf("  %s\n", f.line);
	return f.good;
}

static struct finding
check_workers(const struct layout *l, const struct outcome *o)
{
	struct finding f = {.good = o->ended == 0 && atomic_load(&l->head->next) <= l->head->admissions};

	if (o->ended != 0)
		snprintf(f.line, sizeof f.line, "workers BROKEN: %" PRIu64 " ended without being killed", o->ended);
	else if (!f.good)
		snprintf(f.line, sizeof f.line, "workers BROKEN: more were admitted than there is room for");
	else
		snprintf(f.line, sizeof f.line, "workers ok: none of them ended but by being killed");
	return f;
}

bool
report(const struct options *options, const struct layout *l, const struct outcome *o)
{
	size_t count, size = (size_t)(l->head->bucket_at - l->head->breaker_at);
	struct admission *list = gather(l, &count);
	rheo_breaker_snapshot_t snapshot = {0};
	rheo_breaker_config_t cfg = {0};
	rheo_bucket_stats_t stats = {0};
	uint64_t now_ns = rheo_now_ns();
	bool good;

	rheo_bucket_stats(l->bucket, &stats, sizeof stats);
	rheo_breaker_config(l->breaker, &cfg, sizeof cfg);
	rheo_breaker_snapshot(l->breaker, now_ns, &snapshot, sizeof snapshot);
	printf("prefork: %.1f s, %" PRIu64 " workers, %" PRIu64 " killed, seed %" PRIu64 "\n", (double)o->ran_ns / 1e9,
	       options->workers, o->killed, options->seed);
	show_calls(l);
	show_workers(list, count, options->workers);
	good = show(check_workers(l, o));
	good = show(check_limit(list, count, options->rate, options->burst)) && good;
	/* With lanes a batch may be on its way: an eighth of the burst at most is in all of them. */
	good = show(check_count(stats.admitted, count, o->killed, 1 + (stats.lanes > 1 ? options->burst / 8 : 0))) && good;
	good = show(check_transitions(&o->history, snapshot.generation, list, count)) && good;
	good = show(check_probes(list, count, cfg.half_open_calls)) && good;
	good = show(check_never_stuck(l->breaker, (const char *)l->head + l->head->breaker_at, size, now_ns)) && good;
	free(list);
	return good;
}
