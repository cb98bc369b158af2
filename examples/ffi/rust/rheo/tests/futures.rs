// SPDX-License-Identifier: BSD-2-Clause

//! Permits held across an await, with no runtime.

use std::future::{pending, ready, Future};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::Arc;
use std::task::{Context, Poll, Wake};

use rheo::{Breaker, BreakerConfig, Bucket, BucketConfig, CallError, Error, Guard, Report};

struct Nobody;

impl Wake for Nobody {
    fn wake(self: Arc<Self>) {}
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    let waker = Arc::new(Nobody).into();
    future.poll(&mut Context::from_waker(&waker))
}

fn finish<F: Future>(future: F) -> F::Output {
    let mut future = Box::pin(future);
    for _ in 0..10 {
        if let Poll::Ready(output) = poll(future.as_mut()) {
            return output;
        }
    }
    panic!("not done");
}

/// Ready the second time it is asked.
#[derive(Default)]
struct Once(AtomicBool);

impl Future for Once {
    type Output = ();
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.0.swap(true, Relaxed) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

fn breaker() -> Breaker {
    Breaker::new(&BreakerConfig::new()).unwrap()
}

fn counts(breaker: &Breaker) -> [u64; 3] {
    let seen = breaker.snapshot(breaker.now_ns()).unwrap();
    [seen.successes, seen.failures, seen.ignored]
}

#[test]
fn a_future_is_reported_when_it_is_done() {
    let breaker = breaker();
    let call = breaker.call_async(async {
        Once::default().await;
        Ok::<_, ()>(7)
    });
    let mut call = Box::pin(call);
    assert_eq!(poll(call.as_mut()), Poll::Pending);
    assert_eq!(counts(&breaker), [0, 0, 0]);
    assert_eq!(finish(call), Ok(7));
    assert_eq!(counts(&breaker), [1, 0, 0]);
    assert_eq!(finish(breaker.call_async(ready(Err::<(), _>(5)))), Err(CallError::Failed(5)));
    assert_eq!(counts(&breaker), [1, 1, 0]);
    let judged = breaker.call_async_with(ready(Err::<(), _>(5)), |_| Report::Ignored);
    assert_eq!(finish(judged), Err(CallError::Failed(5)));
    assert_eq!(counts(&breaker), [1, 1, 1]);
}

#[test]
fn a_future_that_is_dropped_is_ignored() {
    let breaker = breaker();
    drop(breaker.call_async(pending::<Result<(), ()>>()));
    assert_eq!(counts(&breaker), [0, 0, 0]);
    let mut call = Box::pin(breaker.call_async(pending::<Result<(), ()>>()));
    assert_eq!(poll(call.as_mut()), Poll::Pending);
    drop(call);
    assert_eq!(counts(&breaker), [0, 0, 1]);
}

#[test]
fn a_permit_held_by_a_task_that_is_dropped_may_count_as_failed() {
    let breaker = Arc::new(breaker());
    let shared = breaker.clone();
    let mut task = Box::pin(async move {
        let permit = shared.acquire().unwrap().unreported(Report::Failure);
        pending::<()>().await;
        permit.success();
    });
    assert_eq!(poll(task.as_mut()), Poll::Pending);
    drop(task);
    assert_eq!(counts(&breaker), [0, 1, 0]);
}

#[test]
fn a_panic_in_a_future_is_a_failure() {
    let breaker = breaker();
    let call = breaker.call_async(async {
        Once::default().await;
        if counts(&breaker) == [0, 0, 0] {
            panic!("expected");
        }
        Ok::<_, ()>(())
    });
    assert!(catch_unwind(AssertUnwindSafe(|| finish(call))).is_err());
    assert_eq!(counts(&breaker), [0, 1, 0]);
}

#[test]
fn a_guard_asks_when_the_future_is_polled() {
    let bucket = Arc::new(Bucket::new_at(&BucketConfig::new(1, 5).period_ns(3600 * 1_000_000_000), 0).unwrap());
    let guard = Guard::builder().bucket(bucket.clone()).clock(|| 0).build().unwrap();
    let call = guard.call_async(2, ready(Ok::<_, ()>("done")));
    assert_eq!(bucket.available(0), Ok(5));
    assert_eq!(finish(call), Ok("done"));
    assert_eq!(bucket.available(0), Ok(3));
    let refused = finish(guard.call_async(4, ready(Ok::<_, ()>("not made"))));
    assert!(matches!(refused, Err(CallError::Refused(Error::RateLimited { .. }))));
}

#[test]
fn tasks_may_move_between_threads() {
    fn assert_send<T: Send + 'static>(value: T) -> T {
        value
    }
    let guard = Arc::new(Guard::builder().breaker(Arc::new(breaker())).build().unwrap());
    let task = assert_send(async move {
        let permit = guard.acquire(1)?;
        Once::default().await;
        permit.success();
        guard.call_async(1, ready(Ok::<_, Error>(()))).await.map_err(|_| Error::Corrupt)
    });
    assert_eq!(std::thread::spawn(|| finish(task)).join().unwrap(), Ok(()));
}
