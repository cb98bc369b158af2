# SPDX-License-Identifier: BSD-2-Clause
# Included by the top Makefile. PLATFORMS is default, all, or names from table.txt.

PLATFORMS ?= default
.PHONY: test-platforms platforms-deps
test-platforms: ## the same verdicts by every compiler, option and CPU (PLATFORMS=all)
	@sh tests/platforms/platforms.sh run $(B) $(PLATFORMS)

platforms-deps: ## the compilers, C libraries and emulators that test-platforms can use
	@sh tests/platforms/platforms.sh deps

.PHONY: test-own
test-own: ## the restartable sequences, run where no kernel helps: this machine's, and aarch64's by qemu
	@mkdir -p $(B)/platforms; \
	for cc in gcc clang aarch64-linux-gnu-gcc; do for o in -O0 -O2; do \
		run=; [ $$cc != aarch64-linux-gnu-gcc ] || run=qemu-aarch64; \
		{ command -v $$cc && command -v $${run:-true}; } > /dev/null || { echo "own: $$cc SKIPPED, $$cc $$run not installed"; continue; }; \
		$$cc -static $$o -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -DRHEO_NO_CK -Iinclude -Ilib tests/platforms/own.c -o $(B)/platforms/own && \
		$$run $(B)/platforms/own | sed "s/^own: /own: $$cc $$o, /" && $$run $(B)/platforms/own > /dev/null || exit 1; \
	done; done
