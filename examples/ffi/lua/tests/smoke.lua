-- SPDX-License-Identifier: BSD-2-Clause
--
-- luajit smoke.lua TREE: the installed rock works, from its own library in that tree.

local rheo = require("rheo")

local bucket = rheo.bucket({ tokens_per_period = 1, period_ns = 3600 * 1000000000, burst = 2 })
assert(bucket:try_acquire() and bucket:try_acquire() and not bucket:try_acquire())
local ok, err = pcall(bucket.acquire, bucket)
assert(not ok and rheo.is_error(err, "RateLimited") and err.retry_after_ns > 3599e9)

local breaker = rheo.breaker({ consecutive_failures = 3 })
for _ = 1, 3 do
  assert(not pcall(breaker.call, breaker, error, "down"))
end
ok, err = pcall(breaker.call, breaker, error, "down")
assert(not ok and rheo.is_error(err, "BreakerOpen"))

local loaded
for line in io.lines("/proc/self/maps") do
  loaded = loaded or line:match("%S*librheo%S*")
end
assert(loaded:sub(1, #arg[1]) == arg[1], loaded)
print(string.format("lua: rock %s built, installed and tried, from %s", rheo.version(), loaded:match("[^/]*$")))
