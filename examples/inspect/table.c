/* SPDX-License-Identifier: BSD-2-Clause */
#include "table.h"

#include <inttypes.h>

#include "format.h"

#define WATCHED_EVENTS 4u

/* Two counts a line, each with its rate: fits 80 columns. */
struct table {
	FILE *out;
	uint64_t now_ns;
	double seconds; /* since the earlier sample; 0: there is none */
	bool watched;
	bool colour;
	bool begun; /* a line */
	unsigned column; /* counts in it */
};

static void
label(struct table *t, const char *name)
{
	if (t->begun)
		fputc('\n', t->out);
	t->begun = true;
	t->column = 0;
	fprintf(t->out, "  %-10s", name);
}

static void
count(struct table *t, const char *name, uint64_t now, const uint64_t *before)
{
	/* A count that has fallen is of an object made anew, or was caught in a move. */
	uint64_t more = before != NULL && now > *before ? now - *before : 0;

	if (t->column == 2) {
		fprintf(t->out, "\n            ");
		t->column = 0;
	}
	if (before != NULL && t->seconds > 0)
		fprintf(t->out, "%s%-13s %9" PRIu64 " %7.1f/s", t->column != 0 ? "  " : "", name, now,
			(double)more / t->seconds);
	else
		fprintf(t->out, "%s%-13s %9" PRIu64, t->column != 0 ? "  " : "", name, now);
	t->column++;
}

#define BEFORE(field) (b != NULL ? &b->field : NULL)

static void
print_counter(struct table *t, const struct look *l, const struct look *b)
{
	char name[16];

	label(t, "counts");
	for (unsigned i = 0; i < LOOK_COUNTS; i++) {
		snprintf(name, sizeof name, "%u", i);
		count(t, name, l->of.counter.count[i], BEFORE(of.counter.count[i]));
	}
}

static void
print_bucket(struct table *t, const struct look *l, const struct look *b)
{
	const rheo_bucket_config_t *c = &l->of.bucket.cfg;
	const rheo_bucket_stats_t *s = &l->of.bucket.stats;
	const rheo_bucket_quota_t *q = &l->of.bucket.quota;

	label(t, "limit");
	fprintf(t->out, "%" PRIu64 " per %s, burst %" PRIu64, c->tokens_per_period, format_exact(c->period_ns).s, c->burst);
	if (c->max_debt != 0)
		fprintf(t->out, ", debt up to %" PRIu64, c->max_debt);
	if (s->max_cost != c->burst)
		fprintf(t->out, ", a call costs at most %" PRIu64, s->max_cost);
	label(t, "level");
	fprintf(t->out, "%" PRIu64 " of %" PRIu64, l->of.bucket.available, c->burst);
	if (s->level < 0)
		fprintf(t->out, " (%" PRId64 " as published)", s->level);
	if (s->parked != 0)
		fprintf(t->out, ", %" PRIu64 " of them in lanes", s->parked);
	if (q->full_ns != 0)
		fprintf(t->out, ", full in %s", format_about(q->full_ns).s);
	fprintf(t->out, ", published %s", format_age(s->published_ns, t->now_ns).s);
	label(t, "tokens");
	count(t, "admitted", s->admitted, BEFORE(of.bucket.stats.admitted));
	count(t, "refunded", s->refunded, BEFORE(of.bucket.stats.refunded));
	count(t, "charged", s->charged, BEFORE(of.bucket.stats.charged));
	label(t, "calls");
	count(t, "refused rate", s->refused_rate, BEFORE(of.bucket.stats.refused_rate));
	count(t, "refused never", s->refused_never, BEFORE(of.bucket.stats.refused_never));
	count(t, "clock back", s->clock_regressions, BEFORE(of.bucket.stats.clock_regressions));
	count(t, "CAS retries", s->cas_retries, BEFORE(of.bucket.stats.cas_retries));
}

