// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** What calls go through, and are reported to: a breaker or a guard. */
public abstract sealed class Gate extends NativeObject permits Breaker, Guard {
  final Classifier classifier;

  Gate(ByteBuffer memory, long handle, Classifier classifier) {
    super(memory, handle);
    this.classifier = Objects.requireNonNull(classifier);
  }

  /** A permit for one call, to be reported; or throws a {@link Refused}. */
  public abstract Permit acquire();

  /** Makes the call if it may be made, and reports how it ended. */
  public final <T> T call(Callable<? extends T> work) throws Exception {
    return acquire().call(work);
  }

  /** The same for what throws nothing checked. */
  public final <T> T get(Supplier<? extends T> work) {
    return acquire().get(work);
  }

  /** The same for what returns nothing. */
  public final void run(Runnable work) {
    acquire().run(work);
  }

  /**
   * Starts a call that ends later, and reports how when it has. A refusal comes as a future that
   * has failed.
   */
  public final <T> CompletableFuture<T> callAsync(Supplier<? extends CompletionStage<T>> work) {
    Permit permit;
    try {
      permit = acquire();
    } catch (Refused refused) {
      return CompletableFuture.failedFuture(refused);
    }
    return permit.callAsync(work);
  }

  abstract int recordAs(long handle, long permit, int outcome);

  abstract int recordAs(long handle, long permit, int outcome, long nowNs);

  abstract int cancelAs(long handle, long permit, long cost);

  abstract int cancelAs(long handle, long permit, long cost, long nowNs);
}
