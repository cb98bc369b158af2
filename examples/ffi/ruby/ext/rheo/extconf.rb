# SPDX-License-Identifier: BSD-2-Clause
# frozen_string_literal: true

# A Makefile for a plain shared library: it has nothing of Ruby's in it, so mkmf, which wants Ruby's headers, is not
# needed.
require "rbconfig"

name = "librheo.#{RbConfig::CONFIG["SOEXT"]}"
File.write("Makefile", <<~MAKEFILE)
  CC = #{ENV.fetch("CC", "cc")}
  CFLAGS = #{ENV.fetch("CFLAGS", "-O2")}
  sitearchdir = #{RbConfig::CONFIG["sitearchdir"]}

  #{name}: #{__dir__}/rheo.c #{__dir__}/rheo.h
  \t$(CC) -std=c11 $(CFLAGS) -fPIC -shared -DRHEO_NO_CK -o $@ #{__dir__}/rheo.c
  install: #{name}
  \tmkdir -p $(DESTDIR)$(sitearchdir)/rheo
  \tcp #{name} $(DESTDIR)$(sitearchdir)/rheo/
  clean:
  \trm -f #{name}
  .PHONY: install clean
MAKEFILE
