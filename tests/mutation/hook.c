/* SPDX-License-Identifier: BSD-2-Clause */

/* For programs other than the unit tests: the library's injection points, unused. */

#include "unit/inject.h"

void (*rh_inject_hook)(const char *point);
