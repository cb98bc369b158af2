/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A worker: it may be killed between any two instructions, and whatever it was
 * about then must not harm the others.
 */

#include "worker.h"

#include <time.h>
#include <unistd.h>

#include "random.h"

#define CALL_NS (400 * OPTIONS_MS / 1000) /* a call takes up to so long, and where the other side is ill */
#define ILL_CALL_NS (10 * OPTIONS_MS)
#define WAIT_NS (500 * OPTIONS_MS / 1000) /* asks again after up to so long */

struct worker {
	struct layout layout;
	rheo_guard_t *guard;
	uint64_t random;
	uint64_t refused; /* for the rate */
	uint64_t cheat;
	uint32_t number;
};

static void
pass(uint64_t ns)
{
	nanosleep(&(struct timespec){.tv_nsec = (long)ns}, NULL);
}

/*
 * Writes an admission down, its last word last. Who is killed before that
 * leaves a place that does not count, so what is checked is never more than
 * what was admitted.
 */
static void
write_down(const struct worker *w, const rheo_verdict_t *v, uint64_t asked_ns)
{
	uint64_t place = atomic_fetch_add(&w->layout.head->next, 1), generation = 0;
	struct admission *a = &w->layout.admission[place];

	if (place >= w->layout.head->admissions)
		return;
	a->asked_ns = asked_ns;
	rheo_breaker_permit(w->layout.breaker, v->permit, &generation, &a->probe);
	a->generation = generation;
	a->worker = w->number;
	atomic_store_explicit(&a->decided_ns, v->decided_ns, memory_order_release);
}

/* The call itself: something that takes a while and fails where the other side is ill. */
static uint32_t
call(struct worker *w)
{
	uint64_t ill = atomic_load_explicit(&w->layout.head->ill, memory_order_relaxed);

	pass(random_below(&w->random, ill != 0 ? ILL_CALL_NS : CALL_NS));
	return random_below(&w->random, 100) < ill ? RHEO_FAILURE : RHEO_SUCCESS;
}

static void
serve_one(struct worker *w)
{
	uint64_t asked_ns = rheo_now_ns();
	uint32_t outcome;
	rheo_verdict_t v;
	int32_t st;

	rheo_counter_add(w->layout.counter, ASKED, 1);
	st = rheo_guard_try_acquire(w->guard, 1, asked_ns, &v);
	if (st == RHEO_REJ_RATE && w->cheat != 0 && ++w->refused % w->cheat == 0)
		st = RHEO_OK;
	if (st == RHEO_OK) {
		write_down(w, &v, asked_ns);
		rheo_counter_add(w->layout.counter, ADMITTED, 1);
		outcome = call(w);
		st = rheo_guard_record(w->guard, v.permit, outcome, rheo_now_ns());
		rheo_counter_add(w->layout.counter, st == RHEO_STALE ? STALE : outcome == RHEO_SUCCESS ? SUCCEEDED : FAILED, 1);
		return;
	}
	rheo_counter_add(w->layout.counter, st == RHEO_REJ_RATE ? REFUSED_RATE : st == RHEO_REJ_OPEN ? REFUSED_OPEN : REFUSED_PROBE, 1);
	pass(random_below(&w->random, WAIT_NS));
}

void
worker_run(void *mem, const struct options *options, uint32_t number, uint64_t seed)
{
	struct worker w = {.random = seed, .cheat = options->cheat, .number = number};
	void *own;

	if (!layout_attach(mem, &w.layout) || (w.guard = layout_guard(&w.layout, &own)) == NULL)
		_exit(1);
	for (;;)
		serve_one(&w);
}
