/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GATEWAY_ANSWER_H
#define GATEWAY_ANSWER_H

#include "exchange.h"
#include "route.h"

/* How a verdict is said in HTTP. */

/* RateLimit and RateLimit-Policy; with `trace` the X-Rheo-* fields. */
void answer_fields(struct exchange *x, const struct route *route, const rheo_verdict_t *verdict,
		   uint64_t asked_ns, bool trace);

/* 429 or 503 with Retry-After, for what the guard has refused; 500 where it could not decide. */
void answer_refused(struct exchange *x, const struct route *route, const rheo_verdict_t *verdict);

#endif
