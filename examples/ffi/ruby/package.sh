#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	package.sh B
#
# Makes rheo-VERSION.gem, which holds the C sources, and installs it into an
# empty folder; the ffi gem is the system's. Called by run.sh.
set -eu
B=$1
here=examples/ffi/ruby
out=$B/ffi/ruby
work=$out/package

${MAKE:-make} -s amalgamation B="$B"
rm -rf "$work"
mkdir -p "$work/rheo/ext" "$work/home" "$work/gems"
cp -r $here/lib $here/README.md $here/rheo.gemspec LICENSE "$work/rheo/"
cp -r $here/ext/rheo "$work/rheo/ext/"
cp "$out/lib/rheo/generated.rb" "$work/rheo/lib/rheo/"
cp "$B/amalgamation/rheo.c" "$B/amalgamation/rheo.h" "$work/rheo/ext/rheo/"
smoke=$PWD/$here/test/smoke.rb

# Nothing of this machine's: no library beside the gem, no settings but the system's.
unset RHEO_LIBRARY LD_LIBRARY_PATH RUBYLIB RUBYOPT GEM_HOME GEM_PATH || true
export HOME="$work/home"
cd "$work/rheo"
gem build rheo.gemspec
mv rheo-*.gem "$work/"
cd "$work/home"
system=$(ruby -e 'puts Gem.path.join(":")')
# Not --install-dir: with it gem looks for ffi there and nowhere else.
GEM_HOME="$work/gems" GEM_PATH="$work/gems:$system" gem install --local --no-document "$work"/rheo-*.gem
GEM_HOME="$work/gems" GEM_PATH="$work/gems:$system" ruby "$smoke" "$work/gems"
