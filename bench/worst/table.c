/* SPDX-License-Identifier: BSD-2-Clause */

#include "table.h"

#include <math.h>
#include <stdio.h>

static FILE *tsv;

int
table_open(const char *path)
{
	tsv = fopen(path, "w");
	if (tsv == NULL) {
		perror(path);
		return -1;
	}
	fputs("table\trow\tcolumn\tvalue\n", tsv);
	return 0;
}

int
table_close(void)
{
	return fclose(tsv) == 0 ? 0 : -1;
}

void
table_head(const struct table *t)
{
	printf("\n%-34s", t->name);
	for (int i = 0; i < t->columns; i++)
		printf(" %9s", t->column[i]);
	putchar('\n');
}

void
table_row(const struct table *t, const char *name, const double *value)
{
	printf("%-34s", name);
	for (int i = 0; i < t->columns; i++) {
		if (isnan(value[i])) {
			printf(" %9s", "-");
			continue;
		}
		printf(" %9.*f", t->digits, value[i]);
		fprintf(tsv, "%s\t%s\t%s\t%.*f\n", t->name, name, t->column[i], t->digits, value[i]);
	}
	putchar('\n');
	fflush(stdout);
}

void
table_lanes(struct table *t, const char *name)
{
	static const char *const lanes[TABLE_COLUMNS] = {"1",  "2",   "4",   "8",   "16",  "32",
							 "64", "128", "256", "512", "1024"};

	*t = (struct table){.name = name, .columns = TABLE_COLUMNS};
	for (int i = 0; i < TABLE_COLUMNS; i++)
		t->column[i] = lanes[i];
}
