# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

module Rheo
  class Error < StandardError
    # The C status; where it is known, how long to wait, and the field of the configuration that is at fault.
    attr_reader :status, :retry_after_ns, :field

    def initialize(status, retry_after_ns: nil, field: nil, refused_by: nil)
      @status = status
      @retry_after_ns = retry_after_ns
      @field = field
      @refused_by = refused_by
      told = STATUSES.fetch(status).text
      told = "#{told}: #{field}" if field
      told = format("%s, retry after %.3f s", told, retry_after_ns / 1e9) if retry_after_ns && retry_after_ns != FOREVER
      super(told)
    end
  end

  # A policy said no.
  class Refused < Error
    # Of a guard: BY_BREAKER, or BY_BUCKET and its index.
    attr_reader :refused_by
  end

  # RateLimited, BreakerOpen and NeverPasses are Refused; InvalidArgument, NoSpace, VersionMismatch and Corrupt say
  # that the caller erred.
  STATUSES.each do |status, one|
    next if one.error.nil? || const_defined?(one.error, false)

    const_set(one.error, Class.new(status.positive? ? Refused : Error))
  end

  def self.error(status, **details)
    const_get(STATUSES.fetch(status).error).new(status, **details)
  end
end
