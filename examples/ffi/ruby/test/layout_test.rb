# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

require_relative "helper"

class LayoutTest < Minitest::Test
  PATH = ENV.fetch("RHEO_LAYOUT")

  def test_every_field
    lines = File.readlines(PATH, chomp: true)
    refute_empty lines
    lines.each do |line|
      struct, field, offset, size = line.split("\t")
      struct = Rheo::C::STRUCTS.fetch(struct)
      got = field.empty? ? [0, struct.size] : written(struct, field.to_sym)
      assert_equal [offset.to_i, size.to_i], got, line
    end
    puts "layouts: #{lines.size}"
  end

  def test_no_struct_is_left_out
    assert_equal Rheo::C::STRUCTS.keys.sort, File.readlines(PATH).map { |line| line[/\A\w+/] }.uniq.sort
  end

  private

  # The bytes that change when a field is set to all ones.
  def written(struct, field)
    one = struct.new
    type = one.layout[field].type
    if type.is_a?(FFI::ArrayType)
      type.length.times { |i| one[field][i] = ones(type.elem_type) }
    else
      one[field] = ones(type)
    end
    changed = one.pointer.read_array_of_uint8(struct.size).each_index.select { |i| one.pointer.get_uint8(i) == 255 }
    [changed.first, changed.size]
  end

  def ones(type)
    case type
    when FFI::Type::POINTER then FFI::Pointer.new(-1)
    when FFI::Type::INT32, FFI::Type::INT64 then -1
    else (1 << (8 * type.size)) - 1
    end
  end
end
