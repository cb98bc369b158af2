/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_VERSION_H
#define RHEO_VERSION_H

#include <rheo/export.h>

RHEO_BEGIN_DECLS

/* The one place the version is written; the build reads it from here. A major number is an ABI. */
#define RHEO_VERSION_MAJOR 0
#define RHEO_VERSION_MINOR 1
#define RHEO_VERSION_PATCH 0

/*
 * rheo_version: the version of the library that is running.
 *
 * Returns major * 1000000 + minor * 1000 + patch. Any thread, wait-free.
 */
RHEO_API uint32_t rheo_version(void);

/* rheo_version_string: the same as "major.minor.patch", a constant. Any thread, wait-free. */
RHEO_API const char *rheo_version_string(void);

RHEO_END_DECLS

#endif
