# SPDX-License-Identifier: BSD-2-Clause
#
# The histories of tests/property, and two more, as libFuzzer targets under ASan
# and UBSan. libFuzzer is clang's; without it the same targets are built with CC
# and a main() that runs the committed corpus.

FUZZ_CC ?= clang
FUZZ_RUNS ?= 20000
FUZZ_SECONDS ?= 60
FUZZ_SEED ?= 1
FUZZ_CATCH_RUNS ?= 2000
FUZZ_LIB ?= lib
# For the library alone, not for its oracles.
FUZZ_LIB_EXTRA ?=

FUZZ_NAMES := config bucket breaker guard attach neighbour
FUZZ := $(FUZZ_NAMES:%=$(B)/fuzz/%)
FUZZ_OBJ := $(LIB_SRC:lib/%.c=$(B)/fuzz/obj/lib/%.o) \
	$(patsubst tests/%.c,$(B)/fuzz/obj/%.o,$(filter-out tests/property/property.c,$(wildcard tests/property/*.c)) \
	$(filter-out tests/fuzz/fuzz.c tests/fuzz/replay.c tests/fuzz/pack.c,$(wildcard tests/fuzz/*.c)))

# Asked once, and only where it matters: does FUZZ_CC link libFuzzer?
FUZZ_ENGINE = $(eval FUZZ_ENGINE := $(shell mkdir -p $(B)/fuzz; \
	echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d == 0 && n; }' | \
	$(FUZZ_CC) -fsanitize=fuzzer,address -x c - -o $(B)/fuzz/probe 2> /dev/null && echo -fsanitize=fuzzer))$(FUZZ_ENGINE)
FUZZ_COMPILE = $(if $(FUZZ_ENGINE),$(FUZZ_CC) -fsanitize=fuzzer-no-link,$(CC)) $(ASAN) -DRHEO_NO_CK

# Changes when the compiler or its flags do.
$(B)/fuzz/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(FUZZ_COMPILE) $(FUZZ_LIB) $(FUZZ_LIB_EXTRA)' | cmp -s - $@ || \
		echo '$(FUZZ_COMPILE) $(FUZZ_LIB) $(FUZZ_LIB_EXTRA)' > $@

$(B)/fuzz/obj/lib/%.o: $(FUZZ_LIB)/%.c $(B)/fuzz/flags
	@mkdir -p $(@D)
	$(Q)$(FUZZ_COMPILE) $(FUZZ_LIB_EXTRA) $(LIB_FLAGS) -D_GNU_SOURCE -I$(FUZZ_LIB) -MMD -MP -include tests/fuzz/count.h -c $< -o $@

$(B)/fuzz/obj/%.o: tests/%.c $(B)/fuzz/flags
	@mkdir -p $(@D)
	$(Q)$(FUZZ_COMPILE) $(TEST_FLAGS) -MMD -MP -c $< -o $@

$(B)/fuzz/obj/fuzz/%.target.o: tests/fuzz/fuzz.c tests/fuzz/fuzz.h tests/property/harness.h $(B)/fuzz/flags
	@mkdir -p $(@D)
	$(Q)$(FUZZ_COMPILE) $(TEST_FLAGS) -DFUZZ_TARGET=$* -c $< -o $@

$(FUZZ): $(B)/fuzz/%: $(B)/fuzz/obj/fuzz/%.target.o $(B)/fuzz/obj/fuzz/replay.o $(FUZZ_OBJ)
	$(Q)$(FUZZ_COMPILE) $(FUZZ_LIB_EXTRA) $(FUZZ_ENGINE) -o $@ $(if $(FUZZ_ENGINE),$(filter-out %/replay.o,$^),$^) -pthread

$(B)/fuzz/pack: tests/fuzz/pack.c tests/fuzz/table.c tests/fuzz/table.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(TEST_FLAGS) -o $@ tests/fuzz/pack.c tests/fuzz/table.c

-include $(wildcard $(B)/fuzz/obj/*/*.d $(B)/fuzz/obj/*/*/*.d)

.PHONY: test-fuzz fuzz fuzz-keep test-fuzz-catches sanitize-integer sanitize-integer-here
test-fuzz: $(FUZZ) $(B)/fuzz/pack ## each fuzz target over its corpus and FUZZ_RUNS=20000 inputs more
	@ENGINE=$(FUZZ_ENGINE) SEED=$(FUZZ_SEED) RUNS=$(FUZZ_RUNS) sh tests/fuzz/run.sh $(B)/fuzz $(FUZZ_NAMES)

fuzz: $(FUZZ) $(B)/fuzz/pack ## each fuzz target for FUZZ_SECONDS=60; new inputs to build/fuzz/new
	@ENGINE=$(FUZZ_ENGINE) SEED=$(FUZZ_SEED) SECONDS_EACH=$(FUZZ_SECONDS) sh tests/fuzz/run.sh $(B)/fuzz $(FUZZ_NAMES)

fuzz-keep: $(FUZZ) $(B)/fuzz/pack ## puts into the corpora what `make fuzz` found and covers more
	@ENGINE=$(FUZZ_ENGINE) sh tests/fuzz/keep.sh $(B)/fuzz $(FUZZ_NAMES)

test-fuzz-catches: $(B)/fuzz/pack ## libraries broken on purpose, each caught within FUZZ_CATCH_RUNS=2000 inputs
	@MAKE="$(MAKE)" FUZZ_LIB=$(FUZZ_LIB) RUNS=$(FUZZ_CATCH_RUNS) SEED=$(FUZZ_SEED) \
		CORPUS=$(FUZZ_CORPUS) sh tests/fuzz/catches.sh $(B)/fuzz-broken

# Those targets whose memory nobody overwrites: on rubbish anything wraps. Plain
# inputs, so without libFuzzer; only clang looks at unsigned numbers.
INTEGER_NAMES := config bucket breaker guard
INTEGER_HISTORIES ?= 1000
sanitize-integer: ## what wraps in lib/ is what tests/fuzz/wraps.txt allows, and all of that does
	@mkdir -p $(B); echo 'int main(void) { return 0; }' | \
		$(FUZZ_CC) -fsanitize=integer -x c - -o $(B)/integer-probe 2> /dev/null || \
		{ echo "sanitize-integer: SKIPPED, $(FUZZ_CC) with -fsanitize=integer (clang, libclang-rt-14-dev) is not there"; exit 0; }; \
	$(MAKE) --no-print-directory B=$(B)/integer CC=$(FUZZ_CC) ASAN="-O1 -g" FUZZ_ENGINE= \
		FUZZ_LIB_EXTRA="-fsanitize=integer -fsanitize-recover=all" sanitize-integer-here

sanitize-integer-here: $(INTEGER_NAMES:%=$(B)/fuzz/%) $(B)/fuzz/property
	@FUZZ_LIB=$(FUZZ_LIB) sh tests/fuzz/wraps.sh $(B)/fuzz $(foreach t,$(INTEGER_NAMES),$(B)/fuzz/$t tests/fuzz/corpus/$t.hex ";") \
		$(B)/fuzz/property $(INTEGER_HISTORIES)

$(B)/fuzz/property: $(B)/fuzz/obj/property/property.o $(FUZZ_OBJ)
	$(Q)$(FUZZ_COMPILE) $(FUZZ_LIB_EXTRA) -o $@ $^ -pthread
