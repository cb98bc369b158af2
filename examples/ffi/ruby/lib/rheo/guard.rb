# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

module Rheo
  module C
    # A guard's answer; its fields are methods.
    class Verdict
      members.each { |name| define_method(name) { self[name] } }

      def admitted?
        self[:status].zero?
      end
    end
  end
  Verdict = C::Verdict

  # One breaker or none and up to four buckets, asked as one. It keeps them alive.
  class Guard < Base
    include Call

    # fields: flags: and lanes:.
    def initialize(breaker: nil, buckets: [], now_ns: nil, classify: nil, left: IGNORED, **fields)
      super()
      config = self.class.config_of(fields)
      config[:breaker] = part(breaker, Breaker, "breaker") if breaker
      raise Rheo.error(ERR_INVAL, field: "buckets") if buckets.size > GUARD_BUCKETS

      buckets.each_with_index { |bucket, i| config[:bucket][i] = part(bucket, Bucket, "buckets") }
      @parts = [breaker, *buckets].freeze
      make(config, nil, nil, now_ns)
      self.classify = classify
      self.left = left
    end

    # Calls the block if all parts let it for `cost` tokens, reports how it went and returns what it did; else raises
    # RateLimited, NeverPasses or BreakerOpen.
    def call(cost = 1, &block)
      raise ArgumentError, "no block given" unless block_given?

      report(acquire(cost).permit, &block)
    end

    # Asks all parts. The verdict says whether it is admitted?, has the permit, and more.
    def try_acquire(cost = 1, now_ns: nil)
      verdict = Verdict.new
      check(C.rheo_guard_try_acquire(@handle, whole(cost, "cost"), time(now_ns), verdict))
      verdict
    end

    # The same, or raises.
    def acquire(cost = 1, now_ns: nil)
      verdict = try_acquire(cost, now_ns: now_ns)
      return verdict if verdict.admitted?

      raise Rheo.error(verdict.status, retry_after_ns: verdict.retry_after_ns, refused_by: verdict.refused_by)
    end

    # Reports SUCCESS, FAILURE or IGNORED for a verdict's permit. Returns whether it had an effect.
    def record(permit, outcome, now_ns: nil)
      check(C.rheo_guard_record(@handle, whole(permit, "permit"), outcome, time(now_ns))).zero?
    end

    # Undoes an admission whose call was never made: the verdict's permit and cost.
    def cancel(permit, cost, now_ns: nil)
      check(C.rheo_guard_cancel(@handle, whole(permit, "permit"), whole(cost, "cost"), time(now_ns))).zero?
    end

    # The timer hook of every part. Returns how long until it is next worth calling.
    def tick(now_ns: nil)
      stored { |out| C.rheo_guard_tick(@handle, time(now_ns), out) }
    end

    def stats
      filled(C::GuardStats.new) { |stats| C.rheo_guard_stats(@handle, stats, stats.size) }
    end

    private

    def part(value, kind, name)
      raise Rheo.error(ERR_INVAL, field: name) unless value.is_a?(kind)

      value.handle
    end
  end

  class << Guard
    undef_method :attach # it holds pointers: one process only
  end
end
