/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BASE_CONFIG_H
#define RHEO_BASE_CONFIG_H

/* The struct_size rule of DESIGN section 3, once for all configs and reports. */

#include <stdint.h>
#include <string.h>

#include "rheo/status.h"

/*
 * Copies a caller's struct over `ours`, which holds the defaults. Fields the
 * caller's version does not have keep them; a tail ours does not have must be
 * zero.
 */
static inline int32_t
rh_config_copy(void *ours, uint32_t our_size, const void *theirs)
{
	uint32_t size, common;
	const unsigned char *bytes = theirs;

	if (theirs == NULL)
		return RHEO_ERR_INVAL;
	memcpy(&size, theirs, sizeof size);
	if (size < sizeof size)
		return RHEO_ERR_INVAL;
	common = size < our_size ? size : our_size;
	for (uint32_t i = our_size; i < size; i++) {
		if (i - our_size >= 4096)
			return RHEO_ERR_INVAL;
		if (bytes[i] != 0)
			return RHEO_ERR_VERSION;
	}
	memcpy(ours, theirs, common);
	memcpy(ours, &our_size, sizeof our_size);
	return RHEO_OK;
}

/* X_config_init: as much of the defaults as the caller's version of the struct knows; zero beyond ours. */
static inline int32_t
rh_config_defaults(void *theirs, uint64_t their_size, const void *defaults, uint32_t our_size)
{
	uint32_t size = (uint32_t)their_size;
	uint32_t common = size < our_size ? size : our_size;

	if (theirs == NULL || their_size < 2 * sizeof size || their_size > our_size + 4096)
		return RHEO_ERR_INVAL;
	memcpy(theirs, defaults, common);
	memset((char *)theirs + common, 0, size - common);
	memcpy(theirs, &size, sizeof size);
	return RHEO_OK;
}

/* Gives a caller of another version as much of a struct as it knows; the rest of its own is zeroed. */
static inline int32_t
rh_report_copy(void *theirs, uint64_t their_size, const void *ours, uint64_t our_size)
{
	uint64_t common = their_size < our_size ? their_size : our_size;

	if (theirs == NULL || their_size < sizeof(uint64_t) || their_size > our_size + 4096)
		return RHEO_ERR_INVAL;
	memcpy(theirs, ours, (size_t)common);
	memset((char *)theirs + common, 0, (size_t)(their_size - common));
	return RHEO_OK;
}

#endif
