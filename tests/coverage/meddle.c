/* SPDX-License-Identifier: BSD-2-Clause */

#include "meddle.h"

void (*meddle_hook)(rh_a64 *word, bool swaps);

void
meddle(const rh_a64 *word, bool swaps)
{
	if (meddle_hook)
		meddle_hook((rh_a64 *)(uintptr_t)word, swaps);
}
