# SPDX-License-Identifier: BSD-2-Clause
# Included by the top Makefile. PLATFORMS is default, all, or names from table.txt.

PLATFORMS ?= default
.PHONY: test-platforms platforms-deps
test-platforms: ## the same verdicts by every compiler, option and CPU (PLATFORMS=all)
	@sh tests/platforms/platforms.sh run $(B) $(PLATFORMS)

platforms-deps: ## the compilers, C libraries and emulators that test-platforms can use
	@sh tests/platforms/platforms.sh deps
