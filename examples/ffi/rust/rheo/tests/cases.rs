// SPDX-License-Identifier: BSD-2-Clause

//! examples/ffi/cases.tsv, every line, through the wrapper.

use std::sync::Arc;

use rheo::{Breaker, BreakerConfig, Bucket, BucketConfig, Error, Guard, Mode, Report};

#[derive(Default)]
struct Player {
    bucket: Option<Arc<Bucket>>,
    breaker: Option<Arc<Breaker>>,
    guard: Option<Guard>,
    breaker_permits: [u64; 10],
    guard_permits: [(u64, u64); 10],
}

type Answer = (i32, Vec<u64>);

fn status<T>(result: Result<T, Error>) -> i32 {
    result.map_or_else(|error| error.status(), |_| 0)
}

fn value(result: Result<u64, Error>) -> Answer {
    match result {
        Ok(value) => (0, vec![value]),
        Err(Error::RateLimited { retry_after_ns }) => (1, vec![retry_after_ns]),
        Err(error) => (error.status(), vec![]),
    }
}

/// The wrapper says only whether it took the tokens; why not is acquire_at's to say.
fn taken(yes: bool) -> Answer {
    (i32::from(!yes), vec![])
}

fn report(outcome: u64) -> Report {
    [Report::Success, Report::Failure, Report::Ignored][outcome as usize]
}

impl Player {
    fn bucket(&self) -> &Bucket {
        self.bucket.as_ref().unwrap()
    }

    fn breaker(&self) -> &Breaker {
        self.breaker.as_ref().unwrap()
    }

    fn guard(&self) -> &Guard {
        self.guard.as_ref().unwrap()
    }

    fn play(&mut self, call: &str, args: &[u64]) -> Answer {
        match (call, args) {
            ("bucket.init", &[rate, period_ns, burst, max_debt, now]) => {
                let config = BucketConfig::new(rate, burst).period_ns(period_ns).max_debt(max_debt);
                let made = Bucket::new_at(&config, now);
                (status(made.map(|bucket| self.bucket = Some(Arc::new(bucket)))), vec![])
            }
            ("breaker.init", &[rate, calls, window_ns, open_ns, probes, timeout_ns, now]) => {
                let config = BreakerConfig::new()
                    .failure_rate_bp(rate as u32)
                    .minimum_calls(calls as u32)
                    .window_ns(window_ns)
                    .open_ns(open_ns)
                    .half_open_calls(probes as u32)
                    .probe_timeout_ns(timeout_ns);
                let made = Breaker::new_at(&config, now);
                (status(made.map(|breaker| self.breaker = Some(Arc::new(breaker)))), vec![])
            }
            ("guard.init", &[now]) => {
                let (bucket, breaker) = (self.bucket.clone().unwrap(), self.breaker.clone().unwrap());
                let made = Guard::builder().bucket(bucket).breaker(breaker).build_at(now);
                (status(made.map(|guard| self.guard = Some(guard))), vec![])
            }
            _ if call.starts_with("bucket.") => self.play_bucket(&call[7..], args),
            _ if call.starts_with("breaker.") => self.play_breaker(&call[8..], args),
            _ => self.play_guard(call, args),
        }
    }

    fn play_bucket(&mut self, call: &str, args: &[u64]) -> Answer {
        let bucket = self.bucket();
        match (call, args) {
            ("try_acquire", &[n]) => taken(bucket.try_acquire_published(n)),
            ("try_acquire_at", &[n, now]) => (status(bucket.acquire_at(n, now)), vec![]),
            ("acquire_upto", &[n, now]) => {
                let got = bucket.acquire_upto_at(n, now);
                (i32::from(got == 0), vec![got])
            }
            ("reserve", &[n, now, max_wait_ns]) => value(bucket.reserve_at(n, now, max_wait_ns)),
            ("refund", &[n]) => (status(bucket.refund(n)), vec![]),
            ("charge", &[n, now]) => (status(bucket.charge(n, now)), vec![]),
            ("refill", &[now]) => (status(bucket.refill(now)), vec![]),
            ("next_refill_ns", &[now]) => value(bucket.next_refill_ns(now)),
            ("wait_ns", &[n, now]) => value(bucket.wait_ns(n, now)),
            ("available", &[now]) => value(bucket.available(now)),
            _ => panic!("no such call: bucket.{}", call),
        }
    }

