-- SPDX-License-Identifier: BSD-2-Clause

local native = require("rheo.native")
local errors = require("rheo.errors")
local call = require("rheo.call")
local Breaker = require("rheo.breaker")
local Bucket = require("rheo.bucket")

local C, ffi = native.C, native.ffi
local check, time, amount, number = native.check, native.time, native.amount, native.number

local out = ffi.new("uint64_t[1]")
local stats_t = ffi.typeof("rheo_guard_stats_t")

local Guard = {}
Guard.__index = Guard

local function part(value, class, name)
  if getmetatable(value) ~= class then
    errors.raise(native.constants.ERR_INVAL, { field = name })
  end
  return value.handle
end

-- config: breaker = a breaker or nil, buckets = a list of up to four; flags, lanes. The guard keeps them alive.
function Guard.new(config, now_ns)
  local plain, parts = {}, { breaker = config.breaker }
  for key, value in pairs(config) do
    if key ~= "breaker" and key ~= "buckets" then
      plain[key] = value
    end
  end
  local new = native.config("guard", plain)
  if config.breaker ~= nil then
    new.breaker = part(config.breaker, Breaker, "breaker")
  end
  for i, bucket in ipairs(config.buckets or {}) do
    if i > native.constants.GUARD_BUCKETS then
      errors.raise(native.constants.ERR_INVAL, { field = "buckets" })
    end
    new.bucket[i - 1] = part(bucket, Bucket, "buckets")
    parts[i] = bucket
  end
  local guard = native.make("guard", Guard, new, nil, now_ns)
  guard.parts = parts
  guard.last = Guard.verdict()
  return guard
end

Guard.verdict = ffi.typeof("rheo_verdict_t")
Guard.classify = call.classify

-- Asks all parts for `cost` tokens (1). Returns whether, and the verdict: the one given, or else the guard's own,
-- which the next call writes over (whoever yields in between gives one of theirs: rheo.verdict()).
function Guard:try_acquire(cost, now_ns, verdict)
  verdict = verdict or self.last
  return check(C.rheo_guard_try_acquire(self.handle, amount(cost), time(now_ns), verdict)) == 0, verdict
end

-- The same, or raises RateLimited, NeverPasses or BreakerOpen. Returns the verdict.
function Guard:acquire(cost, now_ns, verdict)
  local ok
  ok, verdict = self:try_acquire(cost, now_ns, verdict)
  if not ok then
    errors.raise(verdict.status, { retry_after_ns = number(verdict.retry_after_ns), refused_by = verdict.refused_by })
  end
  return verdict
end

-- Reports SUCCESS, FAILURE or IGNORED for verdict.permit. Returns whether it had an effect.
function Guard:record(permit, outcome, now_ns)
  return check(C.rheo_guard_record(self.handle, permit, outcome, time(now_ns))) == 0
end

-- Undoes an admission whose call was never made: verdict.permit, verdict.cost.
function Guard:cancel(permit, cost, now_ns)
  return check(C.rheo_guard_cancel(self.handle, permit, cost, time(now_ns))) == 0
end

-- Calls fn(...) for one token if all parts let it, reports how it went, and returns or raises what fn did.
function Guard:call(fn, ...)
  return call.report(self, self:acquire(1).permit, pcall(fn, ...))
end

-- The same for `cost` tokens.
function Guard:call_cost(cost, fn, ...)
  return call.report(self, self:acquire(cost).permit, pcall(fn, ...))
end

function Guard:tick(now_ns)
  check(C.rheo_guard_tick(self.handle, time(now_ns), out))
  return number(out[0])
end

function Guard:stats()
  local stats = stats_t()
  check(C.rheo_guard_stats(self.handle, stats, ffi.sizeof(stats)))
  return native.to_table("rheo_guard_stats_t", stats)
end

return Guard
