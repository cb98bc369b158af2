/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The explorer against what is known of the memory model: each shape's
 * outcomes, all of them and no others. Then random programs, on which the
 * reduced search, with as many checkpoints as there can be, has to find what
 * the full one does without any.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

#define X 0
#define Y 1
#define R(at, order) {LOAD, at, EX_##order, 0, 0}
#define W(at, v, order) {STORE, at, EX_##order, v, 0}
#define A(at, v, order) {ADD, at, EX_##order, v, 0}
#define C(at, from, to, order) {CAS, at, EX_##order, to, from}

struct shape {
	const char *name;
	struct program program;
	bool finals; /* outcomes end with x, y, 0, 0 */
	uint64_t allowed[24]; /* ends with END_OF_LIST */
};

#define LAST UINT64_MAX

static const struct shape shapes[] = {
	{"SB rlx", {2, {{W(X, 1, RLX), R(Y, RLX)}, {W(Y, 1, RLX), R(X, RLX)}}}, false, {0x00, 0x01, 0x10, 0x11, LAST}},
	{"SB rel acq", {2, {{W(X, 1, REL), R(Y, ACQ)}, {W(Y, 1, REL), R(X, ACQ)}}}, false, {0x00, 0x01, 0x10, 0x11, LAST}},
	{"SB sc", {2, {{W(X, 1, SC), R(Y, SC)}, {W(Y, 1, SC), R(X, SC)}}}, false, {0x01, 0x10, 0x11, LAST}},
	{"SB one sc", {2, {{W(X, 1, SC), R(Y, SC)}, {W(Y, 1, SC), R(X, ACQ)}}}, false, {0x00, 0x01, 0x10, 0x11, LAST}},
	{"SB sc add", {2, {{A(X, 1, SC), R(Y, SC)}, {A(Y, 1, SC), R(X, SC)}}}, false,
	 {0x0001, 0x0100, 0x0101, LAST}},
	{"MP rlx", {2, {{W(X, 1, RLX), W(Y, 1, RLX)}, {R(Y, RLX), R(X, RLX)}}}, false, {0x00, 0x01, 0x10, 0x11, LAST}},
	{"MP rel acq", {2, {{W(X, 1, RLX), W(Y, 1, REL)}, {R(Y, ACQ), R(X, RLX)}}}, false, {0x00, 0x01, 0x11, LAST}},
	{"MP rel rlx", {2, {{W(X, 1, RLX), W(Y, 1, REL)}, {R(Y, RLX), R(X, RLX)}}}, false, {0x00, 0x01, 0x10, 0x11, LAST}},
	{"MP rlx acq", {2, {{W(X, 1, RLX), W(Y, 1, RLX)}, {R(Y, ACQ), R(X, RLX)}}}, false, {0x00, 0x01, 0x10, 0x11, LAST}},
	{"MP through an rmw", {3, {{W(X, 1, RLX), W(Y, 1, REL)}, {A(Y, 1, RLX)}, {R(Y, ACQ), R(X, RLX)}}}, false,
	 {0x000, 0x001, 0x010, 0x011, 0x111, 0x121, 0x101, 0x100, LAST}},
	{"CoRR", {2, {{W(X, 1, RLX), W(X, 2, RLX)}, {R(X, RLX), R(X, RLX)}}}, false, {0x00, 0x01, 0x02, 0x11, 0x12, 0x22, LAST}},
	{"CoWR", {2, {{W(X, 1, RLX), R(X, RLX)}, {W(X, 2, RLX)}}}, false, {0x1, 0x2, LAST}},
	{"CoRW", {2, {{R(X, RLX), W(X, 1, RLX)}, {W(X, 2, RLX)}}}, true, {0x01000, 0x02000, 0x21000, LAST}},
	{"2+2W rlx", {2, {{W(X, 1, RLX), W(Y, 2, RLX)}, {W(Y, 1, RLX), W(X, 2, RLX)}}}, true, {0x1200, 0x1100, 0x2200, 0x2100, LAST}},
	{"2+2W sc", {2, {{W(X, 1, SC), W(Y, 2, SC)}, {W(Y, 1, SC), W(X, 2, SC)}}}, true, {0x1200, 0x2200, 0x2100, LAST}},
	{"S rlx", {2, {{W(X, 2, RLX), W(Y, 1, RLX)}, {R(Y, RLX), W(X, 1, RLX)}}}, true, {0x01100, 0x02100, 0x11100, 0x12100, LAST}},
	{"S rel acq", {2, {{W(X, 2, RLX), W(Y, 1, REL)}, {R(Y, ACQ), W(X, 1, RLX)}}}, true, {0x01100, 0x02100, 0x11100, LAST}},
	{"R rel acq", {2, {{W(X, 1, REL), W(Y, 1, REL)}, {W(Y, 2, REL), R(X, ACQ)}}}, true, {0x01100, 0x11100, 0x01200, 0x11200, LAST}},
	{"R sc", {2, {{W(X, 1, SC), W(Y, 1, SC)}, {W(Y, 2, SC), R(X, SC)}}}, true, {0x01100, 0x11100, 0x11200, LAST}},
	{"LB rlx, without values out of thin air", {2, {{R(X, RLX), W(Y, 1, RLX)}, {R(Y, RLX), W(X, 1, RLX)}}}, false, {0x00, 0x01, 0x10, LAST}},
	{"WRC rlx", {3, {{W(X, 1, RLX)}, {R(X, RLX), W(Y, 1, RLX)}, {R(Y, RLX), R(X, RLX)}}}, false,
	 {0x000, 0x001, 0x010, 0x011, 0x100, 0x101, 0x110, 0x111, LAST}},
	{"WRC rel acq", {3, {{W(X, 1, REL)}, {R(X, ACQ), W(Y, 1, REL)}, {R(Y, ACQ), R(X, RLX)}}}, false,
	 {0x000, 0x001, 0x010, 0x011, 0x100, 0x101, 0x111, LAST}},
	{"IRIW acq", {4, {{W(X, 1, REL)}, {W(Y, 1, REL)}, {R(X, ACQ), R(Y, ACQ)}, {R(Y, ACQ), R(X, ACQ)}}}, false,
	 {0x0000, 0x0001, 0x0010, 0x0011, 0x0100, 0x0101, 0x0110, 0x0111, 0x1000, 0x1001, 0x1010, 0x1011, 0x1100,
	  0x1101, 0x1110, 0x1111, LAST}},
	{"IRIW sc", {4, {{W(X, 1, SC)}, {W(Y, 1, SC)}, {R(X, SC), R(Y, SC)}, {R(Y, SC), R(X, SC)}}}, false,
	 {0x0000, 0x0001, 0x0010, 0x0011, 0x0100, 0x0101, 0x0110, 0x0111, 0x1000, 0x1001, 0x1011, 0x1100, 0x1101,
	  0x1110, 0x1111, LAST}},
	{"sc store, relaxed store", {2, {{W(X, 1, SC), W(Y, 1, RLX)}, {R(Y, RLX), R(X, SC)}}}, false, {0x00, 0x01, 0x10, 0x11, LAST}},
	{"two adds", {2, {{A(X, 1, RLX)}, {A(X, 1, RLX)}}}, true, {0x012000, 0x102000, LAST}},
	{"one of two wins", {2, {{C(X, 0, 1, RLX)}, {C(X, 0, 2, RLX)}}}, true, {0x811000, 0x282000, LAST}},
	{"dekker by cas", {2, {{C(X, 0, 1, AR), R(Y, ACQ)}, {C(Y, 0, 1, AR), R(X, ACQ)}}}, false, {0x8080, 0x8081, 0x8180, 0x8181, LAST}},
	{"dekker by sc cas", {2, {{C(X, 0, 1, SC), R(Y, SC)}, {C(Y, 0, 1, SC), R(X, SC)}}}, false, {0x8081, 0x8180, 0x8181, LAST}},
};

