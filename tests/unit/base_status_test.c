/* SPDX-License-Identifier: BSD-2-Clause */

#include "helpers.h"

Test(base_status, values_are_those_that_bindings_were_told)
{
	cr_assert(RHEO_OK == 0 && RHEO_REJ_RATE == 1 && RHEO_REJ_OPEN == 2 && RHEO_REJ_PROBE == 3 &&
		  RHEO_REJ_NEVER == 4 && RHEO_STALE == 5);
	cr_assert(RHEO_ERR_INVAL == -1 && RHEO_ERR_NOSPC == -2 && RHEO_ERR_VERSION == -3 &&
		  RHEO_ERR_CORRUPT == -4);
}

Test(base_status, every_status_has_a_name_and_a_text_of_its_own)
{
	for (int32_t a = RHEO_ERR_CORRUPT; a < RHEO_STATUS_AFTER_LAST; a++) {
		cr_assert_str_neq(rheo_status_name(a), "UNKNOWN");
		cr_assert_str_neq(rheo_status_text(a), rheo_status_text(1000));
		for (int32_t b = RHEO_ERR_CORRUPT; b < a; b++) {
			cr_assert_str_neq(rheo_status_name(a), rheo_status_name(b));
			cr_assert_str_neq(rheo_status_text(a), rheo_status_text(b));
		}
	}
	cr_assert_str_eq(rheo_status_name(RHEO_REJ_RATE), "REJ_RATE");
}

Test(base_status, other_values_are_unknown_and_never_null)
{
	const int32_t others[] = {RHEO_STATUS_AFTER_LAST, 6, 100, INT32_MAX, -5, INT32_MIN};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		cr_assert_str_eq(rheo_status_name(others[i]), "UNKNOWN");
		cr_assert_not_null(rheo_status_text(others[i]));
	}
}
