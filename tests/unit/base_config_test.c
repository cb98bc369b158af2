/* SPDX-License-Identifier: BSD-2-Clause */

/* The struct_size rule: older callers keep working, newer ones are told. */

#include "helpers.h"

#include "base/config.h"

struct ours {
	uint32_t struct_size, a;
	uint64_t b, c;
};

struct newer {
	struct ours known;
	uint64_t unknown[2];
};

static const struct ours defaults = {sizeof(struct ours), 1, 2, 3};

Test(base_config, an_older_caller_gets_the_defaults_for_what_it_does_not_know)
{
	struct ours theirs = {16, 10, 20, 999}, got = defaults;

	assert_status(rh_config_copy(&got, sizeof got, &theirs), RHEO_OK);
	cr_assert(got.a == 10 && got.b == 20 && got.c == 3 && got.struct_size == sizeof got);
}

Test(base_config, a_newer_caller_is_served_until_it_asks_for_something_new)
{
	struct newer theirs = {{sizeof theirs, 10, 20, 30}, {0, 0}};
	struct ours got = defaults;

	assert_status(rh_config_copy(&got, sizeof got, &theirs), RHEO_OK);
	cr_assert(got.c == 30);
	theirs.unknown[1] = UINT64_C(1) << 63;
	assert_status(rh_config_copy(&got, sizeof got, &theirs), RHEO_ERR_VERSION);
}

Test(base_config, an_unset_or_absurd_size_is_refused)
{
	struct ours theirs = {0, 10, 20, 30}, got = defaults;
	static struct {
		uint32_t struct_size;
		unsigned char rest[9000];
	} huge = {sizeof huge, {0}};

	assert_status(rh_config_copy(&got, sizeof got, &theirs), RHEO_ERR_INVAL);
	theirs.struct_size = 3;
	assert_status(rh_config_copy(&got, sizeof got, &theirs), RHEO_ERR_INVAL);
	assert_status(rh_config_copy(&got, sizeof got, NULL), RHEO_ERR_INVAL);
	assert_status(rh_config_copy(&got, sizeof got, &huge), RHEO_ERR_INVAL);
	cr_assert(memcmp(&got, &defaults, sizeof got) == 0, "a refusal changed the defaults");
}

Test(base_config, defaults_reach_as_far_as_the_callers_struct)
{
	struct newer theirs;
	struct ours old = {0, 0, 0, 77};

	memset(&theirs, 0xff, sizeof theirs);
	assert_status(rh_config_defaults(&theirs, sizeof theirs, &defaults, sizeof defaults), RHEO_OK);
	cr_assert(theirs.known.struct_size == sizeof theirs && theirs.known.c == 3 &&
		  theirs.unknown[0] == 0 && theirs.unknown[1] == 0);
	assert_status(rh_config_defaults(&old, 16, &defaults, sizeof defaults), RHEO_OK);
	cr_assert(old.struct_size == 16 && old.b == 2 && old.c == 77);
	assert_status(rh_config_defaults(&old, 4, &defaults, sizeof defaults), RHEO_ERR_INVAL);
	assert_status(rh_config_defaults(&old, 100000, &defaults, sizeof defaults), RHEO_ERR_INVAL);
	assert_status(rh_config_defaults(NULL, 16, &defaults, sizeof defaults), RHEO_ERR_INVAL);
}

Test(base_config, a_report_fills_what_the_caller_has_and_zeroes_the_rest)
{
	uint64_t report[3] = {1, 2, 3}, theirs[5];

	memset(theirs, 0xff, sizeof theirs);
	assert_status(rh_report_copy(theirs, sizeof theirs, report, sizeof report), RHEO_OK);
	cr_assert(theirs[2] == 3 && theirs[3] == 0 && theirs[4] == 0);
	memset(theirs, 0xff, sizeof theirs);
	assert_status(rh_report_copy(theirs, 16, report, sizeof report), RHEO_OK);
	cr_assert(theirs[1] == 2 && theirs[2] == UINT64_MAX);
	assert_status(rh_report_copy(theirs, 4, report, sizeof report), RHEO_ERR_INVAL);
	assert_status(rh_report_copy(NULL, 16, report, sizeof report), RHEO_ERR_INVAL);
	assert_status(rh_report_copy(theirs, 1u << 20, report, sizeof report), RHEO_ERR_INVAL);
}
