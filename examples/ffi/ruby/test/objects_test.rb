# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

require_relative "helper"
require "weakref"

# Objects, the rest of their calls, and that the collector takes none while it is in use.
class ObjectsTest < Minitest::Test
  include Helper

  def test_a_handle_is_not_the_address_of_the_memory
    lanes = Rheo::Bucket.new(tokens_per_period: 1_000_000, burst: 1_000_000, lanes: 4)
    assert_equal 0, lanes.memory.address % 128
    assert_equal lanes.memory.address, lanes.handle.address / 128 * 128
    refute_equal lanes.memory.address, lanes.handle.address
  end

  def test_without_a_time_it_is_now
    one = Rheo::Bucket.new(tokens_per_period: SECOND, burst: 1)
    one.acquire
    sleep 0.001
    one.acquire
    assert_operator one.quota[:time_ns], :<=, Rheo.now_ns
    assert_in_delta Rheo.now_ns, Rheo::C.rheo_now_ns, SECOND
  end

  def test_what_a_bucket_tells
    one = Rheo::Bucket.new(tokens_per_period: 10, burst: 20, now_ns: START)
    one.acquire(5, now_ns: START)
    assert_equal [20, 15, 2 * SECOND], one.quota(now_ns: START).values_at(:limit, :remaining, :window_ns)
    one.refund(5)
    one.charge(2, now_ns: START)
    assert_equal [5, 5, 2], one.stats.values_at(:admitted, :refunded, :charged)
    one.acquire(15, now_ns: START)
    one.reconfigure(tokens_per_period: 10, burst: 10, mode: Rheo::BUCKET_RESET, now_ns: START)
    assert_equal [10, 10], [one.config[:burst], one.available(now_ns: START)]
    refute_includes one.stats, :reserved
  end

  def test_what_a_breaker_tells_and_takes
    breaker = Rheo::Breaker.new(consecutive_failures: 1, open_ns: 5000, now_ns: START)
    breaker.record(breaker.acquire(now_ns: START), Rheo::FAILURE, now_ns: START)
    assert_equal 5000, breaker.tick(now_ns: START)
    assert_equal 5000, breaker.retry_after_ns(now_ns: START)
    breaker.reset(now_ns: START)
    assert_equal [Rheo::CLOSED, Rheo::AUTO], [breaker.state, breaker.mode]
    breaker.force(Rheo::DISABLED, now_ns: START)
    assert_equal Rheo::DISABLED, breaker.mode
    breaker.reconfigure(consecutive_failures: 7, now_ns: START)
    assert_equal 7, breaker.config[:consecutive_failures]
  end

  def test_a_counter_counts
    counter = Rheo::Counter.new(counts: 2)
    counter.add(0)
    counter.add(1, 41)
    counter.add(1)
    assert_equal [1, 42], [counter.read(0), counter.read(1)]
    assert_raises(Rheo::InvalidArgument) { counter.add(8) }
  end

  def test_a_guard_in_the_shade_admits_and_counts
    guard = Rheo::Guard.new(buckets: [bucket], flags: Rheo::GUARD_SHADOW, now_ns: START)
    assert_predicate guard.try_acquire(5, now_ns: START), :admitted?
    verdict = guard.try_acquire(1, now_ns: START)
    assert_predicate verdict, :admitted?
    assert_equal Rheo::REJ_RATE, verdict.shadow_status
    assert_equal 1, guard.stats[:shadowed]
    assert_operator guard.tick(now_ns: START), :>, 0
  end

  def test_a_cancelled_admission_gives_the_tokens_back
    guard = Rheo::Guard.new(buckets: [one = bucket], now_ns: START)
    verdict = guard.try_acquire(3, now_ns: START)
    assert guard.cancel(verdict.permit, verdict.cost, now_ns: START)
    assert_equal 5, one.available(now_ns: START)
  end

  def make_guard
    buckets = (1..4).map { |i| Rheo::Bucket.new(tokens_per_period: 1000, burst: 100 * i, now_ns: START) }
    Rheo::Guard.new(breaker: Rheo::Breaker.new(now_ns: START), buckets: buckets, now_ns: START)
  end

  def test_a_guard_keeps_its_parts_alive_and_objects_their_memory
    guards = Array.new(20) { make_guard }
    60.times do |round|
      guards[round % 20] = make_guard
      GC.start if (round % 5).zero?
      # What is freed too early is soon something else.
      Array.new(50) { |i| FFI::MemoryPointer.new(:uint8, 900 + (60 * i)).write_bytes("\xff" * (900 + (60 * i))) }
      guards.each do |guard|
        verdict = guard.try_acquire(1, now_ns: START)
        assert_equal 100, verdict.limit
        assert guard.record(verdict.permit, Rheo::SUCCESS, now_ns: START) if verdict.admitted?
      end
    end
  end

  def weak_references
    Array.new(100) { WeakRef.new(make_guard) }
  end

  def test_what_nobody_refers_to_is_collected
    references = weak_references
    3.times { GC.start }
    assert_operator references.count(&:weakref_alive?), :<, 20 # a stack may still hold some
  end

  def test_threads_at_once_keep_to_the_bound_and_spend_all_there_is
    one = Rheo::Bucket.new(tokens_per_period: 1_000_000, burst: 100, now_ns: START)
    admitted = Array.new(8) do
      Thread.new { (0...5000).count { |i| one.try_acquire(1, now_ns: START + (i * 1000)) } }
    end.sum(&:value)
    assert_includes (5098..5099), admitted # burst and ceil(rate * t)
    assert_equal admitted, one.stats[:admitted]
  end

  def test_threads_at_once_report_each_its_own_permit
    breaker = Rheo::Breaker.new(consecutive_failures: 1, half_open_calls: 32)
    breaker.force(Rheo::FORCED_OPEN)
    breaker.force(Rheo::AUTO) # its time is over: the next calls are probes
    Array.new(32) { Thread.new { breaker.call { Thread.pass } } }.each(&:join)
    assert_equal [Rheo::CLOSED, 32, 0], [breaker.state, *breaker.snapshot.values_at(:successes, :stale)]
  end
end
