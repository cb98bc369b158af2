// SPDX-License-Identifier: BSD-2-Clause

//! What Rust sees of every struct is what C has: RHEO_LAYOUT, layout.tsv, line by line.

use rheo_sys::*;
use std::ffi::CStr;
use std::mem::{size_of, MaybeUninit};

fn size_behind<T>(_: *const T) -> usize {
    size_of::<T>()
}

macro_rules! seen {
    ($($name:ident { $($field:ident)* })*) => {{
        let mut lines = Vec::new();
        $(
            lines.push(format!("{}\t\t0\t{}", stringify!($name), size_of::<$name>()));
            let place = MaybeUninit::<$name>::uninit();
            $(
                let field = unsafe { std::ptr::addr_of!((*place.as_ptr()).$field) };
                let offset = field as usize - place.as_ptr() as usize;
                let size = size_behind(field);
                lines.push(format!("{}\t{}\t{}\t{}", stringify!($name), stringify!($field), offset, size));
            )*
        )*
        lines
    }};
}

#[test]
fn structs_are_laid_out_as_in_c() {
    let path = std::env::var("RHEO_LAYOUT").expect("RHEO_LAYOUT: the path of layout.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    let expected: Vec<&str> = text.lines().collect();
    assert!(expected.len() > 100);
    assert_eq!(rheo_structs!(seen), expected);
}

#[test]
fn the_library_linked_is_of_the_headers_version() {
    let version = (RHEO_VERSION_MAJOR * 1_000_000 + RHEO_VERSION_MINOR * 1_000 + RHEO_VERSION_PATCH) as u32;
    assert_eq!(unsafe { rheo_version() }, version);
}

#[test]
#[cfg(target_os = "linux")]
fn the_library_is_the_one_that_was_asked_for() {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    match std::env::var("RHEO_LIB_DIR") {
        Ok(folder) => assert!(maps.contains(&format!("{}/librheo.so", folder))),
        Err(_) => assert!(!maps.contains("librheo")),
    }
}

macro_rules! statuses {
    ($($name:ident $({ $($field:tt)* })? = $value:literal, $c:literal, $text:literal;)*) => { vec![$(($value, $c, $text)),*] };
}

#[test]
fn statuses_are_named_as_in_c() {
    let list: Vec<(i32, &str, &str)> = rheo_statuses!(statuses);
    assert_eq!(list.len(), 9);
    for (value, name, text) in list {
        let c = unsafe { (CStr::from_ptr(rheo_status_name(value)), CStr::from_ptr(rheo_status_text(value))) };
        assert_eq!((c.0.to_str(), c.1.to_str()), (Ok(name), Ok(text)));
    }
}
