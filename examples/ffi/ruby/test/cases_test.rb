# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

require_relative "helper"

# Replays cases.tsv through the wrapper: what it answers with is turned back into a status and numbers.
class CasesTest < Minitest::Test
  PATH = ENV.fetch("RHEO_CASES")
  OUTCOME = ->(had_effect) { had_effect ? Rheo::OK : Rheo::STALE }
  BREAKER = %i[failure_rate_bp minimum_calls window_ns open_ns half_open_calls probe_timeout_ns].freeze
  SEEN = %i[state mode generation window_calls window_failures].freeze
  TOLD = %i[status refused_by cost retry_after_ns limit remaining reset_ns].freeze

  def test_every_case
    @permits = Hash.new(Rheo::PERMIT_NONE)
    lines = File.readlines(PATH, chomp: true).grep_v(/\A#/)
    refute_empty lines
    lines.each do |line|
      call, arguments, status, results = line.split("\t")
      got = answer(call.tr(".", "_"), arguments.split.map(&:to_i))
      assert_equal [status.to_i, results == "-" ? [] : results.split.map(&:to_i)], got, line
    end
    puts "cases: #{lines.size}"
  end

  private

  # The status and the results.
  def answer(call, arguments)
    send(call, *arguments)
  rescue Rheo::Refused => e
    [e.status, call == "bucket_reserve" ? [e.retry_after_ns] : []]
  rescue Rheo::Error => e
    [e.status, []]
  end

  # acquire raises what try_acquire says no to, with the status.
  def admitted(passed)
    yield unless passed
    assert passed, "acquire takes what try_acquire refused"
    [Rheo::OK, []]
  end

  def bucket_init(rate, period, burst, debt, now)
    @bucket = Rheo::Bucket.new(tokens_per_period: rate, period_ns: period, burst: burst, max_debt: debt, now_ns: now)
    [Rheo::OK, []]
  end

  # By the published time there is no raising form; which no it was, the wait says.
  def bucket_try_acquire(tokens)
    return [Rheo::OK, []] if @bucket.try_acquire_published(tokens)

    [@bucket.wait_ns(tokens, now_ns: 0) == Rheo::FOREVER ? Rheo::REJ_NEVER : Rheo::REJ_RATE, []]
  end

  def bucket_try_acquire_at(tokens, now)
    admitted(@bucket.try_acquire(tokens, now_ns: now)) { @bucket.acquire(tokens, now_ns: now) }
  end

  def bucket_acquire_upto(tokens, now)
    taken = @bucket.acquire_upto(tokens, now_ns: now)
    [taken.zero? ? Rheo::REJ_RATE : Rheo::OK, [taken]]
  end

  def bucket_reserve(tokens, now, max_wait)
    [Rheo::OK, [@bucket.reserve(tokens, max_wait_ns: max_wait, now_ns: now)]]
  end

  def bucket_refund(tokens)
    @bucket.refund(tokens)
    [Rheo::OK, []]
  end

  def bucket_charge(tokens, now)
    @bucket.charge(tokens, now_ns: now)
    [Rheo::OK, []]
  end

  def bucket_refill(now)
    @bucket.refill(now_ns: now)
    [Rheo::OK, []]
  end

  def bucket_next_refill_ns(now)
    [Rheo::OK, [@bucket.next_refill_ns(now_ns: now)]]
  end

  def bucket_wait_ns(tokens, now)
    [Rheo::OK, [@bucket.wait_ns(tokens, now_ns: now)]]
  end

  def bucket_available(now)
    [Rheo::OK, [@bucket.available(now_ns: now)]]
  end

  def breaker_init(*numbers, now)
    @breaker = Rheo::Breaker.new(**BREAKER.zip(numbers).to_h, now_ns: now)
    [Rheo::OK, []]
  end

  def breaker_try_acquire(place, now)
    permit = @breaker.try_acquire(now_ns: now)
    admitted(permit) { @breaker.acquire(now_ns: now) }.tap { @permits[place] = permit }
  end

  def breaker_record(place, outcome, now)
    [OUTCOME[@breaker.record(@permits[place], outcome, now_ns: now)], []]
  end

  def breaker_cancel(place, now)
    [OUTCOME[@breaker.cancel(@permits[place], now_ns: now)], []]
  end

  def breaker_snapshot(now)
    [Rheo::OK, @breaker.snapshot(now_ns: now).values_at(*SEEN)]
  end

  def breaker_force(mode, now)
    @breaker.force(mode, now_ns: now)
    [Rheo::OK, []]
  end

  def breaker_retry_after_ns(now)
    [Rheo::OK, [@breaker.retry_after_ns(now_ns: now)]]
  end

  def guard_init(now)
    @guard = Rheo::Guard.new(breaker: @breaker, buckets: [@bucket], now_ns: now)
    [Rheo::OK, []]
  end

  def guard_try_acquire(place, cost, now)
    verdict = @guard.try_acquire(cost, now_ns: now)
    @permits[place] = verdict.permit
    assert_equal verdict.status.zero?, verdict.admitted?
    [verdict.status, TOLD.map { |name| verdict.public_send(name) }]
  end

  def guard_record(place, outcome, now)
    [OUTCOME[@guard.record(@permits[place], outcome, now_ns: now)], []]
  end

  def guard_cancel(place, cost, now)
    [OUTCOME[@guard.cancel(@permits[place], cost, now_ns: now)], []]
  end
end
