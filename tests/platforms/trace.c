/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Prints a line a section, and one for all of them: name, calls, hash. The
 * golden ones are in golden.txt: another line there is another verdict.
 *
 *	trace [section]
 */

#include "trace.h"

#include <inttypes.h>
#include <stdio.h>

#include "hint.h"

unsigned trace_cpu;

unsigned
trace_cpu_now(void)
{
	return trace_cpu;
}

/* What a binding copies: names, constants, sizes. */
void
trace_names(struct trace *t)
{
	for (int32_t i = -8; i < 12; i++) {
		fold_text(t, rheo_status_name(i));
		fold_text(t, rheo_status_text(i));
		fold_text(t, rheo_state_name((uint32_t)i));
		fold_text(t, rheo_mode_name((uint32_t)i));
		fold_text(t, rheo_cause_name((uint32_t)i));
		answer(t, i);
	}
	fold(t, sizeof(rheo_bucket_config_t));
	fold(t, sizeof(rheo_bucket_stats_t));
	fold(t, sizeof(rheo_bucket_quota_t));
	fold(t, sizeof(rheo_breaker_config_t));
	fold(t, sizeof(rheo_breaker_event_t));
	fold(t, sizeof(rheo_breaker_snapshot_t));
	fold(t, sizeof(rheo_verdict_t));
	fold(t, sizeof(rheo_guard_stats_t));
	fold(t, sizeof(rheo_counter_config_t));
}

void
trace_counters(struct trace *t)
{
	for (unsigned i = 0; i < 100; i++) {
		rheo_counter_config_t cfg;
		rheo_counter_t *c = NULL;
		uint64_t size, sum = 0;
		void *mem;

		answer(t, rheo_counter_config_init(&cfg, sizeof cfg));
		cfg.lanes = (uint32_t)(1 + below(t, 1024));
		cfg.counts = (uint32_t)(1 + below(t, 8));
		size = rheo_counter_size(&cfg);
		fold(t, size);
		mem = memory_for(size);
		answer(t, rheo_counter_init(mem, size, &cfg, i, &c));
		answer(t, rheo_counter_attach(mem, size - below(t, 2), &c));
		for (unsigned k = 0; k < 200; k++) {
			uint32_t index = (uint32_t)below(t, 9);
			int32_t st;

			trace_cpu = (unsigned)next_random(&t->random);
			answer(t, rheo_counter_add(c, index, any_number(t, 64)));
			st = rheo_counter_read(c, (uint32_t)below(t, 9), &sum);
			answer_with(t, st, sum);
		}
		free(mem);
	}
}

static const struct {
	const char *name;
	void (*play)(struct trace *);
	uint64_t seed;
	bool as_before; /* comes to the hash of the section before it */
} sections[] = {
	{"names-and-sizes", trace_names, 1, false},
	{"counters", trace_counters, 2, false},
	{"buckets", trace_buckets, 3, false},
	{"bucket-edges", trace_bucket_edges, 4, false},
	{"bucket-lanes", trace_bucket_lanes, 5, false},
	{"breakers-by-time", trace_breakers_by_time, 6, false},
	{"breakers-on-lanes", trace_breakers_on_lanes, 6, true},
	{"breakers-clock-back", trace_breakers_clock_back, 10, false},
	{"breakers-by-count", trace_breakers_by_count, 7, false},
	{"breaker-edges", trace_breaker_edges, 8, false},
	{"breaker-many-calls", trace_breaker_many_calls, 11, false},
	{"guards", trace_guards, 9, false},
};

static void
print(const char *name, const struct trace *t)
{
	printf("%-20s %8" PRIu64 " %016" PRIx64 "\n", name, t->calls, t->hash);
}

int
main(int argc, char **argv)
{
	struct trace all = {0, 0, 0};
	uint64_t before = 0;
	int faults = 0;

	for (unsigned i = 0; i < sizeof sections / sizeof sections[0]; i++) {
		struct trace t = {sections[i].seed, 0, 0};

		if (argc > 1 && strcmp(argv[1], sections[i].name) != 0)
			continue;
		trace_cpu = 0;
		sections[i].play(&t);
		print(sections[i].name, &t);
		if (sections[i].as_before && before != 0 && before != t.hash) {
			fprintf(stderr, "%s: verdicts depend on the lane\n", sections[i].name);
			faults++;
		}
		before = t.hash;
		fold(&all, t.hash);
		all.calls += t.calls;
	}
	print("total", &all);
	return faults != 0 || all.calls == 0;
}
