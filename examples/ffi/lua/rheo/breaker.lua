-- SPDX-License-Identifier: BSD-2-Clause

local native = require("rheo.native")
local errors = require("rheo.errors")
local call = require("rheo.call")

local C, ffi = native.C, native.ffi
local check, time, number = native.check, native.time, native.number

local out = ffi.new("uint64_t[1]")
local words = ffi.new("uint32_t[2]")
local events = ffi.new("rheo_breaker_event_t[16]") -- as many as are kept
local snapshot_t = ffi.typeof("rheo_breaker_snapshot_t")

local Breaker = {}
Breaker.__index = Breaker

-- config: fields of rheo_breaker_config_t, all with defaults. region: as for a bucket.
function Breaker.new(config, region, now_ns)
  return native.make("breaker", Breaker, native.config("breaker", config or {}), region, now_ns)
end

-- A handle for one that another process has made in this region.
function Breaker.attach(region)
  return native.attach("breaker", Breaker, region)
end

-- How many bytes one of this configuration needs.
function Breaker.size(config)
  return native.size_of("breaker", native.config("breaker", config))
end

-- What an outcome is: classify(ok, first, second) is told what pcall answers. Set the field for another.
Breaker.classify = call.classify

-- Returns a permit, to be reported by record or cancel; or nil and REJ_OPEN or REJ_PROBE.
function Breaker:try_acquire(now_ns)
  local status = check(C.rheo_breaker_try_acquire(self.handle, time(now_ns), out))
  if status ~= 0 then
    return nil, status
  end
  return out[0]
end

-- The same, or raises BreakerOpen.
function Breaker:acquire(now_ns)
  now_ns = time(now_ns)
  local permit, status = self:try_acquire(now_ns)
  if not permit then
    errors.raise(status, { retry_after_ns = self:retry_after_ns(now_ns) })
  end
  return permit
end

-- Reports SUCCESS, FAILURE or IGNORED. Returns whether it had an effect: a permit reported before has none.
function Breaker:record(permit, outcome, now_ns)
  return check(C.rheo_breaker_record(self.handle, permit, outcome, time(now_ns))) == 0
end

-- Gives back the permit of a call that was never made.
function Breaker:cancel(permit, now_ns)
  return check(C.rheo_breaker_cancel(self.handle, permit, time(now_ns))) == 0
end

-- Calls fn(...) if the breaker lets it, reports how it went, returns or raises what fn did; else raises BreakerOpen.
function Breaker:call(fn, ...)
  return call.report(self, self:acquire(), pcall(fn, ...))
end

-- The state and the mode: CLOSED, OPEN, HALF_OPEN; AUTO, FORCED_OPEN, FORCED_CLOSED, DISABLED.
function Breaker:state()
  check(C.rheo_breaker_state(self.handle, words, words + 1))
  return words[0], words[1]
end

function Breaker:retry_after_ns(now_ns)
  check(C.rheo_breaker_retry_after_ns(self.handle, time(now_ns), out))
  return number(out[0])
end

-- A permit's generation, and whether it is a probe's.
function Breaker:permit(permit)
  check(C.rheo_breaker_permit(self.handle, permit, out, words))
  return tonumber(out[0]), words[0] == 1
end

-- The timer hook. Returns how long until it is next worth calling.
function Breaker:tick(now_ns)
  check(C.rheo_breaker_tick(self.handle, time(now_ns), out))
  return number(out[0])
end

function Breaker:force(mode, now_ns)
  check(C.rheo_breaker_force(self.handle, mode, time(now_ns)))
end

function Breaker:reset(now_ns)
  check(C.rheo_breaker_reset(self.handle, time(now_ns)))
end

function Breaker:snapshot(now_ns)
  local snapshot = snapshot_t()
  check(C.rheo_breaker_snapshot(self.handle, time(now_ns), snapshot, ffi.sizeof(snapshot)))
  return native.to_table("rheo_breaker_snapshot_t", snapshot)
end

-- The transitions after generation `since` (0: all of the last 16), oldest first.
function Breaker:events(since)
  check(C.rheo_breaker_events(self.handle, since or 0, events, 16, words))
  local list = {}
  for i = 1, words[0] do
    list[i] = native.to_table("rheo_breaker_event_t", events[i - 1])
  end
  return list
end

function Breaker:config()
  local config = native.config("breaker", {})
  check(C.rheo_breaker_config(self.handle, config, ffi.sizeof(config)))
  return native.to_table("rheo_breaker_config_t", config)
end

function Breaker:reconfigure(config, now_ns)
  local new = native.config("breaker", config)
  local status = C.rheo_breaker_reconfigure(self.handle, new, time(now_ns))
  if status ~= 0 then
    native.refuse("breaker", new, status)
  end
end

return Breaker
