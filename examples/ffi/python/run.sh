#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	run.sh test|package|bench
#
# PYTHON: another interpreter than Debian's. All that is made is in $B/ffi/python.
set -eu
cd "$(dirname "$0")/../../.."
B=${B:-$PWD/build}
MAKE=${MAKE:-make}
PYTHON=${PYTHON:-/usr/bin/python3}
here=$PWD/examples/ffi/python
out=$B/ffi/python
verb=${1:-test}
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PYTHONDONTWRITEBYTECODE=1
unset RHEO_BACKEND RHEO_LIBRARY RHEO_LINK RHEO_INCLUDE PYTHONPATH PYTHONWARNINGS || :
mkdir -p "$out"

# same FILE COMMAND...: whether COMMAND prints what it did when `done_with FILE` was last said.
same() {
	file=$1
	shift
	"$@" > "$file.now" && cmp -s "$file.now" "$file"
}
done_with() { mv "$1.now" "$1"; }

wanted() { cat "$@" && "$PYTHON" -VV; }

# The packages that building needs, fetched once and checked against their hashes; a virtual environment with them.
tools() {
	if ! same "$out/tools.stamp" wanted "$here/requirements.txt"; then
		rm -rf "$out/tools" "$out/wheels"
		"$PYTHON" -m venv "$out/tools"
		"$out/tools/bin/pip" download -q --require-hashes -r "$here/requirements.txt" -d "$out/wheels"
		equip "$out/tools" -r "$here/requirements.txt"
		done_with "$out/tools.stamp"
	fi
}
equip() { # environment, what: from what was fetched, nothing else
	environment=$1
	shift
	"$out/tools/bin/pip" --python "$environment/bin/python" install -q --no-index --find-links "$out/wheels" "$@"
}

# stage FOLDER: the sources as a package has them.
stage() {
	mkdir -p "$1/src/rheo"
	cp "$here"/*.py "$here/pyproject.toml" "$here/MANIFEST.in" "$here/README.md" LICENSE "$1"
	cp "$here"/src/rheo/* "$1/src/rheo"
	/usr/bin/python3 examples/ffi/generate/generate.py python > "$1/src/rheo/_generated.py"
}
stage_c() {
	"$MAKE" -s --no-print-directory B="$B" amalgamation
	mkdir -p "$1/csrc"
	cp "$B/amalgamation/rheo.c" "$B/amalgamation/rheo.h" "$1/csrc"
}
contents() { (cd "$1" && cat ./*.py src/rheo/*.c src/rheo/_generated.py csrc/* 2> /dev/null || :) && cat include/rheo/*.h && "$PYTHON" -VV; }
compile() { # FOLDER, with the variables of build_cffi.py
	if ! same "$1.stamp" contents "$1"; then
		(cd "$1" && rm -rf build src/rheo/*.so && "$out/tools/bin/python" setup.py -q build_clib build_ext --inplace)
		done_with "$1.stamp"
	fi
}

case $verb in
test)
	[ -e "$B/ffi/layout.tsv" ] || "$MAKE" -s --no-print-directory B="$B" ffi-prepare
	tools
	stage "$out/tree"
	RHEO_LINK=$B RHEO_INCLUDE=$PWD/include compile "$out/tree"
	export RHEO_TEST_CASES="$PWD/examples/ffi/cases.tsv" RHEO_TEST_LAYOUT="$B/ffi/layout.tsv"
	export RHEO_LIBRARY="$B/librheo.so" PYTHONPATH="$out/tree/src"
	counts=
	for backend in compiled cffi ctypes; do
		echo "== $backend"
		status=0
		RHEO_BACKEND=$backend "$out/tools/bin/python" -X dev -W error -m unittest discover -s "$here/tests" \
			> "$out/$backend.log" 2>&1 || status=$?
		tail -n 30 "$out/$backend.log"
		[ "$status" = 0 ] || exit "$status"
		counts="$counts $(sed -n 's/^Ran \([0-9]*\) tests\{0,1\} in.*/\1/p' "$out/$backend.log")"
	done
	cases=$(grep -c '^[^#]' "$RHEO_TEST_CASES")
	layouts=$(wc -l < "$RHEO_TEST_LAYOUT")
	# shellcheck disable=SC2086 # a list of numbers
	set -- $counts
	[ "$#" = 3 ] && [ "$1" -gt 0 ]
	echo "python: $1, $2 and $3 tests by C extension, cffi and ctypes, $cases cases, $layouts layouts: all as in C"
	;;
package)
	tools
	rm -rf "$out/package"
	stage "$out/package/source"
	stage_c "$out/package/source"
	(
		cd "$out/package/source"
		"$out/tools/bin/python" -c "
from setuptools import build_meta
print(build_meta.build_sdist('../dist'), build_meta.build_wheel('../dist'))" > ../build.log 2>&1 ||
			{ cat ../build.log; exit 1; }
	)
	for kind in .whl .tar.gz; do
		environment=$out/package/from$kind
		"$PYTHON" -m venv --without-pip "$environment"
		equip "$environment" -r "$here/requirements.txt"
		equip "$environment" --no-deps --no-build-isolation "$out/package/dist"/rheo-*"$kind"
		(cd / && "$environment/bin/python" -W error "$here/tests/smoke.py" "$out/package/source/src/rheo/_generated.py")
	done
	# shellcheck disable=SC2012 # names of our own making
	echo "python: $(ls "$out/package/dist" | tr '\n' ' ')installed into empty environments, smoke test passed"
	;;
bench)
	tools
	stage "$out/bench/tree"
	stage_c "$out/bench/tree"
	compile "$out/bench/tree"
	if ! same "$out/bench/rivals.stamp" wanted "$here/requirements-bench.txt"; then
		rm -rf "$out/bench/rivals"
		"$out/tools/bin/pip" install -q --require-hashes --use-pep517 --no-build-isolation --no-deps \
			-r "$here/requirements-bench.txt" --target "$out/bench/rivals"
		done_with "$out/bench/rivals.stamp"
	fi
	export PYTHONPATH="$out/bench/tree/src:$out/bench/rivals" RHEO_LIBRARY="$B/librheo.so"
	for backend in compiled cffi ctypes; do
		RHEO_BACKEND=$backend "$out/tools/bin/python" "$here/bench.py"
	done
	echo "python: one thread, $("$PYTHON" -V)"
	;;
*)
	echo "run.sh test|package|bench" >&2
	exit 2
	;;
esac
