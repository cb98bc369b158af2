/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_STATUS_H
#define RHEO_STATUS_H

#include <rheo/export.h>

RHEO_BEGIN_DECLS

/*
 * Status: 0 done, above 0 a policy said no, below 0 the caller erred and
 * nothing was changed. Names, texts and every binding's constants come from
 * this list; a value once given keeps its meaning.
 */
#define RHEO_STATUS_MAP(X)                                                                    \
	X(OK, 0, "done")                                                                      \
	X(REJ_RATE, 1, "not enough tokens now")                                               \
	X(REJ_OPEN, 2, "the breaker is open")                                                 \
	X(REJ_PROBE, 3, "the breaker is half-open and has handed out its permits")            \
	X(REJ_NEVER, 4, "the cost is above what the bucket can ever hold")                    \
	X(STALE, 5, "the permit is of an older generation or was reported before: no effect") \
	X(ERR_INVAL, -1, "an argument or a configuration is not valid")                       \
	X(ERR_NOSPC, -2, "the memory given is too small")                                     \
	X(ERR_VERSION, -3, "made by or for a version this one does not know")                 \
	X(ERR_CORRUPT, -4, "the memory does not hold what it should")

enum {
#define RHEO_STATUS_ENUM(name, value, text) RHEO_##name = (value),
	RHEO_STATUS_MAP(RHEO_STATUS_ENUM)
#undef RHEO_STATUS_ENUM
	RHEO_STATUS_AFTER_LAST = 6
};

/*
 * rheo_status_name: the name of a status without its prefix, "REJ_RATE".
 *
 * Returns a constant, "UNKNOWN" for a value not listed; never NULL. Any
 * thread, wait-free.
 */
RHEO_API const char *rheo_status_name(int32_t status);

/* rheo_status_text: one line for people about a status. As rheo_status_name. */
RHEO_API const char *rheo_status_text(int32_t status);

RHEO_END_DECLS

#endif
