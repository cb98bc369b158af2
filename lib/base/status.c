/* SPDX-License-Identifier: BSD-2-Clause */

#include "rheo/status.h"

const char *
rheo_status_name(int32_t status)
{
	switch (status) {
#define NAME(name, value, text) \
	case value: \
		return #name;
		RHEO_STATUS_MAP(NAME)
#undef NAME
	default:
		return "UNKNOWN";
	}
}

const char *
rheo_status_text(int32_t status)
{
	switch (status) {
#define TEXT(name, value, text) \
	case value: \
		return text;
		RHEO_STATUS_MAP(TEXT)
#undef TEXT
	default:
		return "not a status of this version";
	}
}
