/* SPDX-License-Identifier: BSD-2-Clause */

/*
 *	budget BUDGET.TSV
 *
 * What a call of each hot function costs in instructions, and how many of them
 * are locked, divide, or leave for the kernel or a clock. The calls are made by
 * a child that is stepped through one instruction at a time, so this counts
 * exactly what ran: the same on every run, however busy the machine. Fails
 * where a budget is exceeded.
 *
 * Stepping makes every restartable sequence begin again; so the child has a
 * registration of its own that no kernel knows of, or (portable) none.
 */

#include <elf.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "port/own.h"
#include "rheo/rheo.h"

static __thread struct {
	uint32_t cpu_id_start, cpu_id;
	uint64_t descriptor;
} area;

static rheo_bucket_t *bucket;
static rheo_breaker_t *breaker;
static rheo_guard_t *guard;
static rheo_counter_t *counter;
static rheo_verdict_t verdict;
static uint64_t permit;

static void *
memory(uint64_t size)
{
	void *mem = size != 0 ? aligned_alloc(128, size) : NULL;

	if (mem == NULL)
		abort();
	return mem;
}

static void
make_bucket(uint64_t burst, uint32_t lanes)
{
	rheo_bucket_config_t cfg;
	uint64_t size, got;

	rheo_bucket_config_init(&cfg, sizeof cfg);
	cfg.tokens_per_period = 1000;
	cfg.burst = burst;
	cfg.lanes = lanes;
	size = rheo_bucket_size(&cfg);
	if (rheo_bucket_init(memory(size), size, &cfg, 0, &bucket) != RHEO_OK)
		abort();
	/* Not full: a full bucket's first call clamps. */
	rheo_bucket_acquire_upto(bucket, burst / 2, 0, &got);
	rheo_bucket_try_acquire(bucket, 1);
}

static void
empty_bucket(void)
{
	uint64_t got;

	rheo_bucket_acquire_upto(bucket, UINT64_C(1) << 30, 0, &got);
	rheo_bucket_try_acquire(bucket, 1);
}

static void
word(void)
{
	make_bucket(100000, 1);
}

static void
word_empty(void)
{
	make_bucket(100000, 1);
	empty_bucket();
}

static void
lanes(void)
{
	make_bucket(100000, 8);
}

static void
lanes_empty(void)
{
	make_bucket(100000, 8);
	empty_bucket();
}

static void
closed(void)
{
	rheo_breaker_config_t cfg;
	uint64_t size;

	rheo_breaker_config_init(&cfg, sizeof cfg);
	size = rheo_breaker_size(&cfg);
	if (rheo_breaker_init(memory(size), size, &cfg, 0, &breaker) != RHEO_OK)
		abort();
	rheo_breaker_try_acquire(breaker, 1, &permit);
	rheo_breaker_record(breaker, permit, RHEO_SUCCESS, 2);
}

static void
open_(void)
{
	closed();
	for (int i = 0; i < 40; i++)
		if (rheo_breaker_try_acquire(breaker, 3, &permit) == RHEO_OK)
			rheo_breaker_record(breaker, permit, RHEO_FAILURE, 3);
}

static void
make_guard(uint32_t flags)
{
	rheo_guard_config_t cfg;
	uint64_t size;

	closed();
	rheo_guard_config_init(&cfg, sizeof cfg);
	cfg.flags = flags;
	cfg.breaker = breaker;
	cfg.bucket[0] = bucket;
	size = rheo_guard_size(&cfg);
	if (rheo_guard_init(memory(size), size, &cfg, 0, &guard) != RHEO_OK)
		abort();
}

static void
lean_guard(void)
{
	lanes();
	make_guard(RHEO_GUARD_LEAN);
}

static void
telling_guard(void)
{
	lanes();
	make_guard(0);
}

static void
dry_guard(void)
{
	lanes_empty();
	make_guard(0);
}

static void
count(void)
{
	rheo_counter_config_t cfg;
	uint64_t size;

	rheo_counter_config_init(&cfg, sizeof cfg);
	size = rheo_counter_size(&cfg);
	if (rheo_counter_init(memory(size), size, &cfg, 0, &counter) != RHEO_OK)
		abort();
}

