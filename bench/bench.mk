# SPDX-License-Identifier: BSD-2-Clause
# Included by the top Makefile.

# Short repetitions, as many as fit the seconds, unless BENCH_REPETITIONS says how many.
BENCH_MIN_TIME ?= 0.005
BENCH_SECONDS ?= 30
BENCH_REPETITIONS ?=
BENCH_CASES := bench/cases.c bench/objects.c $(sort $(wildcard bench/cases/*.c))
BENCH_HDR := $(wildcard bench/*.h) $(HEADERS)
BENCH_FLAGS := -std=c11 -D_GNU_SOURCE $(TEST_WARN) -Ibench
BENCH_CXX := $(CXX) $(CFLAGS) $(LDFLAGS) -std=c++17 -Wall -Wextra
export BENCH_MIN_TIME BENCH_SECONDS BENCH_REPETITIONS

$(B)/bench: bench/shim.cc bench/main.cc $(BENCH_CASES) $(BENCH_HDR) $(ARCHIVE)
	$(Q)for c in $(BENCH_CASES); do \
		o=$(B)/bench-obj/$${c%.c}.o; mkdir -p $${o%/*}; \
		$(CC) $(CFLAGS) $(BENCH_FLAGS) -Iinclude -c $$c -o $$o || exit 1; \
	done
	$(Q)$(BENCH_CXX) -o $@ bench/shim.cc bench/main.cc $(BENCH_CASES:%.c=$(B)/bench-obj/%.o) \
		$(ARCHIVE) -lbenchmark -pthread

.PHONY: bench
bench: deps-bench ## nanoseconds a call, one thread and more; build/bench.json, .csv, and a picture
	@$(MAKE) --no-print-directory $(B)/bench
	@sh bench/run.sh $(B)/bench $(B)/bench
	@awk -f bench/read.awk -f bench/table.awk $(B)/bench.list $(B)/bench.csv
	@sh bench/plot.sh $(B)/bench

.PHONY: bench-compare
bench-compare: deps-bench $(ARCHIVE) ## the same beside another revision's library: REV=<revision>
	@test -n "$(REV)" || { echo "bench-compare: which? make bench-compare REV=<revision>" >&2; exit 2; }
	@CC="$(CC)" CXX="$(CXX)" LD="$(LD)" OBJCOPY="$(OBJCOPY)" CFLAGS="$(CFLAGS)" LDFLAGS="$(LDFLAGS)" MAKE="$(MAKE)" \
		sh bench/compare.sh "$(REV)" $(ARCHIVE) $(B)/compare

# Milliseconds each distribution is taken for; there are sixteen.
WORST_MS ?= 1200
WORST_SRC := bench/objects.c $(sort $(wildcard bench/worst/*.c))
$(B)/worst: $(WORST_SRC) $(wildcard bench/worst/*.h) bench/objects.h $(ARCHIVE)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(BENCH_FLAGS) -Iinclude -o $@ $(WORST_SRC) $(ARCHIVE) -lm -pthread

.PHONY: bench-worst
bench-worst: $(B)/worst ## bytes and time as lanes grow, and the worst of single calls; build/worst.tsv
	@$(B)/worst $(B)/worst.tsv $(WORST_MS)

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
