# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

module Rheo
  # Up to eight counts.
  class Counter < Base
    # fields: lanes: and counts:.
    def initialize(memory: nil, size: memory&.size, now_ns: nil, **fields)
      super()
      make(self.class.config_of(fields), memory, size, now_ns)
    end

    def add(index, n = 1)
      check(C.rheo_counter_add(@handle, index, whole(n, "n")))
      nil
    end

    def read(index)
      stored { |out| C.rheo_counter_read(@handle, index, out) }
    end
  end
end
