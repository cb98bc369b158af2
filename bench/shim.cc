// SPDX-License-Identifier: BSD-2-Clause

#include "shim.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

struct bench_state : public benchmark::State {};

static std::string prefix;

/*
 * A thread's own time would flatter calls made while the others were not yet, or
 * no longer, there. So time is from the first thread's start to the last one's
 * end: a barrier of google-benchmark's stands before the loop and after it.
 */
#define MOST_THREADS 1024
static struct alignas(128) {
	int64_t start, end;
} of_thread[MOST_THREADS];

static int64_t
now_ns(void)
{
	auto now = std::chrono::steady_clock::now().time_since_epoch();

	return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

static benchmark::State &
real(bench_state *state)
{
	return *reinterpret_cast<benchmark::State *>(state);
}

int
bench_batch(bench_state *state)
{
	auto &own = of_thread[real(state).thread_index()];
	int more;

	own.end = now_ns();
	more = real(state).KeepRunningBatch(BENCH_BATCH);
	if (own.start == 0)
		own.start = now_ns();
	return more;
}

int
bench_thread(const bench_state *state)
{
	return reinterpret_cast<const benchmark::State *>(state)->thread_index();
}

static double
seconds(int threads)
{
	int64_t start = of_thread[0].start, end = of_thread[0].end;

	for (int i = 1; i < threads; i++) {
		start = std::min(start, of_thread[i].start);
		end = std::max(end, of_thread[i].end);
	}
	return static_cast<double>(end - start) * 1e-9;
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
	int threads = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 2, MOST_THREADS);
	auto *b = benchmark::RegisterBenchmark((prefix + name).c_str(), [setup, fn](benchmark::State &state) {
		of_thread[state.thread_index()].start = 0;
		if (state.thread_index() == 0 && setup != nullptr)
			setup();
		fn(reinterpret_cast<bench_state *>(&state));
		state.SetIterationTime(seconds(state.threads()));
	});

	b->ThreadRange(1, threads)->UseManualTime()->Unit(benchmark::kNanosecond);
}
