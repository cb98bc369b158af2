# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2034
rivals="limiter, opossum, cockatiel"
packages="nodejs npm"

tools() { command -v node && command -v npm; }

# The program is copied to where its modules are: that is where node looks.
build() {
	cp "$here"/package.json "$here"/package-lock.json "$here"/rivals.mjs "$out" &&
		npm ci --prefix "$out" --ignore-scripts --no-audit --no-fund
}

run() { node "$out/rivals.mjs"; }
