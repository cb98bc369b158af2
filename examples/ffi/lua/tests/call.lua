-- SPDX-License-Identifier: BSD-2-Clause
--
-- However a guarded function ends, its permit is reported.

local rheo = require("rheo")
local check = require("tests.check")

local function breaker(more)
  local config = { minimum_calls = 1000 }
  for key, value in pairs(more or {}) do
    config[key] = value
  end
  return rheo.breaker(config)
end

local function counts(object, successes, failures, ignored)
  local seen = object:snapshot()
  check.equal(seen.successes, successes, "successes")
  check.equal(seen.failures, failures, "failures")
  check.equal(seen.ignored, ignored or 0, "ignored")
end

local function pass(...)
  return ...
end

check.test("call returns all that the function does, nils included, and reports a success", function()
  local b = breaker()
  local got = { n = select("#", b:call(pass, 1, nil, "x", nil)), b:call(pass, 1, nil, "x", nil) }
  check.equal(got.n, 4)
  check.equal(got[1], 1)
  check.equal(got[3], "x")
  check.equal(select("#", b:call(pass)), 0)
  counts(b, 3, 0)
end)

check.test("an error is a failure and is raised again as it was", function()
  local b = breaker()
  local thrown = { "mine" }
  local ok, err = pcall(b.call, b, error, thrown)
  check.truth(not ok and err == thrown)
  counts(b, 0, 1)
end)

check.test("nil and a reason is a failure and is returned; nil alone, or false and a reason, is not", function()
  local b = breaker()
  local value, reason = b:call(pass, nil, "timeout")
  check.truth(value == nil and reason == "timeout")
  counts(b, 0, 1)
  b:call(pass, nil)
  b:call(pass, false, "no such key")
  counts(b, 2, 1)
end)

check.test("classify decides, and is told what pcall answers", function()
  local b = breaker()
  b.classify = function(ok, value, reason)
    check.truth(value ~= nil or reason == "reason")
    return ok and (value == 404 and rheo.IGNORED or rheo.SUCCESS) or rheo.SUCCESS
  end
  b:call(pass, 404)
  b:call(pass, nil, "reason")
  check.truth(not pcall(b.call, b, error, "x"))
  counts(b, 2, 0, 1)
end)

check.test("a classify that raises or says nonsense leaves a failure behind", function()
  for _, wrong in ipairs({
    function()
      error("oops", 0)
    end,
    function()
      return 7
    end,
    function()
      return nil
    end,
    function()
      return "SUCCESS"
    end,
  }) do
    local b = breaker()
    b.classify = wrong
    check.truth(not pcall(b.call, b, pass, 1))
    counts(b, 0, 1)
  end
end)

check.test("calls trip the breaker, which then refuses without calling", function()
  local b = breaker({ minimum_calls = 4, open_ns = 3600 * 1000000000 })
  for _ = 1, 4 do
    pcall(b.call, b, error, "down")
  end
  check.equal(b:state(), rheo.OPEN)
  local called = false
  local err = check.raises("BreakerOpen", b.call, b, function()
    called = true
  end)
  check.truth(not called and err.retry_after_ns > 3599e9)
  local events = b:events(0)
  check.equal(#events, 1)
  check.equal(events[1].cause, rheo.CAUSE_FAILURE_RATE)
  check.equal(events[1].failures, 4)
  check.equal(#b:events(1), 0)
end)

check.test("probes are reported too: a failed one reopens, good ones close", function()
  local b = breaker({ consecutive_failures = 1, open_ns = 1, half_open_calls = 2 })
  local function wait()
    local until_ns = rheo.now_ns() + 100
    repeat
    until rheo.now_ns() > until_ns
  end
  pcall(b.call, b, error, "down")
  wait()
  pcall(b.call, b, error, "still")
  check.equal(b:state(), rheo.OPEN)
  wait()
  check.equal(b:call(pass, "up"), "up")
  check.equal(b:state(), rheo.HALF_OPEN)
  b:call(pass, "up")
  check.equal(b:state(), rheo.CLOSED)
end)

check.test("a coroutine may yield inside a call", function()
  local b = breaker()
  local run = coroutine.wrap(function()
    return b:call(function(...)
      return coroutine.yield(...)
    end, "out")
  end)
  check.equal(run(), "out")
  counts(b, 0, 0)
  check.equal(run("in"), "in")
  counts(b, 1, 0)
end)

check.test("a permit tells its generation and whether it is a probe's; cancelled, it counts for nothing", function()
  local b = breaker()
  local permit = b:acquire()
  local generation, probe = b:permit(permit)
  check.truth(generation == 0 and probe == false)
  check.truth(b:cancel(permit))
  counts(b, 0, 0)
end)

check.test("a guard's call takes tokens and reports", function()
  local b = breaker()
  local bucket = rheo.bucket({ tokens_per_period = 1, period_ns = 3600 * 1000000000, burst = 5 })
  local guard = rheo.guard({ breaker = b, buckets = { bucket } })
  check.equal(guard:call(pass, "a"), "a")
  check.truth(not pcall(guard.call_cost, guard, 3, error, "x"))
  counts(b, 1, 1)
  check.equal(bucket:available(), 1)
  check.raises("RateLimited", guard.call_cost, guard, 2, pass)
  check.equal(guard:stats().refused_by_bucket[1], 1)
  check.equal(bucket:available(), 1)
  guard.classify = function()
    return rheo.IGNORED
  end
  guard:call(pass, "a")
  counts(b, 1, 1, 1)
end)

check.test("calls inside calls on one guard keep their permits apart", function()
  local b = breaker({ consecutive_failures = 1, half_open_calls = 2 })
  local bucket = rheo.bucket({ tokens_per_period = 1000, burst = 1000 })
  local guard = rheo.guard({ breaker = b, buckets = { bucket } })
  b:force(rheo.FORCED_OPEN)
  b:force(rheo.AUTO) -- its time is over: the next two calls are probes
  guard:call(function()
    guard:call(pass)
    check.equal(b:state(), rheo.HALF_OPEN)
  end)
  check.equal(b:state(), rheo.CLOSED)
  check.equal(b:snapshot().stale, 0)
end)
