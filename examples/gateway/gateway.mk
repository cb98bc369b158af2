# The gateway and its demo: included by the top-level Makefile, run from the top directory.
# Needs libevent-dev, libjansson-dev and, for the picture, gnuplot.

GATEWAY_DIR := examples/gateway
GATEWAY_PKG := libevent libevent_pthreads jansson
GATEWAY_FLAGS = -std=c11 -D_GNU_SOURCE $(WARN) -Iinclude -pthread $(shell pkg-config --cflags $(GATEWAY_PKG))
GATEWAY_LIBS = $(shell pkg-config --libs $(GATEWAY_PKG)) -pthread

gateway_objects = $(patsubst $(GATEWAY_DIR)/%.c,$(B)/gateway.obj/%.o,$(1))
GATEWAY_OBJ := $(call gateway_objects,$(sort $(wildcard $(GATEWAY_DIR)/*.c)))
DEMO_UPSTREAM_OBJ := $(call gateway_objects,$(addprefix $(GATEWAY_DIR)/,demo/upstream.c demo/loop.c address.c units.c))
DEMO_LOAD_OBJ := $(call gateway_objects,$(sort $(filter-out %/upstream.c,$(wildcard $(GATEWAY_DIR)/demo/*.c))))

$(B)/gateway.obj/%.o: $(GATEWAY_DIR)/%.c $(wildcard $(GATEWAY_DIR)/*.h $(GATEWAY_DIR)/demo/*.h) \
		$(wildcard include/rheo/*.h) $(GATEWAY_DIR)/gateway.mk
	@pkg-config --exists $(GATEWAY_PKG) || { echo "the gateway needs libevent-dev and libjansson-dev" >&2; exit 1; }
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(GATEWAY_FLAGS) -c $< -o $@

$(B)/gateway: $(GATEWAY_OBJ) $(ARCHIVE)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(GATEWAY_LIBS)
	@echo "  $@"

$(B)/demo-upstream: $(DEMO_UPSTREAM_OBJ)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(GATEWAY_LIBS)
	@echo "  $@"

$(B)/demo-load: $(DEMO_LOAD_OBJ) $(ARCHIVE)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(GATEWAY_LIBS)
	@echo "  $@"

.PHONY: gateway demo play-demo test-gateway
gateway: deps-demo ## the example gateway, build/gateway
	@$(MAKE) --no-print-directory $(B)/gateway

demo: deps-demo ## 20 s of load on the gateway, checked; picture in build/demo/
	@$(MAKE) --no-print-directory play-demo

play-demo: $(B)/gateway $(B)/demo-upstream $(B)/demo-load
	$(Q)$(B)/demo-load --gateway $(B)/gateway --upstream $(B)/demo-upstream \
		--plot $(GATEWAY_DIR)/demo/timeline.gp --out $(B)/demo

test-gateway: $(B)/gateway $(B)/demo-upstream $(B)/demo-load ## the gateway by curl, and that the demo's checks can fail
	$(Q)$(B)/demo-load --self-test
	$(Q)bash $(GATEWAY_DIR)/tests/gateway_test.sh $(B)/gateway $(B)/demo-upstream
