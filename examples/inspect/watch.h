/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef INSPECT_WATCH_H
#define INSPECT_WATCH_H

#include "options.h"

/* Looks again and again until it is told to end. Returns the program's exit status. */
int watch(const struct options *options);

#endif
