# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

require_relative "helper"

# Processes at once on one object.
class SharedTest < Minitest::Test
  include Helper

  def test_processes_on_one_bucket_keep_to_the_bound_and_spend_all_there_is
    in_folder do |folder|
      config = { tokens_per_period: 1_000_000, burst: 100 }
      path = "#{folder}/bucket"
      size = Rheo::Bucket.size(**config)
      shared = Rheo::Bucket.new(memory: Rheo.map(path, size), now_ns: START, **config)
      counter = Rheo::Counter.new(memory: Rheo.map("#{folder}/counter", Rheo::Counter.size))
      in_processes(4) do
        mine = Rheo::Bucket.attach(Rheo.map(path, size)) # at another address
        raise "one mapping" if mine.memory.address == shared.memory.address

        5000.times { |i| counter.add(0) if mine.try_acquire(1, now_ns: START + (i * 1000)) }
      end
      assert_includes (5098..5099), counter.read(0) # burst and ceil(rate * t)
      assert_equal counter.read(0), shared.stats[:admitted]
    end
  end

  def test_a_breaker_tripped_in_one_process_refuses_in_another
    in_folder do |folder|
      config = { consecutive_failures: 10, open_ns: 3600 * SECOND }
      breaker = Rheo::Breaker.new(memory: Rheo.map("#{folder}/breaker", Rheo::Breaker.size(**config)), **config)
      in_processes(1) { 10.times { raise "admitted" unless fails(breaker) == IOError } }
      assert_equal Rheo::BreakerOpen, fails(breaker)
      assert_equal 1, breaker.snapshot[:generation]
    end
  end

  def test_what_a_map_holds_is_there_when_it_is_mapped_again
    in_folder do |folder|
      size = Rheo::Bucket.size(tokens_per_period: 10, burst: 5)
      bucket(memory: Rheo.map("#{folder}/again", size)).acquire(4, now_ns: START)
      GC.start
      assert_equal 1, Rheo::Bucket.attach(Rheo.map("#{folder}/again", size)).available(now_ns: START)
      assert_raises(Errno::ENOENT) { Rheo.map("#{folder}/no/such", size) }
      assert_raises(Errno::EINVAL) { Rheo.map("#{folder}/empty", 0) }
    end
  end

  private

  def in_folder(&block)
    Dir.mktmpdir("test", ENV.fetch("RHEO_FOLDER"), &block)
  end

  def fails(breaker)
    breaker.call { raise IOError }
  rescue IOError, Rheo::Error => e
    e.class
  end
end
