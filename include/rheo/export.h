/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_EXPORT_H
#define RHEO_EXPORT_H

#include <stddef.h>
#include <stdint.h>

/*
 * RHEO_API marks what the libraries export; nothing else leaves them. A user's
 * code needs none of these macros: every function is a real symbol.
 */
#if defined(__GNUC__) && __GNUC__ >= 4
#define RHEO_API __attribute__((visibility("default")))
#else
#define RHEO_API
#endif

#ifdef __cplusplus
#define RHEO_BEGIN_DECLS extern "C" {
#define RHEO_END_DECLS }
#else
#define RHEO_BEGIN_DECLS
#define RHEO_END_DECLS
#endif

/* Stands for "no limit", "never" and "unknown" wherever a duration is returned. */
#define RHEO_FOREVER UINT64_MAX

#endif
