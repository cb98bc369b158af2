-- SPDX-License-Identifier: BSD-2-Clause
--
-- rheo for LuaJIT: token buckets, circuit breakers and guards.
--
--   local rheo = require("rheo")
--   local bucket = rheo.bucket({ tokens_per_period = 100, burst = 5 })
--   if bucket:try_acquire() then ... end
--
-- A configuration is a table with the names of the C struct's fields. Constants have C's names without RHEO_:
-- rheo.OPEN, rheo.FAILURE, rheo.REJ_RATE. Numbers may be Lua's or 64-bit cdata; times are nanoseconds, and
-- where a call takes now_ns, leaving it out means rheo.now_ns(). What is returned is a Lua number (math.huge
-- for "never"), but permits, which are uint64_t, and verdicts, which are the C struct.

local native = require("rheo.native")
local errors = require("rheo.errors")
local Bucket = require("rheo.bucket")
local Breaker = require("rheo.breaker")
local Guard = require("rheo.guard")
local Counter = require("rheo.counter")

local C = native.C

local rheo = {
  C = C, -- the C functions as they are
  version = native.version,
  now_ns = native.now_ns,
  verdict = Guard.verdict,
  is_error = errors.is,
  bucket = Bucket.new,
  breaker = Breaker.new,
  guard = Guard.new,
  counter = Counter.new,
  -- Memory that others have too is a table with `pointer` and `size`, as rheo.map makes it.
  attach_bucket = Bucket.attach,
  attach_breaker = Breaker.attach,
  attach_counter = Counter.attach,
  bucket_size = Bucket.size,
  breaker_size = Breaker.size,
  counter_size = Counter.size,
}

for name, value in pairs(native.constants) do
  rheo[name] = value
end

for _, name in ipairs({ "status_name", "status_text", "state_name", "mode_name", "cause_name" }) do
  rheo[name] = function(value)
    return native.ffi.string(C["rheo_" .. name](value))
  end
end

return rheo
