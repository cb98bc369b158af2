# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

module Rheo
  # The system's calls for memory that processes share.
  module Mapping
    extend FFI::Library
    ffi_lib FFI::Library::LIBC
    READ_WRITE = 3
    SHARED = 1
    attach_function :mmap, %i[pointer size_t int int int off_t], :pointer
  end
  private_constant :Mapping

  # A file as memory that processes share, made if it is not there. It stays mapped until the process ends: Ruby
  # promises no order among finalizers, and one of them may still use what is in it.
  def self.map(path, size)
    File.open(path, File::RDWR | File::CREAT, 0o600) do |file|
      file.truncate(size) if file.size < size
      at = Mapping.mmap(nil, size, Mapping::READ_WRITE, Mapping::SHARED, file.fileno, 0)
      raise SystemCallError.new("mmap #{path}", FFI.errno) if at.address == (1 << (8 * FFI::Pointer.size)) - 1

      at.slice(0, size)
    end
  end
end
