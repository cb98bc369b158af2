# rheo: every verb a developer or a user needs. `make help` lists them.
#
# Everything that is built lies in build/ ($(B)). CC, CFLAGS, LDFLAGS, PREFIX
# and DESTDIR may be given; the flags the project insists on are added to them.

CC ?= cc
CXX ?= c++
AR ?= ar
LD ?= ld
OBJCOPY ?= objcopy
CFLAGS ?= -O2 -g
LDFLAGS ?=
PREFIX ?= /usr/local
DESTDIR ?=
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
B ?= build

# The version is written in one place.
version_part = $(shell sed -n 's/^.define RHEO_VERSION_$(1) \([0-9]*\)/\1/p' include/rheo/version.h)
MAJOR := $(call version_part,MAJOR)
VERSION := $(MAJOR).$(call version_part,MINOR).$(call version_part,PATCH)

WARN := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
ifdef WERROR
WARN += -Werror
endif
ifndef V
Q := @
endif

HEADERS := $(sort $(wildcard include/rheo/*.h))
PORT := $(if $(findstring linux,$(shell $(CC) -dumpmachine)),linux,generic)
LIB_SRC := $(sort $(filter-out lib/port/cpu_%.c,$(wildcard lib/*/*.c)) lib/port/cpu_$(PORT).c)
LIB_HDR := $(sort $(wildcard lib/*/*.h)) $(HEADERS)
LIB_FLAGS := -std=c11 $(WARN) -fPIC -fvisibility=hidden -Iinclude
LIB_OBJ := $(LIB_SRC:lib/%.c=$(B)/obj/%.o)

ARCHIVE := $(B)/librheo.a
SONAME := librheo.so.$(MAJOR)
SHARED := $(B)/librheo.so.$(VERSION)

.DEFAULT_GOAL := all
.PHONY: all
all: $(ARCHIVE) $(SHARED) $(B)/rheo.pc ## build/librheo.a, build/librheo.so.N, build/rheo.pc

# --- the library -------------------------------------------------------------

$(B)/obj/%.o: lib/%.c $(LIB_HDR) Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LIB_FLAGS) -c $< -o $@

# One relocatable object with everything hidden made local: a user's function of
# the same name as one of ours replaces nothing.
$(B)/rheo.o: $(LIB_OBJ)
	$(Q)$(LD) -r -o $@ $^
	$(Q)$(OBJCOPY) --localize-hidden $@

$(ARCHIVE): $(B)/rheo.o
	$(Q)rm -f $@
	$(Q)$(AR) rcD $@ $<
	@echo "  $@"

$(SHARED): $(LIB_OBJ) lib/rheo.map
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=lib/rheo.map \
		-Wl,-z,defs -Wl,-Bsymbolic-functions -o $@ $(LIB_OBJ)
	$(Q)ln -sf $(@F) $(B)/$(SONAME)
	$(Q)ln -sf $(SONAME) $(B)/librheo.so
	@echo "  $@"

# Made anew each time: PREFIX may have changed.
.PHONY: FORCE
$(B)/rheo.pc: pkgconfig/rheo.pc.in FORCE
	@mkdir -p $(@D)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
		-e 's|@VERSION@|$(VERSION)|' $< > $@

.PHONY: install uninstall
install: all ## headers, both libraries, rheo.pc, CMake's files, the manual to $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(INCLUDEDIR)/rheo $(DESTDIR)$(LIBDIR)/pkgconfig
	install -m 644 $(HEADERS) $(DESTDIR)$(INCLUDEDIR)/rheo/
	install -m 644 $(ARCHIVE) $(DESTDIR)$(LIBDIR)/
	install -m 755 $(SHARED) $(DESTDIR)$(LIBDIR)/
	ln -sf $(notdir $(SHARED)) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/librheo.so
	install -m 644 $(B)/rheo.pc $(DESTDIR)$(LIBDIR)/pkgconfig/

uninstall: ## takes out what install put in
	rm -f $(HEADERS:include/rheo/%=$(DESTDIR)$(INCLUDEDIR)/rheo/%)
	rm -f $(addprefix $(DESTDIR)$(LIBDIR)/,librheo.a $(notdir $(SHARED)) $(SONAME) librheo.so pkgconfig/rheo.pc)
	-rmdir $(DESTDIR)$(INCLUDEDIR)/rheo

.PHONY: amalgamation
amalgamation: $(B)/amalgamation/rheo.c ## one rheo.c and one rheo.h, for dropping into a tree
$(B)/amalgamation/rheo.c: $(LIB_SRC) lib/port/cpu_generic.c $(LIB_HDR) lib/amalgamate.sh
	$(Q)sh lib/amalgamate.sh $(@D)
	@echo "  $(@D)/rheo.c $(@D)/rheo.h"

# --- what is needed ----------------------------------------------------------

# Installs what is missing where that is Debian's apt-get, else says what it is.
.PHONY: deps deps-lib deps-test deps-demo deps-bench deps-inspect
deps: ## everything that building, testing, the demo and the benchmarks need
	@CC="$(CC)" .ci/deps lib test demo bench
deps-lib deps-test deps-demo deps-bench deps-inspect:
	@CC="$(CC)" .ci/deps lib $(@:deps-%=%)

# --- tests -------------------------------------------------------------------

.PHONY: test
test: deps-test deps-demo ## everything a change is tested by, in about a minute
	@$(MAKE) --no-print-directory all test-unit test-conformance test-property test-torture \
		test-examples test-readme test-layers test-symbols test-gateway
	@echo "test: all passed"

TEST_WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes $(if $(WERROR),-Werror)
TEST_FLAGS := -std=c11 -D_GNU_SOURCE $(TEST_WARN) -Iinclude -Ilib -Itests
UNIT_SRC := $(sort $(wildcard tests/unit/*.c))
UNIT_LIB := $(LIB_SRC:lib/%.c=$(B)/inject/%.o)
UNIT_OBJ := $(UNIT_SRC:tests/%.c=$(B)/tests/%.o)

# The library with its injection points live (tests/unit/inject.h).
$(B)/inject/%.o: lib/%.c $(LIB_HDR) tests/unit/inject.h Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LIB_FLAGS) -include tests/unit/inject.h -c $< -o $@

$(B)/tests/unit/%.o: tests/unit/%.c $(LIB_HDR) $(wildcard tests/unit/*.h) Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(TEST_FLAGS) -include tests/unit/inject.h -c $< -o $@

$(B)/unit: $(UNIT_OBJ) $(UNIT_LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcriterion -pthread

.PHONY: test-unit
test-unit: $(B)/unit ## Criterion, one file per source file
	@sh tests/unit/run.sh $(B)/unit

.PHONY: test-no-rseq
test-no-rseq: $(B)/unit $(B)/property ## unit tests and histories where glibc registers no restartable sequences
	@GLIBC_TUNABLES=glibc.pthread.rseq=0 sh tests/unit/run.sh $(B)/unit
	@GLIBC_TUNABLES=glibc.pthread.rseq=0 $(B)/property $(HISTORIES)

# Random histories against oracles; also with words so narrow that they wrap, and
# without the compiler's 128-bit type and libck.
HISTORIES ?= 20000
PROPERTY_SRC := $(sort $(wildcard tests/property/*.c))
PROPERTY := $(B)/property $(B)/property-narrow $(B)/property-portable
$(B)/property: PROPERTY_DEFS :=
$(B)/property-narrow: PROPERTY_DEFS := -DRH_NARROW
$(B)/property-portable: PROPERTY_DEFS := -DRHEO_NO_INT128 -DRHEO_NO_CK
$(PROPERTY): $(PROPERTY_SRC) tests/property/harness.h $(LIB_SRC) $(LIB_HDR) Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(TEST_FLAGS) $(PROPERTY_DEFS) -o $@ $(PROPERTY_SRC) $(LIB_SRC)

.PHONY: test-property
test-property: $(PROPERTY) ## random histories against exact oracles (HISTORIES=20000)
	$(Q)for p in $(PROPERTY); do echo "$$p"; $$p $(HISTORIES) || exit 1; done

# Plain main(): these run under TSan as well (make sanitize).
TORTURE := $(patsubst tests/torture/%.c,$(B)/%,$(wildcard tests/torture/*.c))
TORTURE_STEPS ?= 100000
$(TORTURE): $(B)/%: tests/torture/%.c tests/torture/torture.h $(LIB_SRC) $(LIB_HDR) Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(TEST_FLAGS) -o $@ $< $(LIB_SRC) -pthread

.PHONY: test-torture
test-torture: $(TORTURE) ## threads at once, with oracles that count
	$(Q)for t in $(TORTURE); do $$t $(TORTURE_STEPS) || exit 1; done

.PHONY: test-layers test-symbols test-headers test-install test-amalgamation test-quiet
test-layers: ## who includes whom; every synchronising edge has its partner
	@sh tests/layers/layers.sh
	@sh tests/layers/edges.sh

test-symbols: all ## both libraries export what the headers declare
	@sh tests/abi/symbols.sh $(ARCHIVE) $(SHARED)

test-headers: ## C99 to C23, C++11 to C++20
	@sh tests/abi/headers.sh $(B)/headers

test-install: all ## a user's program against the installed copy
	@MAKE="$(MAKE)" B=$(B) sh tests/abi/install.sh $(B)/install

test-amalgamation: amalgamation
	@CC="$(CC)" sh tests/abi/amalgamation.sh $(B)/amalgamation 2000

QUIET_CALLS ?= 10000000
$(B)/quiet: tests/abi/quiet.c $(ARCHIVE)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(TEST_FLAGS) -o $@ $< $(ARCHIVE)
test-quiet: $(B)/quiet ## ten million guard calls: no system call, no allocation
	@sh tests/abi/quiet.sh $(B)/quiet $(QUIET_CALLS)

EXAMPLES := $(patsubst examples/%.c,$(B)/examples/%,$(wildcard examples/*.c))
$(EXAMPLES): $(B)/examples/%: examples/%.c $(ARCHIVE)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -std=c11 $(TEST_WARN) -Wpedantic -Iinclude -o $@ $< $(ARCHIVE) -pthread

.PHONY: examples test-examples test-readme
examples: ## every example and every language's binding, built and run, a line each; installs what is missing
	@CC="$(CC)" .ci/deps lib test
	@$(MAKE) --no-print-directory test-examples test-prefork test-inspect test-ffi test-grpc
test-examples: $(EXAMPLES) ## each compiles, is short, and runs with the outcome it promises
	@sh tests/examples.sh $(B)/examples

test-readme: $(ARCHIVE) ## README's program, and that what the documents name is there
	@CC="$(CC)" sh tests/readme.sh $(ARCHIVE) $(B)/readme

CONFORMANCE_SRC := $(sort $(wildcard tests/conformance/*.c))
$(B)/conformance: $(CONFORMANCE_SRC) $(wildcard tests/conformance/*.h) $(ARCHIVE)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(TEST_FLAGS) $$(pkg-config --cflags jansson) -o $@ $(CONFORMANCE_SRC) \
		$(ARCHIVE) $$(pkg-config --libs jansson) -pthread

.PHONY: test-conformance
test-conformance: $(B)/conformance ## the cases of other projects, replayed
	$(Q)$(B)/conformance tests/conformance/cases

# --- the same under other eyes -----------------------------------------------

ASAN := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
TSAN := -O1 -g -fsanitize=thread
.PHONY: check soak
check: ## all that CI checks, within 20 minutes on two cores
	@.ci/run

soak: deps ## the long runs, many hours: a billion executions, ten million histories; build/soak.log
	@MAKE="$(MAKE)" B=$(B) sh tests/soak.sh

.PHONY: sanitize-address sanitize-thread
sanitize-address: ## unit, property and conformance tests under ASan and UBSan
	@ASAN_OPTIONS=detect_leaks=0 $(MAKE) --no-print-directory B=$(B)/asan CFLAGS="$(ASAN)" HISTORIES=4000 \
		test-unit test-property test-conformance

sanitize-thread: ## torture under TSan, with gcc's and clang's
	@for cc in gcc clang; do \
		command -v $$cc > /dev/null || { echo "sanitize-thread: SKIPPED $$cc, which is not installed"; continue; }; \
		$(MAKE) --no-print-directory B=$(B)/tsan-$$cc CC=$$cc CFLAGS="$(TSAN)" TORTURE_STEPS=20000 test-torture || exit 1; \
	done

# --- the gateway, its demo, the benchmarks -------------------------------------

-include examples/ffi/ffi.mk
-include examples/gateway/gateway.mk
-include examples/inspect/inspect.mk
-include examples/prefork/prefork.mk
-include pkgconfig/packages.mk
-include bench/bench.mk
-include $(sort $(wildcard tests/*/*.mk))

.PHONY: clean help
clean: ## removes build/
	rm -rf $(B)

help: ## this list
	@grep -hE '^[a-z-]+( [a-z-]+)*:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/^([a-z-]+)[^#]*## /\1\t/' | \
		awk -F'\t' '{ printf "  make %-16s %s\n", $$1, $$2 }'
