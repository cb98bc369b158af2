# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

module Rheo
  # Reporting how a block went, for what has record(permit, outcome).
  module Call
    OUTCOMES = [SUCCESS, FAILURE, IGNORED].freeze
    private_constant :OUTCOMES

    # classify.call(result, error) says what an outcome is; without it an exception is a FAILURE, all else a SUCCESS.
    attr_accessor :classify

    # What a block is that was left by throw, break, return or Thread#kill: IGNORED, for nothing says how it went.
    # (Before Ruby 3.2 a Timeout around it is a throw: put the Timeout inside.)
    attr_writer :left

    def left
      @left || IGNORED
    end

    # Reports the block's outcome for `permit`, whichever way it is left.
    def report(permit, classify = self.classify)
      outcome = left
      begin
        result = yield
      rescue Exception => e # rubocop:disable Lint/RescueException
        outcome = FAILURE
        outcome = classify.call(nil, e) if classify
        raise
      end
      outcome = FAILURE # should classify raise
      outcome = classify ? classify.call(result, nil) : SUCCESS
      result
    ensure
      known = OUTCOMES.include?(outcome)
      record(permit, known ? outcome : FAILURE)
      raise Rheo.error(ERR_INVAL, field: "classify") unless known
    end
  end
end
