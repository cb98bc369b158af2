/* SPDX-License-Identifier: BSD-2-Clause */

/*
 *	segments known FILE   all kinds of objects, in states that tests/json.py knows
 *	segments clash FILE   two breakers, whose numbers and offsets can be mistaken
 *
 * Times are the segment's own: it begins at 1000 s.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rheo/rheo.h>

#define MS UINT64_C(1000000)
#define T0 (1000000 * MS)

#define MUST(call)                                                        \
	do {                                                              \
		int32_t must = (call);                                    \
		if (must != RHEO_OK) {                                    \
			fprintf(stderr, "segments: %s: %d\n", #call, (int)must); \
			exit(1);                                          \
		}                                                         \
	} while (0)

static char *
map(const char *path, uint64_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	char *mem;

	if (fd < 0 || ftruncate(fd, (off_t)size) != 0)
		exit(1);
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mem == MAP_FAILED)
		exit(1);
	close(fd);
	return mem;
}

/* 25 tokens of 50 at T0, a hundred a second; one call refused for the rate, one for good. */
static void
plain_bucket(char *mem)
{
	rheo_bucket_config_t cfg;
	rheo_bucket_t *b;

	rheo_bucket_config_init(&cfg, sizeof cfg);
	cfg.tokens_per_period = 100;
	cfg.burst = 50;
	cfg.counter_lanes = 2;
	MUST(rheo_bucket_init(mem, 4096, &cfg, T0, &b));
	MUST(rheo_bucket_try_acquire_at(b, 20, T0));
	MUST(rheo_bucket_refund(b, 5));
	MUST(rheo_bucket_charge(b, 10, T0));
	if (rheo_bucket_try_acquire_at(b, 40, T0) != RHEO_REJ_RATE || rheo_bucket_try_acquire_at(b, 60, T0) != RHEO_REJ_NEVER)
		exit(1);
}

static void
bucket_with_lanes(char *mem)
{
	rheo_bucket_config_t cfg;
	rheo_bucket_t *b;

	rheo_bucket_config_init(&cfg, sizeof cfg);
	cfg.tokens_per_period = 1000;
	cfg.burst = 1000;
	cfg.lanes = 4;
	cfg.counter_lanes = 4;
	cfg.max_debt = 7;
	MUST(rheo_bucket_init(mem, 4096, &cfg, T0, &b));
	for (int i = 0; i < 100; i++)
		MUST(rheo_bucket_try_acquire_at(b, 1, T0));
}

/* Tripped at 1001 s, half-open since 1006 s with one probe out, one good. */
static void
half_open(char *mem)
{
	rheo_breaker_config_t cfg;
	rheo_breaker_t *b;
	uint64_t permit, other;

	rheo_breaker_config_init(&cfg, sizeof cfg);
	cfg.minimum_calls = 4;
	cfg.lanes = 2;
	MUST(rheo_breaker_init(mem, 8192, &cfg, T0, &b));
	for (unsigned i = 0; i < 4; i++) {
		MUST(rheo_breaker_try_acquire(b, T0 + 1000 * MS, &permit));
		MUST(rheo_breaker_record(b, permit, i < 2 ? RHEO_SUCCESS : RHEO_FAILURE, T0 + 1000 * MS));
	}
	if (rheo_breaker_try_acquire(b, T0 + 2000 * MS, &permit) != RHEO_REJ_OPEN)
		exit(1);
	MUST(rheo_breaker_try_acquire(b, T0 + 6000 * MS, &permit));
	MUST(rheo_breaker_try_acquire(b, T0 + 6000 * MS, &other));
	MUST(rheo_breaker_record(b, other, RHEO_SUCCESS, T0 + 6100 * MS));
}

/* By its last 100 calls, forced closed, with three of four calls slow. */
static void
forced(char *mem)
{
	rheo_breaker_config_t cfg;
	rheo_breaker_t *b;
	uint64_t permit;

	rheo_breaker_config_init(&cfg, sizeof cfg);
	cfg.window_calls = 100;
	cfg.slow_call_rate_bp = 2500;
	cfg.slow_call_ns = 10 * MS;
	cfg.consecutive_failures = 9;
	cfg.open_jitter_bp = 1000;
	cfg.open_backoff_bp = 10000;
	cfg.jitter_seed = 42;
	cfg.lanes = 1;
	MUST(rheo_breaker_init(mem, 16384, &cfg, T0, &b));
	MUST(rheo_breaker_force(b, RHEO_FORCED_CLOSED, T0 + 50 * MS));
	for (unsigned i = 0; i < 4; i++) {
		MUST(rheo_breaker_try_acquire(b, T0 + 100 * MS, &permit));
		MUST(rheo_breaker_record(b, permit, RHEO_SUCCESS, T0 + (i < 3 ? 111 : 110) * MS));
	}
}

static void
counter(char *mem)
{
	rheo_counter_config_t cfg;
	rheo_counter_t *c;

	rheo_counter_config_init(&cfg, sizeof cfg);
	cfg.counts = 8;
	cfg.lanes = 2;
	MUST(rheo_counter_init(mem, 4096, &cfg, T0, &c));
	for (uint32_t i = 0; i < 8; i++)
		MUST(rheo_counter_add(c, i, 10 * i + 1));
}

static void
known(const char *path)
{
	char *mem = map(path, 65536);

	/* What is between objects is nobody's. */
	memset(mem, 0xa5, 65536);
	plain_bucket(mem + 128);
	bucket_with_lanes(mem + 4096);
	half_open(mem + 8192);
	forced(mem + 16384);
	counter(mem + 65536 - 256);
}

static void
clash(const char *path)
{
	char *mem = map(path, 1 << 20);
	rheo_breaker_config_t cfg;
	rheo_counter_config_t counters;
	rheo_breaker_t *b;
	rheo_counter_t *c;

	rheo_counter_config_init(&counters, sizeof counters);
	counters.lanes = 1;
	rheo_breaker_config_init(&cfg, sizeof cfg);
	cfg.lanes = 1;
	/* A breaker at 128, which is also the number of another. */
	MUST(rheo_breaker_init(mem + 128, 65536, &cfg, T0, &b));
	for (unsigned i = 0; i < 127; i++)
		MUST(rheo_counter_init(mem + 65536 + 1024 * i, 1024, &counters, T0, &c));
	MUST(rheo_breaker_init(mem + 65536 + 1024 * 127, 65536, &cfg, T0, &b));
	MUST(rheo_breaker_init(mem + 65536 * 4, 65536, &cfg, T0, &b));
}

int
main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	if (strcmp(argv[1], "known") == 0)
		known(argv[2]);
	else
		clash(argv[2]);
	return 0;
}
