/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DEMO_CHECK_H
#define DEMO_CHECK_H

#include <stdbool.h>

#include "record.h"

/*
 * The promises, checked from what was seen on the wire. Each check returns
 * whether the promise held and says in `line` what it found.
 */
struct finding {
	bool good;
	int64_t figure; /* P1: the burst that was used, P9: the most probes */
	char line[240];
};

/*
 * P1: for every interval [t1, t2], the admissions whose decision surely lies in
 * it (t1 <= asked, decided <= t2) are at most burst + ceil(rate * (t2 - t1)).
 */
struct finding check_p1(const struct records *records, uint64_t rate_per_s, uint64_t burst);

/*
 * P8: every generation seen once and in order, each from where the last ended,
 * by an edge there is; and every admission in a state that admits.
 */
struct finding check_p8(const struct history *history);

/* P9: in no half-open generation more permits than half_open_calls. */
struct finding check_p9(const struct records *records, uint64_t half_open_calls);

/* What was offered is what was answered, by the client's, the gateway's and the upstream's count. */
struct finding check_sums(const struct history *history);

/* The phases have done what they are for, as the plan says. */
struct finding check_phases(const struct history *history);

#endif
