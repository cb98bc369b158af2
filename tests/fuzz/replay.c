/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A target's main() where there is no libFuzzer: runs the inputs it is given.
 *
 *	TARGET [-n TIMES] FILE...        FILE.hex: a table, else one input
 *
 * -n: each so many times, for targets with threads.
 */

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "table.h"

static uint8_t input[TABLE_MOST];
static unsigned long times = 1, runs;

static void
run(size_t size)
{
	uint8_t *exact = malloc(size + (size == 0));

	/* Exactly as many bytes as there are, for ASan. */
	memcpy(exact, input, size);
	for (unsigned long i = 0; i < times; i++, runs++)
		LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

static int
play(const char *path)
{
	const char *end = strrchr(path, '.');
	FILE *f = fopen(path, "r");
	long size;

	if (f == NULL) {
		perror(path);
		return 1;
	}
	if (end == NULL || strcmp(end, ".hex") != 0) {
		run(fread(input, 1, sizeof input, f));
		fclose(f);
		return 0;
	}
	while ((size = table_next(f, input)) >= 0)
		run((size_t)size);
	fclose(f);
	if (size == -2)
		fprintf(stderr, "%s: not a table\n", path);
	return size == -2;
}

int
main(int argc, char **argv)
{
	int failed = 0, i = 1;

	if (argc > 2 && strcmp(argv[1], "-n") == 0) {
		times = strtoul(argv[2], NULL, 0);
		i = 3;
	}
	for (; i < argc; i++)
		failed |= play(argv[i]);
	fprintf(stderr, "Done %lu runs\n", runs);
	return failed;
}
