// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** What is called for every request allocates nothing. */
final class GarbageTest {
  private static final int CALLS = 50_000;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final Bucket bucket = Bucket.perSecond(1_000_000_000_000L, 1_000_000);
  private final Bucket empty =
      Bucket.create(
          new BucketConfig().tokensPerPeriod(1).burst(1).flags(Rheo.BUCKET_START_EMPTY), 0);
  private final Breaker breaker = Breaker.create(new BreakerConfig());
  private final Guard guard = Guard.builder().breaker(breaker).bucket(bucket).build();
  private final Verdict verdict = new Verdict();

  private static double bytesACall(Runnable call) {
    double least = Double.MAX_VALUE;
    for (int round = 0; round < 5; round++) {
      long before = THREADS.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < CALLS; i++) call.run();
      long bytes = THREADS.getCurrentThreadAllocatedBytes() - before;
      least = Math.min(least, (double) bytes / CALLS);
    }
    return least;
  }

  private static void none(String what, Runnable call) {
    double bytes = bytesACall(call);
    Check.that(bytes < 0.1, what + ": " + bytes + " bytes a call");
  }

  void buckets_leave_none() {
    none("accept", bucket::tryAcquire);
    none("accept, published", () -> bucket.tryAcquirePublished(1));
    none("refuse", () -> empty.tryAcquire(1, 0));
    none("acquire", bucket::acquire);
    none("up to", () -> bucket.acquireUpto(2));
    none("refund", () -> bucket.refund(1));
    none("charge", () -> bucket.charge(1));
    none("wait", () -> empty.waitNs(1, 0));
    Batch batch = bucket.batch(100);
    none("batch", batch::tryAcquire);
  }

  void breakers_leave_none() {
    none("pair", () -> breaker.record(breaker.tryAcquire(), Outcome.SUCCESS));
    breaker.force(Mode.FORCED_OPEN);
    none("refuse", breaker::tryAcquire);
  }

  void guards_leave_none() {
    none(
        "pair",
        () -> {
          guard.tryAcquire(1, verdict);
          guard.record(verdict, Outcome.SUCCESS);
        });
    breaker.force(Mode.FORCED_OPEN);
    none("refuse", () -> guard.tryAcquire(1, verdict));
  }

  void the_measure_sees_a_permit() {
    Permit[] kept = new Permit[1];
    double bytes = bytesACall(() -> (kept[0] = breaker.acquire()).success());
    Check.that(bytes >= 24 && bytes <= 64, bytes + " bytes a permit");
  }
}
