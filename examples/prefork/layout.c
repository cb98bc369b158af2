/* SPDX-License-Identifier: BSD-2-Clause */
#include "layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(struct admission) == 32, "two to a cache line");

static uint64_t
whole(uint64_t size)
{
	return (size + 127) / 128 * 128;
}

static bool
failed(const char *what)
{
	fprintf(stderr, "prefork: %s: %s\n", what, strerror(errno));
	return false;
}

/* Whether a file may be replaced: it is one of ours, or empty. */
static bool
is_ours(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	uint64_t magic = LAYOUT_MAGIC;
	struct stat st;
	ssize_t got;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return false;
	}
	got = read(fd, &magic, sizeof magic);
	close(fd);
	return got == 0 || (got == (ssize_t)sizeof magic && magic == LAYOUT_MAGIC);
}

/* A new file or memfd. The old file is unlinked, not cut: somebody may be looking at it. */
static int
segment_fd(const char *path)
{
	if (path == NULL)
		return memfd_create("rheo-prefork", MFD_CLOEXEC);
	if (access(path, F_OK) == 0) {
		if (!is_ours(path)) {
			errno = EEXIST;
			return -1;
		}
		if (unlink(path) != 0)
			return -1;
	}
	return open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

static void
configure(const struct options *o, rheo_breaker_config_t *breaker, rheo_bucket_config_t *bucket,
	  rheo_counter_config_t *counter)
{
	rheo_breaker_config_init(breaker, sizeof *breaker);
	breaker->window_ns = 500 * OPTIONS_MS;
	breaker->open_ns = 100 * OPTIONS_MS;
	breaker->open_backoff_bp = 10000;
	breaker->open_max_ns = 300 * OPTIONS_MS;
	breaker->probe_timeout_ns = 50 * OPTIONS_MS;
	rheo_bucket_config_init(bucket, sizeof *bucket);
	bucket->tokens_per_period = o->rate;
	bucket->burst = o->burst;
	bucket->lanes = (uint32_t)o->lanes;
	rheo_counter_config_init(counter, sizeof *counter);
	counter->counts = 8;
}

bool
layout_make(const struct options *o, struct layout *l)
{
	rheo_breaker_config_t breaker;
	rheo_bucket_config_t bucket;
	rheo_counter_config_t counter;
	struct layout_head head = {0}, *h;
	uint64_t now = rheo_now_ns();
	char *mem;
	int fd;

	configure(o, &breaker, &bucket, &counter);
	head.breaker_at = whole(sizeof head);
	head.bucket_at = head.breaker_at + rheo_breaker_size(&breaker);
	head.counter_at = head.bucket_at + rheo_bucket_size(&bucket);
	head.admission_at = head.counter_at + rheo_counter_size(&counter);
	/* What the limit allows, for somewhat longer than the run. */
	head.admissions = o->burst + o->rate * (o->seconds + 2);
	head.size = head.admission_at + head.admissions * sizeof(struct admission);
	fd = segment_fd(o->segment);
	if (fd < 0 && errno == EEXIST) {
		fprintf(stderr, "prefork: %s is there already, and is no segment of prefork's\n", o->segment);
		return false;
	}
	if (fd < 0 || ftruncate(fd, (off_t)head.size) != 0)
		return failed(o->segment != NULL ? o->segment : "memfd");
	mem = mmap(NULL, head.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mem == MAP_FAILED)
		return failed("mmap");
	/* The memfd stays open, so that /proc/PID/fd/N is a name of it. */
	if (o->segment != NULL)
		close(fd);
	else
		printf("prefork: the segment is /proc/%d/fd/%d\n", (int)getpid(), fd);
	fflush(stdout);
	h = (struct layout_head *)(void *)mem;
	*h = head;
	if (rheo_breaker_init(mem + h->breaker_at, h->bucket_at - h->breaker_at, &breaker, now, &l->breaker) != RHEO_OK ||
	    rheo_bucket_init(mem + h->bucket_at, h->counter_at - h->bucket_at, &bucket, now, &l->bucket) != RHEO_OK ||
	    rheo_counter_init(mem + h->counter_at, h->admission_at - h->counter_at, &counter, now, &l->counter) != RHEO_OK) {
		fprintf(stderr, "prefork: no breaker or bucket can be made of these settings (%s)\n",
			rheo_bucket_config_fault(&bucket) != NULL ? rheo_bucket_config_fault(&bucket) : "breaker");
		return false;
	}
	atomic_store_explicit(&h->magic, LAYOUT_MAGIC, memory_order_release);
	return layout_attach(mem, l);
}

bool
layout_attach(void *mem, struct layout *l)
{
	struct layout_head *h = mem;
	char *begin = mem;

	if (atomic_load_explicit(&h->magic, memory_order_acquire) != LAYOUT_MAGIC)
		return false;
	l->head = h;
	l->admission = (struct admission *)(void *)(begin + h->admission_at);
	return rheo_breaker_attach(begin + h->breaker_at, h->bucket_at - h->breaker_at, &l->breaker) == RHEO_OK &&
	       rheo_bucket_attach(begin + h->bucket_at, h->counter_at - h->bucket_at, &l->bucket) == RHEO_OK &&
	       rheo_counter_attach(begin + h->counter_at, h->admission_at - h->counter_at, &l->counter) == RHEO_OK;
}

rheo_guard_t *
layout_guard(const struct layout *l, void **mem)
{
	rheo_guard_config_t cfg;
	rheo_guard_t *guard;
	uint64_t size;

	rheo_guard_config_init(&cfg, sizeof cfg);
	cfg.breaker = l->breaker;
	cfg.bucket[0] = l->bucket;
	size = rheo_guard_size(&cfg);
	*mem = size == 0 ? NULL : aligned_alloc(rheo_guard_align(), size);
	if (*mem == NULL || rheo_guard_init(*mem, size, &cfg, rheo_now_ns(), &guard) != RHEO_OK)
		return NULL;
	return guard;
}
