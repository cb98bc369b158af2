/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BENCH_OBJECTS_H
#define RHEO_BENCH_OBJECTS_H

/* What is measured is made here. A failure ends the program. */

#include "rheo/rheo.h"

/* So many tokens that they do not run out. */
#define PLENTY (UINT64_C(1) << 57)

void *memory_for(uint64_t size);

rheo_bucket_t *bucket_from(const rheo_bucket_config_t *cfg, uint64_t now_ns);
rheo_breaker_t *breaker_from(const rheo_breaker_config_t *cfg, uint64_t now_ns);
rheo_guard_t *guard_from(const rheo_guard_config_t *cfg, uint64_t now_ns);
rheo_counter_t *counter_from(const rheo_counter_config_t *cfg, uint64_t now_ns);

/* A bucket of so many tokens a second, full at time 0. */
rheo_bucket_t *bucket_of(uint64_t rate, uint64_t burst, uint32_t lanes);

/* A breaker by default at time 0. */
rheo_breaker_t *breaker_of(void);

#endif
