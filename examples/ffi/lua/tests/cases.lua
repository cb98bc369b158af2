-- SPDX-License-Identifier: BSD-2-Clause
--
-- Replays cases.tsv through the wrapper: what it answers with is turned back into a status and numbers.

local ffi = require("ffi")
local rheo = require("rheo")
local check = require("tests.check")

local bucket, breaker, guard
local permits = {}

-- The numbers of cases.tsv have up to 64 bits.
local function whole(text)
  local value = 0ULL
  for digit in text:gmatch("%d") do
    value = value * 10 + tonumber(digit)
  end
  return value
end

local function numbers(...)
  local list = { ... }
  for i, value in ipairs(list) do
    list[i] = value == math.huge and "18446744073709551615" or (tostring(value):gsub("ULL$", ""))
    if type(value) == "number" and value ~= math.huge then
      list[i] = string.format("%.0f", value)
    end
  end
  return table.concat(list, " ")
end

local function ok_of(admitted, status)
  check.equal(admitted, status == rheo.OK, "ok and status agree")
  return status, ""
end

local function effect(had)
  return had and rheo.OK or rheo.STALE, ""
end

local play = {}

play["bucket.init"] = function(rate, period, burst, debt, now)
  bucket = rheo.bucket({ tokens_per_period = rate, period_ns = period, burst = burst, max_debt = debt }, nil, now)
  return 0, ""
end
play["bucket.try_acquire"] = function(n)
  return ok_of(bucket:try_acquire_published(n))
end
play["bucket.try_acquire_at"] = function(n, now)
  return ok_of(bucket:try_acquire(n, now))
end
play["bucket.acquire_upto"] = function(n, now)
  local taken = bucket:acquire_upto(n, now)
  return taken > 0 and rheo.OK or rheo.REJ_RATE, numbers(taken)
end
play["bucket.reserve"] = function(n, now, max_wait)
  local wait, would, status = bucket:reserve(n, max_wait, now)
  return wait and rheo.OK or status, numbers(wait or would)
end
for _, name in ipairs({ "refund", "charge", "refill" }) do
  play["bucket." .. name] = function(...)
    bucket[name](bucket, ...)
    return 0, ""
  end
end
for _, name in ipairs({ "wait_ns", "available", "next_refill_ns" }) do
  play["bucket." .. name] = function(...)
    return 0, numbers(bucket[name](bucket, ...))
  end
end

play["breaker.init"] = function(rate, calls, window, open, probes, timeout, now)
  breaker = rheo.breaker({
    failure_rate_bp = rate,
    minimum_calls = calls,
    window_ns = window,
    open_ns = open,
    half_open_calls = probes,
    probe_timeout_ns = timeout,
  }, nil, now)
  return 0, ""
end
play["breaker.try_acquire"] = function(place, now)
  local permit, status = breaker:try_acquire(now)
  permits[tonumber(place)] = permit or rheo.PERMIT_NONE
  return permit and rheo.OK or status, ""
end
play["breaker.record"] = function(place, outcome, now)
  return effect(breaker:record(permits[tonumber(place)], outcome, now))
end
play["breaker.cancel"] = function(place, now)
  return effect(breaker:cancel(permits[tonumber(place)], now))
end
play["breaker.snapshot"] = function(now)
  local seen = breaker:snapshot(now)
  return 0, numbers(seen.state, seen.mode, seen.generation, seen.window_calls, seen.window_failures)
end
play["breaker.force"] = function(mode, now)
  breaker:force(mode, now)
  return 0, ""
end
play["breaker.retry_after_ns"] = function(now)
  return 0, numbers(breaker:retry_after_ns(now))
end

play["guard.init"] = function(now)
  guard = rheo.guard({ breaker = breaker, buckets = { bucket } }, now)
  return 0, ""
end
play["guard.try_acquire"] = function(place, cost, now)
  local ok, v = guard:try_acquire(cost, now)
  permits[tonumber(place)] = v.permit
  check.equal(ok, v.status == 0)
  return v.status, numbers(v.status, v.refused_by, v.cost, v.retry_after_ns, v.limit, v.remaining, v.reset_ns)
end
play["guard.record"] = function(place, outcome, now)
  return effect(guard:record(permits[tonumber(place)], outcome, now))
end
play["guard.cancel"] = function(place, cost, now)
  return effect(guard:cancel(permits[tonumber(place)], cost, now))
end

local function replay(line)
  local call, given, status, results = line:match("^(%S+)\t([^\t]*)\t(-?%d+)\t(.*)$")
  local arguments = {}
  for word in given:gmatch("%S+") do
    arguments[#arguments + 1] = whole(word)
  end
  local done, got, answer = pcall(play[call], unpack(arguments))
  if not done then
    check.truth(rheo.is_error(got), tostring(got))
    got, answer = got.status, ""
  end
  check.equal(got, tonumber(status), "status")
  check.equal(answer, results == "-" and "" or results, "results")
end

return function(path)
  local count = 0
  for line in io.lines(path) do
    if line:sub(1, 1) ~= "#" then
      count = count + 1
      check.test(line, function()
        replay(line)
      end)
    end
  end
  check.tests = check.tests - count -- told as cases
  check.truth(count > 0 and ffi.abi("64bit"))
  return count
end