static bool
check_shape(const struct shape *s, enum ex_mode mode)
{
	static struct outcomes found;
	struct ex_result r = program_run(&s->program, mode, s->finals, 0, &found);
	unsigned allowed = 0;
	bool good = r.exhausted && !r.failed;

	for (; s->allowed[allowed] != LAST; allowed++)
		if (!outcomes_have(&found, s->allowed[allowed])) {
			printf("litmus: %s: %llx was not found\n", s->name, (unsigned long long)s->allowed[allowed]);
			good = false;
		}
	for (unsigned i = 0; found.count != allowed && i < OUTCOMES; i++) {
		bool is = found.slot[i] == 0;

		for (unsigned k = 0; k < allowed; k++)
			is = is || found.slot[i] - 1 == s->allowed[k];
		if (!is) {
			printf("litmus: %s: %llx should not be\n", s->name, (unsigned long long)found.slot[i] - 1);
			good = false;
		}
	}
	return good;
}

static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static struct instruction
random_instruction(uint64_t *seed, unsigned places, bool only_rmw)
{
	static const enum ex_order loads[] = {EX_RLX, EX_ACQ, EX_SC}, stores[] = {EX_RLX, EX_REL, EX_SC},
				   both[] = {EX_RLX, EX_REL, EX_AR, EX_SC};
	struct instruction i = {.op = LOAD + (enum op)(next_random(seed) % 5)};

	if (i.op == STORE && only_rmw)
		i.op = CAS;
	i.place = (unsigned)(next_random(seed) % places);
	i.order = i.op == LOAD ? loads[next_random(seed) % 3]
		: i.op == STORE ? stores[next_random(seed) % 3] : both[next_random(seed) % 4];
	i.value = 1 + next_random(seed) % 3;
	i.seen = next_random(seed) % 3;
	return i;
}

