-- SPDX-License-Identifier: BSD-2-Clause
--
-- Nanoseconds a call, one thread: minimum and median of rounds that take turns. LuaJIT's most-used limiters
-- (lua-resty-limit-traffic) run inside OpenResty only and are in no registry reached here; beside rheo is what
-- people write by hand instead, whose tokens are one Lua state's own.

local ffi = require("ffi")
local rheo = require("rheo")

local ROUNDS, CALLS = 31, 200000

ffi.cdef([[
typedef struct { long s; long ns; } bench_time;
int bench_clock(int id, bench_time *time) __asm__("clock_gettime");
]])
local MONOTONIC = 1
local read_time = ffi.new("bench_time")

local function clock()
  ffi.C.bench_clock(MONOTONIC, read_time)
  return tonumber(read_time.s) + tonumber(read_time.ns) * 1e-9
end

local Hand = {}
Hand.__index = Hand

function Hand:take(n, now)
  local tokens = math.min(self.burst, self.tokens + (now - self.last) * self.rate)
  self.last = now
  if tokens < n then
    self.tokens = tokens
    return false
  end
  self.tokens = tokens - n
  return true
end

local PLENTY = 1000000000000
local C = rheo.C
local bucket = rheo.bucket({ tokens_per_period = PLENTY, burst = PLENTY })
local handle = bucket.handle
local breaker = rheo.breaker()
local cached = clock() -- as ngx.now(), which is set once an event
local function by_hand()
  return setmetatable({ rate = PLENTY, burst = PLENTY, tokens = PLENTY, last = cached }, Hand)
end
local hand, hand_cached = by_hand(), by_hand()

local function same(value)
  return value
end

local VERSION = rheo.version()
local rows = {
  { "bare", "rheo_version", VERSION, function(n)
    for _ = 1, n do
      C.rheo_version()
    end
  end },
  { "bare", "rheo_now_ns", VERSION, function(n)
    for _ = 1, n do
      C.rheo_now_ns()
    end
  end },
  { "rheo", "rheo_bucket_try_acquire", VERSION, function(n)
    local admitted = 0
    for _ = 1, n do
      if C.rheo_bucket_try_acquire(handle, 1) == 0 then
        admitted = admitted + 1
      end
    end
    return admitted
  end },
  { "rheo", "rheo_bucket_try_acquire_at, clock read", VERSION, function(n)
    local admitted = 0
    for _ = 1, n do
      if C.rheo_bucket_try_acquire_at(handle, 1, C.rheo_now_ns()) == 0 then
        admitted = admitted + 1
      end
    end
    return admitted
  end },
  { "rheo", "bucket:try_acquire_published", VERSION, function(n)
    local admitted = 0
    for _ = 1, n do
      if bucket:try_acquire_published() then
        admitted = admitted + 1
      end
    end
    return admitted
  end },
  { "rheo", "bucket:try_acquire, clock read", VERSION, function(n)
    local admitted = 0
    for _ = 1, n do
      if bucket:try_acquire() then
        admitted = admitted + 1
      end
    end
    return admitted
  end },
  { "rheo", "breaker:call, clock read twice", VERSION, function(n)
    local admitted = 0
    for _ = 1, n do
      admitted = admitted + breaker:call(same, 1)
    end
    return admitted
  end },
  { "batch", "bucket:acquire_upto(100), a token", VERSION, function(n)
    local left, admitted = 0, 0
    for _ = 1, n do
      if left == 0 then
        left = bucket:acquire_upto(100)
      end
      left = left - 1
      admitted = admitted + 1
    end
    return admitted
  end },
  { "rival", "token bucket by hand, clock read", "-", function(n)
    local admitted = 0
    for _ = 1, n do
      if hand:take(1, clock()) then
        admitted = admitted + 1
      end
    end
    return admitted
  end },
  { "rival", "token bucket by hand, time cached", "-", function(n)
    local admitted = 0
    for _ = 1, n do
      if hand_cached:take(1, cached) then
        admitted = admitted + 1
      end
    end
    return admitted
  end },
}

local function measure(run)
  local before = C.rheo_now_ns()
  local admitted = run(CALLS)
  local taken = tonumber(C.rheo_now_ns() - before)
  assert(admitted == nil or admitted == CALLS, "not all passed")
  return taken / CALLS
end

local times = {}
for round = 0, ROUNDS do
  for i, row in ipairs(rows) do
    local ns = measure(row[4])
    times[i] = times[i] or {}
    if round > 0 then -- the first one warms up
      times[i][round] = ns
    end
  end
end
for i, row in ipairs(rows) do
  table.sort(times[i])
  local fields = { "lua", row[1], row[2], row[3], times[i][1], times[i][(ROUNDS + 1) / 2] }
  print(string.format("%s\t%s\t%s\t%s\t%.2f\t%.2f", unpack(fields)))
end
print(string.format("lua: %s, %d rounds of %d calls, one thread", jit.version, ROUNDS, CALLS))
