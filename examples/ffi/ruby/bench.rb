# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

# Nanoseconds a call, one thread, without the loop's own: minimum and median of rounds that take turns. The gems most
# used for this (ruby-limiter, stoplight, circuitbox, semian) are in no registry reached here; Debian has rack-attack,
# which counts in a cache, and what people write by hand is a Mutex and a few numbers.

require "rheo"

ROUNDS = 21
CALLS = 10_000
PLENTY = 1_000_000_000_000

# A token bucket by hand.
class Hand
  def initialize(rate, burst)
    @rate = rate
    @burst = burst
    @tokens = burst
    @last = now
    @mutex = Mutex.new
  end

  def take(n = 1)
    @mutex.synchronize do
      at = now
      @tokens = [@burst, @tokens + ((at - @last) * @rate)].min
      @last = at
      next false if @tokens < n

      @tokens -= n
      true
    end
  end

  private

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end
end

# rack-attack's throttle on its cheapest documented path: one rule, an in-process store.
def rack_attack
  require "active_support"
  require "active_support/cache"
  require "rack"
  require "rack/attack"
  Rack::Attack.cache.store = ActiveSupport::Cache::MemoryStore.new
  throttle = Rack::Attack::Throttle.new("all", limit: PLENTY, period: 60) { "one" }
  request = Rack::Attack::Request.new({})
  [["rival", "rack-attack throttle, MemoryStore", Gem.loaded_specs["rack-attack"]&.version || "-",
    -> { raise "refused" if throttle.matched_by?(request) }]]
rescue LoadError
  []
end

bucket = Rheo::Bucket.new(tokens_per_period: PLENTY, burst: PLENTY)
breaker = Rheo::Breaker.new
handle = bucket.handle
hand = Hand.new(PLENTY, PLENTY)
left = 0

rows = [
  ["loop", "", "", -> {}],
  ["bare", "rheo_version", Rheo::VERSION, -> { Rheo::C.rheo_version }],
  ["rheo", "rheo_bucket_try_acquire", Rheo::VERSION,
   -> { raise "refused" unless Rheo::C.rheo_bucket_try_acquire(handle, 1).zero? }],
  ["rheo", "Bucket#try_acquire_published", Rheo::VERSION,
   -> { raise "refused" unless bucket.try_acquire_published }],
  ["rheo", "Bucket#try_acquire, clock read", Rheo::VERSION,
   -> { raise "refused" unless bucket.try_acquire }],
  ["rheo", "Breaker#call, clock read twice", Rheo::VERSION,
   -> { raise "refused" unless breaker.call { true } }],
  ["batch", "Bucket#acquire_upto(100), a token", Rheo::VERSION, lambda {
    left = bucket.acquire_upto(100) if left.zero?
    left -= 1
  }],
  ["rival", "token bucket by hand, Mutex, clock read", "-", -> { raise "refused" unless hand.take }]
] + rack_attack

def measure(work)
  GC.start
  before = Rheo.now_ns
  i = 0
  while i < CALLS
    work.call
    i += 1
  end
  (Rheo.now_ns - before).to_f / CALLS
end

times = Hash.new { |all, row| all[row] = [] }
(ROUNDS + 1).times do |round|
  rows.each { |row| measure(row.last).then { |ns| times[row] << ns if round.positive? } } # the first one warms up
end
empty, *told = rows
floor = times[empty].min
told.each do |row|
  sorted = times[row].sort.map { |ns| ns - floor }
  puts ["ruby", *row[0..2], format("%.1f", sorted.first), format("%.1f", sorted[ROUNDS / 2])].join("\t")
end
puts "ruby: #{RUBY_VERSION}, ffi #{FFI::VERSION}, #{ROUNDS} rounds of #{CALLS} calls, one thread, " \
     "#{format("%.1f", floor)} ns of loop taken off#{"; rack-attack is not installed" if told.size < 8}"
