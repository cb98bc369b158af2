# SPDX-License-Identifier: BSD-2-Clause
"""prove.py prove|catch BUILD-DIR CLANG [KERNEL...]: proves all claims, or those of the kernels named; or refutes each of broken code."""

import importlib
import sys
import threading
import time

sys.dont_write_bytecode = True

MODULES = 'wide', 'curve', 'rules', 'word', 'breaker'


def main(verb, out, clang, *kernels):
    import harness
    build = harness.Build(out, clang)
    begin, done, bad, samples = time.time(), 0, 0, 0
    for module in MODULES:
        for claim in importlib.import_module(module).CLAIMS:
            if kernels and claim.kernel not in kernels:
                continue
            good = (harness.check if verb == 'prove' else harness.catch)(claim, build)
            done, bad = done + good, bad + (not good)
            samples += claim.samples
    if verb == 'prove':
        print('proof: %d claims proved, %d not; %d inputs the same in the IR and in machine code (PROOF_SEED=%d); %.0f s'
              % (done, bad, samples, harness.SEED, time.time() - begin))
    else:
        print('proof: %d broken kernels, each with an input that refutes its claim, %d not; %.0f s' % (done, bad, time.time() - begin))
    result[0] = 1 if bad or done == 0 else 0


result = [1]
if __name__ == '__main__':
    sys.setrecursionlimit(100000)
    threading.stack_size(512 << 20)
    thread = threading.Thread(target=main, args=sys.argv[1:])
    thread.start()
    thread.join()
    sys.exit(result[0])
