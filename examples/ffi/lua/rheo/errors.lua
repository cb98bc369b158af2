-- SPDX-License-Identifier: BSD-2-Clause
--
-- What is raised: tables with `kind` ("RateLimited", "BreakerOpen", "NeverPasses"; "InvalidArgument", "NoSpace",
-- "VersionMismatch", "Corrupt"), `status`, `text`, and where it is known `retry_after_ns` or `field`.

local statuses = require("rheo.generated").status

local Error = {}
Error.__index = Error

function Error:__tostring()
  local told = "rheo: " .. self.kind .. ": " .. self.text
  if self.field then
    told = told .. ": " .. self.field
  end
  if self.retry_after_ns then
    told = told .. string.format(", retry after %.3f s", self.retry_after_ns / 1e9)
  end
  return told
end

local errors = {}

function errors.raise(status, fields)
  local one = statuses[status]
  local err = { kind = one.kind, status = status, text = one.text }
  for key, value in pairs(fields or {}) do
    err[key] = value
  end
  error(setmetatable(err, Error), 0)
end

-- Whether `err` is rheo's, and of this kind if one is named.
function errors.is(err, kind)
  return getmetatable(err) == Error and (kind == nil or err.kind == kind)
end

return errors
