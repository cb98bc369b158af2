# rheo-inspect: included by the top-level Makefile, run from the top directory. Needs libjansson-dev. Linux.

INSPECT_DIR := examples/inspect
INSPECT_FLAGS = -std=c11 -D_GNU_SOURCE $(WARN) -Iinclude $(shell pkg-config --cflags jansson)
INSPECT_LIBS = $(shell pkg-config --libs jansson)
INSPECT_OBJ := $(patsubst $(INSPECT_DIR)/%.c,$(B)/inspect.obj/%.o,$(sort $(wildcard $(INSPECT_DIR)/*.c)))

$(B)/inspect.obj/%.o: $(INSPECT_DIR)/%.c $(wildcard $(INSPECT_DIR)/*.h) $(HEADERS) $(INSPECT_DIR)/inspect.mk
	@pkg-config --exists jansson || { echo "rheo-inspect needs libjansson-dev" >&2; exit 1; }
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(INSPECT_FLAGS) -I$(INSPECT_DIR) -c $< -o $@

$(B)/rheo-inspect: $(INSPECT_OBJ) $(ARCHIVE)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(INSPECT_LIBS)
	@echo "  $@"

# Makes the segments that the tests look at.
$(B)/inspect.obj/segments: $(B)/inspect.obj/tests/segments.o $(ARCHIVE)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@

.PHONY: inspect test-inspect
inspect: deps-inspect $(B)/rheo-inspect ## rheo-inspect, which shows what lies in shared memory
test-inspect: $(B)/rheo-inspect $(B)/inspect.obj/segments ## its table, JSON, watch mode, actions; damaged segments
	$(Q)sh $(INSPECT_DIR)/test.sh $(B)/rheo-inspect $(B)/inspect.obj/segments