static int32_t
acquire(void)
{
	return rheo_bucket_try_acquire(bucket, 1);
}

static int32_t
acquire_at(void)
{
	return rheo_bucket_try_acquire_at(bucket, 1, 1000);
}

static int32_t
ask(void)
{
	return rheo_breaker_try_acquire(breaker, 4, &permit);
}

static int32_t
succeed(void)
{
	return rheo_breaker_record(breaker, permit, RHEO_SUCCESS, 4);
}

static int32_t
guarded(void)
{
	return rheo_guard_try_acquire(guard, 1, 1000, &verdict);
}

static void
guard_admitted(void)
{
	lean_guard();
	guarded();
}

static int32_t
guard_succeeds(void)
{
	return rheo_guard_record(guard, verdict.permit, RHEO_SUCCESS, 1000);
}

static int32_t
add(void)
{
	return rheo_counter_add(counter, 0, 1);
}

/* What is counted, how it is made ready, which call, and what that has to return. */
static const struct kase {
	const char *name;
	void (*setup)(void);
	int32_t (*call)(void);
	int32_t status;
} cases[] = {
	{"bucket, one word: accept", word, acquire, RHEO_OK},
	{"bucket, one word: accept at a time", word, acquire_at, RHEO_OK},
	{"bucket, one word: refuse", word_empty, acquire, RHEO_REJ_RATE},
	{"bucket, lanes: accept", lanes, acquire, RHEO_OK},
	{"bucket, lanes: accept at a time", lanes, acquire_at, RHEO_OK},
	{"bucket, lanes: refuse", lanes_empty, acquire, RHEO_REJ_RATE},
	{"breaker closed: acquire", closed, ask, RHEO_OK},
	{"breaker closed: record", closed, succeed, RHEO_OK},
	{"breaker open: refuse", open_, ask, RHEO_REJ_OPEN},
	{"guard, lean: acquire", lean_guard, guarded, RHEO_OK},
	{"guard, lean: record", guard_admitted, guard_succeeds, RHEO_OK},
	{"guard: acquire", telling_guard, guarded, RHEO_OK},
	{"guard: refuse", dry_guard, guarded, RHEO_REJ_RATE},
	{"counter: add", count, add, RHEO_OK},
};

#define CASES (sizeof cases / sizeof cases[0])

struct tally {
	unsigned instructions, locked, divisions, leaves;
};

/* One instruction's bytes: past its prefixes, what is it? */
static void
look(const unsigned char *b, struct tally *t)
{
	bool lock = false;
	unsigned char modrm;

	for (;; b++) {
		if (*b == 0xf0)
			lock = true;
		else if (!(*b == 0x66 || *b == 0xf2 || *b == 0xf3 || *b == 0x64 || *b == 0x65 || *b == 0x2e ||
			   *b == 0x3e || (*b & 0xf0) == 0x40))
			break;
	}
	modrm = b[1];
	t->instructions++;
	/* An exchange with memory is locked without saying so. */
	t->locked += lock || ((*b == 0x86 || *b == 0x87) && modrm < 0xc0);
	t->divisions += (*b == 0xf6 || *b == 0xf7) && (modrm >> 3 & 7) >= 6;
	/* syscall; rdtsc, rdtscp */
	t->leaves += *b == 0x0f && (modrm == 0x05 || modrm == 0x31 || (modrm == 0x01 && b[2] == 0xf9));
}

static void
child(const struct kase *k, bool own)
{
	int32_t st = 0;
	cpu_set_t one;

	/* Moved to another CPU it would find another lane. */
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof one, &one);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	/* Not the first, whose blocks are where all begin. */
	area.cpu_id_start = area.cpu_id = sysconf(_SC_NPROCESSORS_CONF) > 1;
	rh_rseq_at = own ? (char *)&area - (char *)__builtin_thread_pointer() : 0;
	k->setup();
	for (int i = 0; i < 3; i++)
		st = k->call();
	if (st != k->status)
		_exit(1);
	raise(SIGTRAP);
	st = k->call();
	raise(SIGTRAP);
	_exit(st != k->status);
}

