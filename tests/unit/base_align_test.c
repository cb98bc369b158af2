/* SPDX-License-Identifier: BSD-2-Clause */

#include "helpers.h"

#include "base/align.h"

Test(base_align, the_logarithm_is_rounded_up_and_stops_at_the_widest_shift)
{
	assert_u64(rh_log2_ceil(0), 0);
	for (unsigned l = 1; l < 63; l++) {
		assert_u64(rh_log2_ceil(UINT64_C(1) << l), l);
		assert_u64(rh_log2_ceil((UINT64_C(1) << l) + 1), l + 1);
	}
	assert_u64(rh_log2_ceil((UINT64_C(1) << 63) + 1), 63);
	assert_u64(rh_log2_ceil(UINT64_MAX), 63);
}
