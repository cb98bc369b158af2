/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DEMO_STATUS_H
#define DEMO_STATUS_H

#include <stdbool.h>

#include "record.h"

/* Reads /-/status?format=json of a gateway with one route into the history; false where it is not that. */
bool status_read(const char *json, struct history *history);

#endif
