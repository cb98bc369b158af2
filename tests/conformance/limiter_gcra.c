/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * GCRA as throttled and redis-cell have it: the same bucket, asked for more.
 *
 *	limit         burst (their max_burst + 1)
 *	n = 0         a look: rheo_bucket_quota alone
 *	limited       rheo_bucket_try_acquire_at refuses
 *	remaining, reset_after   rheo_bucket_quota after the decision
 *	retry_after   rheo_bucket_wait_ns where it was refused; -1 for never
 *
 * Pass 0 goes by each request's own time, pass 1 by the hook alone.
 */

#include "tank.h"

#include <stdio.h>
#include <string.h>

static const char *const columns[] = {"t", "n", "limited", "remaining", "reset_after", "retry_after"};

#define COLUMNS (sizeof columns / sizeof columns[0])

static void
replay_row(struct run *r, struct tank *t, const json_t *row, bool hook)
{
	uint64_t now_ns = (uint64_t)column_int(r, row, COLUMNS, 0), wait_ns = 0;
	uint64_t n = (uint64_t)column_int(r, row, COLUMNS, 1);
	const json_t *limited = column(r, row, COLUMNS, 2);
	rheo_bucket_quota_t q = {0};
	int32_t st = RHEO_OK, wait_st;
	int64_t retry = -1;

	if (!json_is_boolean(limited))
		fail(r, "column 2 is neither true nor false");
	if (hook)
		rheo_bucket_refill(t->b, now_ns);
	if (n != 0)
		st = hook ? rheo_bucket_try_acquire(t->b, n) : rheo_bucket_try_acquire_at(t->b, n, now_ns);
	must(r, st >= 0, "%s", rheo_status_name(st));
	if (st != RHEO_OK) {
		wait_st = rheo_bucket_wait_ns(t->b, n, now_ns, &wait_ns);
		must(r, (wait_st == RHEO_REJ_NEVER) == (st == RHEO_REJ_NEVER), "wait_ns: %s",
		     rheo_status_name(wait_st));
		if (wait_st == RHEO_OK)
			retry = (int64_t)wait_ns;
	}
	rheo_bucket_quota(t->b, now_ns, &q);
	must(r, q.limit == t->cfg.burst, "quota says a limit of %llu", (unsigned long long)q.limit);
	expect(r, columns[2], json_is_true(limited), st != RHEO_OK);
	expect(r, columns[3], column_int(r, row, COLUMNS, 3), (int64_t)q.remaining);
	expect(r, columns[4], column_int(r, row, COLUMNS, 4), (int64_t)q.full_ns);
	expect(r, columns[5], column_int(r, row, COLUMNS, 5), retry);
}

static void
replay_table(struct run *r, json_t *c, bool hook)
{
	json_t *names = need(r, c, "columns"), *rows = need(r, c, "rows"), *row, *name;
	int64_t limit = take_int(r, c, "limit");
	struct tank t;
	size_t i;

	json_array_foreach(names, i, name)
		must(r, i < COLUMNS && is_words(name, columns[i]), "column %zu is not known", i);
	must(r, json_array_size(names) == COLUMNS, "%zu columns", json_array_size(names));
	tank_config(&t, (uint64_t)take_int(r, c, "rate_per_s"), SECOND_NS, (uint64_t)limit);
	begin_step(r, "limit");
	expect(r, "limit", limit, take_int(r, c, "max_burst") + 1);
	if (!tank_open(r, &t, 0))
		return;
	json_array_foreach(rows, i, row) {
		begin_step(r, "row %zu", i + 1);
		replay_row(r, &t, row, hook);
	}
	tank_close(&t);
}

/* "per_day", or "6 per 2min" with the count once more in front. */
static int64_t
period_of(struct run *r, const char *name, int64_t count)
{
	static const struct {
		const char *name;
		int64_t seconds;
	} known[] = {{"per_second", 1}, {"per_minute", 60}, {"per_hour", 3600}, {"per_day", 86400}};
	long long n, minutes;
	int length = 0;

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(known[i].name, name) == 0)
			return known[i].seconds * SECOND_NS;
	if (sscanf(name, "%lld per %lldmin%n", &n, &minutes, &length) == 2 && length > 0 &&
	    name[length] == 0 && n == count)
		return minutes * 60 * SECOND_NS;
	fail(r, "\"%s\" is not known", name);
	return 0;
}

/* A rate by its period: when each token of an empty bucket comes. */
static void
replay_rates(struct run *r, json_t *c)
{
	json_t *rows = need(r, c, "rows"), *row;
	size_t i;

	take_words(r, c, "kind", "period_per_token_ns");
	put_aside(r, c, "source_file");
	json_array_foreach(rows, i, row) {
		const char *name = json_string_value(column(r, row, 3, 0));
		int64_t count = column_int(r, row, 3, 1), period, token = column_int(r, row, 3, 2);
		uint64_t wait_ns = 0;
		struct tank t;

		begin_step(r, "row %zu", i + 1);
		period = period_of(r, name != NULL ? name : "", count);
		tank_config(&t, (uint64_t)count, (uint64_t)period, (uint64_t)count);
		t.cfg.flags = RHEO_BUCKET_START_EMPTY;
		if (!tank_open(r, &t, 0))
			continue;
		rheo_bucket_wait_ns(t.b, 1, 0, &wait_ns);
		expect(r, "time to a token", token, (int64_t)wait_ns);
		for (int64_t n = 1; n <= count; n++) {
			rheo_bucket_wait_ns(t.b, (uint64_t)n, 0, &wait_ns);
			must(r, wait_ns == (uint64_t)(n * token), "token %lld comes after %llu ns", (long long)n,
			     (unsigned long long)wait_ns);
			must(r, tank_peek(r, &t, wait_ns - 1) == n - 1 && tank_peek(r, &t, wait_ns) == n,
			     "token %lld does not come when wait_ns says", (long long)n);
		}
		tank_close(&t);
	}
}

void
replay_gcra(struct run *r, json_t *c, unsigned pass)
{
	if (json_object_get(c, "kind") != NULL)
		replay_rates(r, c);
	else
		replay_table(r, c, pass == 1);
}
