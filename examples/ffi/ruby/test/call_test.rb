# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

require_relative "helper"
require "timeout"

# However a guarded block ends, its permit is reported.
class CallTest < Minitest::Test
  include Helper

  def setup
    @breaker = Rheo::Breaker.new(minimum_calls: 1000)
  end

  def test_returns_what_the_block_does
    assert_equal(7, @breaker.call { 7 })
    assert_nil(@breaker.call { nil })
    assert_equal [2, 0, 0], counts(@breaker)
  end

  def test_an_exception_is_a_failure_and_goes_on_as_it_was
    error = assert_raises(KeyError) { @breaker.call { {}.fetch(:a) } }
    assert_includes error.backtrace.first, "fetch"
    assert_raises(NotImplementedError) { @breaker.call { raise NotImplementedError } }
    assert_raises(Timeout::Error) { @breaker.call { Timeout.timeout(0.01) { sleep } } }
    assert_equal [0, 3, 0], counts(@breaker)
  end

  def leave_by_return
    @breaker.call { return 3 }
  end

  def test_break_return_throw_and_kill_are_ignored_unless_told_otherwise
    assert_equal(1, @breaker.call { break 1 })
    assert_equal 2, catch(:out) { @breaker.call { throw :out, 2 } }
    assert_equal 3, leave_by_return
    thread = Thread.new { @breaker.call { sleep } }
    Thread.pass until thread.stop?
    thread.kill.join
    assert_equal [0, 0, 4], counts(@breaker)
    @breaker.left = Rheo::FAILURE
    @breaker.call { break }
    assert_equal [0, 1, 4], counts(@breaker)
    assert_equal(5, @breaker.call { next 5 })
    assert_equal [1, 1, 4], counts(@breaker)
  end

  def test_an_exception_from_another_thread_is_a_failure
    thread = Thread.new { @breaker.call { sleep } }
    thread.report_on_exception = false
    Thread.pass until thread.stop?
    thread.raise(IOError, "cancelled")
    assert_raises(IOError) { thread.join }
    assert_equal [0, 1, 0], counts(@breaker)
  end

  def test_classify_decides
    told = []
    @breaker.classify = lambda do |result, error|
      told << [result, error&.class]
      error.is_a?(KeyError) || result == 404 ? Rheo::IGNORED : Rheo::SUCCESS
    end
    @breaker.call { 404 }
    @breaker.call { 200 }
    assert_raises(KeyError) { @breaker.call { raise KeyError } }
    assert_raises(IOError) { @breaker.call { raise IOError } }
    assert_equal [2, 0, 2], counts(@breaker)
    assert_equal [[404, nil], [200, nil], [nil, KeyError], [nil, IOError]], told
  end

  def test_a_classify_that_raises_or_says_nonsense_leaves_a_failure_behind
    @breaker.classify = ->(*) { raise IOError }
    assert_raises(IOError) { @breaker.call { 1 } }
    assert_raises(IOError) { @breaker.call { raise KeyError } }
    [7, nil, :success].each do |nonsense|
      @breaker.classify = ->(*) { nonsense }
      assert_equal "classify", assert_raises(Rheo::InvalidArgument) { @breaker.call { 1 } }.field
    end
    assert_equal [0, 5, 0], counts(@breaker)
  end

  def test_without_a_block_nothing_is_asked
    guard = Rheo::Guard.new(buckets: [limited = bucket])
    assert_raises(ArgumentError) { @breaker.call }
    assert_raises(ArgumentError) { guard.call }
    assert_equal [0, 0, 0], counts(@breaker)
    assert_equal 0, limited.stats[:admitted]
  end

  def test_calls_trip_the_breaker_which_then_refuses_without_calling
    breaker = Rheo::Breaker.new(minimum_calls: 4, open_ns: 3600 * SECOND)
    4.times { assert_raises(IOError) { breaker.call { raise IOError } } }
    assert_equal Rheo::OPEN, breaker.state
    error = assert_raises(Rheo::BreakerOpen) { breaker.call { flunk } }
    assert_operator error.retry_after_ns, :>, 3599 * SECOND
    event, *rest = breaker.events
    assert_equal [Rheo::CAUSE_FAILURE_RATE, 4, 4], event.values_at(:cause, :calls, :failures)
    assert_empty rest
    assert_empty breaker.events(since: 1)
  end

  def test_probes_are_reported_too
    breaker = Rheo::Breaker.new(consecutive_failures: 1, open_ns: 1, half_open_calls: 2)
    2.times do # the first trips, the second is a probe that fails
      assert_raises(IOError) { breaker.call { raise IOError } }
      assert_equal Rheo::OPEN, breaker.state
      sleep 0.001
    end
    breaker.call { 1 }
    assert_equal Rheo::HALF_OPEN, breaker.state
    breaker.call { 1 }
    assert_equal Rheo::CLOSED, breaker.state
  end

  def test_a_permit_that_is_cancelled_counts_for_nothing
    permit = @breaker.acquire
    assert_equal 0, @breaker.permit_generation(permit)
    refute @breaker.permit_probe?(permit)
    assert @breaker.cancel(permit)
    assert_equal [0, 0, 0], counts(@breaker)
  end

  def test_a_guard_takes_tokens_and_reports
    limited = Rheo::Bucket.new(tokens_per_period: 1, period_ns: 3600 * SECOND, burst: 5)
    guard = Rheo::Guard.new(breaker: @breaker, buckets: [limited])
    assert_equal(:a, guard.call { :a })
    assert_raises(IOError) { guard.call(3) { raise IOError } }
    assert_equal [1, 1, 0], counts(@breaker)
    assert_raises(Rheo::RateLimited) { guard.call(2) { flunk } }
    assert_equal 1, limited.available
    assert_equal [1, 0, 0, 0], guard.stats[:refused_by_bucket]
  end

  def test_guards_have_the_hooks_too
    guard = Rheo::Guard.new(breaker: @breaker, classify: ->(*) { Rheo::IGNORED }, left: Rheo::FAILURE)
    guard.call { 1 }
    guard.call { break }
    assert_equal [0, 1, 1], counts(@breaker)
  end
end
