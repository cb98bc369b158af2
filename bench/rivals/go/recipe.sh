# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2034
rivals="x/time/rate, juju/ratelimit, uber-go/ratelimit, sony/gobreaker"
packages="golang-go"

tools() { command -v go; }

# -modcacherw: what go downloads can be removed like anything else.
build() {
	cd "$here" && GOPATH="$out/path" GOCACHE="$out/cache" GOFLAGS="-modcacherw -mod=readonly -buildvcs=false" \
		go build -o "$out/rivals" .
}

run() { "$out/rivals"; }
