-- SPDX-License-Identifier: BSD-2-Clause
--
-- luajit hot.lua NAME: a loop as a user writes it, run in a state of its own (tests/trace.lua reads what -jv says).
-- Prints the bytes that it allocated once it was warm.

local rheo = require("rheo")

local CALLS = 200000

local function pass(value)
  return value
end

-- Loops as a user writes them.
local hot = {
  ["try_acquire"] = function(o)
    for _ = 1, CALLS do
      o.bucket:try_acquire()
    end
  end,
  ["try_acquire refused"] = function(o)
    for _ = 1, CALLS do
      o.empty:try_acquire()
    end
  end,
  ["try_acquire_published"] = function(o)
    for _ = 1, CALLS do
      o.bucket:try_acquire_published(1)
    end
  end,
  ["acquire_upto"] = function(o)
    for _ = 1, CALLS do
      o.bucket:acquire_upto(10)
    end
  end,
  ["breaker try_acquire and record"] = function(o)
    for _ = 1, CALLS do
      local permit = o.breaker:try_acquire()
      if permit then
        o.breaker:record(permit, rheo.SUCCESS)
      end
    end
  end,
  ["breaker call"] = function(o)
    for i = 1, CALLS do
      o.breaker:call(pass, i)
    end
  end,
  ["breaker call with classify"] = function(o)
    for i = 1, CALLS do
      o.classified:call(pass, i)
    end
  end,
  ["guard call"] = function(o)
    for i = 1, CALLS do
      o.guard:call(pass, i)
    end
  end,
}

local function objects()
  local plenty = { tokens_per_period = 1000000000000, burst = 1000000000000 }
  local o = {
    bucket = rheo.bucket(plenty),
    empty = rheo.bucket({ tokens_per_period = 1, period_ns = 2 ^ 50, burst = 1, flags = rheo.BUCKET_START_EMPTY }),
    breaker = rheo.breaker(),
    classified = rheo.breaker(),
  }
  o.classified.classify = function()
    return rheo.SUCCESS
  end
  o.guard = rheo.guard({ breaker = o.breaker, buckets = { o.bucket }, flags = rheo.GUARD_LEAN })
  return o
end

local run, o = hot[arg[1]], objects()
run(o)
collectgarbage()
collectgarbage("stop")
local before = collectgarbage("count")
run(o)
print(string.format("%.0f", (collectgarbage("count") - before) * 1024))
