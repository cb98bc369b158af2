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
		-Wl,-z,defs -o $@ $(LIB_OBJ)
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
install: all ## headers, both libraries and rheo.pc to $(DESTDIR)$(PREFIX)
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

.PHONY: clean help
clean: ## removes build/
	rm -rf $(B)

help: ## this list
	@grep -hE '^[a-z-]+( [a-z-]+)*:.*## ' Makefile | sort | sed -E 's/^([a-z-]+)[^#]*## /\1\t/' | \
		awk -F'\t' '{ printf "  make %-16s %s\n", $$1, $$2 }'
