/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include <rheo/breaker.h>

#include "plan.h"
#include "summary.h"

/* Whether such a transition, for this cause, came while the phase was played. */
static bool
turned(const struct history *h, unsigned phase, uint32_t to, const char *cause)
{
	uint64_t from_ns = h->begin_ns + plan_begin_ns(phase),
		 to_ns = h->begin_ns + plan_begin_ns(phase + 1);

	for (size_t i = 0; i < h->transitions; i++) {
		const struct transition *t = &h->transition[i];

		if (t->to == to && t->at_ns >= from_ns && t->at_ns < to_ns && strcmp(t->cause, cause) == 0)
			return true;
	}
	return false;
}

/* What is missing in a phase; NULL: nothing. The bounds leave room for a machine with other work. */
static const char *
lacks(const struct history *h, unsigned phase)
{
	struct summary s = summarize_phase(h, phase);
	uint64_t sustained = PLAN_LIMIT_PER_S * plan_phase[phase].length_ms / 1000;

	switch (phase) {
	case PLAN_STEADY:
		if (s.well * 100 < s.offered * 80)
			return "fewer than 80 % were answered well and in time";
		break;
	case PLAN_OVERLOAD:
		if (s.rate == 0)
			return "nothing was refused with 429";
		if (s.admitted * 100 < sustained * 70)
			return "less than 70 % of the limit was admitted";
		break;
	case PLAN_FAILING:
		if (s.errors == 0)
			return "the upstream did not fail";
		if (!turned(h, phase, RHEO_OPEN, "FAILURE_RATE"))
			return "the breaker did not open by the failure rate";
		break;
	case PLAN_SLOW:
		if (!turned(h, phase, RHEO_OPEN, "SLOW_CALL_RATE"))
			return "the breaker did not open by the slow-call rate";
		break;
	case PLAN_RECOVERY:
	case PLAN_END:
		if (!turned(h, phase, RHEO_CLOSED, "PROBES_SUCCEEDED"))
			return "the breaker did not close again";
		if (s.well == 0)
			return "nothing was answered well";
		break;
	}
	if ((phase == PLAN_FAILING || phase == PLAN_SLOW) && s.breaker == 0)
		return "nothing was refused with 503";
	return NULL;
}

struct finding
check_phases(const struct history *h)
{
	struct finding f = {.good = true};

	snprintf(f.line, sizeof f.line,
		 "phases ok: 429 in the overload, opened by failures, closed, opened by slowness, closed");
	for (unsigned phase = 0; phase < PLAN_PHASES && f.good; phase++) {
		const char *why = lacks(h, phase);

		if (why == NULL)
			continue;
		f.good = false;
		snprintf(f.line, sizeof f.line, "phases BROKEN: %s: %s", plan_phase[phase].name, why);
	}
	if (f.good && h->state != RHEO_CLOSED) {
		f.good = false;
		snprintf(f.line, sizeof f.line, "phases BROKEN: the breaker is not closed at the end");
	}
	return f;
}
