/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "options.h"
#include "route.h"

#define GATEWAY_NAME "rheo-gateway"

/* What all workers share; it does not change once they run, but for what the guards keep. */
struct gateway {
	struct options options;
	struct address upstream;
	struct routes routes;
	uint64_t started_ns;
};

/* Memory for bookkeeping: without it there is nothing sensible left to do. */
void *gateway_memory(size_t size);
char *gateway_copy(const char *text);

#endif
