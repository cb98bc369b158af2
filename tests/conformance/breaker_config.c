/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Each dialect's configuration as rheo's. What a case leaves out is its
 * library's default; what only names a rule that rheo shares is read word for
 * word, so that another rule is noticed.
 */

#include "rig.h"

#include <stdio.h>
#include <string.h>

#define NEVER_CLEARED 65536u /* a count window that no case fills stands for one that is never cleared */

static uint64_t
take_ms(struct rig *g, json_t *c, const char *key, int64_t otherwise_ms)
{
	int64_t ms = take_int_or(g->r, c, key, otherwise_ms);

	if (ms < 0)
		fail(g->r, "\"%s\" is below 0", key);
	return (uint64_t)ms * MS_NS;
}

static void
words_if_there(struct rig *g, json_t *c, const char *key, const char *words)
{
	if (json_object_get(c, key) != NULL)
		take_words(g->r, c, key, words);
}

static void
time_window(struct rig *g, uint64_t window_ns, uint32_t slices)
{
	g->cfg.window_ns = window_ns;
	g->cfg.window_slices = slices;
}

static void
take_trip(struct rig *g, json_t *c)
{
	const char *text = take_text(g->r, c, "trip");
	unsigned n = 0;
	double rate = 0;
	int length = 0;

	if (sscanf(text, "consecutive_failures > %u%n", &n, &length) == 1 && text[length] == 0) {
		g->cfg.consecutive_failures = n + 1;
		g->cfg.failure_rate_bp = 0;
		return;
	}
	g->cfg.consecutive_failures = UINT32_MAX; /* counted, to be looked at, and never reached */
	length = 0;
	sscanf(text, "on failure only: (requests-excluded) >= %u and failures/(requests-excluded) >= %lf%n",
	       &n, &rate, &length);
	if (length != 0 && text[length] == 0) {
		g->cfg.minimum_calls = n;
		g->cfg.failure_rate_bp = (uint32_t)(rate * 10000 + 0.5);
	} else if (strcmp(text, "total_failures>=1") == 0) {
		/* Of the window: one of any number that a case makes. */
		g->cfg.minimum_calls = 1;
		g->cfg.failure_rate_bp = 1;
	} else {
		fail(g->r, "\"trip\": \"%s\" is not known", text);
	}
}

static void
gobreaker(struct rig *g, json_t *c)
{
	uint64_t interval_ns = take_ms(g, c, "closed_interval_ms", 0);
	int64_t buckets = take_int_or(g->r, c, "buckets", 0);
	unsigned successes = 0;
	int length = 0;

	if (json_object_get(c, "tumbling_interval_ms") != NULL)
		interval_ns = take_ms(g, c, "tumbling_interval_ms", 0);
	if (buckets > 0)
		time_window(g, (uint64_t)(buckets * SECOND_NS), (uint32_t)buckets);
	else if (interval_ns != 0)
		time_window(g, interval_ns, 1);
	else
		g->cfg.window_calls = NEVER_CLEARED;
	words_if_there(g, c, "window", "tumbling");
	if (json_object_get(c, "trip") != NULL)
		take_trip(g, c);
	else
		g->cfg.consecutive_failures = 6, g->cfg.failure_rate_bp = 0;
	g->cfg.open_ns = take_ms(g, c, "open_timeout_ms", 60000);
	g->cfg.half_open_calls = (uint32_t)take_int_or(g->r, c, "half_open_max_requests", 1);
	g->cfg.half_open_successes = g->cfg.half_open_calls;
	g->cfg.half_open_failures = 1;
	words_if_there(g, c, "open_expiry", "strict: half-open only when now > opened+timeout");
	words_if_there(g, c, "half_open_open", "first failure");
	if (json_object_get(c, "clear_counts_on_transition") != NULL)
		must(g->r, take_bool(g->r, c, "clear_counts_on_transition"), "counts that are not cleared");
	if (json_object_get(c, "half_open_close") != NULL) {
		const char *text = take_text(g->r, c, "half_open_close");

		must(g->r,
		     sscanf(text, "consecutive_successes >= %u%n", &successes, &length) == 1 &&
			     text[length] == 0 && successes == g->cfg.half_open_calls,
		     "\"half_open_close\": \"%s\" is not known", text);
	}
}

/*
 * resilience4j judges a half-open period when all its results are in, by the
 * failure rate. rheo with half_open_failures = half_open_calls does not reopen
 * before that either, and half_open_successes is the fewest with which the rate
 * is not reached.
 */
static void
r4j_half_open(struct rig *g, int64_t permitted, int64_t minimum)
{
	uint32_t n = (uint32_t)permitted, enough = 1;

	must(g->r, permitted >= 1 && permitted <= minimum,
	     "a half-open period judged before all its results are in is not mapped");
	while (enough < n && (n - enough) * 10000 >= g->cfg.failure_rate_bp * n)
		enough++;
	g->cfg.half_open_calls = g->cfg.half_open_failures = n;
	g->cfg.half_open_successes = enough;
}

