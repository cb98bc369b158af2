// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Calls that end later. */
final class AsyncTest {
  private final Breaker breaker = Breaker.create(new BreakerConfig());
  private final CompletableFuture<String> work = new CompletableFuture<>();

  private void counts(long successes, long failures, long ignored) {
    BreakerSnapshot seen = breaker.snapshot();
    Check.equal(
        successes + " " + failures + " " + ignored,
        seen.successes() + " " + seen.failures() + " " + seen.ignored());
  }

  void reported_when_it_ends() throws Exception {
    CompletableFuture<String> answer = breaker.callAsync(() -> work);
    counts(0, 0, 0);
    work.complete("a");
    Check.equal("a", answer.get());
    counts(1, 0, 0);
  }

  void reported_when_it_fails() {
    CompletionStage<String> later = work.thenApply(s -> s);
    CompletableFuture<String> answer =
        breaker
            .with((r, e) -> e instanceof IOException ? Outcome.IGNORED : Outcome.SUCCESS)
            .callAsync(() -> later);
    IOException thrown = new IOException();
    work.completeExceptionally(thrown);
    Check.that(thrown == Check.thrown(ExecutionException.class, answer::get).getCause(), "cause");
    counts(0, 0, 1);
  }

  void reported_when_it_cannot_begin() {
    CompletableFuture<String> answer =
        breaker.callAsync(
            () -> {
              throw new ArithmeticException();
            });
    Check.that(
        Check.thrown(ExecutionException.class, answer::get).getCause()
            instanceof ArithmeticException,
        "cause");
    counts(0, 1, 0);
    Check.that(breaker.callAsync(() -> null).isCompletedExceptionally(), "no stage");
    counts(0, 2, 0);
  }

  void cancelled_it_failed_and_only_once() {
    CompletableFuture<String> answer = breaker.callAsync(() -> work);
    answer.cancel(true);
    counts(0, 1, 0);
    work.complete("late");
    counts(0, 1, 0);
  }

  void its_time_being_up_it_failed() {
    CompletableFuture<String> answer = breaker.callAsync(() -> work);
    answer.orTimeout(10, TimeUnit.MILLISECONDS);
    Check.that(
        Check.thrown(ExecutionException.class, answer::get).getCause() instanceof TimeoutException,
        "cause");
    counts(0, 1, 0);
  }

  void a_refusal_is_a_future_that_failed() {
    breaker.force(Mode.FORCED_OPEN);
    CompletableFuture<String> answer =
        breaker.callAsync(
            () -> {
              throw new AssertionError("called");
            });
    Check.that(
        Check.thrown(ExecutionException.class, answer::get).getCause() instanceof BreakerOpen,
        "cause");
  }

  void a_classifier_that_throws_fails_the_answer() {
    IllegalStateException own = new IllegalStateException();
    CompletableFuture<String> answer =
        breaker
            .with(
                (r, e) -> {
                  throw own;
                })
            .callAsync(() -> work);
    work.complete("a");
    Check.that(own == Check.thrown(ExecutionException.class, answer::get).getCause(), "own");
    counts(0, 1, 0);
  }

  void from_another_thread() throws Exception {
    var pool = Executors.newSingleThreadExecutor();
    try {
      Guard guard = Guard.builder().breaker(breaker).build();
      Check.equal(7, guard.callAsync(() -> CompletableFuture.supplyAsync(() -> 7, pool)).get());
      counts(1, 0, 0);
    } finally {
      pool.shutdown();
    }
  }
}
