# SPDX-License-Identifier: BSD-2-Clause
# Small faults planted in lib/, and how many of them the tests catch.

MUTANTS ?= 150
MUTATION_SEED ?= 1
MUTATION_JOBS ?= 1
MUTATION_FOLDERS ?= bucket breaker guard

.PHONY: mutation
mutation: ## faults planted in lib/: how many do the tests catch? (MUTANTS=150 or all, MUTATION_SEED=1)
	@command -v python3 > /dev/null || { echo "mutation: SKIPPED, python3 is not installed"; exit 0; }; \
	python3 -B tests/mutation/mutate.py --cc "$(CC)" --work "$(B)/mutation" --mutants "$(MUTANTS)" \
		--seed "$(MUTATION_SEED)" --jobs "$(MUTATION_JOBS)" --folders "$(MUTATION_FOLDERS)"
