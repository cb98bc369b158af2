// SPDX-License-Identifier: BSD-2-Clause

// The versions that the lock file names, for the table.

fn main() {
    let lock = std::fs::read_to_string("Cargo.lock").expect("Cargo.lock");
    for name in ["governor", "failsafe"] {
        let head = format!("name = \"{name}\"\nversion = \"");
        let version = lock.split(&head).nth(1).and_then(|s| s.split('"').next()).expect(name);
        println!("cargo:rustc-env={}_VERSION={version}", name.to_uppercase());
    }
    println!("cargo:rerun-if-changed=Cargo.lock");
}
