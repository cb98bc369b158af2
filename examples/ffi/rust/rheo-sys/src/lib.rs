// SPDX-License-Identifier: BSD-2-Clause

//! The C interface of rheo, as its headers have it: constants, structs and functions.
//!
//! The crate `rheo` is the safe way to use it. Without further ado the library's source, which this crate carries, is
//! compiled and linked statically by `$CC`. Instead a `librheo` is linked
//!
//! - from the folder `$RHEO_LIB_DIR`, if that is set;
//! - as `pkg-config` says, if `$RHEO_USE_PKG_CONFIG` is 1;
//!
//! shared, or with `RHEO_STATIC=1` the archive.

#![deny(missing_docs, unsafe_op_in_unsafe_fn)]
#![allow(non_camel_case_types)]

include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
