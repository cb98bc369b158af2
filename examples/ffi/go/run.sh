#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	run.sh test|package|bench
#
# test: from librheo.so in $B. package: a module with the C sources in it, built
# and installed from a file:// proxy. bench: beside Go's own limiters.
set -eu
cd "$(dirname "$0")/../../.."
root=$PWD
B=${B:-$root/build}
go=examples/ffi/go
out=$B/ffi/go
mkdir -p "$out"
export B CC="${CC:-cc}" CGO_ENABLED=1 GOTOOLCHAIN=local GOFLAGS= GOCACHE="$out/cache" GOWORK=off

# librheo.so as it is built, without installing it.
from_build() {
	export CGO_CFLAGS="-O2 -g -I$root/include" CGO_LDFLAGS="-L$B -Wl,-rpath,$B"
	export GOFLAGS="-tags=rheo_installed -buildvcs=false"
}

run_test() {
	from_build
	cd $go
	unformatted=$(gofmt -l .)
	[ -z "$unformatted" ] || { echo "gofmt: $unformatted"; exit 1; }
	go vet ./...
	# What the C library frees is overwritten, so that a use after it shows.
	export MALLOC_PERTURB_=85
	go test -timeout 120s -count=1 -v ./... > "$out/test.log" 2>&1 || { cat "$out/test.log"; exit 1; }
	go run ./example
	if find -L "$(go env GOROOT)/src/runtime/race" -name '*.syso' 2> /dev/null | grep -q .; then
		# Checks pointers, too (-d=checkptr).
		GODEBUG=cgocheck=1 GORACE=atexit_sleep_ms=0 go test -timeout 120s -race -count=1 ./...
		race="no race"
	else
		echo "race detector: not there (Debian: golang-1.19-race-detector-runtime)"
		race="race detector not there, SKIPPED"
	fi
	counted() { sed -n "s/.*counted: \([0-9]*\) $1/\1/p" "$out/test.log"; }
	tests=$(grep -c '^--- PASS' "$out/test.log")
	echo "go: $tests tests, $(counted cases) cases, $(counted layouts) layouts: all as in C; $race"
}

# The module as it would be published: what is in git, and the C sources.
make_module() {
	rm -rf "$1"
	mkdir -p "$1/rheohttp"
	cp LICENSE $go/go.mod $go/README.md $go/shim.h "$1"
	for file in $go/*.go $go/rheohttp/*.go; do
		case $file in *_test.go) ;; *) cp "$file" "$1/${file#"$go"/}" ;; esac
	done
	cp "$B/amalgamation/rheo.h" "$1"
	# The go command compiles every C file it finds, so this one says when.
	{ printf '//go:build !rheo_installed\n\n'; cat "$B/amalgamation/rheo.c"; } > "$1/rheo.c"
}

# A proxy is files by these names; a zip has everything under MODULE@VERSION/.
make_proxy() { # module's folder, proxy's folder, version
	mkdir -p "$2"
	cp "$1/go.mod" "$2/$3.mod"
	echo "{\"Version\":\"$3\"}" > "$2/$3.info"
	echo "$3" > "$2/list"
	/usr/bin/python3 - "$1" "$2/$3.zip" "rheo.example/rheo@$3" << 'END'
import os, sys, zipfile

folder, made, prefix = sys.argv[1:]
names = sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, files in os.walk(folder) for name in files)
with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            out.writestr(zipfile.ZipInfo(prefix + "/" + name), file.read(), zipfile.ZIP_DEFLATED)
END
}

run_package() {
	[ -f "$B/amalgamation/rheo.c" ] || ${MAKE:-make} -s B="$B" amalgamation
	version=$(sed -n 's/^#define RHEO_VERSION_[A-Z]* \([0-9]*\)/\1/p' include/rheo/version.h | paste -sd.)
	dir=$out/package
	rm -rf "$dir"
	make_module "$dir/rheo"
	make_proxy "$dir/rheo" "$dir/proxy/rheo.example/rheo/@v" "v$version"

	mkdir -p "$dir/consumer" "$dir/home"
	cp $go/smoke/main.go "$dir/consumer"
	printf 'module consumer\n\ngo 1.19\n' > "$dir/consumer/go.mod"
	# Nothing of this environment but the compilers.
	empty() {
		env -i PATH="$PATH" CC="$CC" HOME="$dir/home" GOPATH="$dir/home/go" GOCACHE="$GOCACHE" GOTOOLCHAIN=local \
			GOWORK=off GOFLAGS=-modcacherw GOPROXY="file://$dir/proxy" GONOSUMDB=rheo.example/rheo "$@"
	}
	cd "$dir/consumer"
	empty go get "rheo.example/rheo@v$version"
	empty go vet ./...
	empty go build -buildvcs=false -o smoke .
	if ldd smoke | grep -q librheo; then
		echo "smoke is linked to librheo.so"
		exit 1
	fi
	said=$(empty ./smoke "$version")
	# And with its sources in the consumer's own tree, which takes no folder without Go in it.
	empty go mod vendor
	empty go build -buildvcs=false -mod=vendor -o vendored .
	empty ./vendored "$version" > /dev/null
	echo "$said"
	echo "go: rheo.example/rheo v$version, $(du -k "$dir/proxy/rheo.example/rheo/@v/v$version.zip" | cut -f1) KiB, from a proxy and vendored; ${said}"
}

run_bench() {
	from_build
	cd $go/bench
	export GOMODCACHE="$out/mod" GOFLAGS="$GOFLAGS -modcacherw"
	# The rivals of today need a Go of today.
	newer() { go version | awk '{ sub(/^go/, "", $3); split($3, v, "."); exit !(v[1] > 1 || v[2] >= 26) }'; }
	if newer && go build -o "$out/bench" .; then
		"$out/bench"
	else
		echo "go: the rivals need Go 1.26 and the module proxy: rheo alone is measured"
		printf 'module rheo.example/rheo/bench\n\ngo 1.19\n\nrequire rheo.example/rheo v0.0.0\n\nreplace rheo.example/rheo => ../\n' > "$out/alone.mod"
		go build -modfile="$out/alone.mod" -tags=rheo_installed,alone -o "$out/bench" .
		"$out/bench"
	fi
}

case ${1:-} in
test | package | bench) "run_$1" ;;
*)
	echo "run.sh test|package|bench" >&2
	exit 2
	;;
esac
