# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

module Rheo
  # A circuit breaker.
  class Breaker < Base
    include Call

    # fields: those of rheo_breaker_config_t, all with defaults.
    def initialize(memory: nil, size: memory&.size, now_ns: nil, classify: nil, left: IGNORED, **fields)
      super()
      make(self.class.config_of(fields), memory, size, now_ns)
      self.classify = classify
      self.left = left
    end

    # Calls the block if the breaker lets it, reports how it went and returns what it did; else raises BreakerOpen.
    def call(&block)
      raise ArgumentError, "no block given" unless block_given?

      report(acquire, &block)
    end

    # A permit, to be reported by record or cancel; nil where the breaker refuses.
    def try_acquire(now_ns: nil)
      out = FFI::Buffer.new(8)
      status = C.rheo_breaker_try_acquire(@handle, time(now_ns), out)
      return out.get_uint64(0) if status.zero?

      check(status)
      nil
    end

    # The same, or raises BreakerOpen.
    def acquire(now_ns: nil)
      out = FFI::Buffer.new(8)
      status = check(C.rheo_breaker_try_acquire(@handle, time(now_ns), out))
      return out.get_uint64(0) if status.zero?

      raise Rheo.error(status, retry_after_ns: retry_after_ns(now_ns: now_ns))
    end

    # Reports SUCCESS, FAILURE or IGNORED. Returns whether it had an effect: a permit reported before has none.
    def record(permit, outcome, now_ns: nil)
      check(C.rheo_breaker_record(@handle, whole(permit, "permit"), outcome, time(now_ns))).zero?
    end

    # Gives back the permit of a call that was never made.
    def cancel(permit, now_ns: nil)
      check(C.rheo_breaker_cancel(@handle, whole(permit, "permit"), time(now_ns))).zero?
    end

    # CLOSED, OPEN or HALF_OPEN.
    def state
      stored(:uint32) { |out| C.rheo_breaker_state(@handle, out, nil) }
    end

    # AUTO, FORCED_OPEN, FORCED_CLOSED or DISABLED.
    def mode
      stored(:uint32) { |out| C.rheo_breaker_state(@handle, nil, out) }
    end

    def retry_after_ns(now_ns: nil)
      stored { |out| C.rheo_breaker_retry_after_ns(@handle, time(now_ns), out) }
    end

    # What a permit says: the generation it was given in, and whether it is a probe's.
    def permit_generation(permit)
      stored { |out| C.rheo_breaker_permit(@handle, whole(permit, "permit"), out, nil) }
    end

    def permit_probe?(permit)
      stored(:uint32) { |out| C.rheo_breaker_permit(@handle, whole(permit, "permit"), nil, out) } == 1
    end

    # The timer hook. Returns how long until it is next worth calling.
    def tick(now_ns: nil)
      stored { |out| C.rheo_breaker_tick(@handle, time(now_ns), out) }
    end

    def force(mode, now_ns: nil)
      check(C.rheo_breaker_force(@handle, mode, time(now_ns)))
      nil
    end

    def reset(now_ns: nil)
      check(C.rheo_breaker_reset(@handle, time(now_ns)))
      nil
    end

    def snapshot(now_ns: nil)
      filled(C::BreakerSnapshot.new) do |snapshot|
        C.rheo_breaker_snapshot(@handle, time(now_ns), snapshot, snapshot.size)
      end
    end

    EVENTS_KEPT = 16

    # The transitions after generation `since`, oldest first.
    def events(since: 0)
      list = FFI::MemoryPointer.new(C::BreakerEvent, EVENTS_KEPT)
      count = stored(:uint32) { |out| C.rheo_breaker_events(@handle, whole(since, "since"), list, EVENTS_KEPT, out) }
      Array.new(count) { |i| filled(C::BreakerEvent.new(list[i])) { OK } }
    end

    def config
      filled(C::BreakerConfig.new) { |config| C.rheo_breaker_config(@handle, config, config.size) }
    end

    def reconfigure(now_ns: nil, **fields)
      config = self.class.config_of(fields)
      status = C.rheo_breaker_reconfigure(@handle, config, time(now_ns))
      self.class.refuse(status, config) unless status.zero?
    end
  end
end
