# Torture: what test-torture (top Makefile) does not do. KILLS, SIGNALS and FORKS
# are for soak-torture; TORTURE_STEPS / 200 kills and forks, TORTURE_STEPS signals
# are what test-torture does.

$(TORTURE): $(wildcard tests/torture/*.h)

TORTURE_BROKEN := $(TORTURE:$(B)/%=$(B)/broken/%)
$(TORTURE_BROKEN): $(B)/broken/%: tests/torture/%.c $(wildcard tests/torture/*.h) $(ARCHIVE)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(TEST_FLAGS) -DTORTURE_BROKEN -o $@ $< $(ARCHIVE) -pthread

.PHONY: test-torture-catches soak-torture
test-torture-catches: $(TORTURE_BROKEN) ## each oracle of the torture programs catches a fault made for it
	@sh tests/torture/catches.sh $(B)/broken $(TORTURE_STEPS)

KILLS ?= 100000
SIGNALS ?= 10000000
FORKS ?= 100000
SOAK_STEPS ?= 3000000
soak-torture: $(TORTURE) ## KILLS=100000, SIGNALS=10000000, FORKS=100000, and threads for SOAK_STEPS
	$(Q)$(B)/bucket_torture $(SOAK_STEPS)
	$(Q)$(B)/breaker_torture $(SOAK_STEPS)
	$(Q)$(B)/affinity_torture $(SOAK_STEPS)
	$(Q)KILLS=$(KILLS) $(B)/kill_torture
	$(Q)SIGNALS=$(SIGNALS) $(B)/signal_torture
	$(Q)FORKS=$(FORKS) $(B)/fork_torture
