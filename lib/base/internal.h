/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BASE_INTERNAL_H
#define RHEO_BASE_INTERNAL_H

/*
 * Stands before the declaration of what files offer each other. Hidden in the
 * libraries; the amalgamation makes it static.
 */
#ifndef RH_INTERNAL
#if defined(__GNUC__)
#define RH_INTERNAL __attribute__((visibility("hidden")))
#else
#define RH_INTERNAL
#endif
#endif

/* What is seldom called stays out of the way of what is called always. */
#if defined(__GNUC__)
#define RH_COLD __attribute__((noinline, cold))
#else
#define RH_COLD
#endif

#endif
