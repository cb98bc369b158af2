# SPDX-License-Identifier: BSD-2-Clause
# Included from bench/bench.mk, or: make -f Makefile -f bench/rivals/rivals.mk bench-rivals

RIVAL_ROUNDS ?= 5
RIVAL_MS ?= 100

.PHONY: bench-rivals rivals-deps
rivals-deps: $(ARCHIVE) ## what bench-rivals needs: toolchains, the rivals, their programs
	@OUT="$(abspath $(B)/rivals)" CC="$(CC)" CFLAGS="$(CFLAGS)" LDFLAGS="$(LDFLAGS)" ARCHIVE="$(abspath $(ARCHIVE))" \
		sh bench/rivals/rivals.sh build

bench-rivals: rivals-deps ## rheo and what people use now, in one run: build/rivals/rivals.tsv and .json
	@OUT="$(abspath $(B)/rivals)" RIVAL_ROUNDS=$(RIVAL_ROUNDS) RIVAL_MS=$(RIVAL_MS) sh bench/rivals/rivals.sh run
