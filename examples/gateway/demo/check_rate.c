/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * P1 over every interval, exactly, in O(n log n).
 *
 * With n admissions that surely lie in [t1, t2], the promise is broken where
 * n - burst > ceil(x), x = rate * (t2 - t1). As n - burst is whole, that is
 * n - burst >= x + 1, or, times a second S and with rate per second R,
 *
 *	n * S + R * t1 - R * t2 >= (burst + 1) * S
 *
 * So the largest left side is looked for. t2 may be taken to be somebody's
 * decided time and t1 somebody's asked time, of admissions that are counted:
 * any other choice can be narrowed to such a one without losing any. Going
 * through t2 in order, a tree over the asked times holds for each t1 the sum
 * n * S of those asked at or after it, plus R * t1; an admission that is not
 * counted yet is no t1 either. A node keeps its sum and its best suffix, so an
 * admission is added in log n steps and the best t1 is read at the root.
 *
 * Sixty-four bits suffice for R * t of an hour at a million a second.
 */

#include "check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SECOND INT64_C(1000000000)
#define NOTHING (INT64_MIN / 4)

struct node {
	int64_t sum;
	int64_t best; /* over t1 in this node: R * t1 and the sums from t1 to its end */
	size_t from; /* the t1 of best, as an index by asked time */
};

struct admission {
	int64_t asked, decided; /* from the first asked */
	size_t place; /* among all, by asked time */
};

static int
by_asked(const void *a, const void *b)
{
	const struct admission *x = a, *y = b;

	return (x->asked > y->asked) - (x->asked < y->asked);
}

static int
by_decided(const void *a, const void *b)
{
	const struct admission *x = a, *y = b;

	return (x->decided > y->decided) - (x->decided < y->decided);
}

static void
add(struct node *tree, size_t leaves, const struct admission *a, int64_t rate)
{
	size_t i = leaves + a->place;

	tree[i] = (struct node){.sum = SECOND, .best = SECOND + rate * a->asked, .from = a->place};
	while ((i /= 2) != 0) {
		const struct node *left = &tree[2 * i], *right = &tree[2 * i + 1];
		bool in_left = left->best + right->sum > right->best;

		tree[i] = (struct node){.sum = left->sum + right->sum,
					.best = in_left ? left->best + right->sum : right->best,
					.from = in_left ? left->from : right->from};
	}
}

/* Those admitted, by asked time; their number in *count. */
static struct admission *
gather(const struct records *records, size_t *count)
{
	struct admission *list = calloc(records->count + 1, sizeof *list);
	int64_t first;

	if (list == NULL)
		abort();
	*count = 0;
	for (size_t i = 0; i < records->count; i++)
		if (records->record[i].verdict == ADMITTED)
			list[(*count)++] =
				(struct admission){.asked = (int64_t)records->record[i].asked_ns,
						   .decided = (int64_t)records->record[i].decided_ns};
	qsort(list, *count, sizeof *list, by_asked);
	first = list[0].asked;
	for (size_t i = 0; i < *count; i++) {
		list[i].asked -= first;
		list[i].decided -= first;
		list[i].place = i;
	}
	return list;
}

struct finding
check_p1(const struct records *records, uint64_t rate_per_s, uint64_t burst)
{
	struct finding f = {.good = true};
	int64_t rate = (int64_t)rate_per_s, most = NOTHING, span = 0, used, inside;
	size_t count, leaves = 1, impossible = 0;
	struct admission *list = gather(records, &count);
	int64_t *asked = calloc(count + 1, sizeof *asked);
	struct node *tree;

	while (leaves < count)
		leaves *= 2;
	tree = calloc(2 * leaves, sizeof *tree);
	if (tree == NULL || asked == NULL)
		abort();
	for (size_t i = 0; i < 2 * leaves; i++)
		tree[i].best = NOTHING;
	for (size_t i = 0; i < count; i++)
		asked[i] = list[i].asked;
	qsort(list, count, sizeof *list, by_decided);
	for (size_t i = 0; i < count; i++) {
		impossible += list[i].decided < list[i].asked;
		add(tree, leaves, &list[i], rate);
		/* Several decided at the same time belong to one t2: counting on only raises it. */
		if (tree[1].best - rate * list[i].decided > most) {
			most = tree[1].best - rate * list[i].decided;
			span = list[i].decided - asked[tree[1].from];
		}
	}
	inside = count == 0 ? 0 : (most + rate * span) / SECOND;
	used = count == 0 ? 0 : inside - (rate * span + SECOND - 1) / SECOND;
	f.figure = used;
	f.good = impossible == 0 && used <= (int64_t)burst && count != 0;
	snprintf(f.line, sizeof f.line,
		 "P1 %s: of %zu admissions, the tightest of all intervals used %" PRId64 " of %" PRIu64
		 " burst (%" PRId64 " in %.3f s)",
		 f.good ? "ok" : "BROKEN", count, used, burst, inside, (double)span / 1e9);
	if (impossible != 0)
		snprintf(f.line, sizeof f.line, "P1 BROKEN: %zu were decided before they were asked", impossible);
	free(tree);
	free(asked);
	free(list);
	return f;
}
