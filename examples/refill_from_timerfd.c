/* cc -std=c11 -o refill_from_timerfd refill_from_timerfd.c -pthread $(pkg-config --cflags --libs rheo) */

/*
 * The refill hook driven by a loop's timer: workers ask without a time, the
 * loop publishes credit when the bucket says it is worth it. (Linux.)
 */

#define _GNU_SOURCE
#include <rheo/rheo.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

static rheo_bucket_t *bucket;
static atomic_int done;

static void *
worker(void *admitted)
{
	while (!atomic_load(&done))
		if (rheo_bucket_try_acquire(bucket, 1) == RHEO_OK)
			++*(uint64_t *)admitted;
	return NULL;
}

/* Arms the timer for when the bucket next wants it. */
static void
arm(int timer, uint64_t now)
{
	struct itimerspec at = {0};
	uint64_t delay;

	rheo_bucket_next_refill_ns(bucket, now, &delay);
	if (delay < 1000000)
		delay = 1000000; /* a thousand times a second is often enough */
	at.it_value.tv_sec = (time_t)(delay / 1000000000);
	at.it_value.tv_nsec = (long)(delay % 1000000000);
	timerfd_settime(timer, 0, &at, NULL);
}

int
main(void)
{
	uint64_t admitted[2] = {0, 0}, begin = rheo_now_ns(), now = begin, size, ticks;
	int timer = timerfd_create(CLOCK_MONOTONIC, 0), loop = epoll_create1(0), hooks = 0;
	struct epoll_event event = {.events = EPOLLIN};
	rheo_bucket_config_t cfg;
	pthread_t thread[2];

	rheo_bucket_config_init(&cfg, sizeof cfg);
	cfg.tokens_per_period = 10000;
	cfg.burst = 100;
	size = rheo_bucket_size(&cfg);
	if (rheo_bucket_init(aligned_alloc(128, size), size, &cfg, begin, &bucket) != RHEO_OK)
		return 1;
	for (int i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, worker, &admitted[i]);
	epoll_ctl(loop, EPOLL_CTL_ADD, timer, &event);
	for (arm(timer, now); now - begin < 500000000; arm(timer, now)) {
		epoll_wait(loop, &event, 1, -1);
		if (read(timer, &ticks, sizeof ticks) < 0)
			return 1;
		now = rheo_now_ns();
		rheo_bucket_refill(bucket, now); /* the hook */
		hooks++;
	}
	atomic_store(&done, 1);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	now = cfg.burst + (now - begin) / 100000 + 1;
	printf("%d hooks; admitted %llu, at most %llu\n", hooks, (unsigned long long)(admitted[0] + admitted[1]),
	       (unsigned long long)now);
	return admitted[0] + admitted[1] > now || hooks == 0;
}
