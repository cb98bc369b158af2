/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_CONFORMANCE_H
#define RHEO_TESTS_CONFORMANCE_H

/*
 * Replaying other libraries' test cases on rheo (README.md). An adapter replays
 * one dialect: it takes the fields of a case one by one, calls rheo, and holds
 * what rheo does against what the file expects.
 *
 * Nothing is skipped in silence. A field is taken out of the case by whoever
 * understands it; a field left over is a failure (nothing_left), and so is a
 * case that neither checked anything nor said why (main.c).
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "rheo/rheo.h"

#if defined(__GNUC__)
#define PRINTF(format_at) __attribute__((format(printf, format_at, format_at + 1)))
#else
#define PRINTF(format_at)
#endif

#define SECOND_NS INT64_C(1000000000)
#define MS_NS INT64_C(1000000)
#define MAX_REMARKS 24

/* One line about a case, printed once however often it was remarked. */
struct remark {
	const char *kind;
	unsigned times;
	char text[240];
};

/* One case being replayed, and what came of it. */
struct run {
	const char *id;
	char at[80]; /* the step, for messages */
	bool again; /* a further pass over the same case: its expectations were counted before */
	bool not_applicable; /* the case as a whole */
	unsigned steps;
	unsigned as_written; /* expectations held as the file has them */
	unsigned by_rule; /* ... by rheo's own rule, which is named, where the dialects differ */
	unsigned left_out; /* ... not applicable, with a reason */
	unsigned failures;
	unsigned remarks;
	struct remark remark[MAX_REMARKS];
	json_t *taken; /* keeps alive what was taken out of the case */
};

/* Replays a case; pass counts from 0 to the adapter's passes - 1. */
typedef void replay_fn(struct run *r, json_t *c, unsigned pass);

struct adapter {
	const char *suite;
	unsigned passes;
	replay_fn *replay;
};

/* run.c: what a replay reports. */
void fail(struct run *r, const char *format, ...) PRINTF(2);
/* Not an expectation of the file, but what has to hold besides; loud if it does not. */
void must(struct run *r, bool holds, const char *format, ...) PRINTF(3);
/* An expectation, held as written. */
void expect(struct run *r, const char *what, int64_t file, int64_t got);
/*
 * One where the dialect's rule and rheo's may differ: the file must say what
 * the dialect's gives, rheo must give what its own does. The same value by both
 * is an expectation as written; a difference without a reason is a failure.
 */
void expect_by_rule(struct run *r, const char *what, int64_t file, int64_t dialect, int64_t got,
		    int64_t ours, const char *why);
/* A whole case, or a part of one, that has no counterpart in rheo. */
void not_applicable(struct run *r, const char *format, ...) PRINTF(2);
void left_out(struct run *r, unsigned expectations, const char *format, ...) PRINTF(3);
/* How something was mapped, where that is not plain. */
void mapped(struct run *r, const char *format, ...) PRINTF(2);
void begin_step(struct run *r, const char *format, ...) PRINTF(2);
void print_remarks(const struct run *r);

/* take.c: fields of a case. take gives NULL where there is none; the others fail loudly. */
json_t *take(struct run *r, json_t *from, const char *key);
json_t *need(struct run *r, json_t *from, const char *key);
int64_t take_int(struct run *r, json_t *from, const char *key);
int64_t take_int_or(struct run *r, json_t *from, const char *key, int64_t otherwise);
bool take_bool(struct run *r, json_t *from, const char *key);
const char *take_text(struct run *r, json_t *from, const char *key);
/* A number times scale, which must be whole: seconds in ns, say. */
int64_t take_scaled(struct run *r, json_t *from, const char *key, int64_t scale);
int64_t scaled(struct run *r, const json_t *number, int64_t scale);
/* A text that must be this one: a rule written in words that the adapter was made for. */
void take_words(struct run *r, json_t *from, const char *key, const char *words);
bool is_words(const json_t *value, const char *words);
/* Fields that say nothing about what rheo should do: notes, sources, what others measured. */
void put_aside(struct run *r, json_t *from, const char *key);
void nothing_left(struct run *r, const json_t *from);
/* The i-th of a row of so many columns. */
json_t *column(struct run *r, const json_t *row, size_t columns, size_t i);
int64_t column_int(struct run *r, const json_t *row, size_t columns, size_t i);
/* The simplest tokens / period_ns that reads as this many tokens a second. */
bool rate_of(const json_t *per_second, uint64_t *tokens, uint64_t *period_ns);

/* The adapters. */
replay_fn replay_golang, replay_gcra, replay_folly, replay_userver, replay_strict;
replay_fn replay_golang_property, replay_golang_intervals;
replay_fn replay_breaker;

#endif
