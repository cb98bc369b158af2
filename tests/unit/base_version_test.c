/* SPDX-License-Identifier: BSD-2-Clause */

#include "helpers.h"

#include <stdio.h>

Test(base_version, the_number_the_string_and_the_header_agree)
{
	char want[32];

	snprintf(want, sizeof want, "%d.%d.%d", RHEO_VERSION_MAJOR, RHEO_VERSION_MINOR,
		 RHEO_VERSION_PATCH);
	cr_assert_str_eq(rheo_version_string(), want);
	assert_u64(rheo_version(), RHEO_VERSION_MAJOR * 1000000u + RHEO_VERSION_MINOR * 1000u +
					   RHEO_VERSION_PATCH);
}