/* Small enough for the full search. */
static struct program
random_program(uint64_t *seed)
{
	struct program p = {.threads = 2 + (unsigned)(next_random(seed) % 3 == 0)};
	unsigned places = 1 + (unsigned)(next_random(seed) % 3), most = p.threads == 2 ? 4 : 2;
	bool only_rmw = next_random(seed) % 2;

	for (unsigned t = 0; t < p.threads; t++) {
		unsigned ops = 1 + (unsigned)(next_random(seed) % most);

		for (unsigned k = 0; k < ops; k++)
			p.thread[t][k] = random_instruction(seed, places, only_rmw);
	}
	return p;
}

static bool
check_random(uint64_t programs, uint64_t seed)
{
	static struct outcomes full, reduced;
	uint64_t all = 0, few = 0, redundant = 0, outcomes = 0;

	for (uint64_t i = 0; i < programs; i++) {
		uint64_t state = seed + i * 1000003;
		struct program p = random_program(&state);
		unsigned flags = i % 8 == 0 ? EX_SPURIOUS : 0;
		struct ex_result a, b;

		ex_checkpoints = 0;
		a = program_run(&p, EX_FULL, true, flags, &full);
		ex_checkpoints = 1;
		b = program_run(&p, EX_REDUCED, true, flags, &reduced);
		all += a.executions;
		few += b.executions;
		redundant += b.redundant;
		outcomes += full.count;
		if (!a.exhausted || !b.exhausted || !outcomes_same(&full, &reduced)) {
			printf("litmus: program %llu: the full search finds %u outcomes, the reduced %u\n",
			       (unsigned long long)i, full.count, reduced.count);
			program_print(&p);
			return false;
		}
	}
	printf("litmus: %llu random programs from seed %llu: the same %llu outcomes, in %llu executions (and %llu begun) for %llu\n",
	       (unsigned long long)programs, (unsigned long long)seed, (unsigned long long)outcomes,
	       (unsigned long long)few, (unsigned long long)redundant, (unsigned long long)all);
	return true;
}

int
main(int argc, char **argv)
{
	uint64_t programs = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	unsigned shapes_count = sizeof shapes / sizeof *shapes, good = 0;

	for (unsigned i = 0; i < shapes_count; i++)
		good += check_shape(&shapes[i], EX_REDUCED) & check_shape(&shapes[i], EX_FULL);
	printf("litmus: %u of %u shapes have their outcomes and no others\n", good, shapes_count);
	return !(check_random(programs, seed) && good == shapes_count);
}
