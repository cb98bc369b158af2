# The prefork example: included by the top-level Makefile, run from the top directory. Linux.

PREFORK_DIR := examples/prefork
PREFORK_FLAGS = -std=c11 -D_GNU_SOURCE $(WARN) -Iinclude
PREFORK_OBJ := $(patsubst $(PREFORK_DIR)/%.c,$(B)/prefork.obj/%.o,$(sort $(wildcard $(PREFORK_DIR)/*.c)))
PREFORK_CHECKS := $(B)/prefork.obj/check.o $(B)/prefork.obj/check_limit.o

$(B)/prefork.obj/%.o: $(PREFORK_DIR)/%.c $(wildcard $(PREFORK_DIR)/*.h) $(HEADERS) $(PREFORK_DIR)/prefork.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(PREFORK_FLAGS) -I$(PREFORK_DIR) -c $< -o $@

$(B)/prefork: $(PREFORK_OBJ) $(ARCHIVE)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@
	@echo "  $@"

$(B)/prefork.obj/self-test: $(B)/prefork.obj/tests/self_test.o $(PREFORK_CHECKS) $(ARCHIVE)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@

.PHONY: prefork test-prefork
prefork: $(B)/prefork ## the prefork example, build/prefork: workers share a limit and are killed
test-prefork: $(B)/prefork $(B)/prefork.obj/self-test ## the limit holds while workers are killed, and the checks can fail
	$(Q)$(B)/prefork.obj/self-test
	$(Q)sh $(PREFORK_DIR)/test.sh $(B)/prefork
