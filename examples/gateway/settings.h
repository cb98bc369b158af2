/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GATEWAY_SETTINGS_H
#define GATEWAY_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SETTINGS_LIMITS 2u
#define SETTINGS_PREFIX_MAX 128u

/* What --route says: '/pay rate=100/s burst=200 failure_rate=50%'. */
struct settings {
	char prefix[SETTINGS_PREFIX_MAX];
	struct {
		uint64_t tokens; /* 0: no such limit */
		uint64_t period_ns;
		uint64_t burst; /* 0: as tokens */
	} limit[SETTINGS_LIMITS];
	uint64_t cost;
	uint64_t lanes;
	uint64_t failure_rate_bp;
	uint64_t slow_ns;
	uint64_t slow_rate_bp;
	uint64_t consecutive;
	uint64_t min_calls;
	uint64_t window_ns;
	uint64_t slices;
	uint64_t window_calls;
	uint64_t open_ns;
	uint64_t open_max_ns;
	uint64_t backoff_bp;
	uint64_t jitter_bp;
	uint64_t half_open;
	uint64_t successes;
	uint64_t failures;
	uint64_t probe_timeout_ns;
	uint64_t timeout_ns;
	uint64_t shadow;
	uint32_t given; /* a bit for each that was */
};

/* Reads one --route; where it is wrong, false and one line in `why` that says what and where. */
bool settings_read(const char *text, struct settings *settings, char *why, size_t why_size);

/* The part of --help about routes: every setting with its default. */
void settings_help(FILE *out);

#endif
