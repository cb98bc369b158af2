/* SPDX-License-Identifier: BSD-2-Clause */
#include "units.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct unit {
	const char *suffix;
	uint64_t factor;
};

static const struct unit plain[] = {{"", 1}, {NULL, 0}};
static const struct unit bytes_of[] = {
	{"", 1}, {"k", 1024}, {"m", 1024 * 1024}, {"g", 1024 * 1024 * 1024}, {NULL, 0}};
static const struct unit percents[] = {{"%", 100}, {NULL, 0}};
static const struct unit times[] = {{"d", UINT64_C(86400000000000)},
				    {"h", UINT64_C(3600000000000)},
				    {"m", UINT64_C(60000000000)},
				    {"s", UINT64_C(1000000000)},
				    {"ms", UINT64_C(1000000)},
				    {"us", UINT64_C(1000)},
				    {"ns", UINT64_C(1)},
				    {NULL, 0}};

/* Digits, at most one point among them, a suffix of the list, the end. */
static bool
scaled(const char *text, const struct unit *unit, uint64_t *value)
{
	uint64_t mantissa = 0, divisor = 1;
	bool point = false, digits = false;

	for (; isdigit((unsigned char)*text) || (*text == '.' && digits && !point); text++) {
		if (*text == '.') {
			point = true;
			continue;
		}
		if (mantissa > UINT64_MAX / 10 - 1 || divisor > UINT64_MAX / 10)
			return false;
		mantissa = mantissa * 10 + (uint64_t)(*text - '0');
		divisor *= point ? 10 : 1;
		digits = true;
	}
	while (unit->suffix != NULL && strcmp(text, unit->suffix) != 0)
		unit++;
	if (!digits || unit->suffix == NULL || mantissa > UINT64_MAX / unit->factor ||
	    mantissa * unit->factor % divisor != 0)
		return false;
	*value = mantissa * unit->factor / divisor;
	return true;
}

bool
units_count(const char *text, uint64_t *count)
{
	return scaled(text, plain, count);
}

bool
units_bytes(const char *text, uint64_t *bytes)
{
	return scaled(text, bytes_of, bytes);
}

bool
units_percent(const char *text, uint64_t *basis_points)
{
	return scaled(text, percents, basis_points);
}

bool
units_duration(const char *text, uint64_t *ns)
{
	return scaled(text, times, ns);
}

bool
units_rate(const char *text, uint64_t *tokens, uint64_t *period_ns)
{
	const char *slash = strchr(text, '/');
	char count[24], period[24];

	if (slash == NULL || (size_t)(slash - text) >= sizeof count)
		return false;
	snprintf(count, sizeof count, "%.*s", (int)(slash - text), text);
	snprintf(period, sizeof period, "%s%s", isdigit((unsigned char)slash[1]) ? "" : "1", slash + 1);
	return scaled(count, plain, tokens) && scaled(period, times, period_ns);
}

void
units_show_duration(char *out, size_t size, uint64_t ns)
{
	const struct unit *unit = times;

	while (unit->factor > 1 && (ns == 0 || ns % unit->factor != 0))
		unit++;
	snprintf(out, size, "%" PRIu64 "%s", ns / unit->factor, ns == 0 ? "s" : unit->suffix);
}

void
units_show_percent(char *out, size_t size, uint64_t basis_points)
{
	if (basis_points % 100 == 0)
		snprintf(out, size, "%" PRIu64 "%%", basis_points / 100);
	else
		snprintf(out, size, "%" PRIu64 ".%02" PRIu64 "%%", basis_points / 100, basis_points % 100);
}

void
units_show_rate(char *out, size_t size, uint64_t tokens, uint64_t period_ns)
{
	char period[32];
	bool one;

	units_show_duration(period, sizeof period, period_ns);
	one = period[0] == '1' && isalpha((unsigned char)period[1]);
	snprintf(out, size, "%" PRIu64 "/%s", tokens, one ? period + 1 : period);
}
