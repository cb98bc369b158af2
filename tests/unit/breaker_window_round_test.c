/* SPDX-License-Identifier: BSD-2-Clause */

/* Slices of a nanosecond, whose names come round: no count is taken for one that has the same name, or the same place. */

#include "helpers.h"

#include "breaker/self.h"

/* After so many slices a name comes round, within a generation. */
#define ROUND (UINT64_C(1) << 32)
#define CELLS 16u
#define BLOCK 256u

static rheo_breaker_t *b;
static uint64_t other;

/* Ten slices; nothing trips it. */
static void
nanoseconds(uint32_t lanes, uint64_t now_ns)
{
	rheo_breaker_config_t cfg = breaker_config();

	cfg.window_ns = 10;
	cfg.window_slices = 10;
	cfg.minimum_calls = 1000;
	cfg.lanes = lanes;
	b = breaker_from(&cfg, now_ns);
}

static void
assert_calls(uint64_t now_ns, uint64_t in_window, uint64_t ever)
{
	rheo_breaker_snapshot_t s = breaker_snapshot(b, now_ns);

	assert_u64(s.window_calls, in_window);
	assert_u64(s.successes, ever);
}

Test(breaker_window_round, a_single_call_of_the_first_slice_does_not_come_back)
{
	for (uint32_t lanes = 0; lanes < 2; lanes++) {
		nanoseconds(lanes, 0);
		call(b, RHEO_SUCCESS, 0, 0);
		assert_calls(ROUND, 0, 1);
		call(b, RHEO_SUCCESS, ROUND, 0);
		assert_calls(ROUND, 1, 2);
	}
}

/* Runs `doing` once, where the hook passes for the n-th time the point at which a cell is about to be emptied. */
static int emptied, at_cell;
static void (*doing)(void);

static void
at_nth_cell(const char *point)
{
	if (strcmp(point, "WINDOW_BEFORE_EMPTY") != 0 || ++emptied != at_cell)
		return;
	rh_inject_hook = NULL;
	doing();
}

static void
die_at_last_cell(const char *point)
{
	if (strcmp(point, "WINDOW_BEFORE_EMPTY") == 0 && ++emptied == (int)CELLS)
		siglongjmp(death, 1);
}

static void
move_on_and_die(void)
{
	emptied = 0;
	if (sigsetjmp(death, 0) == 0) {
		rh_inject_hook = die_at_last_cell;
		rheo_breaker_record(b, other, RHEO_SUCCESS, ROUND + 2);
		cr_assert_fail("not met");
	}
	rh_inject_hook = NULL;
}

/* The last of the cells is that of slice 2, the one before it that of slice 1. */
Test(breaker_window_round, p11_who_finds_a_cell_emptied_empties_the_rest_as_well)
{
	uint64_t permit;

	nanoseconds(1, 0);
	call(b, RHEO_SUCCESS, 1, 0);
	call(b, RHEO_SUCCESS, 2, 0);
	permit = probe_at(b, 2);
	other = probe_at(b, 2);
	emptied = 0;
	at_cell = CELLS - 1;
	doing = move_on_and_die;
	rh_inject_hook = at_nth_cell;
	assert_status(rheo_breaker_record(b, permit, RHEO_SUCCESS, ROUND + 2), RHEO_OK);
	cr_assert(rh_inject_hook == NULL && emptied == (int)CELLS);
	assert_calls(ROUND + 2, 1, 3);
}

static void
call_at_2(void)
{
	call(b, RHEO_SUCCESS, 2, 0);
}

/* The CPU's own lane, or one that is shared: who sees that another has counted meanwhile begins again. */
Test(breaker_window_round, a_cell_that_is_counted_in_while_it_is_emptied_is_emptied_again)
{
	for (uint32_t lanes = 0; lanes < 2; lanes++) {
		nanoseconds(lanes, 0);
		call(b, RHEO_SUCCESS, 2, 0);
		emptied = 0;
		at_cell = CELLS;
		doing = call_at_2;
		rh_inject_hook = at_nth_cell;
		call(b, RHEO_SUCCESS, ROUND + 2, 0);
		cr_assert(rh_inject_hook == NULL);
		assert_calls(ROUND + 2, 1, 3);
	}
}

/* The track that has counted. */
static struct rh_track *
track_in_use(unsigned cell)
{
	struct rh_window w = rh_breaker_window(rh_breaker_self(b));
	struct rh_track *t;

	for (unsigned i = 0; i <= 1u << w.lanes_log2; i++)
		if (t = rh_window_track(&w, i), rh_load_rlx(&t->cell[cell]) != 0)
			return t;
	cr_assert_fail("nothing was counted");
	return NULL;
}

/* Words that look like a slice's count, wherever it is not: behind the cells a caller's memory is as it was. */
Test(breaker_window_round, a_slice_has_one_cell_and_no_other_is_counted_in)
{
	const uint64_t slice = UINT64_C(0x1100000011), counted = UINT64_C(0x11) << 32;
	const unsigned words = (BLOCK - RH_TRACK_AT - offsetof(struct rh_track, cell)) / sizeof(rh_a64);

	for (uint32_t lanes = 0; lanes < 2; lanes++) {
		struct rh_track *t;

		nanoseconds(lanes, slice);
		call(b, RHEO_SUCCESS, slice, 0);
		t = track_in_use(1);
		assert_u64(rh_load_rlx(&t->cell[1]), counted + 1);
		for (unsigned i = 0; i < words; i++)
			if (i != 1)
				rh_store_init(&t->cell[i], slice);
		call(b, RHEO_SUCCESS, slice, 0);
		for (unsigned i = 0; i < words; i++)
			assert_u64(rh_load_rlx(&t->cell[i]), i == 1 ? counted + 2 : slice);
	}
}

/* Names of which one is twice the other: by a bit more or less of a cell they would be the same. */
Test(breaker_window_round, a_call_is_not_counted_as_one_of_a_generation_with_half_or_twice_its_name)
{
	const struct {
		uint32_t resets;
		uint64_t slice;
	} rows[] = {{1, 65536}, {65534, 262144}};

	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		nanoseconds(1, rows[i].slice);
		call(b, RHEO_SUCCESS, rows[i].slice, 0);
		for (uint32_t n = 0; n < rows[i].resets; n++)
			assert_status(rheo_breaker_reset(b, rows[i].slice), RHEO_OK);
		assert_calls(rows[i].slice, 0, 1);
		call(b, RHEO_SUCCESS, rows[i].slice, 0);
		assert_calls(rows[i].slice, 1, 2);
	}
}

/* As far before the end of time as the last call came after its beginning. */
Test(breaker_window_round, p7_a_time_that_ends_where_a_slice_began_is_not_of_that_slice)
{
	for (uint32_t lanes = 0; lanes < 2; lanes++) {
		rheo_breaker_config_t cfg = breaker_config();
		const uint64_t late = UINT64_MAX - 10 * SECOND + 1;

		cfg.lanes = lanes;
		b = breaker_from(&cfg, 0);
		call(b, RHEO_SUCCESS, 10 * SECOND, 0);
		call(b, RHEO_SUCCESS, late, 0);
		assert_calls(late, 1, 2);
	}
}
