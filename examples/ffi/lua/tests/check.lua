-- SPDX-License-Identifier: BSD-2-Clause
--
-- Lua has no test framework of its own: test(name, fn) runs and counts, the rest compare.

local check = { tests = 0, failed = 0 }

function check.test(name, fn)
  check.tests = check.tests + 1
  local ok, err = xpcall(fn, function(problem)
    return debug.traceback(tostring(problem), 2)
  end)
  if not ok then
    check.failed = check.failed + 1
    io.stderr:write("FAILED ", name, ": ", err, "\n")
  end
end

function check.equal(got, expected, what)
  if got ~= expected then
    error((what or "value") .. ": got " .. tostring(got) .. ", expected " .. tostring(expected), 2)
  end
end

function check.truth(value, what)
  if not value then
    error(what or "not true", 2)
  end
end

-- fn must raise an error of rheo's of this kind; returns it.
function check.raises(kind, fn, ...)
  local ok, err = pcall(fn, ...)
  if ok then
    error("raised nothing, expected " .. kind, 2)
  end
  if not require("rheo").is_error(err, kind) then
    error("raised " .. tostring(err) .. ", expected " .. kind, 2)
  end
  return err
end

return check
