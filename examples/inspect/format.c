/* SPDX-License-Identifier: BSD-2-Clause */
#include "format.h"

#include <inttypes.h>
#include <stdio.h>

#include <rheo/rheo.h>

struct unit {
	const char *name;
	uint64_t ns;
};

static const struct unit units[] = {{"d", UINT64_C(86400000000000)},
				    {"h", UINT64_C(3600000000000)},
				    {"m", UINT64_C(60000000000)},
				    {"s", UINT64_C(1000000000)},
				    {"ms", UINT64_C(1000000)},
				    {"us", UINT64_C(1000)},
				    {"ns", UINT64_C(1)}};
#define LAST (sizeof units / sizeof units[0] - 1)

struct text
format_exact(uint64_t ns)
{
	const struct unit *u = units;
	struct text t;

	while (u < units + LAST && (ns == 0 || ns % u->ns != 0))
		u++;
	if (ns == 0)
		u = &units[3];
	snprintf(t.s, sizeof t.s, "%" PRIu64 "%s", ns / u->ns, u->name);
	return t;
}

struct text
format_about(uint64_t ns)
{
	const struct unit *u = units;
	struct text t;
	double n;

	if (ns == RHEO_FOREVER) {
		snprintf(t.s, sizeof t.s, "never");
		return t;
	}
	/* From two of a unit on; below that the next smaller one says more. */
	while (u < units + LAST && ns < (u->ns > units[3].ns ? 2 * u->ns : u->ns))
		u++;
	n = (double)ns / (double)u->ns;
	snprintf(t.s, sizeof t.s, "%.*f%s", u == units + LAST || n >= 99.95 ? 0 : n >= 9.995 ? 1 : 2, n, u->name);
	return t;
}

struct text
format_age(uint64_t then_ns, uint64_t now_ns)
{
	struct text t;

	if (then_ns > now_ns)
		snprintf(t.s, sizeof t.s, "in %.40s", format_about(then_ns - now_ns).s);
	else
		snprintf(t.s, sizeof t.s, "%.40s ago", format_about(now_ns - then_ns).s);
	return t;
}

struct text
format_percent(uint64_t bp)
{
	struct text t;

	if (bp % 100 == 0)
		snprintf(t.s, sizeof t.s, "%" PRIu64 "%%", bp / 100);
	else
		snprintf(t.s, sizeof t.s, "%" PRIu64 ".%02" PRIu64 "%%", bp / 100, bp % 100);
	return t;
}

struct text
format_bytes(uint64_t bytes)
{
	static const char *const name[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double n = (double)bytes;
	unsigned i = 0;
	struct text t;

	while (n >= 10240 && i < 6) {
		n /= 1024;
		i++;
	}
	snprintf(t.s, sizeof t.s, "%.0f %s", n, name[i]);
	return t;
}
