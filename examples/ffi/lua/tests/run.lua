-- SPDX-License-Identifier: BSD-2-Clause
--
-- luajit run.lua CASES LAYOUT FOLDER: all tests, and a line that says how many.

local check = require("tests.check")
local cases_path, layout_path, folder = arg[1], arg[2], arg[3]

local cases = require("tests.cases")(cases_path)
local layouts = require("tests.layout")(layout_path)
require("tests.errors")
require("tests.call")
require("tests.objects")
require("tests.trace")(folder)
require("tests.shared")(folder)

print(check.tests - check.failed .. " passed, " .. check.failed .. " failed")
if check.failed > 0 then
  os.exit(1)
end
print(string.format("lua: %d tests, %d cases, %d layouts: all as in C", check.tests, cases, layouts))
