/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_INJECT_H
#define RHEO_TESTS_INJECT_H

/*
 * The library that unit tests link is compiled with this file included first:
 * each injection point calls the hook, if one is set. A hook may run other
 * calls (another thread, between two instructions) or leave by longjmp (the
 * thread is killed there).
 */
extern void (*rh_inject_hook)(const char *point);

#define RHEO_INJECT(point)                      \
	do {                                    \
		if (rh_inject_hook)             \
			rh_inject_hook(#point); \
	} while (0)

#endif
