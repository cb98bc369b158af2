/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GATEWAY_UNITS_H
#define GATEWAY_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Numbers with units, as people write them: "1000", "64k", "50%", "1.5s",
 * "100/s". Each reader takes the whole text and is exact: false where anything
 * is left over, or where the number is not whole in the unit it is kept in.
 */
bool units_count(const char *text, uint64_t *count);
bool units_bytes(const char *text, uint64_t *bytes); /* k m g: powers of 1024 */
bool units_percent(const char *text, uint64_t *basis_points);
bool units_duration(const char *text, uint64_t *ns); /* ns us ms s m h d */
bool units_rate(const char *text, uint64_t *tokens, uint64_t *period_ns); /* N/s N/m N/h N/d N/10s */

/* The shortest text that reads back as the same number. */
void units_show_duration(char *out, size_t size, uint64_t ns);
void units_show_percent(char *out, size_t size, uint64_t basis_points);
void units_show_rate(char *out, size_t size, uint64_t tokens, uint64_t period_ns);

#endif
