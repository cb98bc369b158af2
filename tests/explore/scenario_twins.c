/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What others do, as it breaks: run only when asked for by name, and by
 * twins.sh, which wants each caught.
 */

#include "base/atomic.h"
#include "scenario.h"

#define BURST 2u

static struct tank t;

static struct two_words {
	rh_a64 tokens, stamp;
} *bucket;

static void
setup(void)
{
	bucket = ex_memory(sizeof *bucket);
	t.log = ex_memory(sizeof *t.log);
	t.log->burst = BURST;
	bucket->tokens.v = BURST;
}

/* Tokens in one word, the time they were earned by in another; each moved by compare-and-swap. */
static void
acquire_at(uint64_t now_ns)
{
	uint64_t stamp = rh_load_acq(&bucket->stamp), tokens = rh_load_acq(&bucket->tokens), more;

	if (now_ns > stamp && rh_cas_ar(&bucket->stamp, &stamp, now_ns))
		do {
			more = tokens + (now_ns - stamp);
			more = more < BURST ? more : BURST;
		} while (!rh_cas_ar(&bucket->tokens, &tokens, more));
	tokens = rh_load_acq(&bucket->tokens);
	while (tokens != 0)
		if (rh_cas_ar(&bucket->tokens, &tokens, tokens - 1)) {
			t.log->at[t.log->count].tokens = 1;
			t.log->at[t.log->count].from_ns = now_ns;
			t.log->at[t.log->count++].to_ns = now_ns;
			return;
		}
}

static void
at_5(void)
{
	acquire_at(5);
}

static void
at_10(void)
{
	for (int i = 0; i < 3; i++)
		acquire_at(10);
}

static void
finish(void)
{
	tank_check(&t);
}

const struct ex_scenario twin_scenarios[] = {
	{"twin.bucket_in_two_words", 2, 0, 0, setup, {at_5, at_10}, finish},
	{0},
};
