# SPDX-License-Identifier: BSD-2-Clause
#
# Branch coverage of lib/, by gcc, gcov and gcovr. One set of instrumented
# objects, with injection points and compare-and-swaps live, serves all programs
# but two: the property tests with narrow words, and those without 128-bit types
# and libck, have code of their own.

COV_CC ?= gcc
COV_HISTORIES ?= 300
COV_STEPS ?= 4000
COV_B := $(B)/coverage
COV_ONE = $(COV_CC) -O0 -g --coverage
COV_GCC = $(COV_ONE) -fprofile-update=atomic
COV_LIVE := -Ilib -include tests/unit/inject.h -include tests/coverage/meddle.h
COV_LIB := $(LIB_SRC:lib/%.c=$(COV_B)/lib/%.o)
COV_STUB := $(COV_B)/tests/coverage/meddle.o $(COV_B)/tests/coverage/no_inject.o

$(COV_LIB): $(COV_B)/lib/%.o: lib/%.c $(LIB_HDR) tests/unit/inject.h tests/coverage/meddle.h tests/coverage/coverage.mk
	@mkdir -p $(@D)
	$(Q)$(COV_GCC) $(LIB_FLAGS) -D_GNU_SOURCE $(COV_LIVE) -c $< -o $@

# Tests include headers of lib/, so those that use them directly are measured too.
$(COV_B)/tests/unit/%.o: tests/unit/%.c $(LIB_HDR) $(LIB_SRC) $(wildcard tests/unit/*.h) tests/coverage/meddle.h tests/coverage/coverage.mk
	@mkdir -p $(@D)
	$(Q)$(COV_GCC) $(TEST_FLAGS) $(COV_LIVE) -DGARBAGE_ROUNDS=100 -c $< -o $@

$(COV_B)/tests/%.o: tests/%.c $(LIB_HDR) $(wildcard tests/*/*.h) tests/coverage/coverage.mk
	@mkdir -p $(@D)
	$(Q)$(COV_CC) -O1 -g $(TEST_FLAGS) $(COV_LIVE) -c $< -o $@

$(COV_B)/unit: $(UNIT_SRC:%.c=$(COV_B)/%.o) $(COV_B)/tests/coverage/meddle.o $(COV_LIB)
	$(Q)$(COV_GCC) -o $@ $^ -lcriterion -pthread

$(COV_B)/property: $(PROPERTY_SRC:%.c=$(COV_B)/%.o) $(COV_STUB) $(COV_LIB)
	$(Q)$(COV_GCC) -o $@ $^

$(COV_B)/conformance: $(CONFORMANCE_SRC:%.c=$(COV_B)/%.o) $(COV_STUB) $(COV_LIB)
	$(Q)$(COV_GCC) -o $@ $^ $$(pkg-config --libs jansson) -pthread

COV_TORTURE := $(TORTURE:$(B)/%=$(COV_B)/%)
$(COV_TORTURE): $(COV_B)/%: $(COV_B)/tests/torture/%.o $(COV_STUB) $(COV_LIB)
	$(Q)$(COV_GCC) -o $@ $^ -pthread

# One thread each, so their counters need not be atomic.
COV_NARROW := $(LIB_SRC:lib/%.c=$(COV_B)/narrow/%.o)
COV_PORTABLE := $(LIB_SRC:lib/%.c=$(COV_B)/portable/%.o)
$(COV_NARROW): $(COV_B)/narrow/%.o: lib/%.c $(LIB_HDR) tests/coverage/meddle.h tests/coverage/coverage.mk
	@mkdir -p $(@D)
	$(Q)$(COV_ONE) $(LIB_FLAGS) -D_GNU_SOURCE $(COV_LIVE) -DRH_NARROW -c $< -o $@
$(COV_PORTABLE): $(COV_B)/portable/%.o: lib/%.c $(LIB_HDR) tests/coverage/meddle.h tests/coverage/coverage.mk
	@mkdir -p $(@D)
	$(Q)$(COV_ONE) $(LIB_FLAGS) -D_GNU_SOURCE $(COV_LIVE) -DRHEO_NO_INT128 -DRHEO_NO_CK -c $< -o $@
$(COV_B)/property-narrow: $(PROPERTY_SRC) $(COV_STUB) $(COV_NARROW)
	$(Q)$(COV_CC) -O1 -g $(TEST_FLAGS) -DRH_NARROW -o $@ $^ -lgcov
$(COV_B)/property-portable: $(PROPERTY_SRC) $(COV_STUB) $(COV_PORTABLE)
	$(Q)$(COV_CC) -O1 -g $(TEST_FLAGS) -DRHEO_NO_INT128 -DRHEO_NO_CK -o $@ $^ -lgcov

# Without libck there is no pause in a back-off, which would be most of what this does.
$(COV_B)/neighbour: $(COV_B)/tests/coverage/neighbour.o $(COV_STUB) $(COV_PORTABLE)
	$(Q)$(COV_ONE) -o $@ $^

COV_PROGRAMS := $(addprefix $(COV_B)/,unit property property-narrow property-portable conformance neighbour) $(COV_TORTURE)

.PHONY: coverage coverage-programs
coverage-programs: $(COV_PROGRAMS)

coverage: ## branch coverage of lib/ by the tests; what is not reached is listed with the reason
	@for tool in $(COV_CC) gcov gcovr; do \
		command -v $$tool > /dev/null || { echo "coverage: SKIPPED, $$tool is not installed"; exit 0; }; \
	done; \
	$(MAKE) --no-print-directory coverage-programs && \
	HISTORIES=$(COV_HISTORIES) STEPS=$(COV_STEPS) sh tests/coverage/coverage.sh $(COV_B)
