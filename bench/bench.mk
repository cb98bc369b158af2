# SPDX-License-Identifier: BSD-2-Clause
# Included by the top Makefile.

BENCH_MIN_TIME ?= 0.2
BENCH_REPETITIONS ?= 7

$(B)/bench: bench/shim.cc bench/main.cc bench/cases.c bench/shim.h $(ARCHIVE)
	$(Q)$(CC) $(CFLAGS) -std=c11 $(TEST_WARN) -Iinclude -c bench/cases.c -o $(B)/bench-cases.o
	$(Q)$(CXX) $(CFLAGS) $(LDFLAGS) -std=c++17 -Wall -Wextra -o $@ bench/shim.cc bench/main.cc $(B)/bench-cases.o \
		$(ARCHIVE) -lbenchmark -pthread

.PHONY: bench
bench: deps-bench ## nanoseconds a call, one thread and two; build/bench.json and build/bench.csv
	@$(MAKE) --no-print-directory $(B)/bench
	@$(B)/bench --benchmark_min_time=$(BENCH_MIN_TIME) --benchmark_repetitions=$(BENCH_REPETITIONS) \
		--benchmark_enable_random_interleaving=true --benchmark_format=csv \
		--benchmark_out=$(B)/bench.json --benchmark_out_format=json > $(B)/bench.csv 2> $(B)/bench.log || \
		{ cat $(B)/bench.log; exit 1; }
	@awk -f bench/table.awk $(B)/bench.csv

include bench/rivals/rivals.mk

# Instructions and locked operations a call, counted by stepping: exact, so it may
# fail a build. The budget of instructions is gcc 12's for x86-64.
$(B)/budget: bench/budget.c $(LIB_OBJ) $(LIB_HDR)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(TEST_FLAGS) -o $@ $< $(LIB_OBJ)

.PHONY: perf-check
perf-check: ## instructions and locked operations a call, against bench/budget.tsv
	@case "$$($(CC) -dumpmachine)" in x86_64-*linux-gnu*) ;; \
		*) echo "perf-check: SKIPPED, it steps x86-64 code"; exit 0 ;; esac; \
	$(MAKE) --no-print-directory $(B)/budget && \
	case "$$($(CC) -dumpversion):$(CFLAGS)" in 12*:-O2\ -g) $(B)/budget bench/budget.tsv ;; \
		*) BUDGET_ONLY_LOCKED=1 $(B)/budget bench/budget.tsv ;; esac
