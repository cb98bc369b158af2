/* cc -std=c11 -o watch_transitions watch_transitions.c $(pkg-config --cflags --libs rheo) */

/*
 * Transitions are polled, not called back: each is seen once, in order, with
 * the counts that caused it. A metrics exporter or a logger would do this.
 */

#include <rheo/rheo.h>

#include <stdio.h>
#include <stdlib.h>

#define MS UINT64_C(1000000)

/* Prints what is new; returns the last generation seen. */
static uint64_t
poll_transitions(const rheo_breaker_t *breaker, uint64_t since)
{
	rheo_breaker_event_t e[16];
	uint32_t n;

	rheo_breaker_events(breaker, since, e, 16, &n);
	for (uint32_t i = 0; i < n; i++) {
		if (e[i].generation != since + 1)
			printf("... %llu missed\n", (unsigned long long)(e[i].generation - since - 1));
		printf("#%llu at %5llu ms  %s -> %s  %s: %llu calls, %llu failed\n",
		       (unsigned long long)e[i].generation, (unsigned long long)(e[i].at_ns / MS),
		       rheo_state_name(e[i].from_state), rheo_state_name(e[i].to_state), rheo_cause_name(e[i].cause),
		       (unsigned long long)e[i].calls, (unsigned long long)e[i].failures);
		since = e[i].generation;
	}
	return since;
}

int
main(void)
{
	rheo_breaker_config_t cfg;
	rheo_breaker_t *breaker;
	uint64_t size, permit, since = 0;

	rheo_breaker_config_init(&cfg, sizeof cfg);
	cfg.minimum_calls = 10;
	cfg.open_ns = 1000 * MS;
	cfg.open_backoff_bp = 10000; /* each time it reopens, twice as long */
	size = rheo_breaker_size(&cfg);
	if (rheo_breaker_init(aligned_alloc(128, size), size, &cfg, 0, &breaker) != RHEO_OK)
		return 1;
	for (uint64_t now = 0; now < 12000 * MS; now += 20 * MS) {
		/* ill for the first six seconds */
		if (rheo_breaker_try_acquire(breaker, now, &permit) == RHEO_OK)
			rheo_breaker_record(breaker, permit, now < 6000 * MS ? RHEO_FAILURE : RHEO_SUCCESS, now);
		if (now % (500 * MS) == 0)
			since = poll_transitions(breaker, since);
	}
	rheo_breaker_force(breaker, RHEO_FORCED_OPEN, 12000 * MS);
	since = poll_transitions(breaker, since);
	return since < 8;
}
