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
#define RH_SHARED_DATA extern RH_INTERNAL
#define RH_DEFINE_DATA
#else
#define RH_SHARED_DATA static
#define RH_DEFINE_DATA static
#endif

/* What a call cannot do without: in line whatever the compiler thinks. */
#if defined(__GNUC__)
#define RH_INLINE static inline __attribute__((always_inline))
#define RH_NOINLINE __attribute__((noinline))
#define rh_likely(x) __builtin_expect(!!(x), 1)
#else
#define RH_INLINE static inline
#define RH_NOINLINE
#define rh_likely(x) (x)
#endif

/* What is seldom called stays out of the way of what is called always. */
#if defined(__GNUC__)
#define RH_COLD __attribute__((noinline, cold))
#else
#define RH_COLD
#endif

#endif
