# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

require "rheo"

module Rheo
  # Rack middleware: requests that the guard refuses are answered here, the others are reported by their status.
  #
  #   use Rheo::Middleware, guard: GUARD
  class Middleware
    # cost: tokens of a request, or what says so of its env. failure: which statuses are failures.
    def initialize(app, guard:, cost: 1, failure: 500..599)
      @app = app
      @guard = guard
      @cost = cost
      @classify = ->(response, error) { error || failure === response[0] ? FAILURE : SUCCESS } # rubocop:disable Style/CaseEquality
    end

    def call(env)
      verdict = @guard.try_acquire(@cost.respond_to?(:call) ? @cost.call(env) : @cost)
      return refusal(verdict) unless verdict.admitted?

      @guard.report(verdict.permit, @classify) { @app.call(env) }
    end

    private

    def refusal(verdict)
      headers = { "content-type" => "text/plain" }
      wait_ns = verdict.retry_after_ns
      headers["retry-after"] = (wait_ns / 1_000_000_000.0).ceil.to_s unless wait_ns == FOREVER
      [verdict.refused_by == BY_BREAKER ? 503 : 429, headers, ["#{Rheo.status_text(verdict.status)}\n"]]
    end
  end
end
