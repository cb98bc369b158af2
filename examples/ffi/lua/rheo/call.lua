-- SPDX-License-Identifier: BSD-2-Clause
--
-- Reporting what a guarded function did.

local constants = require("rheo.native").constants
local SUCCESS, FAILURE = constants.SUCCESS, constants.FAILURE

local call = {}

-- A raised error is a failure, and so is Lua's other way to tell one: nil and something that says why.
function call.classify(ok, first, second)
  if ok and (first ~= nil or second == nil) then
    return SUCCESS
  end
  return FAILURE
end

-- Without `...`: LuaJIT does not compile a pcall of a function that has it.
local function ask_and_record(object, permit, ok, first, second)
  object:record(permit, object.classify(ok, first, second))
end

-- Whatever a hook does, an outcome is recorded.
local function record(object, permit, ok, first, second)
  if object.classify == call.classify then
    object:record(permit, call.classify(ok, first, second))
    return
  end
  local done, err = pcall(ask_and_record, object, permit, ok, first, second)
  if not done then
    object:record(permit, FAILURE)
    error(err, 0)
  end
end

-- object: has record and classify. What follows the permit is pcall's answer.
function call.report(object, permit, ok, ...)
  record(object, permit, ok, ...)
  if not ok then
    error((...), 0)
  end
  return ...
end

return call
