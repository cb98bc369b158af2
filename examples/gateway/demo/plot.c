/* SPDX-License-Identifier: BSD-2-Clause */
#include "plot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <rheo/breaker.h>

#include "child.h"
#include "plan.h"
#include "summary.h"

#define BUCKET_NS UINT64_C(200000000)

static FILE *
create(const char *out, const char *name)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", out, name);
	file = fopen(path, "w");
	if (file == NULL)
		fprintf(stderr, "demo: %s: %s\n", path, strerror(errno));
	return file;
}

static void
put_ms(FILE *file, uint64_t ns)
{
	if (ns == 0)
		fputs("\tNaN", file);
	else
		fprintf(file, "\t%.3f", (double)ns / 1e6);
}

/* Per second, by buckets of scheduled time; columns stack from left to right. */
static bool
write_timeline(const struct history *h, const char *out)
{
	FILE *file = create(out, "timeline.tsv");
	uint64_t length_ns = plan_begin_ns(PLAN_PHASES);
	double per_s = 1e9 / (double)BUCKET_NS;

	if (file == NULL)
		return false;
	fputs("# middle_s\twell\tslow\terrors\t429\t503\toffered\tp50_ms\tp99_ms\n", file);
	for (uint64_t at = 0; at < length_ns; at += BUCKET_NS) {
		struct summary s = summarize(&h->records, h->begin_ns + at, h->begin_ns + at + BUCKET_NS);

		fprintf(file, "%.3f\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f",
			(double)(at + BUCKET_NS / 2) / 1e9, (double)s.well * per_s, (double)s.slow * per_s,
			(double)s.errors * per_s, (double)s.rate * per_s, (double)s.breaker * per_s,
			(double)s.offered * per_s);
		put_ms(file, s.p50_ns);
		put_ms(file, s.p99_ns);
		fputc('\n', file);
	}
	return fclose(file) == 0;
}

static bool
write_records(const struct history *h, const char *out)
{
	static const char *const verdicts[] = {"LOST",	       "ADMITTED",	"REFUSED_RATE",
					       "REFUSED_OPEN", "REFUSED_PROBE", "UNDECIDED"};
	FILE *file = create(out, "records.tsv");

	if (file == NULL)
		return false;
	fputs("# id\tphase\tscheduled_ns\tanswered_ns\tcode\tverdict\tasked_ns\tdecided_ns\tgeneration\tprobe\n",
	      file);
	for (size_t i = 0; i < h->records.count; i++) {
		const struct record *r = &h->records.record[i];

		fprintf(file,
			"%zu\t%u\t%" PRIu64 "\t%" PRIu64 "\t%u\t%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64
			"\t%" PRIu32 "\n",
			i, r->phase, r->scheduled_ns, r->answered_ns, r->code, verdicts[r->verdict],
			r->asked_ns, r->decided_ns, r->generation, r->probe);
	}
	return fclose(file) == 0;
}

static double
seconds_in(const struct history *h, uint64_t at_ns)
{
	return at_ns > h->begin_ns ? (double)(at_ns - h->begin_ns) / 1e9 : 0;
}

/* The numbers and arrays that the script draws from. */
static bool
write_run(const struct history *h, const char *out)
{
	FILE *file = create(out, "run.gp");
	double end_s = (double)plan_begin_ns(PLAN_PHASES) / 1e9;

	if (file == NULL)
		return false;
	fprintf(file, "limit = %d\nburst = %d\nslow_ms = %d\nend_s = %.3f\nbucket_s = %.3f\n",
		PLAN_LIMIT_PER_S, PLAN_BURST, PLAN_SLOW_MS, end_s, (double)BUCKET_NS / 1e9);
	fprintf(file, "phases = %d\narray phase_name[%d]\narray phase_from[%d]\n", PLAN_PHASES, PLAN_PHASES,
		PLAN_PHASES + 1);
	for (unsigned i = 0; i < PLAN_PHASES; i++)
		fprintf(file, "phase_name[%u] = \"%s\"\nphase_from[%u] = %.3f\n", i + 1, plan_phase[i].name,
			i + 1, (double)plan_begin_ns(i) / 1e9);
	fprintf(file, "phase_from[%d] = %.3f\n", PLAN_PHASES + 1, end_s);
	fprintf(file, "bands = %zu\narray band_from[%zu]\narray band_to[%zu]\narray band_state[%zu]\n",
		h->transitions + 1, h->transitions + 1, h->transitions + 1, h->transitions + 1);
	for (size_t i = 0; i <= h->transitions; i++) {
		double from_s = i == 0 ? 0 : seconds_in(h, h->transition[i - 1].at_ns);
		double to_s = i == h->transitions ? end_s : seconds_in(h, h->transition[i].at_ns);

		fprintf(file, "band_from[%zu] = %.4f; band_to[%zu] = %.4f; band_state[%zu] = %u\n", i + 1,
			from_s, i + 1, to_s < end_s ? to_s : end_s, i + 1,
			i == 0 ? RHEO_CLOSED : h->transition[i - 1].to);
	}
	return fclose(file) == 0;
}

bool
plot(const struct history *h, const char *out, const char *script)
{
	char dir[512], path[512];
	char *arguments[] = {"gnuplot", "-e", dir, path, NULL};
	int status;

	if (mkdir(out, 0777) != 0 && errno != EEXIST) {
		fprintf(stderr, "demo: %s: %s\n", out, strerror(errno));
		return false;
	}
	if (!write_timeline(h, out) || !write_records(h, out) || !write_run(h, out))
		return false;
	snprintf(dir, sizeof dir, "dir = \"%s\"", out);
	snprintf(path, sizeof path, "%s", script);
	fflush(stdout);
	status = child_run("gnuplot", arguments);
	if (status != 0)
		fprintf(stderr, "demo: no picture: gnuplot ended with %d\n", status);
	return status == 0;
}
