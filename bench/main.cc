// SPDX-License-Identifier: BSD-2-Clause

#include <benchmark/benchmark.h>

extern "C" void bench_cases(void);

int
main(int argc, char **argv)
{
	benchmark::Initialize(&argc, argv);
	if (benchmark::ReportUnrecognizedArguments(argc, argv))
		return 2;
	bench_cases();
	return benchmark::RunSpecifiedBenchmarks() == 0;
}
