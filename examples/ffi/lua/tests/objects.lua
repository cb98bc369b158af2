-- SPDX-License-Identifier: BSD-2-Clause
--
-- Objects, the rest of their calls, and that the collector takes none while it is in use.

local ffi = require("ffi")
local rheo = require("rheo")
local check = require("tests.check")

local START = 1000000000

check.test("a handle carries geometry in its low bits, and survives being a pointer of LuaJIT's", function()
  local bucket = rheo.bucket({ tokens_per_period = 1000000, burst = 1000000, lanes = 4 })
  local handle = ffi.cast("uintptr_t", bucket.handle)
  local pointer = ffi.cast("uintptr_t", bucket.memory.pointer)
  check.equal(pointer % 128, 0ULL)
  check.equal(handle - handle % 128, pointer)
  check.truth(handle ~= pointer, "no geometry")
  check.equal(ffi.cast("uintptr_t", ffi.cast("void *", handle)), handle)
end)

check.test("a clock beyond 2^53 ns is exact as cdata", function()
  local now = 2ULL ^ 62
  local bucket = rheo.bucket({ tokens_per_period = 1000000000, burst = 1 }, nil, now)
  check.truth(bucket:try_acquire(1, now))
  check.truth(not bucket:try_acquire(1, now))
  check.truth(bucket:try_acquire(1, now + 1))
end)

check.test("without a time it is now", function()
  local bucket = rheo.bucket({ tokens_per_period = 1000000000, burst = 1 })
  bucket:acquire()
  local until_ns = rheo.now_ns() + 1000
  repeat
  until rheo.now_ns() > until_ns
  bucket:acquire()
  check.truth(bucket:quota().time_ns <= tonumber(rheo.now_ns()))
end)

check.test("what a bucket tells", function()
  local bucket = rheo.bucket({ tokens_per_period = 10, burst = 20, max_debt = 3 }, nil, START)
  bucket:acquire(5, START)
  local quota = bucket:quota(START)
  check.equal(quota.limit, 20)
  check.equal(quota.remaining, 15)
  check.equal(quota.window_ns, 2e9)
  check.equal(quota.reserved, nil)
  bucket:refund(5)
  bucket:charge(2, START)
  local stats = bucket:stats()
  check.equal(stats.admitted, 5)
  check.equal(stats.refunded, 5)
  check.equal(stats.charged, 2)
  bucket:acquire(15, START)
  bucket:reconfigure({ tokens_per_period = 10, burst = 10 }, rheo.BUCKET_RESET, START)
  check.equal(bucket:config().burst, 10)
  check.equal(bucket:available(START), 10)
end)

check.test("what a breaker tells, and takes", function()
  local breaker = rheo.breaker({ consecutive_failures = 1, open_ns = 5000 }, nil, START)
  breaker:record(breaker:acquire(START), rheo.FAILURE, START)
  check.equal(breaker:tick(START), 5000)
  check.equal(breaker:retry_after_ns(START), 5000)
  breaker:reset(START)
  check.equal(breaker:state(), rheo.CLOSED)
  breaker:reconfigure({ consecutive_failures = 7 }, START)
  check.equal(breaker:config().consecutive_failures, 7)
  check.equal(select(2, breaker:state()), rheo.AUTO)
end)

check.test("a counter counts", function()
  local counter = rheo.counter({ counts = 2 })
  counter:add(0)
  counter:add(1, 41)
  counter:add(1)
  check.equal(counter:read(0), 1)
  check.equal(counter:read(1), 42)
  check.raises("InvalidArgument", counter.add, counter, 8)
end)

check.test("a guard in the shade admits and counts", function()
  local bucket = rheo.bucket({ tokens_per_period = 1, burst = 1 }, nil, START)
  local guard = rheo.guard({ buckets = { bucket }, flags = rheo.GUARD_SHADOW }, START)
  check.truth(guard:try_acquire(1, START))
  local ok, verdict = guard:try_acquire(1, START)
  check.truth(ok and verdict.shadow_status == rheo.REJ_RATE)
  check.equal(guard:stats().shadowed, 1)
  check.truth(guard:tick(START) > 0)
end)

check.test("a verdict given is filled; the guard's own is another", function()
  local bucket = rheo.bucket({ tokens_per_period = 1, burst = 5 }, nil, START)
  local guard = rheo.guard({ buckets = { bucket } }, START)
  local mine = rheo.verdict()
  local _, got = guard:try_acquire(2, START, mine)
  check.truth(rawequal(got, mine))
  guard:try_acquire(1, START)
  check.equal(mine.cost, 2ULL)
  guard:cancel(mine.permit, mine.cost, START)
  check.equal(bucket:available(START), 4)
end)

check.test("a guard keeps its parts alive, objects their memory", function()
  local function make()
    local buckets = {}
    for i = 1, 4 do
      buckets[i] = rheo.bucket({ tokens_per_period = 1000, burst = 100 * i }, nil, START)
    end
    return rheo.guard({ breaker = rheo.breaker({}, nil, START), buckets = buckets }, START)
  end
  local guards = {}
  for round = 1, 200 do
    guards[round % 20 + 1] = make()
    collectgarbage(round % 10 == 0 and "collect" or "step")
    -- What is freed too early is soon something else.
    for _ = 1, 20 do
      ffi.fill(ffi.new("uint8_t[?]", 900 + round * 8), 900 + round * 8, 0xff)
    end
    for _, guard in pairs(guards) do
      local ok, verdict = guard:try_acquire(1, START)
      check.truth(ok or verdict.status == rheo.REJ_RATE)
      check.equal(verdict.limit, 100ULL)
      if ok then
        check.truth(guard:record(verdict.permit, rheo.SUCCESS, START))
      end
    end
  end
end)

check.test("what nobody refers to is collected", function()
  local weak = setmetatable({}, { __mode = "v" })
  for i = 1, 100 do
    local bucket = rheo.bucket({ tokens_per_period = 1, burst = 1 })
    weak[i] = rheo.guard({ buckets = { bucket } })
  end
  collectgarbage()
  collectgarbage()
  local left = 0
  for _ in pairs(weak) do
    left = left + 1
  end
  check.truth(left <= 2, left .. " guards left") -- the stack may still hold one
end)

check.test("a finalizer may use an object that goes with it", function()
  local held = newproxy(true)
  local bucket = rheo.bucket({ tokens_per_period = 1, burst = 7 }, nil, START)
  local seen
  getmetatable(held).__gc = function()
    seen = bucket:available(START)
  end
  held = nil -- luacheck: ignore
  collectgarbage()
  collectgarbage()
  check.equal(seen, 7)
end)
