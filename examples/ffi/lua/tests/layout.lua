-- SPDX-License-Identifier: BSD-2-Clause
--
-- Where LuaJIT really writes a field: the bytes that change when it is set to all ones.

local ffi = require("ffi")
local generated = require("rheo.generated")
local check = require("tests.check")

local function kind_of(struct, name)
  for _, field in ipairs(generated.structs[struct]) do
    if field.name == name then
      return field
    end
  end
  error(struct .. " has no field " .. name)
end

local function written(struct, name)
  local field = kind_of(struct, name)
  local size = ffi.sizeof(struct)
  local one = ffi.new(struct)
  local ones = field.type:find("*", 1, true) and ffi.cast("void *", -1) or -1LL
  if field.count > 0 then
    for i = 0, field.count - 1 do
      one[name][i] = ones
    end
  else
    one[name] = ones
  end
  local bytes = ffi.cast("uint8_t *", one)
  local first, count = nil, 0
  for i = 0, size - 1 do
    if bytes[i] == 0xff then
      first, count = first or i, count + 1
    end
  end
  check.equal(first, ffi.offsetof(struct, name), "first byte written")
  return first, count
end

return function(path)
  local count = 0
  for line in io.lines(path) do
    local struct, name, offset, size = line:match("^([^\t]*)\t([^\t]*)\t(%d+)\t(%d+)$")
    count = count + 1
    check.test("layout " .. line, function()
      if name == "" then
        check.equal(ffi.sizeof(struct), tonumber(size), "size")
        return
      end
      local first, bytes = written(struct, name)
      check.equal(first, tonumber(offset), "offset")
      check.equal(bytes, tonumber(size), "size")
    end)
  end
  check.tests = check.tests - count -- told as layouts
  check.truth(count > 0)
  return count
end
