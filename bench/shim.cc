// SPDX-License-Identifier: BSD-2-Clause

#include "shim.h"

#include <benchmark/benchmark.h>

struct bench_state : public benchmark::State {};

static benchmark::State &
real(bench_state *state)
{
	return *reinterpret_cast<benchmark::State *>(state);
}

int
bench_batch(bench_state *state)
{
	return real(state).KeepRunningBatch(BENCH_BATCH);
}

int
bench_thread(const bench_state *state)
{
	return reinterpret_cast<const benchmark::State *>(state)->thread_index();
}

void
bench_fail(bench_state *state, const char *what)
{
	real(state).SkipWithError(what);
}

void
bench_case(const char *name, void (*setup)(void), void (*fn)(bench_state *), int max_threads)
{
	auto *b = benchmark::RegisterBenchmark(name, [setup, fn](benchmark::State &state) {
		if (state.thread_index() == 0 && setup != nullptr)
			setup();
		fn(reinterpret_cast<bench_state *>(&state));
	});
	b->ThreadRange(1, max_threads)->UseRealTime()->Unit(benchmark::kNanosecond);
}
