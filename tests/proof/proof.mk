# SPDX-License-Identifier: BSD-2-Clause
# Proofs of the arithmetic, by z3 on the LLVM IR of the shipped functions.
# Debian: python3-z3 clang. PROOF_ONLY="take earned": these kernels alone.

PROOF_PYTHON ?= /usr/bin/python3
PROOF_CLANG ?= clang

# verb: prove or catch
proof = $(Q)if ! command -v $(PROOF_PYTHON) > /dev/null || ! $(PROOF_PYTHON) -c 'import z3' 2> /dev/null; then \
		echo "proof: SKIPPED $(1), $(PROOF_PYTHON) has no z3 (Debian: python3-z3)"; \
	elif ! command -v $(PROOF_CLANG) > /dev/null; then \
		echo "proof: SKIPPED $(1), $(PROOF_CLANG) is not installed"; \
	else $(PROOF_PYTHON) tests/proof/prove.py $(1) $(B)/proof $(PROOF_CLANG) $(PROOF_ONLY); fi

.PHONY: test-proof test-proof-catches
test-proof: ## each pure kernel's claims, proved for every input by z3
	$(call proof,prove)

test-proof-catches: ## ... and each refuted of a kernel broken on purpose
	$(call proof,catch)
