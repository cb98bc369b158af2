/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <rheo/breaker.h>

#include "plan.h"
#include "summary.h"

#define FIFTHS 5u

const char *
report_state(uint32_t state)
{
	static const char *const names[] = {"CLOSED", "OPEN", "HALF-OPEN"};

	return state <= RHEO_HALF_OPEN ? names[state] : "?";
}

void
live_begin(struct live *live)
{
	*live = (struct live){.terminal = isatty(STDOUT_FILENO)};
	if (!live->terminal)
		printf("%5s  %-17s %9s %10s %7s %7s %8s  %-10s %6s\n", "s", "phase", "offered/s",
		       "admitted/s", "429/s", "503/s", "errors/s", "breaker", "tokens");
}

static unsigned
terminal_columns(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* As much of a bar as fits beside the figures. */
static void
show_line(const struct history *h, unsigned phase, double s, const struct tally *d)
{
	double part = s * 1e9 / (double)plan_begin_ns(PLAN_PHASES);
	int columns = (int)terminal_columns() - 1, length, room;
	char text[160];

	length = snprintf(text, sizeof text,
			  "%4.1f s %-16s %-9s offered %4" PRIu64 "/s admitted %3" PRIu64 " 429 %3" PRIu64
			  " 503 %3" PRIu64,
			  s, plan_phase[phase].name, report_state(h->state), d->offered, d->admitted,
			  d->rate, d->breaker);
	room = columns - length - 3 < 40 ? columns - length - 3 : 40;
	fputs("\r\033[K", stdout);
	if (room >= 4) {
		int done = part < 1 ? (int)(part * room) : room;

		printf("[%.*s%*s] ", done, "########################################", room - done, "");
	}
	printf("%.*s", columns, text);
	fflush(stdout);
}

static void
show_row(const struct history *h, unsigned phase, double s, const struct tally *d)
{
	printf("%5.1f  %-17s %9" PRIu64 " %10" PRIu64 " %7" PRIu64 " %7" PRIu64 " %8" PRIu64
	       "  %-10s %6" PRIu64 "\n",
	       s, plan_phase[phase].name, d->offered, d->admitted, d->rate, d->breaker, d->errors,
	       report_state(h->state), h->level);
	fflush(stdout);
}

void
live_show(struct live *live, const struct history *h, struct tally now, uint64_t now_ns)
{
	struct tally before = live->second_ago[live->looks % FIFTHS], d;
	double s = now_ns > h->begin_ns ? (double)(now_ns - h->begin_ns) / 1e9 : 0;
	unsigned phase = 0;

	/* What has just been offered belongs to the phase that is ending. */
	while (phase + 1 < PLAN_PHASES && h->begin_ns + plan_begin_ns(phase + 1) + 100000000 <= now_ns)
		phase++;
	live->second_ago[live->looks % FIFTHS] = now;
	live->looks++;
	d = (struct tally){now.offered - before.offered, now.admitted - before.admitted,
			   now.rate - before.rate, now.breaker - before.breaker,
			   now.errors - before.errors};
	if (live->terminal) {
		show_line(h, phase, s, &d);
	} else if (s + 0.05 >= live->rows + 1) {
		live->rows = (unsigned)(s + 0.05);
		show_row(h, phase, s, &d);
	}
}

void
live_end(const struct live *live)
{
	if (live->terminal)
		fputs("\r\033[K", stdout);
	fflush(stdout);
}

/* A latency in milliseconds, or a dash where there is none. */
static void
show_ms(uint64_t ns)
{
	if (ns == 0)
		printf(" %8s", "-");
	else
		printf(" %8.1f", (double)ns / 1e6);
}

static void
show_phase(const char *name, uint64_t length_ms, const struct summary *s)
{
	printf("%-17s %5.1f %8" PRIu64 " %9" PRIu64 " %6" PRIu64 " %6" PRIu64 " %9" PRIu64, name,
	       (double)length_ms / 1000, s->offered, s->admitted, s->rate, s->breaker, s->errors);
	show_ms(s->p50_ns);
	show_ms(s->p99_ns);
	show_ms(s->refused_p99_ns);
	putchar('\n');
}

void
report_phases(const struct history *h)
{
	struct summary all = summarize(&h->records, 0, UINT64_MAX);

	printf("\n%-17s %5s %8s %9s %6s %6s %9s  %16s %8s\n", "", "", "", "", "", "", "upstream",
	       "admitted, ms", "refused");
	printf("%-17s %5s %8s %9s %6s %6s %9s %8s %8s %8s\n", "phase", "s", "offered", "admitted", "429",
	       "503", "errors", "p50", "p99", "p99, ms");
	for (unsigned i = 0; i < PLAN_PHASES; i++) {
		struct summary s = summarize_phase(h, i);

		show_phase(plan_phase[i].name, plan_phase[i].length_ms, &s);
	}
	show_phase("all", plan_begin_ns(PLAN_PHASES) / 1000000, &all);
}

void
report_transitions(const struct history *h)
{
	printf("\n%3s %8s  %-22s %-15s  %s\n", "gen", "at s", "transition", "because",
	       "counts that caused it");
	for (size_t i = 0; i < h->transitions; i++) {
		const struct transition *t = &h->transition[i];
		char cause[24];

		snprintf(cause, sizeof cause, "%s", t->cause);
		for (char *c = cause; *c != '\0'; c++)
			*c = *c == '_' ? ' ' : (char)(*c | 32);
		printf("%3" PRIu64 " %8.3f  %-9s -> %-9s ", t->generation,
		       ((double)t->at_ns - (double)h->begin_ns) / 1e9, report_state(t->from),
		       report_state(t->to));
		printf(" %-16s", cause);
		if (t->calls != 0)
			printf(" %3" PRIu64 " calls, %" PRIu64 " failed, %" PRIu64 " slow", t->calls,
			       t->failures, t->slow);
		if (t->open_ns != 0)
			printf("; open for %.2f s", (double)t->open_ns / 1e9);
		putchar('\n');
	}
}
