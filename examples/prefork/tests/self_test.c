/* SPDX-License-Identifier: BSD-2-Clause */

/* The checks on doctored records: what is right passes, and each thing wrong is noticed. */

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT 1000u
#define MS OPTIONS_MS

static unsigned ran, wrong;

static void
expect(const char *what, bool good, struct finding f)
{
	ran++;
	if (f.good == good)
		return;
	wrong++;
	fprintf(stderr, "prefork: self-test: %s: %s\n", what, f.line);
}

/* 10 at once, then one a millisecond: what burst 10 and 1000 a second allow, to the last. */
static void
fill(struct admission *list)
{
	for (uint64_t i = 0; i < COUNT; i++) {
		uint64_t at = i < 10 ? 0 : (i - 9) * MS;

		list[i] = (struct admission){.asked_ns = 50 * MS + at, .generation = 0};
		atomic_init(&list[i].decided_ns, 50 * MS + at);
	}
}

static void
test_limit(void)
{
	struct admission list[COUNT];

	fill(list);
	expect("exactly the limit", true, check_limit(list, COUNT, 1000, 10));
	expect("a burst one smaller", false, check_limit(list, COUNT, 1000, 9));
	expect("a rate one smaller, which the rounding allows", true, check_limit(list, COUNT, 999, 10));
	expect("a rate two smaller", false, check_limit(list, COUNT, 998, 10));
	fill(list);
	list[700].asked_ns = list[699].asked_ns;
	atomic_store(&list[700].decided_ns, list[699].asked_ns);
	expect("one a millisecond early", false, check_limit(list, COUNT, 1000, 10));
	/* Asked early, decided in time. */
	fill(list);
	list[700].asked_ns = list[600].asked_ns;
	expect("one stopped between clock and decision", true, check_limit(list, COUNT, 1000, 10));
	/* A crowd in the middle, asked at different times. */
	fill(list);
	for (unsigned i = 500; i < 512; i++) {
		list[i].asked_ns = list[500].asked_ns - i;
		atomic_store(&list[i].decided_ns, list[511].asked_ns);
	}
	expect("spread over what the rate allows", true, check_limit(list, COUNT, 1000, 10));
	fill(list);
	for (unsigned i = 500; i < 512; i++) {
		list[i].asked_ns = 550 * MS - 12 + i - 500;
		atomic_store(&list[i].decided_ns, 550 * MS);
	}
	expect("twelve at once in the middle", false, check_limit(list, COUNT, 1000, 10));
	expect("nobody", false, check_limit(list, 0, 1000, 10));
}

static const uint32_t path[] = {RHEO_CLOSED, RHEO_OPEN, RHEO_HALF_OPEN, RHEO_OPEN, RHEO_HALF_OPEN, RHEO_CLOSED, RHEO_OPEN};
#define EDGES 6u

static void
walk(rheo_breaker_event_t *event)
{
	memset(event, 0, EDGES * sizeof *event);
	for (unsigned i = 0; i < EDGES; i++) {
		event[i].generation = i + 1;
		event[i].at_ns = (i + 1) * 100 * MS;
		event[i].from_state = path[i];
		event[i].to_state = path[i + 1];
	}
}

static void
test_transitions(void)
{
	struct admission list[3] = {{.generation = 0}, {.generation = 2, .probe = 1}, {.generation = 5}};
	rheo_breaker_event_t event[EDGES];
	struct history h = {.event = event, .count = EDGES};

	walk(event);
	expect("a chain", true, check_transitions(&h, EDGES, list, 3));
	expect("one that nobody saw", false, check_transitions(&h, EDGES + 1, list, 3));
	list[2].probe = 1;
	expect("a probe where it was closed", false, check_transitions(&h, EDGES, list, 3));
	list[2] = (struct admission){.generation = 1};
	expect("admitted while open", false, check_transitions(&h, EDGES, list, 3));
	list[2] = (struct admission){.generation = EDGES + 1};
	expect("admitted in no generation", false, check_transitions(&h, EDGES, list, 3));
	list[2] = (struct admission){.generation = 5};
	event[2].to_state = event[3].from_state = RHEO_HALF_OPEN;
	expect("half-open to half-open", false, check_transitions(&h, EDGES, list, 3));
	walk(event);
	event[3].from_state = RHEO_CLOSED;
	expect("a broken chain", false, check_transitions(&h, EDGES, list, 3));
	walk(event);
	event[3].generation = 3;
	expect("one twice", false, check_transitions(&h, EDGES, list, 3));
	walk(event);
	event[3].at_ns = 1;
	expect("time going back", false, check_transitions(&h, EDGES, list, 3));
	event[3].partial = 1;
	expect("one without details", true, check_transitions(&h, EDGES, list, 3));
	walk(event);
	memmove(&event[2], &event[3], 3 * sizeof *event);
	h.count--;
	h.missed = 1;
	expect("one missed, and known to be", true, check_transitions(&h, EDGES, list, 3));
	h.missed = 0;
	expect("one missed", false, check_transitions(&h, EDGES, list, 3));
}

static void
test_probes_and_counts(void)
{
	struct admission list[6] = {{.generation = 7, .probe = 1}, {.generation = 2, .probe = 1}, {.generation = 7},
				    {.generation = 7, .probe = 1}, {.generation = 2, .probe = 1}, {.generation = 7, .probe = 1}};

	expect("three probes", true, check_probes(list, 6, 3));
	expect("one too many", false, check_probes(list, 6, 2));
	expect("all written down", true, check_count(100, 100, 0, 1));
	expect("three killed at it", true, check_count(103, 100, 3, 1));
	expect("four lost, three killed", false, check_count(104, 100, 3, 1));
	expect("written down and not counted", false, check_count(99, 100, 3, 1));
}

/* A breaker in memory of its own, half-open with its probe out since 1.1 s. */
static void
test_never_stuck(void)
{
	rheo_breaker_config_t cfg;
	rheo_breaker_t *b;
	uint64_t permit, size;
	void *mem;

	rheo_breaker_config_init(&cfg, sizeof cfg);
	cfg.consecutive_failures = 1;
	cfg.open_ns = cfg.open_max_ns = 1000 * MS;
	cfg.half_open_calls = 1;
	cfg.probe_timeout_ns = 50 * MS;
	size = rheo_breaker_size(&cfg);
	mem = aligned_alloc(128, size);
	if (mem == NULL || rheo_breaker_init(mem, size, &cfg, 0, &b) != RHEO_OK)
		exit(1);
	rheo_breaker_try_acquire(b, 100 * MS, &permit);
	rheo_breaker_record(b, permit, RHEO_FAILURE, 100 * MS);
	rheo_breaker_try_acquire(b, 1100 * MS, &permit);
	expect("a lost probe", true, check_never_stuck(b, mem, size, 1100 * MS));
	rheo_breaker_force(b, RHEO_FORCED_OPEN, 1100 * MS);
	expect("forced open", false, check_never_stuck(b, mem, size, 1100 * MS));
	free(mem);
}

int
main(void)
{
	test_limit();
	test_transitions();
	test_probes_and_counts();
	test_never_stuck();
	printf("prefork: self-test: %u checks of records, %u wrong\n", ran, wrong);
	return wrong != 0 || ran < 25;
}
