// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.util.List;

/** A guard beyond what the cases say. */
final class GuardTest {
  private final Breaker breaker = Breaker.create(BreakerTest.trips(2), 0);
  private final Bucket small = Bucket.create(new BucketConfig().tokensPerPeriod(1).burst(2), 0);
  private final Bucket large = Bucket.create(new BucketConfig().tokensPerPeriod(1).burst(9), 0);
  private final Guard guard = Guard.builder().breaker(breaker).bucket(small).bucket(large).build(0);

  void a_refusal_takes_nothing() {
    guard.acquire(2, 0).record(Outcome.SUCCESS, 1);
    RateLimited refused = Check.thrown(RateLimited.class, () -> guard.acquire(1, 1));
    Check.equal(999_999_999L, refused.retryAfterNs());
    Check.equal(7L, large.available(1));
    Check.thrown(NeverPasses.class, () -> guard.acquire(3, 1));
    Check.equal(List.of(2L, 0L, 0L, 0L), guard.stats().refusedByBucket());
  }

  void its_breaker_refuses() {
    Guard other = Guard.builder().breaker(breaker).bucket(large).build(0);
    other.acquire(1, 0).record(Outcome.FAILURE, 1);
    other.acquire(1, 2).record(Outcome.FAILURE, 3);
    Check.equal(4_999L, Check.thrown(BreakerOpen.class, () -> other.acquire(1, 4)).retryAfterNs());
    Check.equal(1L, other.stats().refusedByBreaker());
  }

  void the_verdict_is_used_again() {
    Verdict verdict = new Verdict();
    Check.that(guard.tryAcquire(1, verdict, 0), "first");
    Check.equal(Rheo.BY_NOBODY, verdict.refusedBy());
    Check.equal(0, verdict.bucket());
    Check.equal(1L, verdict.remaining());
    Check.that(guard.tryAcquire(1, verdict, 0), "second");
    Check.that(guard.record(verdict.permit(), Outcome.SUCCESS, 1), "record");
    Check.that(!guard.tryAcquire(1, verdict, 1), "third");
    Check.equal(Status.REJ_RATE, verdict.status());
    Check.equal(Rheo.BY_BUCKET, verdict.refusedBy());
    Check.equal(0L, verdict.cost());
  }

  void a_cancelled_call_gives_its_tokens_back() {
    guard.acquire(2, 0).cancel(0);
    Check.equal(2L, small.available(0));
    Check.equal(9L, large.available(0));
    Check.equal(1L, guard.stats().cancelled());
  }

  void the_clock_is_read_where_no_time_is_given() {
    Guard now =
        Guard.builder()
            .breaker(Breaker.create(new BreakerConfig()))
            .bucket(BucketTest.hourly(3))
            .lanes(1)
            .build();
    Verdict verdict = new Verdict();
    Check.that(now.tryAcquire(1, verdict) && now.record(verdict, Outcome.SUCCESS), "first");
    Check.that(now.tryAcquire(1, verdict) && now.cancel(verdict), "second");
    now.acquire(2).success();
    Check.that(Check.thrown(RateLimited.class, now::acquire).retryAfterNs() > 0, "wait");
    Check.that(now.tick() > 0, "tick");
  }

  void a_dry_run_admits_and_cancels_exactly() {
    Guard dry = Guard.builder().bucket(small).shadow().build(0);
    Permit admitted = dry.acquire(2, 0);
    Permit anyway = dry.acquire(1, 0);
    Check.equal(1L, dry.stats().shadowed());
    anyway.cancel(0);
    Check.equal(0L, small.available(0));
    admitted.cancel(0);
    Check.equal(2L, small.available(0));
    Check.that(Guard.builder().bucket(large).shadow().build().acquire().cancel(), "cancel");
    Verdict verdict = new Verdict();
    Check.that(dry.tryAcquire(3, verdict, 0), "dry");
    Check.equal(Status.REJ_NEVER, verdict.shadowStatus());
  }

  void a_lean_one_says_less() {
    Guard lean = Guard.builder().bucket(small).lean().build(0);
    Verdict verdict = new Verdict();
    Check.that(lean.tryAcquire(1, verdict, 0), "lean");
    Check.equal(-1, verdict.bucket());
    Check.equal(0L, verdict.limit());
  }

  void without_a_breaker_there_is_nothing_to_report() {
    Guard plain = Guard.builder().bucket(small).build(0);
    Permit permit = plain.acquire(1, 0);
    Check.that(permit.record(Outcome.FAILURE, 0), "record");
    Check.equal(1L, small.available(0));
  }

  void parts_may_be_closed() {
    small.close();
    breaker.close();
    guard.acquire(1, 0).record(Outcome.SUCCESS, 1);
    Check.thrown(IllegalStateException.class, () -> Guard.builder().bucket(small));
  }

  void misuse_is_told() {
    Check.fault(null, () -> Guard.builder().build());
    Check.fault(null, () -> Guard.builder().bucket(small).bucket(small).build());
    Check.fault(null, () -> Guard.builder().bucket(small).lanes(65).build());
    Check.fault("lanes", () -> Guard.builder().lanes(-1));
    Guard.Builder full = Guard.builder();
    for (int i = 0; i < 4; i++) full.bucket(Bucket.perSecond(1, 1));
    full.build().acquire().success();
    Check.fault("bucket", () -> full.bucket(Bucket.perSecond(1, 1)));
    Check.fault("n", () -> guard.acquire(0));
    Check.fault("n", () -> guard.tryAcquire(-1, new Verdict()));
  }
}
