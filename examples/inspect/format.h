/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef INSPECT_FORMAT_H
#define INSPECT_FORMAT_H

#include <stddef.h>
#include <stdint.h>

/* Numbers as people read them, in a buffer of the struct, so that several fit one printf. */
struct text {
	char s[48];
};

struct text format_exact(uint64_t ns); /* a setting: 300ms, 1s, 90s; never rounded */
struct text format_about(uint64_t ns); /* a measurement: 12.3ms; "never" where RHEO_FOREVER */
struct text format_age(uint64_t then_ns, uint64_t now_ns); /* "12.3ms ago", "in 4.00s" */
struct text format_percent(uint64_t basis_points); /* 50%, 12.34% */
struct text format_bytes(uint64_t bytes);

#endif
