// SPDX-License-Identifier: BSD-2-Clause

//! Memory is freed once, when its last holder goes. One test: the counts are the process's.

#![deny(unsafe_op_in_unsafe_fn)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::Arc;
use std::thread;

use rheo::{Breaker, BreakerConfig, Bucket, BucketConfig, Guard};

struct Counting;

/// What is aligned as rheo's objects are and not freed.
static LIVE: AtomicI64 = AtomicI64::new(0);

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() == 128 {
            LIVE.fetch_add(1, SeqCst);
        }
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        if layout.align() == 128 {
            LIVE.fetch_sub(1, SeqCst);
            // So that a call into it afterwards is noticed.
            unsafe { at.write_bytes(0xDB, layout.size()) };
        }
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn live() -> i64 {
    LIVE.load(SeqCst)
}

fn bucket() -> Arc<Bucket> {
    Arc::new(Bucket::new(&BucketConfig::new(1, 1_000_000)).unwrap())
}

fn guard(buckets: &[Arc<Bucket>]) -> Guard {
    let breaker = Arc::new(Breaker::new(&BreakerConfig::new()).unwrap());
    buckets.iter().cloned().fold(Guard::builder().breaker(breaker), |all, one| all.bucket(one)).build().unwrap()
}

#[test]
fn memory_is_freed_when_its_last_holder_goes() {
    let begin = live();
    {
        let (one, two) = (bucket(), bucket());
        assert_eq!(live() - begin, 2);
        let guard = guard(&[one.clone(), two]);
        assert_eq!(live() - begin, 4);
        drop(one);
        assert_eq!(live() - begin, 4);
        guard.acquire(1).unwrap().success();
    }
    assert_eq!(live(), begin);

    assert!(Bucket::new(&BucketConfig::new(0, 1)).is_err());
    assert!(Guard::builder().bucket(bucket()).lanes(1000).build().is_err());
    assert_eq!(live(), begin);

    // Parts shared by many guards, which come and go in threads, each with permits that outlive them.
    let shared = bucket();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut permits = Vec::new();
                for round in 0..2000 {
                    let guard = Arc::new(guard(&[shared.clone(), bucket()]));
                    permits.push(guard.acquire_owned(1).unwrap());
                    if round % 7 == 0 {
                        permits.drain(..).for_each(|permit| permit.success());
                    }
                }
            });
        }
    });
    assert_eq!(live() - begin, 1);
    assert_eq!(shared.stats().unwrap().admitted, 4 * 2000);
    assert_eq!(Arc::strong_count(&shared), 1);
    drop(shared);
    assert_eq!(live(), begin);
}
