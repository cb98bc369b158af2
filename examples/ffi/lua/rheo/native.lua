-- SPDX-License-Identifier: BSD-2-Clause
--
-- The library, memory for its objects, and its structs as tables.

local ffi = require("ffi")
local generated = require("rheo.generated")
local errors = require("rheo.errors")

-- A second load of this module in one state must not declare the structs again.
if not pcall(ffi.typeof, "rheo_verdict_t") then
  ffi.cdef(generated.cdef)
end

-- RHEO_LIBRARY, else what the rock installed among Lua's C modules, else the system's.
local function load_library()
  local path = os.getenv("RHEO_LIBRARY") or package.searchpath("librheo", package.cpath)
  return ffi.load(path or ("librheo.so." .. generated.constants.VERSION_MAJOR))
end

local C = load_library()
if math.floor(C.rheo_version() / 1000000) ~= generated.constants.VERSION_MAJOR then
  errors.raise(generated.constants.ERR_VERSION, { field = "librheo " .. ffi.string(C.rheo_version_string()) })
end

local native = { C = C, ffi = ffi, constants = generated.constants }

local FOREVER = generated.constants.FOREVER
local INVAL = generated.constants.ERR_INVAL
local LIMIT = { uint32_t = 2 ^ 32, uint64_t = 2 ^ 64 }

function native.version()
  return ffi.string(C.rheo_version_string())
end

function native.now_ns()
  return C.rheo_now_ns()
end

-- A C call's status where the caller cannot have been right.
local function check(status, fields)
  if status < 0 then
    errors.raise(status, fields)
  end
  return status
end
native.check = check

-- LuaJIT makes 2^64 - 1 of -1, and 1 of 1.5: refuse what is not a whole number that fits.
local function whole(value, name)
  if type(value) == "number" and not (value >= 0 and value < 2 ^ 64 and value % 1 == 0) then
    errors.raise(INVAL, { field = name })
  end
  return value
end

-- Arguments of calls: a time, by default now; a number of tokens, by default one.
function native.time(now_ns)
  if now_ns == nil then
    return C.rheo_now_ns()
  end
  return whole(now_ns, "now_ns")
end

function native.amount(n)
  if n == nil then
    return 1
  end
  return whole(n, "n")
end

-- A uint64_t for people: FOREVER is math.huge.
function native.number(value)
  if value == FOREVER then
    return math.huge
  end
  return tonumber(value)
end

function native.to_table(name, struct)
  local result = {}
  for _, field in ipairs(generated.structs[name]) do
    local value = struct[field.name]
    if field.count > 0 then
      local list = {}
      for i = 1, field.count do
        list[i] = native.number(value[i - 1])
      end
      result[field.name] = list
    else
      result[field.name] = native.number(value)
    end
  end
  result.reserved = nil
  return result
end

local function fits(value, ctype)
  if ffi.istype("uint64_t", value) then
    return ctype == "uint64_t" or value < LIMIT.uint32_t
  end
  return type(value) == "number" and value >= 0 and value < LIMIT[ctype] and value % 1 == 0
end

-- The configuration of `kind` with the defaults, and what is given instead of them.
function native.config(kind, given)
  local name = "rheo_" .. kind .. "_config_t"
  local config = ffi.new(name)
  check(C["rheo_" .. kind .. "_config_init"](config, ffi.sizeof(name)))
  local types = {}
  for _, field in ipairs(generated.structs[name]) do
    types[field.name] = field.type
  end
  types.struct_size = nil
  for key, value in pairs(given) do
    if not LIMIT[types[key]] or not fits(value, types[key]) then
      errors.raise(INVAL, { field = tostring(key) })
    end
    config[key] = value
  end
  return config
end

-- config_fault of buckets and breakers names the field; the others have none.
local function refuse(kind, config, status)
  local fault
  if kind == "bucket" or kind == "breaker" then
    fault = C["rheo_" .. kind .. "_config_fault"](config)
  end
  errors.raise(status, { field = fault ~= nil and ffi.string(fault) or nil })
end
native.refuse = refuse

function native.size_of(kind, config)
  local size = tonumber(C["rheo_" .. kind .. "_size"](config))
  if size == 0 then
    refuse(kind, config, INVAL)
  end
  return size
end

-- Memory of one's own. LuaJIT's collector neither moves it nor frees it while something refers to `bytes`,
-- which is why every object does; a finalizer could free memory that another finalizer still uses.
local function allocate(kind, size)
  local align = tonumber(C["rheo_" .. kind .. "_align"]())
  local bytes = ffi.new("uint8_t[?]", size + align - 1)
  local beyond = tonumber(ffi.cast("uintptr_t", bytes) % align)
  return { bytes = bytes, pointer = bytes + (align - beyond) % align, size = size }
end

-- An object's handle is not the address of its memory, so it keeps both.
local function object(class, region, handle)
  return setmetatable({ handle = handle, memory = region }, class)
end

function native.make(kind, class, config, region, now_ns)
  local size = native.size_of(kind, config)
  region = region or allocate(kind, size)
  local handle = ffi.new("rheo_" .. kind .. "_t *[1]")
  local status =
    C["rheo_" .. kind .. "_init"](region.pointer, whole(region.size, "size"), config, native.time(now_ns), handle)
  if status ~= 0 then
    refuse(kind, config, status)
  end
  return object(class, region, handle[0])
end

function native.attach(kind, class, region)
  local handle = ffi.new("rheo_" .. kind .. "_t *[1]")
  check(C["rheo_" .. kind .. "_attach"](region.pointer, whole(region.size, "size"), handle))
  return object(class, region, handle[0])
end

return native
