# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

# A limiter in front of a function.

require "rheo"

guard = Rheo::Guard.new(
  breaker: Rheo::Breaker.new, # opens when half of 20 or more calls in 10 s failed
  buckets: [Rheo::Bucket.new(tokens_per_period: 100, burst: 5)] # 100 a second, 5 at once
)

def handle(request)
  "200 #{request}"
end

8.times do |i|
  puts(guard.call { handle("request #{i + 1}") })
rescue Rheo::RateLimited => e
  puts e.message
end
