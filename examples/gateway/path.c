/* SPDX-License-Identifier: BSD-2-Clause */
#include "path.h"

#include <ctype.h>
#include <string.h>

static int
hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10 : -1;
}

/* Decodes percent signs; out has room for all of raw. */
static bool
decode(const char *raw, char *out)
{
	for (; *raw != '\0'; raw++) {
		if ((unsigned char)*raw <= ' ' || *raw == 0x7f)
			return false;
		if (*raw != '%') {
			*out++ = *raw;
			continue;
		}
		if (hex(raw[1]) < 0 || hex(raw[2]) < 0 || (raw[1] == '0' && raw[2] == '0'))
			return false;
		*out++ = (char)(hex(raw[1]) * 16 + hex(raw[2]));
		raw += 2;
	}
	*out = '\0';
	return true;
}

bool
path_canonical(const char *raw, char *out, size_t size)
{
	char *from = out, *to = out;

	if (raw[0] != '/' || strlen(raw) >= size || !decode(raw, out))
		return false;
	/* Segment by segment; `to` never passes `from`. */
	while (*from != '\0') {
		size_t length;

		from += strspn(from, "/");
		length = strcspn(from, "/");
		if (length == 2 && memcmp(from, "..", 2) == 0) {
			while (to > out && *--to != '/')
				;
		} else if (length != 0 && !(length == 1 && *from == '.')) {
			*to++ = '/';
			memmove(to, from, length);
			to += length;
		}
		from += length;
	}
	if (to == out)
		*to++ = '/';
	*to = '\0';
	return true;
}

bool
path_query_is_clean(const char *query)
{
	for (; *query != '\0'; query++)
		if ((unsigned char)*query <= ' ' || *query == 0x7f)
			return false;
	return true;
}
