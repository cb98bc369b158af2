# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

module Rheo
  # A token bucket.
  class Bucket < Base
    # fields: tokens_per_period: and burst:, and more of rheo_bucket_config_t.
    def initialize(memory: nil, size: memory&.size, now_ns: nil, **fields)
      super()
      make(self.class.config_of(fields), memory, size, now_ns)
    end

    # Takes n tokens if they are there, and says whether.
    def try_acquire(n = 1, now_ns: nil)
      status = C.rheo_bucket_try_acquire_at(@handle, whole(n, "n"), time(now_ns))
      return true if status.zero?

      check(status)
      false
    end

    # The same by the credit last published (refill), without a look at the clock.
    def try_acquire_published(n = 1)
      status = C.rheo_bucket_try_acquire(@handle, whole(n, "n"))
      return true if status.zero?

      check(status)
      false
    end

    # Takes n tokens, or raises RateLimited or NeverPasses.
    def acquire(n = 1, now_ns: nil)
      status = check(C.rheo_bucket_try_acquire_at(@handle, whole(n, "n"), time(now_ns)))
      return if status.zero?

      raise Rheo.error(status, retry_after_ns: wait_ns(n, now_ns: now_ns))
    end

    # Takes what is there, at most n, and returns how many.
    def acquire_upto(n, now_ns: nil)
      stored { |out| C.rheo_bucket_acquire_upto(@handle, whole(n, "n"), time(now_ns), out) }
    end

    # Takes n tokens now or from the future, and returns the nanoseconds to wait before acting; or raises RateLimited
    # with the wait it would have taken, or NeverPasses.
    def reserve(n, max_wait_ns:, now_ns: nil)
      status = OK
      wait_ns = stored do |out|
        status = C.rheo_bucket_reserve(@handle, whole(n, "n"), time(now_ns),
                                       whole(max_wait_ns, "max_wait_ns"), out)
      end
      raise Rheo.error(status, retry_after_ns: wait_ns) unless status.zero?

      wait_ns
    end

    # Gives back what was taken and not used.
    def refund(n = 1)
      check(C.rheo_bucket_refund(@handle, whole(n, "n")))
      nil
    end

    # Takes n tokens for work already done, into debt if need be.
    def charge(n, now_ns: nil)
      check(C.rheo_bucket_charge(@handle, whole(n, "n"), time(now_ns)))
      nil
    end

    # The timer hook, and how long until it is next worth calling.
    def refill(now_ns: nil)
      check(C.rheo_bucket_refill(@handle, time(now_ns)))
      nil
    end

    def next_refill_ns(now_ns: nil)
      stored { |out| C.rheo_bucket_next_refill_ns(@handle, time(now_ns), out) }
    end

    # How long until n tokens would pass.
    def wait_ns(n = 1, now_ns: nil)
      stored { |out| C.rheo_bucket_wait_ns(@handle, whole(n, "n"), time(now_ns), out) }
    end

    def available(now_ns: nil)
      stored { |out| C.rheo_bucket_available(@handle, time(now_ns), out) }
    end

    # limit, remaining, window_ns, more_ns, full_ns, time_ns: for RateLimit fields.
    def quota(now_ns: nil)
      filled(C::BucketQuota.new) { |quota| C.rheo_bucket_quota(@handle, time(now_ns), quota) }
    end

    def stats
      filled(C::BucketStats.new) { |stats| C.rheo_bucket_stats(@handle, stats, stats.size) }
    end

    def config
      filled(C::BucketConfig.new) { |config| C.rheo_bucket_config(@handle, config, config.size) }
    end

    # mode: what becomes of the level: BUCKET_KEEP, BUCKET_SCALE, BUCKET_RESET.
    def reconfigure(mode: BUCKET_KEEP, now_ns: nil, **fields)
      config = self.class.config_of(fields)
      status = C.rheo_bucket_reconfigure(@handle, config, time(now_ns), mode)
      self.class.refuse(status, config) unless status.zero?
    end
  end
end
