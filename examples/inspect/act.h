/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef INSPECT_ACT_H
#define INSPECT_ACT_H

#include "options.h"

/* Acts on one breaker, and says what it did. Returns the program's exit status. */
int act(const struct options *options);

#endif
