# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

require "rbconfig"

module Rheo
  # The library: RHEO_LIBRARY, else what the gem was built with, else the system's.
  module C
    NAME = "librheo.#{RbConfig::CONFIG["SOEXT"]}".freeze
    BUILT = $LOAD_PATH.map { |folder| File.join(folder.to_s, "rheo", NAME) }.find { |path| File.file?(path) }

    ffi_lib(ENV["RHEO_LIBRARY"] || BUILT || ["librheo.so.#{VERSION.to_i}", NAME])
    FUNCTIONS.each { |name, params, returns| attach_function(name, params, returns) }

    # A major number is an ABI.
    unless rheo_version / 1_000_000 == VERSION.to_i
      raise Rheo.error(ERR_VERSION, field: "librheo #{rheo_version_string}")
    end
  end

  module_function

  def now_ns
    Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
  end

  %i[status_name status_text state_name mode_name cause_name].each do |name|
    define_singleton_method(name) { |value| C.public_send("rheo_#{name}", value) }
  end
end
