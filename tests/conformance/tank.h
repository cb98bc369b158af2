/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_CONFORMANCE_TANK_H
#define RHEO_TESTS_CONFORMANCE_TANK_H

/* A bucket in memory of its own, and what a token bucket should hold by paper and pencil. */

#include "conformance.h"

#define MAX_DEBT (UINT64_C(1) << 30) /* more than any case borrows */

struct tank {
	rheo_bucket_config_t cfg;
	rheo_bucket_t *b;
	void *mem;
};

/* Sets cfg; change it further before opening. */
void tank_config(struct tank *t, uint64_t tokens, uint64_t period_ns, uint64_t burst);
bool tank_open(struct run *r, struct tank *t, uint64_t now_ns);
void tank_close(struct tank *t);

/* Whole tokens at now_ns, below 0 in debt; publishes now_ns. */
int64_t tank_level(struct run *r, struct tank *t, uint64_t now_ns);
/* The same without publishing anything: debt is read off the wait. */
int64_t tank_peek(struct run *r, struct tank *t, uint64_t now_ns);
/* Takes one by one, or cost by cost, until refused; returns tokens. */
uint64_t tank_drain(struct tank *t, uint64_t cost, uint64_t now_ns);

__extension__ typedef __int128 i128;

/*
 * The exact continuous bucket in whole nanoseconds of credit: token_ns of them
 * buy a token. strict: time that goes back stands still, as rheo reads it;
 * otherwise the clock is set back and the interval is earned once more, as
 * x/time/rate does.
 */
struct paper {
	i128 credit_ns;
	i128 at_ns;
	i128 token_ns;
	i128 burst;
	bool strict;
};

/* False where a token is not a whole number of ns: then there is no paper. */
bool paper_make(struct run *r, struct paper *p, const rheo_bucket_config_t *cfg, uint64_t now_ns,
		bool strict);
void paper_at(struct paper *p, i128 t);
int64_t paper_level(const struct paper *p, i128 t);
/* Takes n if that means a wait of at most max_wait_ns (below 0: any); *due: when it falls due. */
bool paper_take(struct paper *p, i128 t, i128 n, i128 max_wait_ns, i128 *due);
void paper_give(struct paper *p, i128 credit_ns);
void paper_rate(struct run *r, struct paper *p, const rheo_bucket_config_t *cfg, i128 t);

#endif
