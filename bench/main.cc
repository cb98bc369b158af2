// SPDX-License-Identifier: BSD-2-Clause

// With BENCH_COMPARE the cases are there twice, with this tree's library and with another revision's.

#include "shim.h"

#include <benchmark/benchmark.h>

#ifdef BENCH_COMPARE
extern "C" void bench_cases_this(void);
extern "C" void bench_cases_rev(void);

static void
all_cases(void)
{
	bench_prefix("this|");
	bench_cases_this();
	bench_prefix("rev|");
	bench_cases_rev();
}
#else
extern "C" void bench_cases(void);

static void
all_cases(void)
{
	bench_cases();
}
#endif

int
main(int argc, char **argv)
{
	benchmark::Initialize(&argc, argv);
	if (benchmark::ReportUnrecognizedArguments(argc, argv))
		return 2;
	all_cases();
	return benchmark::RunSpecifiedBenchmarks() == 0;
}
