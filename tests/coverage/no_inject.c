/* SPDX-License-Identifier: BSD-2-Clause */

/* For programs that link the library with its injection points live and use none. */

#include "unit/inject.h"

void (*rh_inject_hook)(const char *point);
