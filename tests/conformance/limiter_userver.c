/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * userver's TokenBucket: `refill` tokens at the end of each whole interval.
 *
 *	[advance, n, ok, after]   time goes on by advance; rheo_bucket_try_acquire,
 *	                          or a look where n is 0; then the level
 *	[set_policy, amount, ns]  rheo_bucket_reconfigure, KEEP
 *
 * rheo's rate is the same, amount in ns, but credit comes continuously: where
 * an interval brings several tokens, rheo has the first before userver has any.
 * Both are worked out on paper: the file must say what whole intervals give,
 * rheo what exact credit gives. Pass 0 goes by the hook, pass 1 without it.
 */

#include "tank.h"

static const char quantised[] =
	"userver adds an interval's tokens together at its end; rheo's credit is exact at every moment, so part of them is there before";

/* userver's arithmetic. */
struct intervals {
	int64_t tokens, max, refill, interval_ns, since_ns;
};

static void
refill(struct intervals *u, int64_t now_ns)
{
	int64_t whole = (now_ns - u->since_ns) / u->interval_ns;

	u->since_ns += whole * u->interval_ns;
	u->tokens += whole * u->refill;
	if (u->tokens >= u->max) {
		u->tokens = u->max;
		u->since_ns = now_ns;
	}
}

struct userver {
	struct run *r;
	struct tank tank;
	struct intervals theirs;
	struct paper ours;
	int64_t now_ns;
	bool hook;
};

static void
set_policy(struct userver *u, const json_t *row)
{
	int32_t st;

	refill(&u->theirs, u->now_ns);
	must(u->r, u->theirs.since_ns == u->now_ns, "a policy set within an interval is not mapped");
	u->theirs.refill = column_int(u->r, row, 3, 1);
	u->theirs.interval_ns = column_int(u->r, row, 3, 2);
	if (u->theirs.refill < 1 || u->theirs.interval_ns < 1) {
		fail(u->r, "no policy");
		u->theirs.interval_ns = 1;
		return;
	}
	u->tank.cfg.tokens_per_period = (uint64_t)u->theirs.refill;
	u->tank.cfg.period_ns = (uint64_t)u->theirs.interval_ns;
	st = rheo_bucket_reconfigure(u->tank.b, &u->tank.cfg, (uint64_t)u->now_ns, RHEO_BUCKET_KEEP);
	must(u->r, st == RHEO_OK, "reconfigure: %s", rheo_status_name(st));
	paper_rate(u->r, &u->ours, &u->tank.cfg, u->now_ns);
}

static void
obtain(struct userver *u, const json_t *row)
{
	struct run *r = u->r;
	uint64_t n = (uint64_t)column_int(r, row, 4, 1), now_ns;
	json_t *ok = column(r, row, 4, 2);
	bool theirs, ours, got = true;
	i128 due;
	int64_t level;

	if (!json_is_boolean(ok))
		fail(r, "column 2 is neither true nor false");
	u->now_ns += column_int(r, row, 4, 0);
	now_ns = (uint64_t)u->now_ns;
	refill(&u->theirs, u->now_ns);
	theirs = (int64_t)n <= u->theirs.tokens;
	u->theirs.tokens -= theirs ? (int64_t)n : 0;
	ours = paper_take(&u->ours, u->now_ns, n, 0, &due);
	if (u->hook)
		rheo_bucket_refill(u->tank.b, now_ns);
	if (n != 0)
		got = (u->hook ? rheo_bucket_try_acquire(u->tank.b, n)
			       : rheo_bucket_try_acquire_at(u->tank.b, n, now_ns)) == RHEO_OK;
	level = u->hook ? tank_level(r, &u->tank, now_ns) : tank_peek(r, &u->tank, now_ns);
	expect_by_rule(r, "obtained", json_is_true(ok), theirs, got, ours, quantised);
	expect_by_rule(r, "tokens after", column_int(r, row, 4, 3), u->theirs.tokens, level,
		       paper_level(&u->ours, u->now_ns), quantised);
}

void
replay_userver(struct run *r, json_t *c, unsigned pass)
{
	struct userver u = {.r = r, .hook = pass == 0};
	json_t *steps = need(r, c, "steps"), *row;
	size_t i;

	u.theirs.max = u.theirs.tokens = take_int(r, c, "max");
	u.theirs.refill = take_int(r, c, "refill");
	u.theirs.interval_ns = take_int(r, c, "interval");
	if (u.theirs.max < 1 || u.theirs.refill < 1 || u.theirs.interval_ns < 1) {
		fail(r, "no bucket");
		return;
	}
	tank_config(&u.tank, (uint64_t)u.theirs.refill, (uint64_t)u.theirs.interval_ns,
		    (uint64_t)u.theirs.max);
	if (!tank_open(r, &u.tank, 0))
		return;
	if (paper_make(r, &u.ours, &u.tank.cfg, 0, true))
		json_array_foreach(steps, i, row) {
			begin_step(r, "step %zu", i + 1);
			if (is_words(json_array_get(row, 0), "set_policy"))
				set_policy(&u, row);
			else
				obtain(&u, row);
		}
	tank_close(&u.tank);
}
