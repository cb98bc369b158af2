// SPDX-License-Identifier: BSD-2-Clause

// Takes bindings.rs (and, to compile it, rheo.c) from the folder `generated`, which packages have, or from
// RHEO_SYS_GENERATED; says how to link: lib.rs documents the choice.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    let generated = match variable("RHEO_SYS_GENERATED") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(needed("CARGO_MANIFEST_DIR")).join("generated"),
    };
    let out = PathBuf::from(needed("OUT_DIR"));
    let bindings = generated.join("bindings.rs");
    println!("cargo:rerun-if-changed={}", bindings.display());
    if let Err(error) = std::fs::copy(&bindings, out.join("bindings.rs")) {
        fail(&format!(
            "{}: {}; in rheo's tree `run.sh test` makes it and sets RHEO_SYS_GENERATED",
            bindings.display(),
            error
        ));
    }

    if let Some(folder) = variable("RHEO_LIB_DIR") {
        println!("cargo:rustc-link-search=native={}", folder);
        link();
    } else if variable("RHEO_USE_PKG_CONFIG").map_or(false, |value| value != "0") {
        pkg_config();
    } else {
        compile(&generated, &out);
    }
}

fn variable(name: &str) -> Option<String> {
    println!("cargo:rerun-if-env-changed={}", name);
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn needed(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| fail(&format!("cargo did not set {}", name)))
}

fn fail(why: &str) -> ! {
    eprintln!("rheo-sys: {}", why);
    std::process::exit(1);
}

fn link() {
    let archive = variable("RHEO_STATIC").map_or(false, |value| value != "0");
    println!("cargo:rustc-link-lib={}=rheo", if archive { "static" } else { "dylib" });
}

fn pkg_config() {
    let program = variable("PKG_CONFIG").unwrap_or_else(|| "pkg-config".to_string());
    variable("PKG_CONFIG_PATH");
    let version = format!("rheo >= {}", needed("CARGO_PKG_VERSION"));
    let told = output(Command::new(program).args(["--libs-only-L", &version]));
    for folder in told.split_whitespace().filter_map(|word| word.strip_prefix("-L")) {
        println!("cargo:rustc-link-search=native={}", folder);
    }
    link();
}

// One C11 file without options of its own: no need of a crate for it.
fn compile(generated: &Path, out: &Path) {
    let source = generated.join("rheo.c");
    println!("cargo:rerun-if-changed={}", source.display());
    let (object, archive) = (out.join("rheo.o"), out.join("librheo.a"));
    let (compiler, flags) = (compiler(), tool("CFLAGS").unwrap_or_default());
    let mut words = compiler.split_whitespace();
    output(
        Command::new(words.next().unwrap_or("cc"))
            .args(words)
            .args(["-std=c11", "-O2", "-fPIC", "-fvisibility=hidden", "-DRHEO_NO_CK"])
            .args(flags.split_whitespace())
            .args([Path::new("-c"), &source, Path::new("-o"), &object]),
    );
    let _ = std::fs::remove_file(&archive);
    output(Command::new(tool("AR").unwrap_or_else(|| "ar".to_string())).arg("rcs").args([&archive, &object]));
    println!("cargo:rustc-link-search=native={}", out.display());
    println!("cargo:rustc-link-lib=static=rheo");
}

fn compiler() -> String {
    let (target, host) = (needed("TARGET"), needed("HOST"));
    match tool("CC") {
        Some(compiler) => compiler,
        None if target == host => "cc".to_string(),
        None => fail(&format!("set CC_{} to a C compiler for it", target.replace('-', "_"))),
    }
}

// As others look for a tool: for this target by name, for targets or the host, at all.
fn tool(name: &str) -> Option<String> {
    let (target, host) = (needed("TARGET"), needed("HOST"));
    let kind = if target == host { "HOST" } else { "TARGET" };
    variable(&format!("{}_{}", name, target))
        .or_else(|| variable(&format!("{}_{}", name, target.replace('-', "_"))))
        .or_else(|| variable(&format!("{}_{}", kind, name)))
        .or_else(|| variable(name).filter(|_| target == host))
}

fn output(command: &mut Command) -> String {
    match command.output() {
        Ok(done) if done.status.success() => String::from_utf8_lossy(&done.stdout).into_owned(),
        Ok(done) => fail(&format!("{:?}: {}\n{}", command, done.status, String::from_utf8_lossy(&done.stderr))),
        Err(error) => fail(&format!("{:?}: {}", command, error)),
    }
}
