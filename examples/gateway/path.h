/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GATEWAY_PATH_H
#define GATEWAY_PATH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The path as the upstream may well read it: percent signs decoded, "//"
 * merged, "." and ".." gone. Routes are matched by this one, so that neither
 * /%70ay nor /free/../pay gets round the limits of /pay. The request itself is
 * forwarded as it came.
 *
 * False where it is no path a server should see: not from the root, a control
 * character or a blank (raw or encoded NUL), a broken percent sign, or longer
 * than out.
 */
bool path_canonical(const char *raw, char *out, size_t size);

/* Whether a query may be forwarded: no blanks, no control characters. */
bool path_query_is_clean(const char *query);

#endif
