/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_WORST_TABLE_H
#define RHEO_WORST_TABLE_H

/* Tables on standard output; the same as lines of a TSV: table, row, column, value. */

#define TABLE_COLUMNS 11

struct table {
	const char *name;
	const char *column[TABLE_COLUMNS];
	int columns;
	int digits;
};

/* 0, or -1 where the file cannot be written. */
int table_open(const char *path);
int table_close(void);

void table_head(const struct table *t);

/* NAN: there is no such figure. */
void table_row(const struct table *t, const char *name, const double *value);

/* The columns 1, 2, 4 ... 1024 lanes. */
void table_lanes(struct table *t, const char *name);

#endif
