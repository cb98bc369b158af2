// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.ref.WeakReference;
import java.util.concurrent.atomic.AtomicBoolean;

/** Memory lives as long as whoever uses it, and no longer. */
final class LifetimeTest {
  private static long directBytes() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
  }

  /** When what earlier tests left is gone. */
  private static long settledBytes() throws InterruptedException {
    long seen = directBytes();
    for (int same = 0; same < 3; ) {
      System.gc();
      Thread.sleep(20);
      same = directBytes() == seen ? same + 1 : 0;
      seen = directBytes();
    }
    return seen;
  }

  private static boolean within(long limit) throws InterruptedException {
    for (int i = 0; i < 50 && directBytes() > limit; i++) {
      System.gc();
      Thread.sleep(20);
    }
    return directBytes() <= limit;
  }

  private static Guard guard() {
    return Guard.builder()
        .breaker(Breaker.create(new BreakerConfig()))
        .bucket(BucketTest.hourly(3))
        .build();
  }

  void what_is_out_of_reach_is_freed() throws Exception {
    long before = settledBytes();
    makeAndLeave(before);
    Check.that(within(before + 20_000), "freed: " + before + ", " + directBytes());
  }

  private static void makeAndLeave(long before) {
    Guard[] kept = new Guard[500];
    for (int i = 0; i < kept.length; i++) kept[i] = guard();
    Check.that(directBytes() > before + 500 * 4000, "they have memory");
    for (Guard one : kept) one.close();
    Check.that(directBytes() > before + 500 * 4000, "close frees nothing");
  }

  void a_guard_keeps_its_parts() throws Exception {
    Bucket bucket = BucketTest.hourly(3);
    WeakReference<Bucket> weak = new WeakReference<>(bucket);
    Guard guard = Guard.builder().bucket(bucket).build();
    bucket = null;
    for (int i = 0; i < 5; i++) System.gc();
    Check.that(weak.get() != null, "kept");
    for (int i = 0; i < 3; i++) guard.acquire().success();
    Check.thrown(RateLimited.class, guard::acquire);
    guard = null;
    for (int i = 0; i < 50 && weak.get() != null; i++) {
      System.gc();
      Thread.sleep(10);
    }
    Check.that(weak.get() == null, "let go");
  }

  void a_permit_keeps_its_breaker() throws Exception {
    Breaker[] breaker = {Breaker.create(new BreakerConfig())};
    Permit permit = breaker[0].acquire();
    Breaker seen = breaker[0].with(Classifier.THROWN_FAILED);
    breaker[0].close();
    breaker[0] = null;
    for (int i = 0; i < 5; i++) System.gc();
    Check.that(permit.success(), "reported");
    Check.equal(1L, seen.snapshot().successes());
  }

  void a_close_from_another_thread_ends_the_calls() throws Exception {
    for (int round = 0; round < 20; round++) {
      Bucket bucket = Bucket.perSecond(1_000_000, 1_000_000);
      Guard guard = Guard.builder().bucket(bucket).build();
      Thread closes =
          new Thread(
              () -> {
                Thread.yield();
                bucket.close();
                guard.close();
              });
      closes.start();
      long ended =
          ThreadsTest.sum(
              2,
              () -> {
                for (long i = 0; ; i++) {
                  try {
                    if (!guard.isClosed()) guard.acquire().success();
                    bucket.tryAcquire();
                  } catch (RateLimited meanwhile) {
                    // The tokens may run out first.
                  } catch (IllegalStateException closed) {
                    return 1L;
                  }
                }
              });
      Check.equal(2L, ended);
      closes.join();
    }
  }

  void collected_all_the_time_they_decide_as_ever() throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    Thread collector =
        new Thread(
            () -> {
              while (!stop.get()) System.gc();
            });
    collector.start();
    try {
      // So many rounds, not so long: on a busy machine they take a while.
      ThreadsTest.sum(
          3,
          () -> {
            for (int round = 0; round < 100; round++) {
              int admitted = 0;
              Guard guard = guard();
              for (int i = 0; i < 5; i++) {
                Verdict verdict = new Verdict();
                if (guard.tryAcquire(1, verdict)) admitted++;
              }
              Check.equal(3, admitted);
              Check.equal(1L, BucketTest.hourly(3).acquireUpto(1));
            }
            return 0L;
          });
    } finally {
      stop.set(true);
      collector.join();
    }
  }
}
