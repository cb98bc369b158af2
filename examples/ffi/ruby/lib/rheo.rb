# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

# rheo: token buckets, circuit breakers and guards.
#
#   bucket = Rheo::Bucket.new(tokens_per_period: 100, burst: 5)
#   bucket.try_acquire and ...
#   breaker = Rheo::Breaker.new(open_ns: 5_000_000_000)
#   breaker.call { ... }
#
# A configuration is given by the names of the C struct's fields; constants have C's names without RHEO_:
# Rheo::OPEN, Rheo::FAILURE. Times are integers of nanoseconds; where a call takes now_ns, leaving it out means
# now, of CLOCK_MONOTONIC. Rheo::FOREVER stands for "never" wherever a duration is returned.
#
# Every call may be made by any number of threads at once. After fork an object is the child's own, but in memory
# from Rheo.map it is shared.

require "rheo/generated"
require "rheo/errors"
require "rheo/native"
require "rheo/base"
require "rheo/call"
require "rheo/bucket"
require "rheo/breaker"
require "rheo/guard"
require "rheo/counter"
require "rheo/map"
