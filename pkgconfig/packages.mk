# SPDX-License-Identifier: BSD-2-Clause
# Included by the top Makefile: what is installed beside the libraries, and how it is packed.

MANDIR ?= $(PREFIX)/share/man
PYTHON3 ?= python3
CMAKE_FILES := rheoConfig.cmake rheoConfigVersion.cmake

.PHONY: cmake-files install-cmake uninstall-cmake man install-man uninstall-man
# With all, so that `sudo make install` leaves nothing of root's in build/.
all: cmake-files man
install: install-cmake install-man
uninstall: uninstall-cmake uninstall-man

# --- CMake --------------------------------------------------------------------

# Made anew each time: PREFIX may have changed.
cmake-files: $(CMAKE_FILES:%=$(B)/cmake/%)
$(CMAKE_FILES:%=$(B)/cmake/%): $(B)/cmake/%: pkgconfig/%.in FORCE
	@mkdir -p $(@D)
	$(Q)sed -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' -e 's|@SONAME@|$(SONAME)|' \
		-e 's|@VERSION@|$(VERSION)|' -e 's|@MAJOR@|$(MAJOR)|' \
		-e "s|@POINTER@|$$(echo __SIZEOF_POINTER__ | $(CC) $(CFLAGS) -E -P -)|" $< > $@

install-cmake: cmake-files
	install -d $(DESTDIR)$(LIBDIR)/cmake/rheo
	install -m 644 $(CMAKE_FILES:%=$(B)/cmake/%) $(DESTDIR)$(LIBDIR)/cmake/rheo/

uninstall-cmake:
	rm -f $(CMAKE_FILES:%=$(DESTDIR)$(LIBDIR)/cmake/rheo/%)
	-rmdir $(DESTDIR)$(LIBDIR)/cmake/rheo

# --- manual pages -------------------------------------------------------------

# From the headers, by Python alone. Without it there are none, and all else goes on.
MAN_SRC := $(addprefix pkgconfig/,man.py mdoc.py headers.py debian/changelog) examples/limit_requests.c
man: $(B)/man/made ## rheo(7) and a page of section 3 for every call, to build/man/
$(B)/man/made: $(MAN_SRC) $(HEADERS)
	$(Q)rm -rf $(@D)
	@mkdir -p $(@D)
	@if command -v $(PYTHON3) > /dev/null; then $(PYTHON3) -B pkgconfig/man.py $(@D) && touch $@ && echo "  $(@D)"; \
		else echo "man: SKIPPED, there is no $(PYTHON3)"; fi

# The pages of calls are links to the page of their header.
install-man: man
	@for page in $(B)/man/man*/*; do \
		[ -e "$$page" ] || continue; \
		to=$(DESTDIR)$(MANDIR)/$${page#$(B)/man/}; \
		install -d "$${to%/*}" && \
		if [ -L "$$page" ]; then ln -sf "$$(readlink "$$page")" "$$to"; else install -m 644 "$$page" "$$to"; fi || exit 1; \
	done

uninstall-man: man
	@for page in $(B)/man/man*/*; do rm -f "$(DESTDIR)$(MANDIR)/$${page#$(B)/man/}"; done

# --- the ABI, and tests -------------------------------------------------------

PACKAGES_ENV = MAKE="$(MAKE)" CC="$(CC)" PYTHON3="$(PYTHON3)" B="$(B)"

.PHONY: test-abi add-abi test-cmake test-man test-packages
test-abi: all ## nothing of the released ABI (tests/abi/librheo.abi) was removed or moved
	@$(PACKAGES_ENV) sh tests/abi/abi.sh $(SHARED)
add-abi: all ## writes what is new into tests/abi/librheo.abi
	@$(PACKAGES_ENV) sh tests/abi/abi.sh $(SHARED) add

test-cmake: all ## a user's CMake project against the installed copy
	@$(PACKAGES_ENV) sh tests/abi/cmake.sh $(B)/cmake-user
test-man: all ## every function has a page that man shows; mandoc and groff say nothing
	@$(PACKAGES_ENV) sh tests/abi/man.sh $(B)/man-user

test-packages: ## all that pkgconfig/ makes: ABI, CMake, manual, source archive, Debian's packages
	@CC="$(CC)" .ci/deps lib inspect packages
	@$(MAKE) --no-print-directory test-abi test-cmake test-man test-dist test-deb

# --- the source archive -------------------------------------------------------

.PHONY: dist test-dist
dist: ## build/rheo-VERSION.tar.gz, of the commit that is checked out
	@sh pkgconfig/dist.sh $(B) $(VERSION)
test-dist: ## made twice the archive is the same; unpacked it builds and passes, without git
	@$(PACKAGES_ENV) sh tests/abi/dist.sh $(B)/dist $(VERSION)

# --- Debian's packages --------------------------------------------------------

.PHONY: deb test-deb
deb: ## librheo0, librheo-dev and rheo-tools, built in build/deb/; lintian says nothing
	@CC="$(CC)" .ci/deps lib inspect packages
	@sh pkgconfig/deb.sh $(B)/deb $(VERSION)
test-deb: deb ## installed, used, and purged again (as root)
	@$(PACKAGES_ENV) sh tests/abi/deb.sh $(B)/deb $(VERSION)
