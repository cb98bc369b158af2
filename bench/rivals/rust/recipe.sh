# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2034
rivals="governor, failsafe"
packages="cargo rustc"

tools() { command -v cargo && command -v rustc; }

build() { cd "$here" && CARGO_TARGET_DIR="$out/target" cargo build --release --locked; }

run() { "$out/target/release/rivals"; }
