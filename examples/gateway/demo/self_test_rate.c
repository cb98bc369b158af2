/* SPDX-License-Identifier: BSD-2-Clause */
#include "self_test.h"

#include <inttypes.h>
#include <stdio.h>

#include "check.h"

#define HISTORIES 500u
#define MOST 48u

static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* The definition itself: every asked time with every decided time, counting what lies between. */
static int64_t
plain_count(const struct record *r, size_t count, uint64_t rate_per_s)
{
	int64_t most = INT64_MIN;

	for (size_t a = 0; a < count; a++)
		for (size_t b = 0; b < count; b++) {
			uint64_t t1 = r[a].asked_ns, t2 = r[b].decided_ns, earned;
			int64_t inside = 0;

			if (t1 > t2)
				continue;
			for (size_t i = 0; i < count; i++)
				inside += r[i].verdict == ADMITTED && r[i].asked_ns >= t1 &&
					  r[i].decided_ns <= t2;
			earned = ((t2 - t1) * rate_per_s + 999999999) / 1000000000;
			if (inside > 0 && inside - (int64_t)earned > most)
				most = inside - (int64_t)earned;
		}
	return most;
}

unsigned
self_test_rate(void)
{
	struct record record[MOST];
	uint64_t seed = 20240131;
	unsigned differ = 0;

	for (unsigned h = 0; h < HISTORIES; h++) {
		struct records records = {.record = record, .count = 1 + next_random(&seed) % MOST};
		uint64_t rate_per_s = 1 + next_random(&seed) % 2000,
			 spread_ns = 1 + next_random(&seed) % 40000000;
		struct finding f;
		int64_t plain;

		for (size_t i = 0; i < records.count; i++) {
			uint64_t asked =
				UINT64_C(5000000000) + next_random(&seed) % (UINT64_C(20) * spread_ns);

			record[i] = (struct record){
				.asked_ns = asked,
				.decided_ns = asked + next_random(&seed) % spread_ns,
				.verdict = i == 0 || next_random(&seed) % 4 != 0 ? ADMITTED : REFUSED_RATE};
		}
		plain = plain_count(record, records.count, rate_per_s);
		f = check_p1(&records, rate_per_s, 10);
		if (f.figure != plain || f.good != (plain <= 10)) {
			printf("  P1 says %" PRId64 ", a plain count says %" PRId64 ": %s\n", f.figure,
			       plain, f.line);
			differ++;
		}
	}
	printf("  %-45s %u of %u agree\n",
	       "P1 against a plain count, random histories:", HISTORIES - differ, HISTORIES);
	return differ;
}
