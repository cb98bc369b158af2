-- SPDX-License-Identifier: BSD-2-Clause
--
-- Processes at once on one object: LuaJIT has no threads.

local ffi = require("ffi")
local rheo = require("rheo")
local map = require("rheo.map")
local check = require("tests.check")

ffi.cdef([[
int fork(void);
int waitpid(int pid, int *status, int options);
void _exit(int status);
]])

local START = 1000000000
local PROCESSES, CALLS, STEP = 4, 20000, 10000

-- Runs work(i) in a process each; all must come to their end.
local function in_processes(work)
  local pids = {}
  for i = 1, PROCESSES do
    pids[i] = ffi.C.fork()
    if pids[i] == 0 then
      local ok, err = pcall(work, i)
      if not ok then
        io.stderr:write(tostring(err), "\n")
      end
      ffi.C._exit(ok and 0 or 1)
    end
  end
  local status = ffi.new("int[1]")
  for _, pid in ipairs(pids) do
    ffi.C.waitpid(pid, status, 0)
    check.equal(status[0], 0, "exit status")
  end
end

return function(folder)
  local function region(name, size)
    local path = folder .. "/" .. name
    os.remove(path)
    return map(path, size), path
  end

  check.test("processes on one bucket keep to the bound, and spend all there is", function()
    local config = { tokens_per_period = 1000000, burst = 100 }
    local bucket_path = select(2, region("bucket", rheo.bucket_size(config)))
    local shared = rheo.bucket(config, map(bucket_path, rheo.bucket_size(config)), START)
    local counts = rheo.counter({}, (region("counter", rheo.counter_size({}))), START)
    in_processes(function()
      -- Its own mapping at its own address.
      local bucket = rheo.attach_bucket(map(bucket_path, rheo.bucket_size(config)))
      check.truth(bucket.memory.pointer ~= shared.memory.pointer)
      for call = 0, CALLS - 1 do
        if bucket:try_acquire(1, START + call * STEP / 10) then
          counts:add(0)
        end
      end
    end)
    local bound = 100 + math.ceil((CALLS - 1) * STEP / 10 / 1000)
    local admitted = counts:read(0)
    check.truth(admitted <= bound, admitted .. " admitted, bound " .. bound)
    check.truth(admitted >= bound - 1, admitted .. " admitted, of " .. bound)
    check.equal(shared:stats().admitted, admitted)
  end)

  check.test("a breaker tripped by one process refuses in another", function()
    local config = { consecutive_failures = 10, open_ns = 3600 * START }
    local breaker = rheo.breaker(config, (region("breaker", rheo.breaker_size(config))))
    in_processes(function()
      for _ = 1, 100 do
        pcall(breaker.call, breaker, error, "down")
      end
    end)
    check.equal(breaker:state(), rheo.OPEN)
    local seen = breaker:snapshot()
    check.equal(seen.generation, 1)
    check.equal(seen.failures + seen.stale + seen.refused_open, PROCESSES * 100)
    check.raises("BreakerOpen", breaker.call, breaker, error)
  end)

  check.test("what a map holds is there when it is mapped again", function()
    local config = { tokens_per_period = 1, burst = 9 }
    local made, path = region("again", rheo.bucket_size(config))
    rheo.bucket(config, made, START):acquire(4, START)
    check.equal(rheo.attach_bucket(map(path, rheo.bucket_size(config))):available(START), 5)
    check.truth(not pcall(map, folder .. "/no/such/folder", 4096))
  end)

  check.test("a finalizer at the end of the state may use what is in a map", function()
    local config = { tokens_per_period = 1, burst = 9 }
    local bucket = rheo.bucket(config, (region("last", rheo.bucket_size(config))))
    local last = newproxy(true)
    getmetatable(last).__gc = function() -- after the last line that run.lua prints; a fault is this program's end
      bucket:acquire(9)
    end
    check.last = last
  end)
end
