/* SPDX-License-Identifier: BSD-2-Clause */

/* For callers only: no other file of the library reads a clock (`make layers` checks). */

#if !defined(_GNU_SOURCE) && !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 199309L
#endif

#include "rheo/clock.h"

#include <time.h>

uint64_t
rheo_now_ns(void)
{
	struct timespec ts;

#ifdef CLOCK_MONOTONIC
	if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0)
		return 0;
#else
	if (timespec_get(&ts, TIME_UTC) != TIME_UTC)
		return 0;
#endif
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}
