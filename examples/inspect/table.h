/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef INSPECT_TABLE_H
#define INSPECT_TABLE_H

#include <stdio.h>

#include "look.h"

/*
 * A sample for people, on `out`. With an earlier sample counts have rates a
 * second beside them; `watched` shows fewer events; with `colour` states are
 * coloured. Nothing comes from the segment but numbers.
 */
void table_print(FILE *out, const char *name, const struct sample *sample, const struct sample *before, bool watched,
		 bool colour);

#endif