static bool
registers(pid_t pid, struct user_regs_struct *r)
{
	struct iovec io = {r, sizeof *r};

	return ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &io) == 0;
}

static bool
is_public(const char *at)
{
	static const void *const entry[] = {
		(const void *)rheo_bucket_try_acquire, (const void *)rheo_bucket_try_acquire_at,
		(const void *)rheo_breaker_try_acquire, (const void *)rheo_breaker_record,
		(const void *)rheo_guard_try_acquire, (const void *)rheo_guard_record,
		(const void *)rheo_counter_add,
	};

	for (unsigned i = 0; i < sizeof entry / sizeof entry[0]; i++)
		if (at == entry[i])
			return true;
	return false;
}

/* Steps from the first trap to the second, counting from a public function's entry to its return. */
static bool
step(pid_t pid, struct tally *t)
{
	struct user_regs_struct r;
	uint64_t left_at = 0;
	int status;

	memset(t, 0, sizeof *t);
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
		return false;
	for (unsigned i = 0; i < 100000; i++) {
		unsigned char bytes[16];
		bool inside;

		if (!registers(pid, &r))
			return false;
		inside = left_at != 0 && r.rsp < left_at;
		if (!inside && t->instructions != 0)
			return true;
		if (!inside && is_public((const char *)(uintptr_t)r.rip)) {
			left_at = r.rsp + 8;
			inside = true;
		}
		if (inside) {
			for (unsigned k = 0; k < 2; k++) {
				long w = ptrace(PTRACE_PEEKTEXT, pid, (void *)(uintptr_t)(r.rip + 8 * k), NULL);

				memcpy(bytes + 8 * k, &w, 8);
			}
			look(bytes, t);
		}
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) != 0 || waitpid(pid, &status, 0) != pid ||
		    !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
			return false;
	}
	return false;
}

static bool
measure(const struct kase *k, bool own, struct tally *t)
{
	pid_t pid = fork();
	bool good;

	if (pid == 0)
		child(k, own);
	good = pid > 0 && step(pid, t);
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return good;
}

/* The line of the budget for a case. */
static bool
allowed(FILE *f, const char *name, const char *mode, struct tally *most)
{
	char line[256], at[128], in[32];

	rewind(f);
	while (fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "%127[^\t]\t%31[^\t]\t%u\t%u\t%u", at, in, &most->instructions, &most->locked,
			   &most->divisions) == 5 &&
		    strcmp(at, name) == 0 && strcmp(in, mode) == 0)
			return true;
	return false;
}

int
main(int argc, char **argv)
{
	bool only_locked = getenv("BUDGET_ONLY_LOCKED") != NULL;
	FILE *f = argc == 2 ? fopen(argv[1], "r") : NULL;
	unsigned over = 0;

	if (f == NULL) {
		fprintf(stderr, "usage: budget BUDGET.TSV\n");
		return 2;
	}
	printf("%-36s %-7s %12s %8s %8s %10s\n", "a call", "lanes", "instructions", "budget", "locked", "divisions");
	for (unsigned i = 0; i < 2 * CASES; i++) {
		const struct kase *k = &cases[i % CASES];
		const char *mode = i < CASES ? "own" : "shared", *remark = "";
		struct tally t, most = {0};

		if (!measure(k, i < CASES, &t)) {
			printf("%-36s %-7s cannot be stepped through, or did not return what it should\n", k->name, mode);
			over++;
			continue;
		}
		if (!allowed(f, k->name, mode, &most) || t.locked > most.locked || t.divisions > most.divisions ||
		    t.leaves > 0 || (!only_locked && t.instructions > most.instructions)) {
			remark = "  OVER";
			over++;
		} else if (!only_locked && t.instructions < most.instructions) {
			remark = "  under: lower the budget";
		}
		printf("%-36s %-7s %12u %8u %4u/%-3u %8u/%u%s\n", k->name, mode, t.instructions,
		       most.instructions, t.locked, most.locked, t.divisions, most.divisions, remark);
	}
	fclose(f);
	printf("budget: %u calls, %u over%s\n", (unsigned)(2 * CASES), over,
	       only_locked ? "; instructions SKIPPED, the budget is of another compiler" : "");
	return over != 0;
}
