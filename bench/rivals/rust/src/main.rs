// SPDX-License-Identifier: BSD-2-Clause

// governor's direct limiter under each of its clocks, failsafe's breaker under
// its default and its cheapest policy.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use failsafe::{backoff, failure_policy, CircuitBreaker, Config, Error};
use governor::clock::{Clock, DefaultClock, FakeRelativeClock, MonotonicClock, QuantaUpkeepClock};
use governor::{Quota, RateLimiter};

struct Counting;

static ALLOCATED: AtomicU64 = AtomicU64::new(0);
static FREED: AtomicU64 = AtomicU64::new(0);

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size() as u64, Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        FREED.fetch_add(layout.size() as u64, Relaxed);
        unsafe { System.dealloc(p, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn live() -> u64 {
    ALLOCATED.load(Relaxed) - FREED.load(Relaxed)
}

const BATCH: u64 = 5000;

struct Label {
    library: &'static str,
    version: &'static str,
    mode: &'static str,
}

const GOVERNOR: &str = env!("GOVERNOR_VERSION");
const FAILSAFE: &str = env!("FAILSAFE_VERSION");

struct Spent {
    calls: u64,
    begin: Instant,
    end: Instant,
    allocated: u64,
}

// Calls in batches until `length` has passed; every call must come out true.
fn call_for<T>(object: &T, call: &impl Fn(&T) -> bool, length: Duration) -> Spent {
    let allocated = ALLOCATED.load(Relaxed);
    let begin = Instant::now();
    let mut calls = 0;
    loop {
        let mut right = 0;
        for _ in 0..BATCH {
            right += call(black_box(object)) as u64;
        }
        assert_eq!(right, BATCH, "not every call came out as it must");
        calls += BATCH;
        let end = Instant::now();
        if end - begin >= length {
            let allocated = ALLOCATED.load(Relaxed) - allocated;
            return Spent { calls, begin, end, allocated };
        }
    }
}

// ns a call = wall time * threads / calls: what a thread waits for its call.
fn measure<T: Sync>(
    label: &Label,
    outcome: &str,
    clock: &str,
    make: impl Fn() -> T,
    call: impl Fn(&T) -> bool + Sync,
) {
    drop(make()); // what a first one sets up for the thread is not the object's
    let ms = std::env::var("RIVAL_MS").ok().and_then(|v| v.parse().ok()).unwrap_or(100);
    let length = Duration::from_millis(ms);
    for threads in 1..=2u32 {
        let before = live();
        let object = make();
        let bytes = std::mem::size_of::<T>() as u64 + live() - before;
        let start = Barrier::new(threads as usize);
        let work = || {
            start.wait();
            call_for(&object, &call, length / 4); // warm
            start.wait();
            call_for(&object, &call, length)
        };
        let spent: Vec<Spent> = std::thread::scope(|s| {
            let all: Vec<_> = (0..threads).map(|_| s.spawn(work)).collect();
            all.into_iter().map(|t| t.join().unwrap()).collect()
        });
        let calls: u64 = spent.iter().map(|s| s.calls).sum();
        let begin = spent.iter().map(|s| s.begin).min().unwrap();
        let end = spent.iter().map(|s| s.end).max().unwrap();
        let ns = (end - begin).as_nanos() as f64 * threads as f64 / calls as f64;
        let garbage = spent[0].allocated as f64 / spent[0].calls as f64;
        let Label { library, version, mode } = label;
        println!("Rust\t{library}\t{version}\t{mode}\t{outcome}\t{threads}\t{ns:.2}\t{bytes}\t{garbage:.0}\t{clock}");
    }
}

fn governor_on<C: Clock + Clone + Sync>(mode: &'static str, reads: &str, clock: C) {
    let label = Label { library: "governor", version: GOVERNOR, mode };
    let plenty = Quota::per_second(1_000_000_000.try_into().unwrap());
    let scarce = Quota::per_hour(1.try_into().unwrap());
    measure(&label, "accept", reads, || RateLimiter::direct_with_clock(plenty, clock.clone()), |l| l.check().is_ok());
    let used_up = || {
        let limiter = RateLimiter::direct_with_clock(scarce, clock.clone());
        assert!(limiter.check().is_ok());
        limiter
    };
    measure(&label, "refuse", reads, used_up, |l| l.check().is_err());
}

fn pass<B: CircuitBreaker>(breaker: &B) -> bool {
    breaker.call(|| black_box(Ok::<(), ()>(()))).is_ok()
}

fn failsafe_with<B: CircuitBreaker + Sync>(mode: &'static str, reads: &str, make: impl Fn() -> B) {
    let label = Label { library: "failsafe", version: FAILSAFE, mode };
    measure(&label, "closed", reads, &make, pass);
    let open = || {
        let breaker = make();
        while breaker.is_call_permitted() {
            let _ = breaker.call(|| Err::<(), ()>(()));
        }
        breaker
    };
    measure(&label, "open", "yes", open, |b| {
        matches!(b.call(|| Ok::<(), ()>(())), Err(Error::Rejected))
    });
}

fn main() {
    governor_on("default clock (quanta)", "yes", DefaultClock::default());
    let upkeep = QuantaUpkeepClock::from_interval(Duration::from_millis(1)).expect("upkeep thread");
    governor_on("quanta upkeep clock, 1 ms", "no", upkeep);
    governor_on("standard library's clock", "yes", MonotonicClock);
    governor_on("clock that stands still", "no", FakeRelativeClock::default());
    failsafe_with("default policies", "yes", || Config::new().build());
    failsafe_with("consecutive failures", "no", || {
        let wait = backoff::constant(Duration::from_secs(3600));
        Config::new().failure_policy(failure_policy::consecutive_failures(5, wait)).build()
    });
}
