/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_TORTURE_INTERVALS_H
#define RHEO_TESTS_TORTURE_INTERVALS_H

/*
 * P1 over every interval. A decision is known to have its time in [lo, hi]; so
 * those with lo >= t1 and hi <= t2 surely lie in [t1, t2] and must not exceed
 *
 *	burst + ceil(tokens * (t2 - t1) / period) + what was lent in [t1, t2]
 *
 * Lent is what a refund or a reset may have put there, with its time in
 * [lo, hi] as well. Only t1 that are some lo and t2 that are some hi matter.
 * t2 runs upward; a tree over all t1 <= t2 keeps
 *
 *	admitted since t1 - lent since t1 + rate * t1
 *
 * and its maximum, so that all pairs are looked at in n log n.
 */

#include "torture.h"

struct span {
	uint64_t lo, hi, n;
};

#define OVER_BINS 8

/* What all checks of a program came to. */
struct excess {
	uint64_t ends, over[OVER_BINS]; /* intervals' ends, by tokens admitted too many in the worst that ends there */
	uint64_t admitted; /* tokens looked at */
	double fullest; /* of the bound's burst, used in some interval */
};

struct tree {
	size_t leaves, times, open; /* a power of two, the leaves in use, those <= t2 */
	int64_t *total, *best; /* of a subtree: the sum, and the maximum described above */
	uint64_t *at, from; /* the leaves' t1; the first of all times */
	int64_t tokens, period; /* the rate: sums are in 1 / period token */
};

#define NOT_YET (INT64_MIN / 4)

static inline int
span_by_lo(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->lo > y->lo) - (x->lo < y->lo);
}

static inline int
span_by_hi(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->hi > y->hi) - (x->hi < y->hi);
}

/* The number of leaves at or before t. */
static inline size_t
tree_upto(const struct tree *tr, uint64_t t)
{
	size_t lo = 0, hi = tr->times;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (tr->at[mid] <= t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static inline void
tree_add(struct tree *tr, size_t leaf, int64_t n)
{
	size_t i = leaf + tr->leaves;

	tr->total[i] += n * tr->period;
	if (leaf < tr->open)
		tr->best[i] = tr->total[i] + tr->tokens * (int64_t)(tr->at[leaf] - tr->from);
	while (i >>= 1) {
		int64_t left = tr->best[2 * i] + tr->total[2 * i + 1], right = tr->best[2 * i + 1];

		tr->total[i] = tr->total[2 * i] + tr->total[2 * i + 1];
		tr->best[i] = left > right ? left : right;
	}
}

/* Sorts by lo; a leaf for each different lo, none of them open yet. */
static inline struct tree
tree_make(struct span *admitted, size_t n, uint64_t tokens, uint64_t period)
{
	struct tree tr = {.leaves = 1, .tokens = (int64_t)tokens, .period = (int64_t)period};

	tr.at = malloc(n * sizeof *tr.at);
	qsort(admitted, n, sizeof *admitted, span_by_lo);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || admitted[i].lo != tr.at[tr.times - 1])
			tr.at[tr.times++] = admitted[i].lo;
	tr.from = tr.at[0];
	while (tr.leaves < tr.times)
		tr.leaves *= 2;
	tr.total = calloc(2 * tr.leaves, sizeof *tr.total);
	tr.best = malloc(2 * tr.leaves * sizeof *tr.best);
	for (size_t i = 0; i < 2 * tr.leaves; i++)
		tr.best[i] = NOT_YET;
	return tr;
}

static inline void
tree_free(struct tree *tr)
{
	free(tr->at);
	free(tr->total);
	free(tr->best);
}

/* Opens the leaves up to t2, and takes off what was lent up to then. */
static inline void
tree_advance(struct tree *tr, uint64_t t2, const struct span **lent, const struct span *lent_end)
{
	while (tr->open < tr->times && tr->at[tr->open] <= t2)
		tree_add(tr, tr->open++, 0);
	for (; *lent < lent_end && (*lent)->lo <= t2; ++*lent) {
		size_t before = tree_upto(tr, (*lent)->hi);

		if (before != 0)
			tree_add(tr, before - 1, -(int64_t)(*lent)->n);
	}
}

/*
 * Puts both arrays in another order. What is found is added to *x; the caller
 * says what it thinks of it.
 */
static inline void
check_intervals(struct span *admitted, size_t n, struct span *lent, size_t lents, uint64_t burst,
		uint64_t tokens, uint64_t period, struct excess *x)
{
	const struct span *next = lent;
	struct tree tr;

	if (n == 0)
		return;
	tr = tree_make(admitted, n, tokens, period);
	qsort(admitted, n, sizeof *admitted, span_by_hi);
	qsort(lent, lents, sizeof *lent, span_by_lo);
	for (size_t i = 0; i < n; i++) {
		int64_t used, over;

		tree_advance(&tr, admitted[i].hi, &next, lent + lents);
		tree_add(&tr, tree_upto(&tr, admitted[i].lo) - 1, (int64_t)admitted[i].n);
		used = tr.best[1] - tr.tokens * (int64_t)(admitted[i].hi - tr.from);
		/* sum <= burst + ceil(earned), in whole tokens: sum - burst - 1 < earned */
		over = used - (int64_t)(burst + 1) * tr.period;
		over = over < 0 ? 0 : over / tr.period + 1;
		x->over[over < OVER_BINS ? over : OVER_BINS - 1]++;
		x->ends++;
		x->admitted += admitted[i].n;
		if ((double)used / (double)tr.period / (double)burst > x->fullest)
			x->fullest = (double)used / (double)tr.period / (double)burst;
	}
	tree_free(&tr);
}

static inline uint64_t
excess_found(const struct excess *x)
{
	return x->ends - x->over[0];
}

static inline void
add_excess(struct excess *to, const struct excess *x)
{
	to->ends += x->ends;
	to->admitted += x->admitted;
	for (int i = 0; i < OVER_BINS; i++)
		to->over[i] += x->over[i];
	if (x->fullest > to->fullest)
		to->fullest = x->fullest;
}

static inline void
print_excess(const struct excess *x)
{
	printf("P1   over-admitted tokens, worst interval to each of %llu ends:", ULL(x->ends));
	for (int i = 0; i < OVER_BINS; i++)
		if (i == 0 || x->over[i] != 0)
			printf(" %d%s: %llu", i, i == OVER_BINS - 1 ? " or more" : "", ULL(x->over[i]));
	printf("; fullest %.1f %% of burst\n", 100 * x->fullest);
}

#endif