    fn play_breaker(&mut self, call: &str, args: &[u64]) -> Answer {
        match (call, args) {
            ("try_acquire", &[place, now]) => {
                let raw = self.breaker().acquire_at(now).map(|permit| permit.into_raw());
                self.breaker_permits[place as usize] = raw.unwrap_or(rheo::sys::RHEO_PERMIT_NONE);
                (status(raw), vec![])
            }
            ("record", &[place, outcome, now]) if outcome > 2 => {
                // The wrapper cannot say this.
                let (handle, raw) = (self.breaker().handle(), self.breaker_permits[place as usize]);
                (unsafe { rheo::sys::rheo_breaker_record(handle, raw, outcome as u32, now) }, vec![])
            }
            ("record", &[place, outcome, now]) => {
                let raw = self.breaker_permits[place as usize];
                (status(self.breaker().report(raw, report(outcome), now)), vec![])
            }
            ("cancel", &[place, now]) => {
                let raw = self.breaker_permits[place as usize];
                (status(self.breaker().report(raw, Report::Cancel, now)), vec![])
            }
            ("force", &[mode, now]) => {
                let breaker = self.breaker();
                match Mode::from_raw(mode as u32) {
                    Some(mode) => (status(breaker.force(mode, now)), vec![]),
                    None => (unsafe { rheo::sys::rheo_breaker_force(breaker.handle(), mode as u32, now) }, vec![]),
                }
            }
            ("retry_after_ns", &[now]) => value(self.breaker().retry_after_ns(now)),
            ("snapshot", &[now]) => {
                let seen = self.breaker().snapshot(now).unwrap();
                let (state, mode) = (u64::from(seen.state), u64::from(seen.mode));
                (0, vec![state, mode, seen.generation, seen.window_calls, seen.window_failures])
            }
            _ => panic!("no such call: breaker.{}", call),
        }
    }

    fn play_guard(&mut self, call: &str, args: &[u64]) -> Answer {
        match (call, args) {
            ("guard.try_acquire", &[place, cost, now]) => {
                let (permit, verdict) = self.guard().decide_at(cost, now);
                let permit = permit.map_or((0, 0), |permit| (permit.cost(), permit.into_raw()));
                self.guard_permits[place as usize] = permit;
                let (v, by) = (verdict, u64::from(verdict.refused_by));
                let told = vec![v.status as u64, by, v.cost, v.retry_after_ns, v.limit, v.remaining, v.reset_ns];
                (v.status, told)
            }
            ("guard.record", &[place, outcome, now]) => {
                let (cost, raw) = self.guard_permits[place as usize];
                (status(self.guard().report(raw, cost, report(outcome), now)), vec![])
            }
            ("guard.cancel", &[place, cost, now]) => {
                let raw = self.guard_permits[place as usize].1;
                (status(self.guard().report(raw, cost, Report::Cancel, now)), vec![])
            }
            _ => panic!("no such call: {}", call),
        }
    }
}

#[test]
fn every_case_is_answered_as_in_c() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../cases.tsv")).unwrap();
    let mut player = Player::default();
    let mut played = 0;
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        let args: Vec<u64> = columns[1].split(' ').map(|word| word.parse().unwrap()).collect();
        let (status, results) = player.play(columns[0], &args);
        assert_eq!(status.to_string(), columns[2], "status, line {}: {}", number + 1, line);
        if columns[3] != "-" {
            let results: Vec<String> = results.iter().map(u64::to_string).collect();
            assert_eq!(results.join(" "), columns[3], "results, line {}: {}", number + 1, line);
        }
        played += 1;
    }
    assert!(played > 80);
}
