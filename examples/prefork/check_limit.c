/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The limit over every interval, exactly.
 *
 * Where each admission i, in order of time, has one time t[i], no interval
 * breaks the promise if for all i <= j
 *
 *	j - i + 1 <= burst + ceil(rate * (t[j] - t[i]))
 *
 * and a single pass with the largest prefix of rate * t[i] - i finds the worst.
 * Here a decision's time is known to lie between asked and decided only (a
 * worker may be stopped for long between its clock and its decision), so one
 * counts in [t1, t2] where asked >= t1 and decided <= t2: the prefixes change as
 * t2 goes on. A tree over the asked times keeps, for each t1, rate * t1 and the
 * number of those counted so far that were asked at or after it; the best t1 is
 * read at the root, an admission is added in log n steps.
 *
 * In integers, with S nanoseconds a second and R tokens a second: broken where
 *
 *	n * S + R * t1 - R * t2 >= (burst + 1) * S
 *
 * At most 100,000 a second for an hour (options.c): below 2^63.
 */

#include "check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SECOND INT64_C(1000000000)
#define NOTHING (INT64_MIN / 4)

struct node {
	int64_t sum; /* S for each counted one in this node */
	int64_t best; /* over its t1: R * t1 and the sums from there to its end */
	size_t from; /* the place of that t1 */
};

static uint64_t
decided(const struct admission *a)
{
	return atomic_load_explicit(&a->decided_ns, memory_order_relaxed);
}

static int
by_asked(const void *a, const void *b)
{
	const struct admission *x = a, *y = b;

	return (x->asked_ns > y->asked_ns) - (x->asked_ns < y->asked_ns);
}

struct end {
	int64_t at;
	size_t place;
};

static int
by_end(const void *a, const void *b)
{
	const struct end *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static void
count_one(struct node *tree, size_t leaves, size_t place, int64_t line)
{
	size_t i = leaves + place;

	tree[i] = (struct node){.sum = SECOND, .best = SECOND + line, .from = place};
	while ((i /= 2) != 0) {
		const struct node *left = &tree[2 * i], *right = &tree[2 * i + 1];
		bool in_left = left->best + right->sum > right->best;

		tree[i] = (struct node){.sum = left->sum + right->sum,
					.best = in_left ? left->best + right->sum : right->best,
					.from = in_left ? left->from : right->from};
	}
}

static void *
zeroed(size_t count, size_t size)
{
	void *mem = calloc(count, size);

	if (mem == NULL)
		abort();
	return mem;
}

struct finding
check_limit(struct admission *list, size_t count, uint64_t rate_per_s, uint64_t burst)
{
	int64_t rate = (int64_t)rate_per_s, most = NOTHING, span = 0, inside, used;
	struct finding f = {.good = false};
	struct node *tree;
	struct end *end;
	size_t leaves = 1;

	if (count == 0) {
		snprintf(f.line, sizeof f.line, "limit BROKEN: nobody was admitted");
		return f;
	}
	while (leaves < count)
		leaves *= 2;
	tree = zeroed(2 * leaves, sizeof *tree);
	end = zeroed(count, sizeof *end);
	for (size_t i = 0; i < 2 * leaves; i++)
		tree[i].best = NOTHING;
	qsort(list, count, sizeof *list, by_asked);
	for (size_t i = 0; i < count; i++)
		end[i] = (struct end){(int64_t)(decided(&list[i]) - list[0].asked_ns), i};
	qsort(end, count, sizeof *end, by_end);
	for (size_t i = 0; i < count; i++) {
		int64_t asked = (int64_t)(list[end[i].place].asked_ns - list[0].asked_ns);

		count_one(tree, leaves, end[i].place, rate * asked);
		/* Several of one time belong to one t2: counting on only raises it. */
		if (tree[1].best - rate * end[i].at > most) {
			most = tree[1].best - rate * end[i].at;
			span = end[i].at - (int64_t)(list[tree[1].from].asked_ns - list[0].asked_ns);
		}
	}
	inside = (most + rate * span) / SECOND;
	used = inside - (rate * span + SECOND - 1) / SECOND;
	f.good = used <= (int64_t)burst;
	snprintf(f.line, sizeof f.line,
		 "limit %s: of %zu admissions, the tightest of all intervals used %" PRId64 " of %" PRIu64
		 " burst (%" PRId64 " in %.3f s)",
		 f.good ? "ok" : "BROKEN", count, used, burst, inside, (double)span / 1e9);
	free(tree);
	free(end);
	return f;
}
