# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

# ruby smoke.rb FOLDER: the installed gem works, from its own library in that folder.

require "rheo"
require "rheo/middleware"

def raised
  yield
  nil
rescue Rheo::Error, IOError => e
  e.class
end

bucket = Rheo::Bucket.new(tokens_per_period: 1, period_ns: 3600 * 1_000_000_000, burst: 2)
tried = Array.new(3) { bucket.try_acquire }
abort "smoke: bucket: #{tried}" unless tried == [true, true, false] && raised { bucket.acquire } == Rheo::RateLimited

breaker = Rheo::Breaker.new(consecutive_failures: 3)
tried = Array.new(4) { raised { breaker.call { raise IOError } } }
abort "smoke: breaker: #{tried}" unless tried == [IOError, IOError, IOError, Rheo::BreakerOpen]

loaded = File.read("/proc/self/maps")[%r{/\S*librheo\S*}]
abort "smoke: loaded #{loaded}" unless loaded.start_with?(ARGV[0])
puts "ruby: gem #{Gem.loaded_specs["rheo"].version} built, installed and tried, from #{File.basename(loaded)}"
