/* SPDX-License-Identifier: BSD-2-Clause */

/* Headers and handles. */

#include "helpers.h"

#include "base/object.h"

Test(base_object, a_header_is_trusted_only_when_all_of_it_agrees)
{
	_Alignas(128) struct rh_header h, seen;

	rh_header_fill(&h, RH_KIND_BUCKET, 4096, 5, 20, 7, 123);
	assert_status(rh_header_read(&h, RH_KIND_BUCKET, 4096, &seen), RHEO_ERR_CORRUPT);
	rh_header_seal(&h);
	assert_status(rh_header_read(&h, RH_KIND_BUCKET, 4096, &seen), RHEO_OK);
	assert_status(rh_header_read(&h, RH_KIND_BUCKET, 4095, &seen), RHEO_ERR_NOSPC);
	assert_status(rh_header_read(&h, RH_KIND_BREAKER, 4096, &seen), RHEO_ERR_CORRUPT);
	h.layout++;
	assert_status(rh_header_read(&h, RH_KIND_BUCKET, 4096, &seen), RHEO_ERR_VERSION);
}

Test(base_object, any_flipped_bit_of_the_immutable_part_is_noticed)
{
	_Alignas(128) struct rh_header h, seen;

	rh_header_fill(&h, RH_KIND_BUCKET, 4096, 5, 20, 7, 123);
	rh_header_seal(&h);
	for (size_t bit = 0; bit < 8 * sizeof h; bit++) {
		unsigned char *byte = (unsigned char *)&h + bit / 8;

		if (bit / 8 >= offsetof(struct rh_header, reserved) &&
		    bit / 8 < offsetof(struct rh_header, checksum))
			continue;
		*byte = (unsigned char)(*byte ^ 1u << bit % 8);
		cr_assert(rh_header_read(&h, RH_KIND_BUCKET, UINT64_MAX, &seen) < 0, "bit %zu", bit);
		*byte = (unsigned char)(*byte ^ 1u << bit % 8);
	}
	assert_status(rh_header_read(&h, RH_KIND_BUCKET, 4096, &seen), RHEO_OK);
}

Test(base_object, a_handle_carries_seven_bits_and_gives_the_memory_back)
{
	_Alignas(128) static char mem[256];

	for (unsigned tag = 0; tag < 128; tag++) {
		void *handle = rh_handle_make(mem, tag);

		cr_assert(rh_handle_tag(handle) == tag);
		cr_assert(rh_handle_memory(handle) == mem);
	}
}

Test(base_object, memory_must_be_there_and_aligned)
{
	_Alignas(128) static char mem[256];
	int out = 0;

	assert_status(rh_memory_check(mem, &out), RHEO_OK);
	assert_status(rh_memory_check(NULL, &out), RHEO_ERR_INVAL);
	assert_status(rh_memory_check(mem, NULL), RHEO_ERR_INVAL);
	for (unsigned i = 1; i < 128; i++)
		assert_status(rh_memory_check(mem + i, &out), RHEO_ERR_INVAL);
}
