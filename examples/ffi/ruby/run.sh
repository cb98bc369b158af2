#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	run.sh test|package|bench
#
# Ruby's binding: tested, packed as a gem, measured. B is the build folder.
set -eu
cd "$(dirname "$0")/../../.."
here=examples/ffi/ruby
B=${B:-$PWD/build}
out=$B/ffi/ruby
mkdir -p "$out/lib/rheo" "$out/tests"
/usr/bin/python3 examples/ffi/generate/generate.py ruby > "$out/lib/rheo/generated.rb.new"
mv "$out/lib/rheo/generated.rb.new" "$out/lib/rheo/generated.rb"
ruby="ruby -w -I$here/lib -I$out/lib"

case $1 in
test)
	export RHEO_LIBRARY="$B/librheo.so" RHEO_FOLDER="$out/tests"
	export RHEO_CASES="examples/ffi/cases.tsv" RHEO_LAYOUT="$B/ffi/layout.tsv"
	$ruby $here/example.rb > "$out/example.txt"
	$ruby -e 'Dir["./examples/ffi/ruby/test/*_test.rb"].sort.each { |file| require file }' > "$out/tests.txt" || {
		cat "$out/tests.txt"
		exit 1
	}
	cat "$out/tests.txt"
	count() { sed -n "s/$1/\1/p" "$out/tests.txt"; }
	echo "ruby: $(count '^\([0-9]*\) runs, .*') tests, $(count '^\.*cases: \(.*\)') cases," \
		"$(count '^\.*layouts: \(.*\)') layouts: all as in C"
	;;
package) exec sh $here/package.sh "$B" ;;
bench) RHEO_LIBRARY="$B/librheo.so" $ruby $here/bench.rb ;;
*)
	echo "run.sh: test, package or bench" >&2
	exit 2
	;;
esac
