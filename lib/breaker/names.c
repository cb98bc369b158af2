/* SPDX-License-Identifier: BSD-2-Clause */

/* What a breaker's numbers are called, for logs and for bindings. */

#include "rheo/breaker.h"

#define NAME(prefix, name) [prefix##name] = #name
#define PICK(names, i) ((i) < sizeof(names) / sizeof *(names) ? (names)[i] : "UNKNOWN")

const char *
rheo_state_name(uint32_t state)
{
	static const char *const names[] = {NAME(RHEO_, CLOSED), NAME(RHEO_, OPEN), NAME(RHEO_, HALF_OPEN)};

	return PICK(names, state);
}

const char *
rheo_mode_name(uint32_t mode)
{
	static const char *const names[] = {NAME(RHEO_, AUTO), NAME(RHEO_, FORCED_OPEN),
					    NAME(RHEO_, FORCED_CLOSED), NAME(RHEO_, DISABLED)};

	return PICK(names, mode);
}

const char *
rheo_cause_name(uint32_t cause)
{
	static const char *const names[] = {
		NAME(RHEO_CAUSE_, UNKNOWN),
		NAME(RHEO_CAUSE_, FAILURE_RATE),
		NAME(RHEO_CAUSE_, SLOW_CALL_RATE),
		NAME(RHEO_CAUSE_, CONSECUTIVE_FAILURES),
		NAME(RHEO_CAUSE_, OPEN_TIME_OVER),
		NAME(RHEO_CAUSE_, PROBES_SUCCEEDED),
		NAME(RHEO_CAUSE_, PROBES_FAILED),
		NAME(RHEO_CAUSE_, PROBES_INCONCLUSIVE),
		NAME(RHEO_CAUSE_, FORCED),
		NAME(RHEO_CAUSE_, RESET),
	};

	return PICK(names, cause);
}
