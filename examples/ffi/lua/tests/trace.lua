-- SPDX-License-Identifier: BSD-2-Clause
--
-- The hot calls are compiled, clock and all in one trace, and allocate nothing there.

local check = require("tests.check")

-- What jit.v says of a loop of hot.lua's, and the bytes it allocates.
local function run(folder, name)
  local path = folder .. "/trace.txt"
  local hot = debug.getinfo(1, "S").source:sub(2):gsub("trace%.lua$", "hot.lua")
  local child = assert(io.popen(string.format("'%s' '-jv=%s' '%s' '%s'", arg[-1], path, hot, name)))
  local bytes = tonumber(child:read("*a"))
  child:close()
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text, bytes
end

local function compiled(text, bytes)
  return text:find("hot%.lua:%d+ loop%]") and bytes and bytes < 1000
end

return function(folder)
  for _, name in ipairs({
    "try_acquire",
    "try_acquire refused",
    "try_acquire_published",
    "acquire_upto",
    "breaker try_acquire and record",
  }) do
    check.test(name .. " is one compiled loop that allocates nothing", function()
      local text, bytes = run(folder, name)
      check.truth(compiled(text, bytes), tostring(bytes) .. " bytes\n" .. text)
      check.truth(not text:find("NYI") and not text:find("fallback"), text)
    end)
  end

  -- pcall's inner functions get hot before the loop does; which of them LuaJIT tries first depends on addresses.
  for _, name in ipairs({ "breaker call", "breaker call with classify", "guard call" }) do
    check.test(name .. " is compiled in a loop and then allocates nothing", function()
      local text, bytes
      for _ = 1, 3 do
        text, bytes = run(folder, name)
        if compiled(text, bytes) then
          return
        end
      end
      error(tostring(bytes) .. " bytes\n" .. text)
    end)
  end
end
