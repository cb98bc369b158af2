/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef INSPECT_JSON_H
#define INSPECT_JSON_H

#include <stdio.h>

#include "look.h"

/* A sample as one JSON document; false where it could not be written. */
bool json_print(FILE *out, const char *name, const struct sample *sample);

#endif
