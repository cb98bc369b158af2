-- SPDX-License-Identifier: BSD-2-Clause
--
-- A limiter in front of a function.

local rheo = require("rheo")

local guard = rheo.guard({
  breaker = rheo.breaker(), -- opens when half of 20 or more calls in 10 s failed
  buckets = { rheo.bucket({ tokens_per_period = 100, burst = 5 }) }, -- 100 a second, 5 at once
})

local function handle(request)
  return "200 " .. request
end

for i = 1, 8 do
  local ok, answer = pcall(guard.call, guard, handle, "request " .. i)
  print(answer)
  if not ok and not rheo.is_error(answer, "RateLimited") then
    os.exit(1)
  end
end
