/* SPDX-License-Identifier: BSD-2-Clause */

#include "rheo/version.h"

#define STR_(x) #x
#define STR(x) STR_(x)

uint32_t
rheo_version(void)
{
	return RHEO_VERSION_MAJOR * 1000000u + RHEO_VERSION_MINOR * 1000u + RHEO_VERSION_PATCH;
}

const char *
rheo_version_string(void)
{
	return STR(RHEO_VERSION_MAJOR) "." STR(RHEO_VERSION_MINOR) "." STR(RHEO_VERSION_PATCH);
}
