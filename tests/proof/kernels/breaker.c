/* SPDX-License-Identifier: BSD-2-Clause */

/* breaker/: the word, permits, deadlines, thresholds, what follows from what. */

#include "kernel.h"

#include "breaker/breaker.c"
#include "breaker/config.c"
#include "breaker/judge.c"
#include "breaker/log.c"
#include "breaker/names.c"
#include "breaker/probe.c"
#include "breaker/turn.c"
#include "breaker/window.c"
#include "port.h"

/* --- the word and permits ---------------------------------------------------------- */

static void
put_state(uint64_t out[], struct rh_state s)
{
	out[0] = s.state, out[1] = s.mode, out[2] = s.generation, out[3] = s.in_a_row;
	out[4] = s.deadline, out[5] = s.issued, out[6] = s.succeeded, out[7] = s.failed;
	out[8] = s.ignored, out[9] = s.slow, out[10] = s.ticket, out[11] = s.overdue;
}

/* A state packed, and unpacked again. */
KERNEL(state)
{
	struct rh_state s = {.state = (uint32_t)in[0],
			     .mode = (uint32_t)in[1],
			     .generation = (uint32_t)in[2],
			     .in_a_row = (uint32_t)in[3],
			     .deadline = in[4],
			     .issued = (uint32_t)in[5],
			     .succeeded = (uint32_t)in[6],
			     .failed = (uint32_t)in[7],
			     .ignored = (uint32_t)in[8],
			     .slow = (uint32_t)in[9],
			     .ticket = (uint32_t)in[10],
			     .overdue = (uint32_t)in[11]};

	put_state(out, rh_state_unpack(rh_state_pack(s)));
}

/* A word unpacked, and packed again. */
KERNEL(word)
{
	struct rh_state s = rh_state_unpack(in[0]);

	out[0] = rh_state_pack(s);
	out[1] = rh_state_passes(in[0]);
	out[2] = s.state;
	out[3] = s.mode;
	out[4] = s.generation;
}

/* in: a deadline in ns, its unit, what the breaker was last told. */
KERNEL(deadline)
{
	out[0] = rh_deadline_make(in[0], (unsigned)in[1]);
	out[1] = rh_deadline_read(out[0], in[2], (unsigned)in[1]);
}

KERNEL(unit)
{
	out[0] = unit_of(in[0]);
}

/* in: generation, start, end. */
KERNEL(permit)
{
	out[0] = rh_permit_closed((uint32_t)in[0], in[1]);
	out[1] = rh_permit_is_probe(out[0]);
	out[2] = rh_permit_generation(out[0]);
	out[3] = rh_permit_duration(out[0], in[2]);
}

/* in: generation, place, start, a later time. */
KERNEL(probe)
{
	out[0] = rh_permit_probe((uint32_t)in[0], (uint32_t)in[1], in[2]);
	out[1] = rh_permit_is_probe(out[0]);
	out[2] = rh_permit_generation(out[0]);
	out[3] = rh_permit_slot(out[0]);
	out[4] = rh_permit_probe_start(out[0], in[3]);
}

/* --- rules --------------------------------------------------------------------------- */

static struct rh_brules
rules(const uint64_t in[])
{
	return (struct rh_brules){.failure_rate_bp = (uint32_t)in[0],
				  .slow_call_rate_bp = (uint32_t)in[1],
				  .slow_call_ns = in[2],
				  .consecutive_failures = (uint32_t)in[3],
				  .minimum_calls = (uint32_t)in[4],
				  .open_ns = in[5],
				  .open_max_ns = in[6],
				  .open_backoff_bp = (uint32_t)in[7],
				  .open_jitter_bp = (uint32_t)in[8],
				  .half_open_calls = (uint32_t)in[9],
				  .half_open_successes = (uint32_t)in[10],
				  .half_open_failures = (uint32_t)in[11],
				  .flags = (uint32_t)in[12],
				  .probe_timeout_ns = in[13]};
}

