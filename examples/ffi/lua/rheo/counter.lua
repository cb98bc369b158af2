-- SPDX-License-Identifier: BSD-2-Clause

local native = require("rheo.native")

local C, ffi = native.C, native.ffi
local out = ffi.new("uint64_t[1]")

local Counter = {}
Counter.__index = Counter

-- config: lanes, counts. region: as for a bucket.
function Counter.new(config, region, now_ns)
  return native.make("counter", Counter, native.config("counter", config or {}), region, now_ns)
end

-- A handle for one that another process has made in this region.
function Counter.attach(region)
  return native.attach("counter", Counter, region)
end

-- How many bytes one of this configuration needs.
function Counter.size(config)
  return native.size_of("counter", native.config("counter", config))
end

-- Adds n (1) to count `index`, 0 to 7.
function Counter:add(index, n)
  native.check(C.rheo_counter_add(self.handle, index, native.amount(n)))
end

function Counter:read(index)
  native.check(C.rheo_counter_read(self.handle, index, out))
  return tonumber(out[0])
end

return Counter
