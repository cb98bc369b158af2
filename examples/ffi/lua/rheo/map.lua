-- SPDX-License-Identifier: BSD-2-Clause
--
-- map(path, size): a file as memory that processes share, made if it is not there. It stays mapped until the
-- process ends: a state's finalizers run in no good order, and one of them may still use what is in it.

local ffi = require("ffi")

-- Under names of our own: another module may have declared these in its way.
ffi.cdef([[
int rheo_lua_fileno(void *file) __asm__("fileno");
void *rheo_lua_mmap(void *at, size_t size, int protection, int flags, int fd, long offset) __asm__("mmap");
]])

local READ_WRITE, SHARED = 3, 1
local FAILED = ffi.cast("void *", -1)

return function(path, size)
  local file, err = io.open(path, "r+b")
  if not file then
    file, err = io.open(path, "w+b")
  end
  if not file then
    error(err, 2)
  end
  if file:seek("end") < size then
    file:seek("set", size - 1)
    file:write("\0")
    file:flush()
  end
  local at = ffi.C.rheo_lua_mmap(nil, size, READ_WRITE, SHARED, ffi.C.rheo_lua_fileno(file), 0)
  file:close()
  if at == FAILED then
    error("mmap: " .. path .. ": errno " .. ffi.errno(), 2)
  end
  return { pointer = at, size = size }
end
