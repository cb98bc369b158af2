-- SPDX-License-Identifier: BSD-2-Clause

local ffi = require("ffi")
local rheo = require("rheo")
local statuses = require("rheo.generated").status
local check = require("tests.check")

local SECOND = 1000000000
local START = SECOND

local function bucket(more)
  local config = { tokens_per_period = 10, burst = 5 }
  for key, value in pairs(more or {}) do
    config[key] = value
  end
  return rheo.bucket(config, nil, START)
end

check.test("names and texts of the statuses are the library's", function()
  for status, one in pairs(statuses) do
    check.equal(rheo.status_name(status), one.name)
    check.equal(rheo.status_text(status), one.text)
  end
  check.equal(rheo.status_name(77), "UNKNOWN")
  check.equal(rheo.state_name(rheo.HALF_OPEN), "HALF_OPEN")
  check.equal(rheo.version(), require("rheo.generated").version)
end)

check.test("acquire raises RateLimited with the wait", function()
  local limited = bucket()
  limited:acquire(5, START)
  local err = check.raises("RateLimited", limited.acquire, limited, 1, START)
  check.equal(err.retry_after_ns, SECOND / 10)
  check.equal(err.status, rheo.REJ_RATE)
  check.truth(rheo.is_error(err) and not rheo.is_error(err, "NeverPasses"))
  check.equal(tostring(err), "rheo: RateLimited: not enough tokens now, retry after 0.100 s")
end)

check.test("a cost above the burst raises NeverPasses, without a wait", function()
  local limited = bucket()
  local err = check.raises("NeverPasses", limited.acquire, limited, 6, START)
  check.equal(err.retry_after_ns, nil)
  check.equal(limited:wait_ns(6, START), math.huge)
end)

check.test("an open breaker raises BreakerOpen with the wait", function()
  local breaker = rheo.breaker({ consecutive_failures = 1, open_ns = SECOND }, nil, START)
  breaker:record(breaker:acquire(START), rheo.FAILURE, START)
  local err = check.raises("BreakerOpen", breaker.acquire, breaker, START)
  check.equal(err.retry_after_ns, SECOND)
  breaker:force(rheo.FORCED_OPEN, START)
  check.equal(check.raises("BreakerOpen", breaker.acquire, breaker, START).retry_after_ns, math.huge)
end)

check.test("a guard's errors say who refused", function()
  local breaker = rheo.breaker({ consecutive_failures = 1 }, nil, START)
  local guard = rheo.guard({ breaker = breaker, buckets = { bucket() } }, START)
  guard:acquire(5, START)
  local err = check.raises("RateLimited", guard.acquire, guard, 1, START)
  check.equal(err.refused_by, rheo.BY_BUCKET)
  check.equal(err.retry_after_ns, SECOND / 10)
  check.equal(check.raises("NeverPasses", guard.acquire, guard, 6, START).refused_by, rheo.BY_BUCKET)
  breaker:force(rheo.FORCED_OPEN, START)
  check.equal(check.raises("BreakerOpen", guard.acquire, guard, 1, START).refused_by, rheo.BY_BREAKER)
end)

check.test("InvalidArgument names the field", function()
  local function field(make, config)
    return check.raises("InvalidArgument", make, config).field
  end
  check.equal(field(rheo.bucket, { tokens_per_period = 1, burst = 0 }), "burst")
  check.equal(field(rheo.bucket, { burst = 1 }), "tokens_per_period")
  check.equal(field(rheo.bucket, { tokens_per_period = 1, burst = 1, brust = 2 }), "brust")
  check.equal(field(rheo.bucket, { tokens_per_period = 1, burst = -1 }), "burst")
  check.equal(field(rheo.bucket, { tokens_per_period = 1.5, burst = 1 }), "tokens_per_period")
  check.equal(field(rheo.bucket, { tokens_per_period = "1", burst = 1 }), "tokens_per_period")
  check.equal(field(rheo.bucket, { tokens_per_period = 1, burst = 1, lanes = 2 ^ 32 + 1 }), "lanes")
  check.equal(field(rheo.bucket, { tokens_per_period = 1, burst = 1, struct_size = 8 }), "struct_size")
  check.equal(field(rheo.breaker, { open_ns = 0 }), "open_ns")
  check.equal(field(rheo.breaker_size, { minimum_calls = 0 }), "minimum_calls")
  check.equal(field(rheo.counter, { counts = -1 }), "counts")
  check.equal(field(rheo.guard, { breaker = bucket() }), "breaker")
  check.equal(field(rheo.guard, { buckets = { {} } }), "buckets")
  local one = bucket()
  check.equal(field(rheo.guard, { buckets = { one, one } }), nil)
  check.equal(field(rheo.guard, { buckets = { bucket(), bucket(), bucket(), bucket(), one } }), "buckets")
  check.raises("InvalidArgument", rheo.guard, {})
  check.equal(check.raises("InvalidArgument", one.reconfigure, one, { tokens_per_period = 1 }).field, "burst")
end)

check.test("numbers that C would take for others are refused", function()
  local one = bucket()
  for _, wrong in ipairs({ -1, 1.5, 0 / 0, math.huge, 2 ^ 64 }) do
    check.equal(check.raises("InvalidArgument", one.try_acquire, one, wrong).field, "n")
    check.equal(check.raises("InvalidArgument", one.try_acquire, one, 1, wrong).field, "now_ns")
  end
  check.raises("InvalidArgument", one.try_acquire, one, 0)
  check.raises("InvalidArgument", one.refund, one, 0)
  check.equal(one:available(START), 5)
  check.truth(not pcall(one.try_acquire, one, "many"))
  check.truth(not pcall(one.try_acquire))
end)

check.test("memory that is too small, unaligned or no object", function()
  local size = rheo.bucket_size({ tokens_per_period = 1, burst = 1 })
  local bytes = ffi.new("uint8_t[?]", 65536)
  local aligned = bytes + (128 - tonumber(ffi.cast("uintptr_t", bytes) % 128)) % 128
  local config = { tokens_per_period = 1, burst = 1 }
  check.raises("NoSpace", rheo.bucket, config, { pointer = aligned, size = size - 1 })
  check.raises("InvalidArgument", rheo.bucket, config, { pointer = aligned + 8, size = size })
  check.raises("InvalidArgument", rheo.bucket, config, { pointer = ffi.cast("void *", 0), size = size })
  check.raises("Corrupt", rheo.attach_bucket, { pointer = aligned, size = size })
  rheo.bucket(config, { pointer = aligned, size = size })
  rheo.attach_bucket({ pointer = aligned, size = size })
  check.raises("Corrupt", rheo.attach_breaker, { pointer = aligned, size = 32768 })
  check.raises("NoSpace", rheo.attach_bucket, { pointer = aligned, size = size - 1 })
  aligned[8] = 99 -- the layout's number
  check.raises("VersionMismatch", rheo.attach_bucket, { pointer = aligned, size = size })
end)