/* Rules as words of a record, and read back. */
KERNEL(brecord)
{
	_Alignas(128) unsigned char memory[sizeof(struct rh_breaker)] = {0};
	struct rh_bself self = {.b = (struct rh_breaker *)(void *)memory};
	struct rh_brules r = rules(in), s;
	uint64_t field[BRULE_FIELDS];

	rules_pack(&r, field);
	rh_record_init(&self.b->control, self.b->rules, BRULE_FIELDS, field);
	out[14] = rh_brules_read(self, &s);
	out[0] = s.failure_rate_bp, out[1] = s.slow_call_rate_bp, out[2] = s.slow_call_ns;
	out[3] = s.consecutive_failures, out[4] = s.minimum_calls, out[5] = s.open_ns;
	out[6] = s.open_max_ns, out[7] = s.open_backoff_bp, out[8] = s.open_jitter_bp;
	out[9] = s.half_open_calls, out[10] = s.half_open_successes, out[11] = s.half_open_failures;
	out[12] = s.flags, out[13] = s.probe_timeout_ns;
}

/* --- thresholds and transitions -------------------------------------------------------- */

/* in: bad calls, calls, basis points. */
KERNEL(rate)
{
	out[0] = rh_rate_reached(in[0], in[1], (uint32_t)in[2]);
}

/* in: failures, slow calls, calls, the basis points of both. */
KERNEL(cause)
{
	struct rh_brules r = {.failure_rate_bp = (uint32_t)in[3], .slow_call_rate_bp = (uint32_t)in[4]};
	struct rh_counts c = {in[2], in[0], in[1]};

	out[0] = cause_of(&r, &c, in[2]);
}

/* in: probes that succeeded, failed, were ignored; half-open calls, successes, failures; how one more ends. */
KERNEL(verdict)
{
	struct rh_state s = {.succeeded = (uint32_t)in[0], .failed = (uint32_t)in[1], .ignored = (uint32_t)in[2]};
	struct rh_brules r = {.half_open_calls = (uint32_t)in[3],
			      .half_open_successes = (uint32_t)in[4],
			      .half_open_failures = (uint32_t)in[5]};

	out[0] = rh_after_probe(&s, &r, (enum rh_probe_end)in[6]);
	out[1] = s.succeeded;
	out[2] = s.failed;
	out[3] = s.ignored;
}

/* in: a word, a deadline, a mode. Each transition's word. */
KERNEL(turns)
{
	struct rh_state s = rh_state_unpack(in[0]);

	out[0] = rh_state_pack(rh_after_trip(s, in[1]));
	out[1] = rh_state_pack(rh_after_open(s));
	out[2] = rh_state_pack(rh_after_force(s, (uint32_t)in[2], in[1]));
	out[3] = rh_state_pack(rh_after_reset(s));
}

/* in: open_ns, open_max_ns, backoff, jitter, times in a row, seed, generation. */
KERNEL(open_duration)
{
	struct rh_brules r = {.open_ns = in[0],
			      .open_max_ns = in[1],
			      .open_backoff_bp = (uint32_t)in[2],
			      .open_jitter_bp = (uint32_t)in[3]};

	out[0] = rh_open_duration(&r, (uint32_t)in[4], in[5], in[6]);
}

/* in: a word; the generation of a probe that ends, how, and whether slowly; half-open calls, successes, failures; when. */
KERNEL(settle)
{
	_Alignas(128) unsigned char memory[sizeof(struct rh_breaker) + 2 * sizeof(struct rh_line)] = {0};
	struct rh_bself self = {.b = (struct rh_breaker *)(void *)memory};
	struct rh_brules r = {.half_open_calls = (uint32_t)in[4],
			      .half_open_successes = (uint32_t)in[5],
			      .half_open_failures = (uint32_t)in[6],
			      .open_ns = 1,
			      .open_max_ns = 1};

	rh_store_init(&self.b->state, in[0]);
	out[0] = (uint64_t)settle(self, &r, (uint32_t)in[1], (enum rh_probe_end)in[2], in[3] != 0, in[7]);
	out[1] = rh_load_rlx(&self.b->state);
}
