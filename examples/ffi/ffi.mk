# Bindings: a folder a language, each with a run.sh (test, package, bench).
#
# Debian's packages come by .ci/deps; what is from a language's own registry, its
# own tool fetches into build/ffi/LANGUAGE. What cannot be had is skipped aloud.

FFI := $(patsubst examples/ffi/%/run.sh,%,$(sort $(wildcard examples/ffi/*/run.sh)))
FFI_ENV = B="$(abspath $(B))" CC="$(CC)" MAKE="$(MAKE)"
GENERATE := $(addprefix examples/ffi/generate/,generate.py model.py)

# What every language compares its own view with.
$(B)/ffi/layout.tsv: $(GENERATE) $(HEADERS)
	@mkdir -p $(@D)
	$(Q)CC="$(CC)" /usr/bin/python3 examples/ffi/generate/generate.py layout > $@.$$$$ && mv $@.$$$$ $@

.PHONY: ffi-prepare test-ffi test-ffi-packages bench-ffi $(FFI:%=test-ffi-%)
ffi-prepare: all
	@CC="$(CC)" .ci/deps generate
	@$(MAKE) --no-print-directory $(B)/ffi/layout.tsv

test-ffi: ffi-prepare ## every language's binding, tested from the built librheo.so
	@$(FFI_ENV) sh examples/ffi/each.sh test $(FFI)
$(FFI:%=test-ffi-%): test-ffi-%: ffi-prepare
	@$(FFI_ENV) sh examples/ffi/each.sh test $*

.PHONY: test-grpc
test-grpc: ffi-prepare ## Python's gRPC server and client behind rheo's interceptors, and a service in Go that calls it
	@CC="$(CC)" .ci/deps python go
	@$(FFI_ENV) sh examples/grpc/run.sh > $(B)/grpc.log 2>&1 || { cat $(B)/grpc.log; exit 1; }
	@tail -n 1 $(B)/grpc.log

test-ffi-packages: ffi-prepare amalgamation ## every language's own package, built and installed into an empty environment
	@$(FFI_ENV) sh examples/ffi/each.sh package $(FFI)

bench-ffi: ffi-prepare amalgamation ## a call from each language, beside that language's own limiters; build/ffi/bench.tsv
	@$(FFI_ENV) sh examples/ffi/each.sh bench $(FFI)
