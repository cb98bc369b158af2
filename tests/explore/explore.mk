# SPDX-License-Identifier: BSD-2-Clause
# The explorer: every behaviour of small programs on the shipped code.

EXPLORE_LIB := $(filter-out lib/port/%,$(LIB_SRC))
EXPLORE_SRC := $(addprefix tests/explore/,search.c checkpoint.c shorten.c memory.c world.c coroutine.c)
EXPLORE_FLAGS := -std=c11 -D_GNU_SOURCE -O2 -g $(TEST_WARN) -DRHEO_NO_CK -Iinclude -Ilib -Itests
EXPLORE_HDR := $(wildcard tests/explore/*.h) $(LIB_HDR)
LITMUS_PROGRAMS ?= 100000

$(B)/explore: $(EXPLORE_SRC) $(addprefix tests/explore/,main.c tank.c breaker_oracle.c) $(wildcard tests/explore/scenario_*.c) \
		$(EXPLORE_LIB) $(EXPLORE_HDR) tests/explore/explore.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(EXPLORE_FLAGS) -include tests/explore/atomic.h -o $@ $(filter %.c,$^)

$(B)/litmus: $(EXPLORE_SRC) $(addprefix tests/explore/,litmus.c program.c outcomes.c) $(EXPLORE_HDR) tests/explore/explore.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(EXPLORE_FLAGS) -o $@ $(filter %.c,$^)

.PHONY: test-litmus test-explore test-twins
test-litmus: $(B)/litmus ## the explorer against the memory model, and its reduction against the full search
	$(Q)$(B)/litmus $(LITMUS_PROGRAMS)

EXPLORE_LIMIT ?= 300000
EXPLORE_PREEMPTIONS ?= 1
test-explore: $(B)/explore ## every behaviour of each scenario, or EXPLORE_LIMIT and all with EXPLORE_PREEMPTIONS
	$(Q)sh tests/explore/all.sh $(B)/explore --limit $(EXPLORE_LIMIT) --preemptions $(EXPLORE_PREEMPTIONS)

test-twins: ## 59 broken twins of the library, each of which the explorer has to catch
	@CC="$(CC)" sh tests/explore/twins.sh $(B)/twins