static void
r4j(struct rig *g, json_t *c)
{
	const json_t *window = take(g->r, c, "window"), *wait = json_object_get(c, "half_open_max_wait_ms");
	int64_t minimum = take_int_or(g->r, c, "minimum_calls", 100);
	int64_t size = take_int_or(g->r, c, "window_size", take_int_or(g->r, c, "size", 100));

	g->cfg.failure_rate_bp = (uint32_t)take_int_or(g->r, c, "failure_rate_threshold_pct", 50) * 100;
	g->cfg.slow_call_rate_bp = (uint32_t)take_int_or(g->r, c, "slow_call_rate_threshold_pct", 0) * 100;
	g->cfg.slow_call_ns = take_ms(g, c, "slow_call_threshold_ms", 60000);
	if (is_words(window, "time")) {
		int64_t s = json_object_get(c, "window_s") ? take_int(g->r, c, "window_s")
							   : take_int(g->r, c, "seconds");
		int64_t bucket_ms = take_int_or(g->r, c, "bucket_ms", 1000);

		must(g->r, bucket_ms > 0 && s * 1000 % bucket_ms == 0, "no buckets");
		time_window(g, (uint64_t)(s * SECOND_NS), bucket_ms > 0 ? (uint32_t)(s * 1000 / bucket_ms) : 1);
	} else {
		must(g->r, window == NULL || is_words(window, "count"), "no window");
		g->cfg.window_calls = (uint32_t)size;
	}
	g->cfg.minimum_calls = (uint32_t)minimum;
	g->cfg.open_ns = take_ms(g, c, "wait_open_ms", 60000);
	r4j_half_open(g, take_int_or(g->r, c, "half_open_permitted", 10), minimum);
	if (json_is_integer(wait))
		g->cfg.probe_timeout_ns = take_ms(g, c, "half_open_max_wait_ms", 0);
	else
		words_if_there(g, c, "half_open_max_wait_ms", "default (0)");
	words_if_there(g, c, "half_open_after_max_wait", "open");
	words_if_there(g, c, "slow_call", "duration > threshold (strict)");
	words_if_there(g, c, "ignored", "class I");
	words_if_there(g, c, "threshold_comparison", ">=");
	words_if_there(g, c, "start", "at a whole second");
	must(g->r, take_int_or(g->r, c, "rate_below_minimum", -1) == -1, "rate_below_minimum");
}

static void
polly(struct rig *g, json_t *c)
{
	const json_t *window = take(g->r, c, "window");
	uint64_t duration_ns = take_ms(g, c, "duration_ms", 30000);

	g->cfg.failure_rate_bp = 1000;
	g->cfg.minimum_calls = 100;
	must(g->r, window == NULL || is_words(window, "time") || is_words(window, "tumbling"), "no window");
	time_window(g, duration_ns,
		    is_words(window, "tumbling") ? 1 : (uint32_t)take_int_or(g->r, c, "buckets", 10));
	g->cfg.open_ns = take_ms(g, c, "break_ms", 5000);
	g->cfg.half_open_calls = 1;
	words_if_there(g, c, "break_expiry", "now >= blocked_until");
	words_if_there(g, c, "bucket_start",
		       "a bucket starts at the first access after the previous one is a full width old; not aligned to a grid");
	words_if_there(g, c, "expiry", "bucket dropped when now-start >= duration");
}

static void
failsafe(struct rig *g, json_t *c)
{
	g->cfg.failure_rate_bp = (uint32_t)take_int(g->r, c, "failure_rate_threshold_pct") * 100;
	g->cfg.minimum_calls = (uint32_t)take_int(g->r, c, "minimum_calls");
	time_window(g, 60 * (uint64_t)SECOND_NS, 10);
}

static void
opossum(struct rig *g, json_t *c)
{
	g->cfg.failure_rate_bp = (uint32_t)take_int(g->r, c, "error_threshold_pct") * 100;
	g->cfg.minimum_calls = (uint32_t)take_int(g->r, c, "min_calls");
	time_window(g, 10 * (uint64_t)SECOND_NS, 10);
}

void
rig_configure(struct rig *g, json_t *config, const char *kind, unsigned pass)
{
	static void (*const by_dialect[])(struct rig *, json_t *) = {gobreaker, r4j, polly, failsafe, opossum};
	bool says_timeout = json_is_integer(json_object_get(config, "half_open_max_wait_ms"));

	rheo_breaker_config_init(&g->cfg, sizeof g->cfg);
	g->timer = pass == 1;
	g->window_only = strcmp(kind, "window") == 0;
	by_dialect[g->dialect](g, config);
	if (g->cfg.window_calls != 0 && g->cfg.minimum_calls > g->cfg.window_calls)
		g->cfg.minimum_calls = g->cfg.window_calls;
	if (!says_timeout) {
		/* These know no time-out for a probe: pass 0 gives it up as cancelled, the others as failed. */
		if (strstr(g->r->id, "lost_probe") != NULL)
			mapped(g->r, "a probe that is never reported has to have a time-out in rheo; replayed three ways: given up as cancelled (flag), as failed with a timer, as failed without one (P10)");
		if (g->cfg.probe_timeout_ns > 10 * g->cfg.open_ns)
			g->cfg.probe_timeout_ns = 10 * g->cfg.open_ns;
		if (pass == 0)
			g->cfg.flags |= RHEO_BREAKER_PROBE_TIMEOUT_CANCELS;
	}
	if (g->window_only) {
		g->cfg.minimum_calls = 1;
		g->cfg.consecutive_failures = UINT32_MAX;
		g->cfg.slow_call_rate_bp = 10000;
		g->cfg.slow_call_ns = SECOND_NS;
		g->cfg.failure_rate_bp = 10000;
	}
	nothing_left(g->r, config);
}