static void
print_state(struct table *t, const rheo_breaker_snapshot_t *n)
{
	static const char *const colour[] = {"\033[32m", "\033[31m", "\033[33m"};
	bool coloured = t->colour && n->state <= RHEO_HALF_OPEN;

	fprintf(t->out, "%s%s%s", coloured ? colour[n->state] : "", rheo_state_name(n->state), coloured ? "\033[0m" : "");
	if (n->mode != RHEO_AUTO)
		fprintf(t->out, ", %s%s%s", coloured ? "\033[1m" : "", rheo_mode_name(n->mode), coloured ? "\033[0m" : "");
	fprintf(t->out, ", generation %" PRIu64, n->generation);
	if (n->backoff_level != 0)
		fprintf(t->out, ", reopened %" PRIu32 " times", n->backoff_level);
	if (n->retry_after_ns != 0)
		fprintf(t->out, ", admits %s%s", n->retry_after_ns == RHEO_FOREVER ? "" : "in ",
			format_about(n->retry_after_ns).s);
}

static void
print_settings(struct table *t, const rheo_breaker_config_t *c)
{
	const char *or = "";

	label(t, "opens at");
	if (c->failure_rate_bp != 0) {
		fprintf(t->out, "%s failures", format_percent(c->failure_rate_bp).s);
		or = " or ";
	}
	if (c->slow_call_rate_bp != 0) {
		fprintf(t->out, "%s%s slower than %s", or, format_percent(c->slow_call_rate_bp).s,
			format_exact(c->slow_call_ns).s);
		or = " or ";
	}
	if (c->window_calls != 0)
		fprintf(t->out, " of the last %" PRIu32 " calls (at least %" PRIu32 ")", c->window_calls, c->minimum_calls);
	else
		fprintf(t->out, " of %" PRIu32 " calls or more in %s", c->minimum_calls, format_exact(c->window_ns).s);
	if (c->consecutive_failures != 0)
		fprintf(t->out, "%s%" PRIu32 " failures in a row", or, c->consecutive_failures);
	label(t, "open for");
	fprintf(t->out, "%s", format_exact(c->open_ns).s);
	if (c->open_backoff_bp != 0)
		fprintf(t->out, ", %s longer each time, at most %s", format_percent(c->open_backoff_bp).s,
			format_exact(c->open_max_ns).s);
	if (c->open_jitter_bp != 0)
		fprintf(t->out, ", spread %s", format_percent(c->open_jitter_bp).s);
	label(t, "half-open");
	fprintf(t->out, "%" PRIu32 " calls, %" PRIu32 " good ones close it, %" PRIu32 " bad open it; lost after %s%s",
		c->half_open_calls, c->half_open_successes, c->half_open_failures, format_exact(c->probe_timeout_ns).s,
		c->flags & RHEO_BREAKER_PROBE_TIMEOUT_CANCELS ? " (ignored)" : " (bad)");
}

static void
print_event(struct table *t, const rheo_breaker_event_t *e)
{
	const char *from = e->from_mode != RHEO_AUTO ? rheo_mode_name(e->from_mode) : rheo_state_name(e->from_state);
	const char *to = e->to_mode != RHEO_AUTO ? rheo_mode_name(e->to_mode) : rheo_state_name(e->to_state);
	char edge[64];

	snprintf(edge, sizeof edge, "%s -> %s", from, to);
	fprintf(t->out, "\n  %8" PRIu64 "  ", e->generation);
	if (e->partial)
		fprintf(t->out, "%6s  %-23s %6s %5s %5s  %s", "?", edge, "?", "?", "?", rheo_cause_name(e->cause));
	else
		fprintf(t->out, "%6s  %-23s %6s %5" PRIu64 " %5" PRIu64 "  %s",
			e->at_ns > t->now_ns ? "ahead" : format_about(t->now_ns - e->at_ns).s, edge,
			e->to_state != RHEO_OPEN	? ""
			: e->open_ns == RHEO_FOREVER ? "-"
						     : format_about(e->open_ns).s,
			e->calls, e->failures, rheo_cause_name(e->cause));
}

/* The latest first; fewer of them where they are to be looked at again and again. */
static void
print_events(struct table *t, const struct look *l)
{
	uint32_t events = l->of.breaker.events, shown = t->watched && events > WATCHED_EVENTS ? WATCHED_EVENTS : events;

	if (events == 0)
		return;
	label(t, "events");
	fprintf(t->out, "%6s  %-23s %6s %5s %5s  %s", "ago", "from -> to", "open", "calls", "bad", "cause");
	for (uint32_t i = 1; i <= shown; i++)
		print_event(t, &l->of.breaker.event[events - i]);
}

