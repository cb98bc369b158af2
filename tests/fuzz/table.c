/* SPDX-License-Identifier: BSD-2-Clause */

#include "table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

long
table_next(FILE *f, uint8_t *buf)
{
	static char line[2 * TABLE_MOST + 256];
	size_t size;

	for (;;) {
		size = 0;
		if (fgets(line, sizeof line, f) == NULL)
			return -1;
		for (const char *c = line; *c != '#' && *c != '\n' && *c != '\0'; c++) {
			char digits[3] = {c[0], c[1], '\0'};

			if (isspace((unsigned char)*c))
				continue;
			if (!isxdigit((unsigned char)c[0]) || !isxdigit((unsigned char)c[1]) || size == TABLE_MOST)
				return -2;
			buf[size++] = (uint8_t)strtoul(digits, NULL, 16);
			c++;
		}
		if (size != 0)
			return (long)size;
	}
}

void
table_put(FILE *f, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		fprintf(f, "%02x", data[i]);
	fputc('\n', f);
}
