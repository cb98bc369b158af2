# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2034
rivals="limits, pyrate-limiter"
packages="python3 python3-venv"

tools() { python3 -c 'import ensurepip, venv'; }

build() {
	python3 -m venv "$out/venv" &&
		"$out/venv/bin/pip" install -q --require-hashes -r "$here/requirements.txt"
}

run() { "$out/venv/bin/python" "$here/rivals.py"; }
