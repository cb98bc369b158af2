/* SPDX-License-Identifier: BSD-2-Clause */

/*
 *	pack TABLE DIRECTORY      a file for each line of the table
 *	pack -t FILE...           the files as a table, to standard output
 */

#include <stdlib.h>
#include <string.h>

#include "table.h"

static uint8_t input[TABLE_MOST];

static FILE *
open_or_die(const char *path, const char *mode)
{
	FILE *f = fopen(path, mode);

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	return f;
}

static int
unpack(const char *table, const char *directory)
{
	FILE *in = open_or_die(table, "r");
	char path[4096];
	long size;

	for (unsigned i = 0; (size = table_next(in, input)) >= 0; i++) {
		FILE *out;

		snprintf(path, sizeof path, "%s/%04u", directory, i);
		out = open_or_die(path, "w");
		fwrite(input, 1, (size_t)size, out);
		fclose(out);
	}
	fclose(in);
	if (size == -2)
		fprintf(stderr, "%s: not a table\n", table);
	return size == -2;
}

int
main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "-t") == 0) {
		for (int i = 2; i < argc; i++) {
			FILE *f = open_or_die(argv[i], "r");

			table_put(stdout, input, fread(input, 1, sizeof input, f));
			fclose(f);
		}
		return 0;
	}
	if (argc == 3)
		return unpack(argv[1], argv[2]);
	fprintf(stderr, "pack TABLE DIRECTORY | pack -t FILE...\n");
	return 2;
}
