# SPDX-License-Identifier: BSD-2-Clause

"""limits and pyrate-limiter, in memory, one thread: the interpreter has one lock."""

import gc
import os
import sys
import time
import tracemalloc
from importlib.metadata import version

from limits import RateLimitItemPerDay, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, SlidingWindowCounterRateLimiter
from pyrate_limiter import Duration, InMemoryBucket, Limiter, Rate, StateBucket, TokenBucket

MS = int(os.environ.get("RIVAL_MS", "100"))
BATCH = 500
PLENTY = 10**9


class Limits:
    """A key in a storage that all keys share: that is its object."""

    library = "limits"

    def __init__(self, mode, strategy):
        self.mode = mode
        self.limiter = strategy(MemoryStorage())
        self.keys = 0

    def make(self, accept):
        self.keys += 1
        item = RateLimitItemPerSecond(PLENTY) if accept else RateLimitItemPerDay(1)
        key = f"client {self.keys}"
        self.limiter.hit(item, key)
        return item, key

    def run(self, made, accept, calls):
        hit, (item, key), right = self.limiter.hit, made, 0
        for _ in range(calls):
            right += hit(item, key) is accept
        return right


class Pyrate:
    library = "pyrate-limiter"

    def __init__(self, mode, bucket):
        self.mode = mode
        self.bucket = bucket

    def make(self, accept):
        limiter = Limiter(self.bucket(Rate(PLENTY, Duration.SECOND) if accept else Rate(1, Duration.DAY)))
        limiter.try_acquire("client", blocking=False)
        return limiter

    def run(self, made, accept, calls):
        acquire, right = made.try_acquire, 0
        for _ in range(calls):
            right += acquire("client", blocking=False) is accept
        return right


CONTENDERS = [
    Limits("fixed window", FixedWindowRateLimiter),
    Limits("sliding window counter", SlidingWindowCounterRateLimiter),
    Pyrate("token bucket", lambda rate: StateBucket([rate], algorithm=TokenBucket())),
    Pyrate("sliding log", lambda rate: InMemoryBucket([rate])),
]


def bytes_of(contender, accept):
    many = 200
    contender.make(accept)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = [contender.make(accept) for _ in range(many)]
    gc.collect()
    size = (tracemalloc.get_traced_memory()[0] - before) // many
    tracemalloc.stop()
    del kept
    return size


def measure(contender, accept):
    made = contender.make(accept)

    def call_for(ms):
        calls = right = 0
        begin = time.perf_counter_ns()
        while True:
            right += contender.run(made, accept, BATCH)
            calls += BATCH
            took = time.perf_counter_ns() - begin
            if took >= ms * 1_000_000:
                return took / calls, right == calls

    call_for(MS / 4)  # warm
    ns, right = call_for(MS)
    outcome = "accept" if accept else "refuse"
    if not right:
        print(f"{contender.library}, {contender.mode}: not every call came to: {outcome}", file=sys.stderr)
        return False
    print("Python", contender.library, version(contender.library), contender.mode, outcome, 1, f"{ns:.2f}",
          bytes_of(contender, accept), "-", "yes", sep="\t", flush=True)
    return True


def main():
    done = [measure(contender, accept) for contender in CONTENDERS for accept in (True, False)]
    sys.stdout.flush()
    os._exit(0 if all(done) else 1)  # the libraries' threads need not be waited for


main()
