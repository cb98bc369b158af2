/* SPDX-License-Identifier: BSD-2-Clause */

#include "helpers.h"

static void
check_names(const char *(*name)(uint32_t), uint32_t first, uint32_t count)
{
	for (uint32_t a = first; a < count; a++) {
		cr_assert_str_neq(name(a), "UNKNOWN", "%u has no name", a);
		for (uint32_t b = first; b < a; b++)
			cr_assert_str_neq(name(a), name(b));
	}
	cr_assert_str_eq(name(count), "UNKNOWN");
	cr_assert_str_eq(name(UINT32_MAX), "UNKNOWN");
}

Test(breaker_names, each_number_has_one_of_its_own_and_others_are_unknown)
{
	check_names(rheo_state_name, 0, RHEO_HALF_OPEN + 1);
	check_names(rheo_mode_name, 0, RHEO_DISABLED + 1);
	check_names(rheo_cause_name, RHEO_CAUSE_UNKNOWN + 1, RHEO_CAUSE_RESET + 1);
}

Test(breaker_names, are_those_of_the_header)
{
	cr_assert_str_eq(rheo_state_name(RHEO_HALF_OPEN), "HALF_OPEN");
	cr_assert_str_eq(rheo_mode_name(RHEO_FORCED_OPEN), "FORCED_OPEN");
	cr_assert_str_eq(rheo_cause_name(RHEO_CAUSE_SLOW_CALL_RATE), "SLOW_CALL_RATE");
	cr_assert_str_eq(rheo_cause_name(RHEO_CAUSE_UNKNOWN), "UNKNOWN");
}
