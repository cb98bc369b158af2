// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import com.google.common.util.concurrent.RateLimiter;
import io.github.bucket4j.local.SynchronizationStrategy;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.ratelimiter.RateLimiterConfig;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Calls of one thread, all of them accepted. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class Bench {
  private static final long MUCH = 1_000_000_000;

  private final Bucket bucket = Bucket.perSecond(1000 * MUCH, 1L << 58);
  private final long handle = bucket.handle();
  private final Batch batch = bucket.batch(100);
  private final Breaker breaker = Breaker.create(new BreakerConfig());
  private final Guard guard = Guard.builder().breaker(breaker).bucket(bucket).lean().build();
  private final Verdict verdict = new Verdict();
  private final RateLimiter guava = RateLimiter.create(MUCH);
  private final io.github.bucket4j.Bucket lockFree = bucket4j(SynchronizationStrategy.LOCK_FREE);
  private final io.github.bucket4j.Bucket locked = bucket4j(SynchronizationStrategy.SYNCHRONIZED);
  private final CircuitBreaker circuit = CircuitBreaker.ofDefaults("circuit");
  private final io.github.resilience4j.ratelimiter.RateLimiter atomic =
      io.github.resilience4j.ratelimiter.RateLimiter.of(
          "limiter",
          RateLimiterConfig.custom()
              .limitForPeriod((int) MUCH)
              .limitRefreshPeriod(Duration.ofSeconds(1))
              .timeoutDuration(Duration.ZERO)
              .build());
  private long now = Rheo.nowNs();
  private boolean refused;

  private static io.github.bucket4j.Bucket bucket4j(SynchronizationStrategy strategy) {
    return io.github.bucket4j.Bucket.builder()
        .addLimit(limit -> limit.capacity(MUCH).refillGreedy(MUCH, Duration.ofSeconds(1)))
        .withSynchronizationStrategy(strategy)
        .build();
  }

  private void all(boolean admitted) {
    if (!admitted) refused = true;
  }

  @TearDown
  public void check() {
    if (refused) throw new IllegalStateException("a call was refused");
  }

  @Benchmark
  public int version() {
    return Native.version();
  }

  @Benchmark
  public void nativePublished() {
    all(Native.bucketTryAcquire(handle, 1) == 0);
  }

  @Benchmark
  public void bucketPublished() {
    all(bucket.tryAcquirePublished(1));
  }

  @Benchmark
  public void bucketClock() {
    all(bucket.tryAcquire());
  }

  @Benchmark
  public void batch() {
    all(batch.tryAcquire());
  }

  @Benchmark
  public void breakerPair() {
    long permit = breaker.tryAcquire();
    all(permit != Rheo.PERMIT_NONE && breaker.record(permit, Outcome.SUCCESS));
  }

  @Benchmark
  public void breakerTold() {
    now += 10;
    long permit = breaker.tryAcquire(now);
    all(permit != Rheo.PERMIT_NONE && breaker.record(permit, Outcome.SUCCESS, now));
  }

  @Benchmark
  public void breakerPermit() {
    try (Permit permit = breaker.acquire()) {
      all(permit.success());
    }
  }

  @Benchmark
  public void guardPair() {
    all(guard.tryAcquire(1, verdict) && guard.record(verdict, Outcome.SUCCESS));
  }

  @Benchmark
  public void guava() {
    all(guava.tryAcquire());
  }

  @Benchmark
  public void bucket4jLockFree() {
    all(lockFree.tryConsume(1));
  }

  @Benchmark
  public void bucket4jLocked() {
    all(locked.tryConsume(1));
  }

  @Benchmark
  public void resilienceLimiter() {
    all(atomic.acquirePermission());
  }

  @Benchmark
  public void resilienceBreaker() {
    boolean admitted = circuit.tryAcquirePermission();
    if (admitted) circuit.onSuccess(1, TimeUnit.NANOSECONDS);
    all(admitted);
  }
}
