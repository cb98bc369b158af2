// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/** Threads at once keep the bounds. */
final class ThreadsTest {
  private static final int THREADS = 4;
  private static final int CALLS = 20_000;
  private static final long STEP_NS = 50;

  static long sum(int threads, Callable<Long> work) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    CountDownLatch ready = new CountDownLatch(threads);
    try {
      List<Future<Long>> answers = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        answers.add(
            pool.submit(
                () -> {
                  ready.countDown();
                  ready.await();
                  return work.call();
                }));
      }
      long sum = 0;
      for (Future<Long> answer : answers) sum += answer.get();
      return sum;
    } finally {
      pool.shutdownNow();
    }
  }

  /** Tokens admitted by threads that share a time which goes on with every call. */
  private static long admitted(Bucket bucket, AtomicLong time) throws Exception {
    return sum(
        THREADS,
        () -> {
          long taken = 0;
          for (int i = 0; i < CALLS; i++) {
            long now = time.addAndGet(STEP_NS);
            if (i % 3 == 0) taken += bucket.acquireUpto(2, now);
            else if (bucket.tryAcquire(1, now)) taken++;
          }
          return taken;
        });
  }

  private static final long RATE = 1_000_000;

  private static BucketConfig config(int lanes) {
    return new BucketConfig().tokensPerPeriod(RATE).burst(1000).lanes(lanes);
  }

  private static long bound(AtomicLong time) {
    return 1000 + (time.get() * RATE + 999_999_999) / 1_000_000_000;
  }

  void one_word_admits_the_bound() throws Exception {
    Bucket bucket = Bucket.create(config(1), 0);
    AtomicLong time = new AtomicLong();
    long taken = admitted(bucket, time);
    taken += bucket.acquireUpto(10_000, time.get());
    // A full bucket keeps nothing of the first step.
    Check.that(taken == bound(time) || taken == bound(time) - 1, taken + " of " + bound(time));
    Check.equal(taken, bucket.stats().admitted());
  }

  void lanes_admit_no_more_than_the_bound() throws Exception {
    Bucket bucket = Bucket.create(config(4), 0);
    AtomicLong time = new AtomicLong();
    long taken = admitted(bucket, time);
    Check.equal(4, bucket.stats().lanes());
    Check.that(taken <= bound(time) && taken > bound(time) / 2, taken + " of " + bound(time));
  }

  void probes_are_no_more_than_there_are() throws Exception {
    for (int round = 0; round < 50; round++) {
      Breaker breaker = Breaker.create(BreakerTest.trips(1).halfOpenCalls(3), 0);
      breaker.acquire(0).record(Outcome.FAILURE, 0);
      Callable<Long> asks = () -> breaker.tryAcquire(6_000) != Rheo.PERMIT_NONE ? 1L : 0L;
      Check.equal(3L, sum(THREADS, asks));
    }
  }

  void every_report_is_counted() throws Exception {
    Bucket bucket = Bucket.perSecond(1, 3 * CALLS);
    Breaker breaker = Breaker.create(new BreakerConfig().failureRateBp(10000));
    Guard guard = Guard.builder().breaker(breaker).bucket(bucket).lean().build();
    long admitted =
        sum(
            THREADS,
            () -> {
              Verdict verdict = new Verdict();
              long count = 0;
              for (int i = 0; i < CALLS; i++) {
                if (!guard.tryAcquire(1, verdict)) continue;
                guard.record(verdict, Outcome.SUCCESS);
                count++;
              }
              return count;
            });
    Check.that(admitted >= 3 * CALLS && admitted < 3 * CALLS + 60, "admitted " + admitted);
    Check.equal(admitted, breaker.snapshot().successes());
    Check.equal(4L * CALLS - admitted, guard.stats().refusedByBucket().get(0));
  }
}
