# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

require_relative "helper"

class MiddlewareTest < Minitest::Test
  include Helper

  def setup
    @breaker = Rheo::Breaker.new(minimum_calls: 1000)
    @bucket = Rheo::Bucket.new(tokens_per_period: 1, period_ns: 3600 * SECOND, burst: 5)
    @guard = Rheo::Guard.new(breaker: @breaker, buckets: [@bucket])
    @app = ->(env) { [env["status"], { "x" => "y" }, ["body"]] }
  end

  def middleware(**more)
    Rheo::Middleware.new(@app, guard: @guard, **more)
  end

  def test_passes_what_the_application_answers_and_reports_it
    answer = middleware.call("status" => 200)
    assert_equal [200, { "x" => "y" }, ["body"]], answer
    middleware.call("status" => 404)
    middleware.call("status" => 503)
    assert_equal [2, 1, 0], counts(@breaker)
    middleware(failure: 400..599).call("status" => 404)
    assert_equal [2, 2, 0], counts(@breaker)
  end

  def test_an_exception_is_a_failure_and_goes_on
    @app = ->(_) { raise IOError }
    assert_raises(IOError) { middleware.call({}) }
    assert_equal [0, 1, 0], counts(@breaker)
  end

  def test_over_the_limit_is_refused_with_a_wait
    one = middleware(cost: ->(env) { env["cost"] })
    assert_equal 200, one.call("status" => 200, "cost" => 5)[0]
    status, headers, body = one.call("status" => 200, "cost" => 1)
    assert_equal 429, status
    assert_includes 3590..3600, headers["retry-after"].to_i
    assert_equal ["not enough tokens now\n"], body
    refute_includes one.call("status" => 200, "cost" => 6)[1], "retry-after"
    assert_equal [1, 0, 0], counts(@breaker)
  end

  def test_an_open_breaker_is_unavailable
    @breaker.force(Rheo::FORCED_OPEN)
    status, headers, = middleware.call("status" => 200)
    assert_equal 503, status
    refute_includes headers, "retry-after"
  end
end
