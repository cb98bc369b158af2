#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	run.sh test|package|bench|lint
#
# test: linked to $B/librheo.so, and with the source compiled in. package: both
# crates, and a project that has nothing but them. All is built in $B/ffi/rust.
set -eu
cd "$(dirname "$0")/../../.."
root=$(pwd)
B=$(mkdir -p "${B:-build}" && cd "${B:-build}" && pwd)
export B CC="${CC:-cc}" CARGO_TERM_COLOR=never PYTHONDONTWRITEBYTECODE=1
here=$root/examples/ffi/rust
out=$B/ffi/rust
generated=$out/generated
version=$(sed -n 's/^#define RHEO_VERSION_[A-Z]* \([0-9]*\)/\1/p' include/rheo/version.h | paste -sd.)
unset RHEO_LIB_DIR RHEO_STATIC RHEO_USE_PKG_CONFIG RHEO_SYS_GENERATED

# What the crates need and git has not. A file that is as it was keeps its time, so that cargo builds nothing anew.
generate() {
	mkdir -p "$generated"
	"${MAKE:-make}" --no-print-directory amalgamation
	/usr/bin/python3 examples/ffi/generate/generate.py rust > "$out/bindings.rs"
	for file in "$out/bindings.rs" "$B/amalgamation/rheo.c" "$B/amalgamation/rheo.h"; do
		cmp -s "$file" "$generated/${file##*/}" || cp "$file" "$generated/"
	done
	rm "$out/bindings.rs"
}

# tested NAME: all tests, and how many passed.
tested() {
	log=$out/$1.log
	if ! (cd "$here" && CARGO_TARGET_DIR=$out/$1 cargo test --offline --locked) > "$log" 2>&1; then
		cat "$log" >&2
		exit 1
	fi
	awk '/^test result: ok/ {n += $4} END {print n}' "$log"
}

run_tests() {
	generate
	export RHEO_SYS_GENERATED="$generated" RHEO_LAYOUT="$B/ffi/layout.tsv"
	shared=$(RHEO_LIB_DIR=$B LD_LIBRARY_PATH=$B${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} tested shared)
	carried=$(tested carried)
	[ "$shared" = "$carried" ]
	echo "rust: $shared tests, $(grep -vc '^#' "$here/../cases.tsv") cases, $(grep -c . "$RHEO_LAYOUT") layouts:" \
		"all as in C, with librheo.so and with the source compiled in"
}

# staged CRATE: its folder as it will be packed, with all it needs.
staged() {
	mkdir -p "$package/crates/$1"
	cp -R "$here/$1/src" "$package/crates/$1/"
	cp LICENSE "$here/README.md" "$package/crates/$1/"
	sed "s/version = \"0.0.0\"/version = \"$version\"/; s/ # run.sh package.*//" "$here/$1/Cargo.toml" \
		> "$package/crates/$1/Cargo.toml"
}

# packed CRATE: the .crate, and its content where cargo looks for what is published.
packed() {
	(cd "$package/crates/$1" && cargo package --offline --allow-dirty --no-verify)
	archive=$package/target/package/$1-$version.crate
	tar -xzf "$archive" -C "$package/vendor"
	for file in LICENSE README.md Cargo.toml; do
		[ -f "$package/vendor/$1-$version/$file" ]
	done
	printf '{"files":{},"package":"%s"}\n' "$(sha256sum "$archive" | cut -d' ' -f1)" \
		> "$package/vendor/$1-$version/.cargo-checksum.json"
}

# smoke HOW [VARIABLE=VALUE...]: builds the empty project so and runs it.
smoke() {
	how=$1
	shift
	echo "smoke test, $how:"
	(cd "$package/empty" && env "$@" cargo run --offline --bin smoke && env "$@" cargo run --offline --bin readme)
	checks=$((checks + 1))
}

run_package() {
	generate
	package=$out/package
	rm -rf "$package"
	mkdir -p "$package/vendor" "$package/crates/.cargo" "$package/empty/.cargo" "$package/empty/src/bin"
	sed 's/^exclude.*//' "$here/Cargo.toml" > "$package/crates/Cargo.toml"
	staged rheo-sys
	cp "$here/rheo-sys/build.rs" "$package/crates/rheo-sys/"
	cp -R "$generated" "$package/crates/rheo-sys/"
	staged rheo
	cp -R "$here/rheo/examples" "$package/crates/rheo/"

	# Crates are looked for in this folder alone; there is no cache of others.
	printf '[source.crates-io]\nreplace-with = "vendor"\n[source.vendor]\ndirectory = "%s"\n' "$package/vendor" \
		| tee "$package/crates/.cargo/config.toml" > "$package/empty/.cargo/config.toml"
	export CARGO_HOME="$package/home" CARGO_TARGET_DIR="$package/target"
	packed rheo-sys
	packed rheo

	printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\nrheo = "%s"\n[workspace]\n' \
		"$version" > "$package/empty/Cargo.toml"
	cp "$here/smoke.rs" "$package/empty/src/bin/"
	sed -n '/^```rust/,/^```/{/^```/d; p}' "$here/README.md" > "$package/empty/src/bin/readme.rs"
	checks=0
	smoke "source compiled in" SMOKE_VERSION="$version"
	if ldd "$package/target/debug/smoke" | grep librheo; then
		exit 1
	fi
	smoke "archive" RHEO_LIB_DIR="$B" RHEO_STATIC=1 SMOKE_VERSION="$version"
	if command -v pkg-config > /dev/null; then
		sed -e "s|@PREFIX@|$B|; s|@LIBDIR@|$B|; s|@INCLUDEDIR@|$root/include|; s|@VERSION@|$version|" \
			pkgconfig/rheo.pc.in > "$package/rheo.pc"
		smoke "pkg-config" RHEO_USE_PKG_CONFIG=1 PKG_CONFIG_PATH="$package" SMOKE_VERSION="$version" \
			LD_LIBRARY_PATH="$B${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
		ldd "$package/target/debug/smoke" | grep -q librheo
	fi
	echo "rust: rheo-sys-$version.crate and rheo-$version.crate, in an empty project, offline, linked in $checks ways: work"
}

run_bench() {
	needed=$(sed -n 's/^rust-version = "1\.\([0-9]*\)".*/\1/p' "$here/bench/Cargo.toml")
	if [ "$(rustc --version | cut -d. -f2)" -lt "$needed" ]; then
		echo "rust: no benchmark, the rivals need rustc 1.$needed or later; this is $(rustc --version)"
		exit 0
	fi
	generate > /dev/null
	export RHEO_SYS_GENERATED="$generated" CARGO_TARGET_DIR="$out/bench"
	(cd "$here/bench" && cargo build --release --locked)
	"$out/bench/release/rheo-bench"
	echo "rust: one thread, $(rustc --version | cut -d' ' -f1,2), rheo's source compiled in"
}

run_lint() {
	generate
	export RHEO_SYS_GENERATED="$generated" CARGO_TARGET_DIR="$out/lint" RHEO_LIB_DIR="$B"
	cd "$here"
	cargo fmt --check
	rustfmt --check --config-path . --edition 2021 bench/src/main.rs smoke.rs rheo-sys/build.rs
	cargo clippy --offline --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --offline --locked --no-deps
	echo "rust: formatted, and nothing to say of it by clippy and rustdoc"
}

case ${1:-} in
test) run_tests ;;
package) run_package ;;
bench) run_bench ;;
lint) run_lint ;;
*)
	echo "run.sh: one of test, package, bench, lint" >&2
	exit 2
	;;
esac
