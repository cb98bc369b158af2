// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * Leave to make one call, whose outcome is to be reported, once; later reports do nothing. For
 * try-with-resources: closed without a report it counts as a FAILURE, since then most likely
 * something was thrown. A call that was not made is to be cancelled.
 *
 * <p>For one thread at a time. It may be reported after its breaker or guard was closed.
 */
public final class Permit implements AutoCloseable {
  private final Gate gate;
  // Taken once, so that a report finds its way after a close; the gate keeps the memory.
  private final long handle;
  private final long permit;
  private final long cost;
  private boolean reported;

  Permit(Gate gate, long handle, long permit, long cost) {
    this.gate = gate;
    this.handle = handle;
    this.permit = permit;
    this.cost = cost;
  }

  /** Reports an outcome: whether that had an effect. */
  public boolean record(Outcome outcome) {
    int code = outcome.ordinal();
    return first() && gate.effective(gate.recordAs(handle, permit, code));
  }

  /** Reports an outcome at nowNs. */
  public boolean record(Outcome outcome, long nowNs) {
    int code = outcome.ordinal();
    return first() && gate.effective(gate.recordAs(handle, permit, code, nowNs));
  }

  /** The call was made and went well. */
  public boolean success() {
    return record(Outcome.SUCCESS);
  }

  /** The call was made and failed. */
  public boolean failure() {
    return record(Outcome.FAILURE);
  }

  /** The call was made and says nothing about the other side. */
  public boolean ignored() {
    return record(Outcome.IGNORED);
  }

  /** The call was not made: gives back the permit, and a guard's tokens. */
  public boolean cancel() {
    return first() && gate.effective(gate.cancelAs(handle, permit, cost));
  }

  /** The same at nowNs. */
  public boolean cancel(long nowNs) {
    return first() && gate.effective(gate.cancelAs(handle, permit, cost, nowNs));
  }

  /** Reports a FAILURE if nothing was reported. */
  @Override
  public void close() {
    if (!reported) record(Outcome.FAILURE);
  }

  /** Makes the call and reports how it ended. */
  public <T> T call(Callable<? extends T> work) throws Exception {
    T result;
    try {
      result = work.call();
    } catch (Throwable error) {
      threw(error);
      throw error;
    }
    settle(result, null);
    return result;
  }

  /** The same for what throws nothing checked. */
  public <T> T get(Supplier<? extends T> work) {
    T result;
    try {
      result = work.get();
    } catch (Throwable error) {
      threw(error);
      throw error;
    }
    settle(result, null);
    return result;
  }

  /** The same for what returns nothing. */
  public void run(Runnable work) {
    try {
      work.run();
    } catch (Throwable error) {
      threw(error);
      throw error;
    }
    settle(null, null);
  }

  /**
   * Starts a call that ends later, and reports how: when the stage completes, or before that the
   * future that is returned here, because somebody cancelled it or its time was up.
   */
  public <T> CompletableFuture<T> callAsync(Supplier<? extends CompletionStage<T>> work) {
    AtomicBoolean settled = new AtomicBoolean();
    CompletionStage<T> stage;
    try {
      stage = Objects.requireNonNull(work.get(), "stage");
    } catch (Throwable error) {
      threw(error);
      return CompletableFuture.failedFuture(error);
    }
    CompletableFuture<T> answer = new CompletableFuture<>();
    answer.whenComplete(
        (result, error) -> {
          if (settled.compareAndSet(false, true)) settle(result, error);
        });
    stage.whenComplete(
        (result, error) -> {
          Throwable cause = unwrapped(error);
          try {
            if (settled.compareAndSet(false, true)) settle(result, cause);
          } catch (Throwable classifying) {
            if (cause == null) cause = classifying;
            else cause.addSuppressed(classifying);
          }
          if (cause == null) answer.complete(result);
          else answer.completeExceptionally(cause);
        });
    return answer;
  }

  private static Throwable unwrapped(Throwable error) {
    boolean wrapped = error instanceof CompletionException && error.getCause() != null;
    return wrapped ? error.getCause() : error;
  }

  /** What the work threw is what the caller is to see, whatever the classifier does. */
  private void threw(Throwable error) {
    try {
      settle(null, error);
    } catch (Throwable classifying) {
      if (classifying != error) error.addSuppressed(classifying);
    }
  }

  private void settle(Object result, Throwable error) {
    Outcome outcome = Outcome.FAILURE;
    try {
      Outcome said = gate.classifier.of(result, error);
      if (said != null) outcome = said;
    } finally {
      record(outcome);
    }
  }

  private boolean first() {
    if (reported) return false;
    reported = true;
    return true;
  }
}
