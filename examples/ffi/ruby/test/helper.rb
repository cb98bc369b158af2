# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

require "minitest/autorun"
require "tmpdir"
require "rheo"
require "rheo/middleware"

# What the tests share.
module Helper
  SECOND = 1_000_000_000
  START = SECOND

  def bucket(**more)
    Rheo::Bucket.new(tokens_per_period: 10, burst: 5, now_ns: START, **more)
  end

  # successes, failures, ignored
  def counts(breaker)
    breaker.snapshot.values_at(:successes, :failures, :ignored)
  end

  def in_processes(count)
    pids = Array.new(count) do |i|
      fork do
        yield i
        exit!(0)
      rescue Exception => e # rubocop:disable Lint/RescueException
        warn e.full_message
        exit!(1)
      end
    end
    pids.each { |pid| assert_predicate Process.wait2(pid)[1], :success? }
  end
end
