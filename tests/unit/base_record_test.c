/* SPDX-License-Identifier: BSD-2-Clause */

/* A record is replaced as a whole, whoever else writes, sleeps or dies meanwhile. */

#include "helpers.h"

#include "base/record.h"

#define FIELDS 3

static rh_a64 control, words[4 * FIELDS];

static const uint64_t first[FIELDS] = {1, UINT64_MAX, 0x123456789abcdef0};
static const uint64_t second[FIELDS] = {2, 0, UINT64_C(1) << 32};
static const uint64_t third[FIELDS] = {3, 33, 333};

static int
holds(const uint64_t want[FIELDS])
{
	uint64_t c = rh_load_acq(&control);
	uint32_t tag = rh_record_active(c);
	uint64_t differ = 0;
	int same = 1, peeked = 1;

	for (unsigned i = 0; i < FIELDS; i++)
		same &= rh_record_get(words, i, tag, &differ) == want[i];
	for (unsigned i = 0; i < FIELDS; i++)
		peeked &= rh_record_peek(words, i, tag) == want[i];
	cr_assert(!same || peeked);
	return same && rh_record_whole(differ) && rh_record_stands(&control, tag);
}

static bool
replace(const uint64_t value[FIELDS])
{
	return rh_record_replace(&control, words, FIELDS, rh_load_acq(&control), value, NULL, 0);
}

Test(base_record, holds_what_it_was_made_with_and_what_replaced_it)
{
	rh_record_init(&control, words, FIELDS, first);
	cr_assert(holds(first));
	for (int i = 0; i < 10; i++) {
		cr_assert(replace(second) && holds(second));
		cr_assert(replace(third) && holds(third));
	}
}

Test(base_record, a_writer_that_read_an_older_record_replaces_nothing)
{
	uint64_t seen;

	rh_record_init(&control, words, FIELDS, first);
	seen = rh_load_acq(&control);
	cr_assert(replace(second));
	cr_assert(!rh_record_replace(&control, words, FIELDS, seen, third, NULL, 0));
	cr_assert(holds(second));
}

static int at_point;
static int second_won;

static void
another_writer(const char *point)
{
	(void)point;
	if (at_point-- == 0) {
		rh_inject_hook = NULL;
		second_won = replace(third);
	}
}

Test(base_record, a_writer_overtaken_at_any_point_leaves_the_other_ones_record_whole)
{
	/* claimed, before each of six words, before the flip */
	for (int n = 0; n < 8; n++) {
		rh_record_init(&control, words, FIELDS, first);
		at_point = n;
		second_won = 0;
		rh_inject_hook = another_writer;
		cr_assert(!replace(second), "overtaken at point %d and did not notice", n);
		rh_inject_hook = NULL;
		cr_assert(second_won && holds(third), "overtaken at point %d", n);
		cr_assert(replace(second) && holds(second));
	}
}

Test(base_record, a_writer_killed_at_any_point_leaves_the_old_record_and_a_free_way)
{
	for (volatile int n = 0; n < 8; n++) {
		volatile int died;

		rh_record_init(&control, words, FIELDS, first);
		KILL_AT(n, died, replace(second));
		cr_assert(died && holds(first), "killed at point %d", n);
		cr_assert(replace(third) && holds(third));
	}
}

Test(base_record, the_tag_comes_round_without_a_mix)
{
	uint64_t near_wrap = UINT64_C(0xfffffffe);

	rh_record_init(&control, words, FIELDS, first);
	for (unsigned i = 0; i < 2 * FIELDS; i++)
		rh_swap_rlx(&words[rh_record_at(0, i)],
			    near_wrap << 32 | (uint32_t)rh_load_rlx(&words[rh_record_at(0, i)]));
	rh_swap_rlx(&control, near_wrap << 32 | near_wrap);
	cr_assert(holds(first));
	for (int i = 0; i < 8; i++) {
		cr_assert(replace(second) && holds(second));
		cr_assert(replace(third) && holds(third));
	}
}

/* Slot 1, which the first replacement fills. */
static void
a_neighbour_that_writes_on(const char *point)
{
	if (strcmp(point, "RECORD_BEFORE_WORD") == 0)
		rh_add_rlx(&words[2 * FIELDS + 1], 1);
}

Test(base_record, p14_a_word_that_somebody_changes_on_and_on_is_given_up)
{
	rh_record_init(&control, words, FIELDS, first);
	rh_inject_hook = a_neighbour_that_writes_on;
	cr_assert(!replace(second));
	rh_inject_hook = NULL;
	cr_assert(holds(first));
	cr_assert(replace(second) && holds(second));
}
