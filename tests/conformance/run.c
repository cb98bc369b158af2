/* SPDX-License-Identifier: BSD-2-Clause */

/* What a replay reports, and how it is counted. */

#include "conformance.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_FAILURES_SHOWN 8u

static void
vfail(struct run *r, const char *format, va_list ap)
{
	if (++r->failures > MAX_FAILURES_SHOWN)
		return;
	printf("    FAIL  %s%s%s: ", r->id, r->at[0] != 0 ? ", " : "", r->at);
	vprintf(format, ap);
	printf("\n");
}

void
fail(struct run *r, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vfail(r, format, ap);
	va_end(ap);
}

void
must(struct run *r, bool holds, const char *format, ...)
{
	va_list ap;

	if (holds)
		return;
	va_start(ap, format);
	vfail(r, format, ap);
	va_end(ap);
}

void
expect(struct run *r, const char *what, int64_t file, int64_t got)
{
	r->as_written += !r->again;
	if (file != got)
		fail(r, "%s: the file says %lld, rheo gives %lld", what, (long long)file,
		     (long long)got);
}

static void
remark(struct run *r, const char *kind, unsigned times, const char *format, va_list ap)
{
	char text[sizeof r->remark[0].text];
	unsigned i;

	vsnprintf(text, sizeof text, format, ap);
	for (i = 0; i < r->remarks; i++)
		if (strcmp(r->remark[i].kind, kind) == 0 && strcmp(r->remark[i].text, text) == 0)
			break;
	if (i == MAX_REMARKS) {
		fail(r, "more to remark than there is room for: %s", text);
		return;
	}
	if (i == r->remarks) {
		r->remark[i].kind = kind;
		r->remark[i].times = 0;
		memcpy(r->remark[i].text, text, sizeof text);
		r->remarks++;
	}
	if (!r->again)
		r->remark[i].times += times;
}

static void
remark_rule(struct run *r, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	remark(r, "rule", 1, format, ap);
	va_end(ap);
}

void
expect_by_rule(struct run *r, const char *what, int64_t file, int64_t dialect, int64_t got,
	       int64_t ours, const char *why)
{
	if (dialect == ours) {
		expect(r, what, file, got);
		if (file == got && file != dialect)
			fail(r, "%s: the file says %lld, its dialect gives %lld", what, (long long)file,
			     (long long)dialect);
		return;
	}
	r->by_rule += !r->again;
	if (why == NULL) {
		fail(r, "%s: the dialect gives %lld, rheo's rule %lld, for no reason known", what,
		     (long long)dialect, (long long)ours);
		return;
	}
	if (file != dialect)
		fail(r, "%s: the file says %lld, its dialect gives %lld", what, (long long)file,
		     (long long)dialect);
	if (got != ours)
		fail(r, "%s: rheo gives %lld, by its rule it should give %lld (%s)", what,
		     (long long)got, (long long)ours, why);
	remark_rule(r, "%s", why);
}

void
not_applicable(struct run *r, const char *format, ...)
{
	va_list ap;

	r->not_applicable = true;
	va_start(ap, format);
	remark(r, "n/a ", 0, format, ap);
	va_end(ap);
}

void
left_out(struct run *r, unsigned expectations, const char *format, ...)
{
	va_list ap;

	if (!r->again)
		r->left_out += expectations;
	va_start(ap, format);
	remark(r, "n/a ", expectations, format, ap);
	va_end(ap);
}

void
mapped(struct run *r, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	remark(r, "map ", 0, format, ap);
	va_end(ap);
}

void
begin_step(struct run *r, const char *format, ...)
{
	va_list ap;

	r->steps += !r->again;
	va_start(ap, format);
	vsnprintf(r->at, sizeof r->at, format, ap);
	va_end(ap);
}

void
print_remarks(const struct run *r)
{
	for (unsigned i = 0; i < r->remarks; i++) {
		const struct remark *m = &r->remark[i];

		printf("    %s  %s: %s", m->kind, r->id, m->text);
		if (m->times != 0)
			printf(" (%u expectation%s)", m->times, m->times == 1 ? "" : "s");
		printf("\n");
	}
}
