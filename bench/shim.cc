// SPDX-License-Identifier: BSD-2-Clause

#include "shim.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <thread>

struct bench_state : public benchmark::State {};

static std::string prefix;

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
bench_prefix(const char *text)
{
	prefix = text;
}

void
bench_case(const char *name, void (*setup)(void), void (*fn)(bench_state *))
{
	int threads = std::max(2, static_cast<int>(std::thread::hardware_concurrency()));
	auto *b = benchmark::RegisterBenchmark((prefix + name).c_str(), [setup, fn](benchmark::State &state) {
		if (state.thread_index() == 0 && setup != nullptr)
			setup();
		fn(reinterpret_cast<bench_state *>(&state));
	});

	b->ThreadRange(1, threads)->UseRealTime()->Unit(benchmark::kNanosecond);
}
