/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_TABLE_H
#define RHEO_TESTS_TABLE_H

/*
 * A table of inputs: one a line, in hexadecimal; what follows a # is comment.
 * The committed corpora (corpus/) are tables, so a change to one can be read.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TABLE_MOST 8192u

/* The next input of a table, in buf of TABLE_MOST bytes: its length, or -1 at the end, -2 where it is no table. */
long table_next(FILE *f, uint8_t *buf);

/* Writes one. */
void table_put(FILE *f, const uint8_t *data, size_t size);

#endif
