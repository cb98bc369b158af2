# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

# Read where run.sh has put everything together: with lib/rheo/generated.rb, and the C sources in ext/rheo.
Gem::Specification.new do |spec|
  spec.name = "rheo"
  spec.version = File.read("#{__dir__}/lib/rheo/generated.rb")[/VERSION = "(.*)"/, 1]
  spec.authors = ["the rheo authors"]
  spec.summary = "Rate limiter and circuit breaker"
  spec.description = "Lock-free token buckets, three-state breakers and guards, in C; called by the ffi gem."
  spec.license = "BSD-2-Clause"
  spec.files = Dir["lib/**/*.rb", "ext/rheo/*.{rb,c,h}", "LICENSE", "README.md", base: __dir__].sort
  spec.extensions = ["ext/rheo/extconf.rb"]
  spec.required_ruby_version = ">= 3.1"
  spec.add_dependency "ffi", "~> 1.15"
  spec.metadata = { "rubygems_mfa_required" => "true" }
end
