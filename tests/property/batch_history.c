/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Tokens taken in batches and spent later (bucket.h, rheo_bucket_acquire_upto).
 *
 * Some holders take up to their share, spend it when they like, give parts of it
 * back. The bucket has the burst less what all of them can hold; what they spend
 * in any interval must not pass the burst and the rate.
 */

#include "harness.h"

#include "rheo/bucket.h"

#define MOST_HOLDERS 4u
#define MOST_SPENT 256u

struct spending {
	uint64_t at_ns;
	uint64_t tokens;
};

/* What was spent from i to j, for every i <= j, against burst + ceil(rate * time). */
static const char *
check_intervals(const struct spending *s, size_t n, uint64_t tokens, uint64_t period_ns, uint64_t burst)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t sum = 0;

		for (size_t j = i; j < n; j++) {
			uint64_t ns = s[j].at_ns - s[i].at_ns;

			sum += s[j].tokens;
			if (sum > burst + (tokens * ns + period_ns - 1) / period_ns)
				return wrong("%llu tokens spent in %llu ns, spendings %zu to %zu; burst %llu, %llu each %llu ns",
					     (unsigned long long)sum, (unsigned long long)ns, i, j, (unsigned long long)burst,
					     (unsigned long long)tokens, (unsigned long long)period_ns);
		}
	}
	return NULL;
}

const char *
batch_history(struct bytes in, int *steps)
{
	unsigned holders = 1 + (unsigned)take(&in, 1) % MOST_HOLDERS;
	uint64_t share = 1 + take(&in, 1) % 32, held[MOST_HOLDERS] = {0};
	uint64_t burst = holders * share + 1 + take(&in, 1), now = 0;
	struct spending spent[MOST_SPENT];
	rheo_bucket_config_t cfg;
	struct room room;
	rheo_bucket_t *b;
	const char *result = NULL;
	size_t n = 0;

	rheo_bucket_config_init(&cfg, sizeof cfg);
	cfg.tokens_per_period = 1 + take(&in, 2);
	cfg.period_ns = 1 + take(&in, 3);
	if (cfg.period_ns < cfg.tokens_per_period / 1000 + 1) /* 10^12 a second is the most there is */
		cfg.period_ns = cfg.tokens_per_period / 1000 + 1;
	cfg.burst = burst - holders * share;
	cfg.lanes = 1u << take(&in, 1) % 3;
	cfg.counter_lanes = 1;
	room = room_make((size_t)rheo_bucket_size(&cfg));
	*steps = 1;
	if (rheo_bucket_init(room.at, room.size, &cfg, now, &b) != RHEO_OK)
		FAIL("no bucket of burst %llu", (unsigned long long)cfg.burst);
	for (; in.left > 0 && n < MOST_SPENT; ++*steps) {
		unsigned what = (unsigned)take(&in, 1), h = what % holders;
		uint64_t most = 1 + take(&in, 1) % 32, got = 0;

		if (what >= 192) { /* time for some tokens, or for many */
			now += most * (what >= 250 ? 64 : 1) * cfg.period_ns / (what >= 224 ? 1 : 2 * cfg.tokens_per_period);
		} else if (what >= 128) {
			if (held[h] < share && rheo_bucket_acquire_upto(b, share - held[h], now, &got) == RHEO_OK)
				held[h] += got;
		} else if (what >= 120) {
			most = most < held[h] ? most : held[h];
			if (most != 0 && rheo_bucket_refund(b, most) != RHEO_OK)
				FAIL("step %d: a refund of %llu was refused", *steps, (unsigned long long)most);
			held[h] -= most;
		} else if (held[h] != 0) {
			most = most < held[h] ? most : held[h];
			held[h] -= most;
			spent[n++] = (struct spending){now, most};
		}
	}
	result = check_intervals(spent, n, cfg.tokens_per_period, cfg.period_ns, burst);
out:
	room_free(&room);
	return result;
}
