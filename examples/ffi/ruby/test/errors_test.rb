# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

require_relative "helper"

class ErrorsTest < Minitest::Test
  include Helper

  def test_names_and_texts_of_the_statuses_are_the_librarys
    Rheo::STATUSES.each do |status, one|
      assert_equal one.name, Rheo.status_name(status)
      assert_equal one.text, Rheo.status_text(status)
      assert_equal status, Rheo.const_get(one.name)
    end
    assert_equal "UNKNOWN", Rheo.status_name(77)
    assert_equal "HALF_OPEN", Rheo.state_name(Rheo::HALF_OPEN)
    assert_equal Rheo::VERSION, Rheo::C.rheo_version_string
  end

  def test_policies_refuse_and_callers_err
    refused = [Rheo::RateLimited, Rheo::BreakerOpen, Rheo::NeverPasses]
    erred = [Rheo::InvalidArgument, Rheo::NoSpace, Rheo::VersionMismatch, Rheo::Corrupt]
    refused.each { |error| assert_operator error, :<, Rheo::Refused }
    erred.each { |error| refute_operator error, :<, Rheo::Refused }
    (refused + erred).each { |error| assert_operator error, :<, Rheo::Error }
  end

  def test_acquire_raises_rate_limited_with_the_wait
    limited = bucket
    assert_nil limited.acquire(5, now_ns: START)
    error = assert_raises(Rheo::RateLimited) { limited.acquire(1, now_ns: START) }
    assert_equal SECOND / 10, error.retry_after_ns
    assert_equal Rheo::REJ_RATE, error.status
    assert_equal "not enough tokens now, retry after 0.100 s", error.message
  end

  def test_a_cost_above_the_burst_never_passes
    limited = bucket
    error = assert_raises(Rheo::NeverPasses) { limited.acquire(6, now_ns: START) }
    assert_equal Rheo::FOREVER, error.retry_after_ns
    assert_equal "the cost is above what the bucket can ever hold", error.message
    refute limited.try_acquire(6, now_ns: START)
  end

  def test_a_reservation_that_would_wait_too_long_says_how_long
    limited = bucket(max_debt: 5)
    limited.acquire(5, now_ns: START)
    assert_equal SECOND / 10, limited.reserve(1, max_wait_ns: SECOND, now_ns: START)
    error = assert_raises(Rheo::RateLimited) { limited.reserve(2, max_wait_ns: 1, now_ns: START) }
    assert_equal 3 * SECOND / 10, error.retry_after_ns
  end

  def test_an_open_breaker_raises_with_the_wait
    breaker = Rheo::Breaker.new(consecutive_failures: 1, open_ns: SECOND, now_ns: START)
    breaker.record(breaker.acquire(now_ns: START), Rheo::FAILURE, now_ns: START)
    assert_equal SECOND, assert_raises(Rheo::BreakerOpen) { breaker.acquire(now_ns: START) }.retry_after_ns
    breaker.force(Rheo::FORCED_OPEN, now_ns: START)
    assert_equal Rheo::FOREVER, assert_raises(Rheo::BreakerOpen) { breaker.acquire(now_ns: START) }.retry_after_ns
    assert_nil breaker.try_acquire(now_ns: START)
  end

  def test_a_guards_errors_say_who_refused
    breaker = Rheo::Breaker.new(now_ns: START)
    guard = Rheo::Guard.new(breaker: breaker, buckets: [bucket], now_ns: START)
    guard.acquire(5, now_ns: START)
    error = assert_raises(Rheo::RateLimited) { guard.acquire(1, now_ns: START) }
    assert_equal [Rheo::BY_BUCKET, SECOND / 10], [error.refused_by, error.retry_after_ns]
    assert_raises(Rheo::NeverPasses) { guard.acquire(6, now_ns: START) }
    breaker.force(Rheo::FORCED_OPEN, now_ns: START)
    assert_equal Rheo::BY_BREAKER, assert_raises(Rheo::BreakerOpen) { guard.acquire(1, now_ns: START) }.refused_by
  end

  def fault(&block)
    assert_raises(Rheo::InvalidArgument, &block).field
  end

  def test_invalid_argument_names_the_field_of_a_configuration
    good = { tokens_per_period: 1, burst: 1 }
    { "burst" => { burst: 0 }, "brust" => { brust: 1 }, "tokens_per_period" => { tokens_per_period: 1.5 },
      "period_ns" => { period_ns: -1 }, "lanes" => { lanes: (1 << 32) + 1 }, "max_debt" => { max_debt: 1 << 64 },
      "struct_size" => { struct_size: 8 } }.each do |field, wrong|
      assert_equal(field, fault { Rheo::Bucket.new(**good, **wrong) })
      assert_equal(field, fault { Rheo::Bucket.size(**good, **wrong) })
    end
    assert_equal("tokens_per_period", fault { Rheo::Bucket.new(burst: 1) })
    assert_equal("open_ns", fault { Rheo::Breaker.new(open_ns: 0) })
    assert_equal("counts", fault { Rheo::Counter.new(counts: -1) })
    assert_equal("burst", fault { bucket.reconfigure(tokens_per_period: 1) })
    assert_equal("minimum_calls", fault { Rheo::Breaker.new.reconfigure(minimum_calls: 0) })
  end

  def test_a_guard_needs_parts_of_the_right_kind
    one = bucket
    assert_equal("breaker", fault { Rheo::Guard.new(breaker: one) })
    assert_equal("buckets", fault { Rheo::Guard.new(buckets: [Rheo::Breaker.new]) })
    assert_equal("buckets", fault { Rheo::Guard.new(buckets: [one, bucket, bucket, bucket, bucket]) })
    assert_nil(fault { Rheo::Guard.new(buckets: [one, one]) })
    assert_nil(fault { Rheo::Guard.new })
    refute_respond_to Rheo::Guard, :attach
  end

  def test_numbers_that_c_would_take_for_others_are_refused
    one = bucket
    [-1, 1.5, nil, "1", 1 << 64].each do |wrong|
      assert_equal("n", fault { one.try_acquire(wrong) })
      assert_equal("n", fault { one.charge(wrong) })
      assert_equal("now_ns", fault { one.try_acquire(1, now_ns: wrong) }) unless wrong.nil?
      assert_equal("permit", fault { Rheo::Breaker.new.record(wrong, Rheo::SUCCESS) })
    end
    assert_nil(fault { one.try_acquire(0) })
    assert_nil(fault { one.refund(0) })
    assert_nil(fault { Rheo::Breaker.new.record(Rheo::Breaker.new.acquire, 7) })
    assert_equal 5, one.available(now_ns: START)
  end

  def test_memory_that_is_too_small_unaligned_or_no_object
    config = { tokens_per_period: 1, burst: 1 }
    size = Rheo::Bucket.size(**config)
    bytes = FFI::MemoryPointer.new(:uint8, 65_536)
    aligned = bytes + (-bytes.address % 128)
    assert_raises(Rheo::NoSpace) { Rheo::Bucket.new(memory: aligned, size: size - 1, **config) }
    assert_raises(Rheo::InvalidArgument) { Rheo::Bucket.new(memory: aligned + 8, **config) }
    assert_raises(Rheo::InvalidArgument) { Rheo::Bucket.new(memory: FFI::Pointer::NULL, size: size, **config) }
    assert_equal("size", fault { Rheo::Bucket.new(memory: FFI::Pointer.new(aligned.address), **config) })
    assert_equal("size", fault { Rheo::Bucket.attach(FFI::Pointer.new(aligned.address)) })
    assert_raises(Rheo::Corrupt) { Rheo::Bucket.attach(aligned) }
    Rheo::Bucket.new(memory: aligned, **config)
    Rheo::Bucket.attach(aligned)
    assert_raises(Rheo::Corrupt) { Rheo::Breaker.attach(aligned) }
    assert_raises(Rheo::NoSpace) { Rheo::Bucket.attach(aligned, size - 1) }
    aligned.put_uint8(8, 99) # the layout's number
    assert_raises(Rheo::VersionMismatch) { Rheo::Bucket.attach(aligned) }
  end
end
