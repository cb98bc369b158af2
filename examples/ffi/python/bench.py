# SPDX-License-Identifier: BSD-2-Clause
"""Nanoseconds a call, by the back end that RHEO_BACKEND names: minimum and median of rounds, interleaved.

One thread; limits so high that everything passes. The compiled back end also
measures the limiters and breakers that are used most in Python (the one that
has to be awaited after the others, in a loop of its own).
"""

import asyncio
import gc
import importlib.metadata
import statistics
import time
import timeit

import rheo
from rheo import _abi

ROUNDS = 7
ROUND_S = 0.03
HUGE = 10**9


def own_rows():
    bucket = rheo.Bucket(rate=HUGE, burst=HUGE)
    breaker = rheo.Breaker()
    guard = rheo.Guard(rheo.Breaker(), rheo.Bucket(rate=HUGE, burst=HUGE))
    lean = rheo.Guard(rheo.Breaker(), rheo.Bucket(rate=HUGE, burst=HUGE), lean=True)
    empty = rheo.Bucket(rate=1, burst=1, period_ns=10**18, start_empty=True)
    names = {
        "version": _abi.lib.rheo_version,
        "try_acquire_at": _abi.lib.rheo_bucket_try_acquire_at,
        "raw": bucket._raw,
        "now_ns": rheo.now_ns,
        "bucket": bucket,
        "published": rheo.Bucket(rate=HUGE, burst=2**50),
        "empty": empty,
        "breaker": breaker,
        "guard": guard,
        "lean": lean,
        "limited": guard.limited(lambda: None),
        "bucket_limited": bucket.limited()(lambda: None),
    }
    if rheo.BACKEND == "compiled":
        from rheo import _fast

        names["version"] = _fast.version
    with_block = "with guard.call():\n  pass"
    report = "permit = {0}.try_acquire()\n{0}.record(permit)"
    judged = "verdict = {0}.try_acquire()\n{0}.record(verdict.permit)"
    batch = "left = bucket.acquire_upto(100)\nwhile left:\n  left -= 1"
    rows = [
        ("bare", "rheo_version", "version()", 1),
        ("bare", "the clock", "now_ns()", 1),
        ("rheo", "C function, bucket", "try_acquire_at(raw, 1, now_ns())", 1),
        ("rheo", "bucket.try_acquire", "bucket.try_acquire()", 1),
        ("rheo", "bucket.try_acquire_published", "published.try_acquire_published()", 1),
        ("rheo", "bucket.try_acquire, refused", "empty.try_acquire()", 1),
        ("rheo", "breaker, acquire and record", report.format("breaker"), 1),
        ("rheo", "guard, acquire and record", judged.format("guard"), 1),
        ("rheo", "guard, lean", judged.format("lean"), 1),
        ("rheo", "with guard.call()", with_block, 1),
        ("rheo", "@guard.limited", "limited()", 1),
        ("rheo", "@bucket.limited", "bucket_limited()", 1),
        ("batch", "acquire_upto(100), a token", batch, 100),
    ]
    return [(kind, f"{rheo.BACKEND}: {name}", rheo.__version__, code, names, each) for kind, name, code, each in rows]


def rival_rows():
    import limits
    import limits.storage
    import limits.strategies
    import pybreaker
    import pyrate_limiter
    import ratelimit

    storage = limits.storage.MemoryStorage()
    names = {
        "fixed": limits.strategies.FixedWindowRateLimiter(storage),
        "moving": limits.strategies.MovingWindowRateLimiter(storage),
        "sliding": limits.strategies.SlidingWindowCounterRateLimiter(storage),
        "item": limits.RateLimitItemPerSecond(HUGE),
        # It lists each admission for a window: a short one, so that this stays a small list.
        "short": pyrate_limiter.Limiter(pyrate_limiter.Rate(HUGE, 10)),
        "ratelimited": ratelimit.limits(calls=HUGE, period=1)(lambda: None),
        "circuit": pybreaker.CircuitBreaker(),
        "nothing": lambda: None,
    }
    rows = [
        ("limits", "FixedWindow.hit", "fixed.hit(item, 'key')"),
        ("limits", "SlidingWindowCounter.hit", "sliding.hit(item, 'key')"),
        ("pyrate-limiter", "Limiter.try_acquire", "short.try_acquire('key', blocking=False)"),
        ("ratelimit", "@limits", "ratelimited()"),
        ("pybreaker", "CircuitBreaker.call", "circuit.call(nothing)"),
    ]
    return [
        ("rival", f"{package}: {name}", importlib.metadata.version(package), code, names, 1)
        for package, name, code in rows
    ]


def measure(rows):
    """Each row's timer and how often a round runs it, after a warm-up; then round by round."""
    timers = []
    for _, _, _, code, names, _ in rows:
        timer = timeit.Timer(code, globals=names)
        timer.timeit(1000)
        count = 1000
        while timer.timeit(count) < ROUND_S / 4:
            count *= 2
        timers.append((timer, count * 2))
    gc.collect()
    took = [[] for _ in rows]
    for _ in range(ROUNDS):
        for (timer, count), row, times in zip(timers, rows, took):
            times.append(timer.timeit(count) / count / row[5] * 1e9)
    return took


async def aiolimiter_row():
    import aiolimiter

    limiter = aiolimiter.AsyncLimiter(HUGE, 1)
    rounds = []
    for _ in range(ROUNDS):
        began = time.perf_counter_ns()
        for _ in range(20_000):
            await limiter.acquire()
        rounds.append((time.perf_counter_ns() - began) / 20_000)
    return rounds


def show(kind, name, version, times):
    print("python", kind, name, version, f"{min(times):.1f}", f"{statistics.median(times):.1f}", sep="\t", flush=True)


def main():
    compiled = rheo.BACKEND == "compiled"
    rows = own_rows() + (rival_rows() if compiled else [])
    for (kind, name, version, *_), times in zip(rows, measure(rows)):
        show(kind, name, version, times)
    if compiled:
        version = importlib.metadata.version("aiolimiter")
        show("rival", "aiolimiter: await AsyncLimiter.acquire", version, asyncio.run(aiolimiter_row()))


main()
