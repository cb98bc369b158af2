/* SPDX-License-Identifier: BSD-2-Clause */

/* What the calls made most often do in line, once, instead of what bucket.c and breaker.c have. */

#include "kernel.h"

#include "breaker/state.h"
#include "bucket/word.h"
#include "port.h"

/* A bucket; in: spent; published less spent; the cap. */
#define BUCKET                                                                          \
	_Alignas(128) unsigned char memory[sizeof(struct rh_bucket)];                   \
	struct rh_bucket *b = (struct rh_bucket *)(void *)memory;                       \
	const struct rh_rules r = {.cap = in[2]};                                       \
	uint64_t field[RULE_FIELDS];                                                    \
                                                                                        \
	rh_rules_pack(&r, field);                                                       \
	rh_record_init(&b->control, b->rules, RULE_FIELDS, field);                      \
	rh_store_init(&b->spent, in[0]);                                                \
	rh_store_init(&b->earned, in[0] + in[1])

/* in[3]: the cost. */
KERNEL(take_now)
{
	BUCKET;
	out[0] = rh_word_take_now(b, in[3]);
	out[1] = rh_load_rlx(&b->spent) - in[0];
}

KERNEL(move)
{
	BUCKET;
	out[2] = 0;
	out[0] = rh_word_move(b, in[0], in[0] + in[1], rh_level(in[0] + in[1], in[0], in[2]), in[3], &out[2]);
	out[1] = rh_load_rlx(&b->spent) - in[0];
}

/* in: a word, a permit. Whether the one is quiet in the other's generation, and what both say. */
KERNEL(quiet)
{
	out[0] = in[0] == rh_state_quiet(rh_permit_quiet(in[1]));
	out[1] = rh_state_unpack(in[0]).generation;
	out[2] = rh_state_unpack(in[0]).in_a_row;
	out[3] = rh_permit_generation(in[1]);
	out[4] = rh_permit_is_probe(in[1]);
	out[5] = rh_state_passes(in[0]);
}
