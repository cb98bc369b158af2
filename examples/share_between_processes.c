/* cc -std=c11 -o share_between_processes share_between_processes.c $(pkg-config --cflags --libs rheo) */

/*
 * Eight worker processes, one exact limit: the bucket lies in shared memory and
 * holds no pointer, so each worker attaches wherever the memory is mapped.
 */

#define _GNU_SOURCE
#include <rheo/rheo.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 8

/* Asks for half a second as fast as it can, and says what it got. */
static int
work(void *shared, uint64_t size, uint64_t begin)
{
	rheo_bucket_t *bucket;
	uint64_t now, admitted = 0;

	if (rheo_bucket_attach(shared, size, &bucket) != RHEO_OK)
		return 255;
	while ((now = rheo_now_ns()) - begin < 500000000)
		if (rheo_bucket_try_acquire_at(bucket, 1, now) == RHEO_OK)
			admitted++;
	printf("worker %d: %llu\n", (int)getpid(), (unsigned long long)admitted);
	return 0;
}

int
main(void)
{
	rheo_bucket_config_t cfg;
	rheo_bucket_stats_t stats;
	rheo_bucket_t *bucket;
	uint64_t size, begin = rheo_now_ns(), bound;
	void *shared;
	int status, bad = 0;

	rheo_bucket_config_init(&cfg, sizeof cfg);
	cfg.tokens_per_period = 20000;
	cfg.burst = 500;
	size = rheo_bucket_size(&cfg);
	/* a file or a memfd would do as well, for workers that are not children */
	shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || rheo_bucket_init(shared, size, &cfg, begin, &bucket) != RHEO_OK)
		return 1;

	for (int i = 0; i < WORKERS; i++)
		if (fork() == 0)
			exit(work(shared, size, begin));
	for (int i = 0; i < WORKERS; i++)
		if (wait(&status) < 0 || status != 0)
			bad = 1;

	rheo_bucket_stats(bucket, &stats, sizeof stats);
	bound = cfg.burst + (rheo_now_ns() - begin) / 50000 + 1;
	printf("all together: %llu, at most %llu\n", (unsigned long long)stats.admitted, (unsigned long long)bound);
	return bad || stats.admitted > bound || stats.admitted < cfg.burst;
}
