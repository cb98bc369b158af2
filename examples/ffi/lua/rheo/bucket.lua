-- SPDX-License-Identifier: BSD-2-Clause

local native = require("rheo.native")
local errors = require("rheo.errors")

local C, ffi = native.C, native.ffi
local check, time, amount, number = native.check, native.time, native.amount, native.number
local NEVER = native.constants.REJ_NEVER

-- Where C stores one number. Nothing yields between the call and the look.
local out = ffi.new("uint64_t[1]")
local quota_t, stats_t = ffi.typeof("rheo_bucket_quota_t"), ffi.typeof("rheo_bucket_stats_t")

local Bucket = {}
Bucket.__index = Bucket

-- config: tokens_per_period and burst, and more of rheo_bucket_config_t.
-- region: memory to make it in, { pointer =, size = }; by default its own.
function Bucket.new(config, region, now_ns)
  return native.make("bucket", Bucket, native.config("bucket", config), region, now_ns)
end

-- A handle for one that another process has made in this region.
function Bucket.attach(region)
  return native.attach("bucket", Bucket, region)
end

-- How many bytes one of this configuration needs.
function Bucket.size(config)
  return native.size_of("bucket", native.config("bucket", config))
end

-- Takes n tokens (1) if they are there. Returns whether, and the status: OK, REJ_RATE or REJ_NEVER.
function Bucket:try_acquire(n, now_ns)
  local status = check(C.rheo_bucket_try_acquire_at(self.handle, amount(n), time(now_ns)))
  return status == 0, status
end

-- The same by the credit last published (refill), without a look at the clock.
function Bucket:try_acquire_published(n)
  local status = check(C.rheo_bucket_try_acquire(self.handle, amount(n)))
  return status == 0, status
end

-- Takes n tokens (1), or raises RateLimited or NeverPasses.
function Bucket:acquire(n, now_ns)
  now_ns = time(now_ns)
  local ok, status = self:try_acquire(n, now_ns)
  if not ok then
    errors.raise(status, { retry_after_ns = status ~= NEVER and self:wait_ns(n, now_ns) or nil })
  end
end

-- Takes what is there, at most n, and returns how many.
function Bucket:acquire_upto(n, now_ns)
  check(C.rheo_bucket_acquire_upto(self.handle, amount(n), time(now_ns), out))
  return tonumber(out[0])
end

-- Takes n tokens now or from the future. Returns the nanoseconds to wait before acting; or nil, the wait it would
-- have taken, and the status.
function Bucket:reserve(n, max_wait_ns, now_ns)
  local status = check(C.rheo_bucket_reserve(self.handle, amount(n), time(now_ns), max_wait_ns, out))
  local wait_ns = number(out[0])
  if status ~= 0 then
    return nil, wait_ns, status
  end
  return wait_ns
end

-- Gives back what was taken and not used.
function Bucket:refund(n)
  check(C.rheo_bucket_refund(self.handle, amount(n)))
end

-- Takes n tokens for work already done, into debt if need be.
function Bucket:charge(n, now_ns)
  check(C.rheo_bucket_charge(self.handle, amount(n), time(now_ns)))
end

-- The timer hook, and how long until it is next worth calling.
function Bucket:refill(now_ns)
  check(C.rheo_bucket_refill(self.handle, time(now_ns)))
end

function Bucket:next_refill_ns(now_ns)
  check(C.rheo_bucket_next_refill_ns(self.handle, time(now_ns), out))
  return number(out[0])
end

-- How long until n tokens would pass; math.huge: never.
function Bucket:wait_ns(n, now_ns)
  check(C.rheo_bucket_wait_ns(self.handle, amount(n), time(now_ns), out))
  return number(out[0])
end

function Bucket:available(now_ns)
  check(C.rheo_bucket_available(self.handle, time(now_ns), out))
  return tonumber(out[0])
end

-- limit, remaining, window_ns, more_ns, full_ns, time_ns: for RateLimit fields.
function Bucket:quota(now_ns)
  local quota = quota_t()
  check(C.rheo_bucket_quota(self.handle, time(now_ns), quota))
  return native.to_table("rheo_bucket_quota_t", quota)
end

function Bucket:stats()
  local stats = stats_t()
  check(C.rheo_bucket_stats(self.handle, stats, ffi.sizeof(stats)))
  return native.to_table("rheo_bucket_stats_t", stats)
end

function Bucket:config()
  local config = native.config("bucket", {})
  check(C.rheo_bucket_config(self.handle, config, ffi.sizeof(config)))
  return native.to_table("rheo_bucket_config_t", config)
end

-- mode: BUCKET_KEEP (0), BUCKET_SCALE or BUCKET_RESET, what becomes of the level.
function Bucket:reconfigure(config, mode, now_ns)
  local new = native.config("bucket", config)
  local status = C.rheo_bucket_reconfigure(self.handle, new, time(now_ns), mode or 0)
  if status ~= 0 then
    native.refuse("bucket", new, status)
  end
end

return Bucket
