/* cc -std=c11 -o break_on_errors break_on_errors.c $(pkg-config --cflags --libs rheo) */

/*
 * A circuit breaker round a call that fails for a while: it opens, refuses
 * without calling, probes, and closes when the other side is well again.
 */

#include <rheo/rheo.h>

#include <stdio.h>
#include <stdlib.h>

#define MS UINT64_C(1000000)

/* The other side is ill from 1 s to 4 s. */
static int
other_side(uint64_t now_ns)
{
	return now_ns < 1000 * MS || now_ns >= 4000 * MS;
}

int
main(void)
{
	rheo_breaker_config_t cfg;
	rheo_breaker_t *breaker;
	uint64_t size, permit, called = 0, spared = 0;
	uint32_t state, last = 99;

	rheo_breaker_config_init(&cfg, sizeof cfg);
	cfg.failure_rate_bp = 5000; /* 50 % ... */
	cfg.minimum_calls = 10; /* ... of at least 10 calls ... */
	cfg.window_ns = 1000 * MS; /* ... in the last second */
	cfg.open_ns = 500 * MS;
	cfg.half_open_calls = 3;

	size = rheo_breaker_size(&cfg);
	void *mem = aligned_alloc(rheo_breaker_align(), size);
	if (mem == NULL || rheo_breaker_init(mem, size, &cfg, 0, &breaker) != RHEO_OK)
		return 1;

	for (uint64_t now = 0; now < 6000 * MS; now += 10 * MS) {
		if (rheo_breaker_try_acquire(breaker, now, &permit) == RHEO_OK) {
			int ok = other_side(now);

			called++;
			rheo_breaker_record(breaker, permit, ok ? RHEO_SUCCESS : RHEO_FAILURE, now);
		} else {
			spared++;
		}
		rheo_breaker_state(breaker, &state, NULL);
		if (state != last)
			printf("%4llu ms  %s\n", (unsigned long long)(now / MS), rheo_state_name(state));
		last = state;
	}
	printf("%llu calls made, %llu spared\n", (unsigned long long)called, (unsigned long long)spared);
	free(mem);
	return last != RHEO_CLOSED || spared < 200;
}
