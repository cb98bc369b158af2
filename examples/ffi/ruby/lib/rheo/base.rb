# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

module Rheo
  # What all objects have: memory, and a handle, which is not the address of the memory. The memory lives as long as
  # the object, or is the caller's. There is nothing to close.
  class Base
    MONOTONIC = Process::CLOCK_MONOTONIC
    NS = :nanosecond
    SMALL = (1 << 62) - 1 # to compare with more is slower
    private_constant :MONOTONIC, :NS, :SMALL

    attr_reader :handle, :memory

    class << self
      # Bytes that one of this configuration needs.
      def size(**fields)
        size_of(config_of(fields))
      end

      # One that another process has made in the `size` bytes at `memory`.
      def attach(memory, size = memory.size)
        allocate.tap { |object| object.send(:attach, memory, size) }
      end

      # The configuration with the defaults, and what is given instead of them.
      def config_of(fields)
        config = C.const_get("#{name[/\w+\z/]}Config").new
        raise_error(ask(:config_init, config, config.size))
        fields.each do |field, value|
          type = config.layout[field]&.type unless field == :struct_size
          unless type && value.is_a?(Integer) && value >= 0 && value < 1 << (8 * type.size)
            raise Rheo.error(ERR_INVAL, field: field.to_s)
          end

          config[field] = value
        end
        config
      end

      def size_of(config)
        size = ask(:size, config)
        refuse(ERR_INVAL, config) if size.zero?
        size
      end

      # A C function of this kind of object.
      def ask(call, *arguments)
        C.public_send("rheo_#{name[/\w+\z/].downcase}_#{call}", *arguments)
      end

      # Buckets and breakers can say which field is at fault.
      def refuse(status, config)
        fault = ask(:config_fault, config) if C.respond_to?("rheo_#{name[/\w+\z/].downcase}_config_fault")
        raise Rheo.error(status, field: fault)
      end

      def raise_error(status)
        raise Rheo.error(status) if status.negative?
      end
    end

    private

    # memory: where to make it, `size` bytes; by default its own.
    def make(config, memory, size, now_ns)
      needed = self.class.size_of(config)
      if memory.nil?
        memory = own(needed)
        size = needed
      end
      handle = FFI::MemoryPointer.new(:pointer)
      status = self.class.ask(:init, memory, extent(size), config, time(now_ns), handle)
      self.class.refuse(status, config) unless status.zero?
      keep(memory, handle)
    end

    def attach(memory, size)
      handle = FFI::MemoryPointer.new(:pointer)
      check(self.class.ask(:attach, memory, extent(size), handle))
      keep(memory, handle)
    end

    def keep(memory, handle)
      @memory = memory
      @handle = handle.read_pointer
    end

    # A slice of a MemoryPointer keeps it alive.
    def own(size)
      align = self.class.ask(:align)
      bytes = FFI::MemoryPointer.new(:uint8, size + align - 1)
      bytes.slice(-bytes.address % align, size)
    end

    # The ffi gem makes 2^64 - 1 of -1, and 1 of 1.5.
    def whole(value, name)
      return value if value.is_a?(Integer) && value >= 0 && (value <= SMALL || value <= FOREVER)

      raise Rheo.error(ERR_INVAL, field: name)
    end

    # A pointer that knows no size says it has the largest.
    def extent(size)
      raise Rheo.error(ERR_INVAL, field: "size") if size == FFI::Pointer::NULL.size

      whole(size, "size")
    end

    def time(now_ns)
      return Process.clock_gettime(MONOTONIC, NS) if now_ns.nil?

      whole(now_ns, "now_ns")
    end

    def check(status)
      raise Rheo.error(status) if status.negative?

      status
    end

    # The number that a C function stores. Memory for each call: threads and signal handlers may come in between.
    def stored(type = :uint64)
      out = FFI::Buffer.new(8)
      check(yield(out))
      out.get(type, 0)
    end

    # A C struct that a function fills, as a Hash.
    def filled(struct)
      check(yield(struct))
      struct.members.reject { |name| name == :reserved }.to_h do |name|
        value = struct[name]
        [name, value.is_a?(FFI::Struct::InlineArray) ? value.to_a : value]
      end
    end
  end
end
