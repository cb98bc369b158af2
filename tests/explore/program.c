/* SPDX-License-Identifier: BSD-2-Clause */
#include "program.h"

#include <stdio.h>
#include <string.h>

static const struct program *program;
static struct outcomes *outcomes;
static bool with_finals;

static struct state {
	uint64_t place[PROGRAM_PLACES * 8]; /* a line each */
	uint64_t read[EX_THREADS][PROGRAM_OPS];
} *state;

static void
setup(void)
{
	state = ex_memory(sizeof *state);
}

static uint64_t
perform(const struct instruction *i)
{
	uint64_t *at = &state->place[i->place * 8], seen = i->seen;
	enum ex_order failed = i->order == EX_SC ? EX_SC : i->order == EX_ACQ || i->order == EX_AR ? EX_ACQ : EX_RLX;

	switch (i->op) {
	case LOAD:
		return ex_load(at, i->order, __FILE__, __LINE__);
	case STORE:
		ex_store(at, i->value, i->order, __FILE__, __LINE__);
		return 0;
	case ADD:
		return ex_add(at, i->value, i->order, __FILE__, __LINE__);
	case SWAP:
		return ex_swap(at, i->value, i->order, __FILE__, __LINE__);
	case CAS:
		return ex_cas(at, &seen, i->value, i->order, failed, __FILE__, __LINE__) ? 8 + seen : seen;
	default:
		return 0;
	}
}

static void
run(void)
{
	unsigned t = ex_self();

	for (unsigned k = 0; k < PROGRAM_OPS && program->thread[t][k].op != END; k++)
		state->read[t][k] = perform(&program->thread[t][k]);
}

static void
finish(void)
{
	uint64_t outcome = 0;

	for (unsigned t = 0; t < program->threads; t++)
		for (unsigned k = 0; k < PROGRAM_OPS; k++)
			if (program->thread[t][k].op != END && program->thread[t][k].op != STORE)
				outcome = outcome << 4 | (state->read[t][k] & 15u);
	for (unsigned i = 0; with_finals && i < PROGRAM_PLACES; i++)
		outcome = outcome << 4 | (state->place[i * 8] & 15u);
	outcomes_add(outcomes, outcome);
}

struct ex_result
program_run(const struct program *p, enum ex_mode mode, bool finals, unsigned flags, struct outcomes *out)
{
	struct ex_scenario s = {.threads = p->threads, .flags = flags, .setup = setup, .finish = finish};

	for (unsigned t = 0; t < p->threads; t++)
		s.thread[t] = run;
	program = p;
	outcomes = out;
	with_finals = finals;
	memset(out, 0, sizeof *out);
	return ex_explore(&s, mode, 0);
}

void
program_print(const struct program *p)
{
	static const char *const op[] = {"", "load", "store", "add", "swap", "cas"};
	static const char *const order[] = {"rlx", "acq", "rel", "ar", "sc"};

	for (unsigned t = 0; t < p->threads; t++) {
		printf("  %c:", 'a' + (int)t);
		for (unsigned k = 0; k < PROGRAM_OPS && p->thread[t][k].op != END; k++) {
			const struct instruction *i = &p->thread[t][k];

			printf("  %s.%s %c", op[i->op], order[i->order], "xyzw"[i->place]);
			if (i->op == CAS)
				printf(" %llu", (unsigned long long)i->seen);
			if (i->op != LOAD)
				printf(" %llu", (unsigned long long)i->value);
		}
		printf("\n");
	}
}
