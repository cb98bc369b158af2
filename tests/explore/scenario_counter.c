/* SPDX-License-Identifier: BSD-2-Clause */

/* Counters, and the record that holds what reconfigure may change. */

#include "base/record.h"
#include "scenario.h"

static rheo_counter_t *counter;
static uint64_t *seen;

static void
counter_setup(void)
{
	rheo_counter_config_t cfg;
	uint64_t size;

	rheo_counter_config_init(&cfg, sizeof cfg);
	cfg.lanes = 2;
	size = rheo_counter_size(&cfg);
	rheo_counter_init(ex_memory(size), size, &cfg, 0, &counter);
	seen = ex_memory(sizeof *seen);
}

static void
add_twice(void)
{
	rheo_counter_add(counter, 0, 1);
	rheo_counter_add(counter, 0, 2);
}

static void
read_twice(void)
{
	uint64_t first, second;

	rheo_counter_read(counter, 0, &first);
	rheo_counter_read(counter, 0, &second);
	EX_CHECK(second >= first && second <= 6, "P15: %llu, then %llu", (unsigned long long)first,
		 (unsigned long long)second);
}

static void
counter_exact(void)
{
	uint64_t sum;

	rheo_counter_read(counter, 0, &sum);
	EX_CHECK(sum == 6, "P15: %llu", (unsigned long long)sum);
}

/* Both on one line: threads that the same CPU served. */
static void
counter_setup_shared(void)
{
	counter_setup();
	ex_set_cpu(1, 0);
}

const struct ex_scenario counter_scenarios[] = {
	{"counter.add_read", 3, 0, 0, counter_setup, {add_twice, add_twice, read_twice}, counter_exact},
	{"counter.add_read_one_line", 3, 0, 0, counter_setup_shared, {add_twice, add_twice, read_twice}, counter_exact},
	{"own.add_read", 3, EX_OWN | EX_MOVES, 0, counter_setup_shared, {add_twice, add_twice, read_twice}, counter_exact},
	{0},
};

#define FIELDS 2

static struct record {
	rh_a64 control;
	rh_a64 words[4 * FIELDS];
	uint64_t made[EX_THREADS];
} *record;

static void
record_setup(void)
{
	const uint64_t value[FIELDS] = {0, 0};

	record = ex_memory(sizeof *record);
	rh_record_init(&record->control, record->words, FIELDS, value);
}

/* Both ways to read; each is good or says that it is not. */
static bool
record_read(uint64_t *control, uint64_t value[FIELDS])
{
	uint64_t differ = 0;
	uint32_t tag;

	*control = rh_load_acq(&record->control);
	tag = rh_record_active(*control);
	for (unsigned i = 0; i < FIELDS; i++)
		value[i] = rh_record_get(record->words, i, tag, &differ);
	return rh_record_whole(differ);
}

static bool
record_peek(uint64_t value[FIELDS])
{
	uint32_t tag = rh_record_active(rh_load_acq(&record->control));

	for (unsigned i = 0; i < FIELDS; i++)
		value[i] = rh_record_peek(record->words, i, tag);
	return rh_record_stands(&record->control, tag);
}

/* Adds to both fields: they stay equal, and no addition is lost. */
static void
record_write(void)
{
	uint64_t control, value[FIELDS];

	if (!record_read(&control, value))
		return;
	EX_CHECK(value[0] == value[1], "a mix: %llx %llx", (unsigned long long)value[0], (unsigned long long)value[1]);
	value[0] = value[1] += UINT64_C(0x100000001) << 8 * ex_self();
	record->made[ex_self()] += rh_record_replace(&record->control, record->words, FIELDS, control, value, NULL, 0);
}

static void
record_write_twice(void)
{
	record_write();
	record_write();
}

static void
record_look(void)
{
	uint64_t control, value[FIELDS];

	if (record_read(&control, value))
		EX_CHECK(value[0] == value[1], "a mix: %llx %llx", (unsigned long long)value[0],
			 (unsigned long long)value[1]);
}

static void
record_sum(void)
{
	uint64_t control, value[FIELDS], sum = 0;
	bool died = false;

	EX_CHECK(record_read(&control, value), "no record");
	EX_CHECK(value[0] == value[1], "a mix");
	for (unsigned t = 0; t < EX_THREADS; t++) {
		sum += record->made[t] * (UINT64_C(0x100000001) << 8 * t);
		died = died || ex_died(t);
	}
	EX_CHECK(died || sum == value[0], "a replacement was lost: %llx, not %llx", (unsigned long long)value[0],
		 (unsigned long long)sum);
	/* Whoever died, the next one gets through. */
	value[0] = value[1] = 7;
	EX_CHECK(rh_record_replace(&record->control, record->words, FIELDS, control, value, NULL, 0), "stuck");
}

static void
record_glance(void)
{
	uint64_t value[FIELDS];

	if (record_peek(value))
		EX_CHECK(value[0] == value[1], "a mix: %llx %llx", (unsigned long long)value[0],
			 (unsigned long long)value[1]);
}

const struct ex_scenario record_scenarios[] = {
	{"record.two_writers", 2, 0, 0, record_setup, {record_write, record_write}, record_sum},
	{"record.writer_reader", 2, 0, 0, record_setup, {record_write_twice, record_look}, record_sum},
	{"record.writer_peeks", 2, 0, 0, record_setup, {record_write_twice, record_glance}, record_sum},
	{"record.writers_peek", 3, 0, 0, record_setup, {record_write_twice, record_write, record_glance}, record_sum},
	{"record.two_writers_one_dies", 2, EX_MORTAL(0), 0, record_setup, {record_write, record_write}, record_sum},
	{"record.writers_reader", 3, 0, 0, record_setup, {record_write_twice, record_write, record_look}, record_sum},
	{0},
};