static void
print_breaker(struct table *t, const struct look *l, const struct look *b)
{
	const rheo_breaker_snapshot_t *n = &l->of.breaker.now;

	label(t, "state");
	print_state(t, n);
	print_settings(t, &l->of.breaker.cfg);
	label(t, "window");
	fprintf(t->out, "%" PRIu64 " calls, %" PRIu64 " failed (%s), %" PRIu64 " slow (%s)", n->window_calls,
		n->window_failures, format_percent(n->failure_rate_bp).s, n->window_slow,
		format_percent(n->slow_call_rate_bp).s);
	if (n->consecutive_failures != 0)
		fprintf(t->out, ", %" PRIu32 " failed in a row", n->consecutive_failures);
	if (n->state == RHEO_HALF_OPEN) {
		label(t, "probes");
		fprintf(t->out, "%" PRIu32 " given, %" PRIu32 " good, %" PRIu32 " bad, %" PRIu32 " ignored, %" PRIu32 " slow",
			n->probes_issued, n->probes_succeeded, n->probes_failed, n->probes_ignored, n->probes_slow);
	}
	label(t, "calls");
	count(t, "succeeded", n->successes, BEFORE(of.breaker.now.successes));
	count(t, "failed", n->failures, BEFORE(of.breaker.now.failures));
	count(t, "slow", n->slow, BEFORE(of.breaker.now.slow));
	count(t, "ignored", n->ignored, BEFORE(of.breaker.now.ignored));
	count(t, "refused open", n->refused_open, BEFORE(of.breaker.now.refused_open));
	count(t, "refused probe", n->refused_probe, BEFORE(of.breaker.now.refused_probe));
	count(t, "stale reports", n->stale, BEFORE(of.breaker.now.stale));
	count(t, "clock back", n->clock_regressions, BEFORE(of.breaker.now.clock_regressions));
	count(t, "CAS retries", n->cas_retries, BEFORE(of.breaker.now.cas_retries));
	print_events(t, l);
}

static void
print_one(struct table *t, size_t index, const struct look *l, const struct look *b)
{
	fprintf(t->out, "\n#%zu  ", index);
	if (l->status == RHEO_ERR_VERSION) {
		fprintf(t->out, "an object at %" PRIu64 ": %s\n", l->offset, rheo_status_text(l->status));
		return;
	}
	fprintf(t->out, "%s at %" PRIu64 ", %" PRIu64 " bytes", kind_name(l->kind), l->offset, l->size);
	if (l->status == RHEO_ERR_NOSPC)
		fprintf(t->out, ": cut short");
	else if (l->status != RHEO_OK)
		fprintf(t->out, ": %s", rheo_status_text(l->status));
	else if (l->kind == BUCKET && l->of.bucket.stats.lanes > 1)
		fprintf(t->out, ", %" PRIu32 " lanes", l->of.bucket.stats.lanes);
	if (l->status == RHEO_OK) {
		t->begun = false;
		fputc('\n', t->out);
		if (l->kind == COUNTER)
			print_counter(t, l, b);
		else if (l->kind == BUCKET)
			print_bucket(t, l, b);
		else
			print_breaker(t, l, b);
	}
	fputc('\n', t->out);
}

void
table_print(FILE *out, const char *name, const struct sample *s, const struct sample *before, bool watched, bool colour)
{
	struct table t = {.out = out, .now_ns = s->now_ns, .watched = watched, .colour = colour};
	char shown[256];

	if (before != NULL && s->clock_ns > before->clock_ns)
		t.seconds = (double)(s->clock_ns - before->clock_ns) / 1e9;
	segment_show_name(shown, sizeof shown, name);
	fprintf(out, "%s: %s, %zu object%s%s; at %" PRIu64 ".%06" PRIu64 " s\n", shown, format_bytes(s->segment_size).s,
		s->count, s->count == 1 ? "" : "s", s->more ? " and more" : "", s->now_ns / 1000000000,
		s->now_ns / 1000 % 1000000);
	for (size_t i = 0; i < s->count; i++)
		print_one(&t, i, &s->look[i], t.seconds > 0 ? sample_same(before, &s->look[i]) : NULL);
}
