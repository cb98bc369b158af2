// SPDX-License-Identifier: BSD-2-Clause

//! One bucket and one breaker in a file that two processes have mapped.

#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use std::ffi::c_void;
use std::fs::{File, OpenOptions};
use std::os::raw::c_int;
use std::os::unix::io::AsRawFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::ptr::NonNull;
use std::sync::Arc;

use rheo::{Breaker, BreakerConfig, Bucket, BucketConfig, Region, Report, State};

const PART: usize = 16384;

extern "C" {
    fn mmap(at: *mut c_void, size: usize, protection: c_int, flags: c_int, file: c_int, offset: i64) -> *mut c_void;
    fn munmap(at: *mut c_void, size: usize) -> c_int;
}

struct Mapping(NonNull<u8>);

// It is only an address to unmap.
unsafe impl Send for Mapping {}
unsafe impl Sync for Mapping {}

impl Drop for Mapping {
    fn drop(&mut self) {
        assert_eq!(unsafe { munmap(self.0.as_ptr().cast(), 2 * PART) }, 0);
    }
}

/// Memory for the bucket and for the breaker.
fn map(path: &Path) -> (Region, Region) {
    let file: File = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).unwrap();
    file.set_len(2 * PART as u64).unwrap();
    const READ_WRITE: c_int = 3;
    const SHARED: c_int = 1;
    let at = unsafe { mmap(std::ptr::null_mut(), 2 * PART, READ_WRITE, SHARED, file.as_raw_fd(), 0) };
    assert_ne!(at as isize, -1);
    let at = NonNull::new(at.cast::<u8>()).unwrap();
    let keeper = Arc::new(Mapping(at));
    let second = NonNull::new(unsafe { at.as_ptr().add(PART) }).unwrap();
    unsafe { (Region::new(at, PART, keeper.clone()), Region::new(second, PART, keeper)) }
}

const CHILD: &str = "RHEO_TEST_SHARED";

#[test]
fn processes_share_a_bucket_and_a_breaker() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("shared.{}", std::process::id()));
    let (first, second) = map(&path);
    let bucket = Bucket::create_in(first, &BucketConfig::new(1, 1000), 0).unwrap();
    let breaker = Breaker::create_in(second, &BreakerConfig::new().minimum_calls(1), 0).unwrap();

    let me = std::env::current_exe().unwrap();
    let run = || {
        Command::new(&me)
            .args(["--exact", "child", "--ignored", "-q"])
            .env(CHILD, &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    let children = [run(), run()];
    let mine = (0..2000).filter(|_| bucket.try_acquire_at(1, 0)).count() as u64;
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(breaker.state().unwrap().0, State::Open);
    assert!(breaker.acquire_at(0).is_err());
    let stats = bucket.stats().unwrap();
    assert_eq!((stats.admitted, stats.refused_rate), (1000, 3 * 2000 - 1000));
    assert!(mine <= 1000);

    // A second view at another address is the same bucket, also when the first is gone.
    let (again, _) = map(&path);
    let again = Bucket::attach(again, rheo::now_ns).unwrap();
    assert_ne!(again.handle(), bucket.handle());
    drop((bucket, breaker));
    again.refund(1).unwrap();
    assert!(again.try_acquire_at(1, 0) && !again.try_acquire_at(1, 0));
    std::fs::remove_file(path).unwrap();
}

#[test]
#[ignore = "what the other processes do"]
fn child() {
    let path = std::env::var_os(CHILD).expect("started by the test above");
    let (first, second) = map(Path::new(&path));
    let bucket = Bucket::attach(first, rheo::now_ns).unwrap();
    let breaker = Breaker::attach(second, rheo::now_ns).unwrap();
    let taken = (0..2000).filter(|_| bucket.try_acquire_at(1, 0)).count();
    assert!(taken <= 1000);
    let permit = breaker.try_acquire_at(0);
    permit.map(|permit| permit.report_at(Report::Failure, 0).ok());
}
