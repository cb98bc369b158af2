/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_CLOCK_H
#define RHEO_CLOCK_H

#include <rheo/export.h>

RHEO_BEGIN_DECLS

/*
 * rheo_now_ns: a monotonic time for callers that have none of their own.
 *
 * Returns nanoseconds since an epoch that is fixed until the machine restarts
 * (CLOCK_MONOTONIC where there is one, so processes of one machine agree).
 * Any thread and signal handler, wait-free. The library itself never calls it:
 * time is always an argument, and any monotonic epoch will do.
 */
RHEO_API uint64_t rheo_now_ns(void);

RHEO_END_DECLS

#endif
