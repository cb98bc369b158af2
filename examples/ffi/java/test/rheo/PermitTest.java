// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.io.IOException;
import java.util.concurrent.Callable;

/** A permit is reported, whatever happens to the call. */
final class PermitTest {
  private final Breaker breaker = Breaker.create(new BreakerConfig());

  private void counts(long successes, long failures, long ignored) {
    BreakerSnapshot seen = breaker.snapshot();
    Check.equal(
        successes + " " + failures + " " + ignored,
        seen.successes() + " " + seen.failures() + " " + seen.ignored());
  }

  void closed_without_a_report_it_is_a_failure() {
    try (Permit permit = breaker.acquire()) {
      permit.success();
    }
    counts(1, 0, 0);
    Check.thrown(
        IllegalStateException.class,
        () -> {
          try (Permit permit = breaker.acquire()) {
            throw new IllegalStateException("before the report");
          }
        });
    counts(1, 1, 0);
    breaker.acquire().close();
    counts(1, 2, 0);
  }

  void it_is_reported_once() {
    Permit permit = breaker.acquire();
    Check.that(permit.success(), "first");
    Check.that(!permit.failure() && !permit.cancel() && !permit.cancel(1), "later");
    Check.that(!permit.record(Outcome.FAILURE, 1), "later");
    permit.close();
    counts(1, 0, 0);
    breaker.acquire().ignored();
    counts(1, 0, 1);
    Check.that(breaker.acquire().cancel(), "cancel");
    counts(1, 0, 1);
  }

  void null_is_no_outcome_and_no_report() {
    Permit permit = breaker.acquire();
    Check.thrown(NullPointerException.class, () -> permit.record(null));
    permit.success();
    counts(1, 0, 0);
  }

  void what_is_called_is_reported() throws Exception {
    Callable<String> works = () -> "a";
    Check.equal("a", breaker.call(works));
    Check.equal("b", breaker.get(() -> "b"));
    breaker.run(() -> {});
    counts(3, 0, 0);
    IOException thrown = new IOException();
    Check.that(
        thrown
            == Check.thrown(
                IOException.class,
                () ->
                    breaker.call(
                        () -> {
                          throw thrown;
                        })),
        "the same");
    Check.thrown(ArithmeticException.class, () -> breaker.get(() -> 1 / (thrown == null ? 1 : 0)));
    Check.thrown(
        OutOfMemoryError.class,
        () ->
            breaker.run(
                () -> {
                  throw new OutOfMemoryError();
                }));
    counts(3, 3, 0);
  }

  void refused_it_is_not_called() {
    breaker.force(Mode.FORCED_OPEN);
    Callable<String> never =
        () -> {
          throw new AssertionError("called");
        };
    Check.thrown(BreakerOpen.class, () -> breaker.call(never));
    counts(0, 0, 0);
  }

  void a_classifier_has_the_say() throws Exception {
    Breaker http =
        breaker.with(
            (result, error) -> {
              if (error instanceof IllegalArgumentException) return Outcome.IGNORED;
              if (error != null) return Outcome.SUCCESS;
              return Integer.valueOf(500).equals(result) ? Outcome.FAILURE : Outcome.SUCCESS;
            });
    Check.equal(500, http.get(() -> 500));
    Check.equal(404, http.get(() -> 404));
    counts(1, 1, 0);
    Check.thrown(
        IllegalArgumentException.class,
        () ->
            http.run(
                () -> {
                  throw new IllegalArgumentException();
                }));
    counts(1, 1, 1);
    Check.thrown(
        IOException.class,
        () ->
            http.call(
                () -> {
                  throw new IOException();
                }));
    counts(2, 1, 1);
    Check.thrown(
        IOException.class,
        () ->
            breaker.call(
                () -> {
                  throw new IOException();
                }));
    counts(2, 2, 1);
  }

  void a_classifier_that_throws_is_a_failure() {
    IllegalStateException own = new IllegalStateException();
    Breaker bad =
        breaker.with(
            (result, error) -> {
              throw own;
            });
    Check.that(own == Check.thrown(IllegalStateException.class, () -> bad.get(() -> 1)), "own");
    counts(0, 1, 0);
    IOException seen =
        Check.thrown(
            IOException.class,
            () ->
                bad.call(
                    () -> {
                      throw new IOException();
                    }));
    Check.that(own == seen.getSuppressed()[0], "suppressed");
    counts(0, 2, 0);
    breaker.with((result, error) -> null).run(() -> {});
    counts(0, 3, 0);
    Check.thrown(NullPointerException.class, () -> breaker.with(null));
  }

  void it_may_be_reported_after_a_close() {
    Breaker closed = breaker.with(Classifier.THROWN_FAILED);
    Permit permit = closed.acquire();
    closed.close();
    Check.that(permit.success(), "late");
    counts(1, 0, 0);
  }

  void a_guard_does_the_same() throws Exception {
    Bucket bucket = BucketTest.hourly(10);
    Guard guard = Guard.builder().breaker(breaker).bucket(bucket).build();
    Check.equal("a", guard.call(() -> "a"));
    Check.equal("b", guard.acquire(3).get(() -> "b"));
    Check.equal(6L, bucket.available());
    Check.thrown(
        IOException.class,
        () ->
            guard.call(
                () -> {
                  throw new IOException();
                }));
    counts(2, 1, 0);
    Check.equal(1, guard.with((r, e) -> Outcome.IGNORED).acquire(5).call(() -> 1));
    counts(2, 1, 1);
    Check.thrown(
        RateLimited.class,
        () ->
            guard.run(
                () -> {
                  throw new AssertionError("called");
                }));
    try (Permit permit = breaker.acquire()) {
      permit.cancel();
    }
    counts(2, 1, 1);
  }
}
