// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.nio.ByteBuffer;
import java.util.List;

/** Misuse is told, by type, and harms nothing. */
final class ErrorsTest {
  private static BucketConfig limit() {
    return new BucketConfig().tokensPerPeriod(1).burst(1);
  }

  void the_field_to_blame_is_named() {
    Check.fault("tokens_per_period", () -> Bucket.create(new BucketConfig()));
    Check.fault("burst", () -> Bucket.create(limit().burst(0)));
    Check.fault("burst", () -> Bucket.create(limit().burst(1L << 59)));
    Check.fault("period_ns", () -> Bucket.create(limit().periodNs(0)));
    Check.fault("flags", () -> Bucket.create(limit().flags(1 << 30)));
    Check.fault("lanes", () -> Bucket.sizeOf(limit().lanes(1025)));
    Check.fault("failure_rate_bp", () -> Breaker.create(new BreakerConfig().failureRateBp(10001)));
    Check.fault("slow_call_ns", () -> Breaker.create(new BreakerConfig().slowCallRateBp(1)));
    Check.fault("half_open_calls", () -> Breaker.sizeOf(new BreakerConfig().halfOpenCalls(33)));
    Check.fault(null, () -> Counter.create(new CounterConfig().counts(9)));
  }

  void negative_numbers_are_mistakes() {
    Check.fault("burst", () -> limit().burst(-1));
    Check.fault("lanes", () -> limit().lanes(-1));
    Bucket bucket = Bucket.create(limit());
    List<Check.Action> calls =
        List.of(
            () -> bucket.tryAcquire(-1),
            () -> bucket.tryAcquire(0),
            () -> bucket.tryAcquirePublished(-1),
            () -> bucket.acquire(-1),
            () -> bucket.acquireUpto(-1),
            () -> bucket.refund(-1),
            () -> bucket.charge(-1),
            () -> bucket.waitNs(-1),
            () -> bucket.batch(0));
    for (Check.Action call : calls) Check.fault("n", call);
    Check.fault("max_wait_ns", () -> bucket.reserve(1, -1));
    Check.equal(1L, bucket.available());
  }

  void memory_has_to_be_fit() {
    int size = (int) Bucket.sizeOf(limit());
    ByteBuffer memory = Memory.allocate(8192);
    Check.fault("memory", () -> Bucket.create(limit(), ByteBuffer.allocate(size), 0));
    Check.fault("memory", () -> Bucket.attach(memory.asReadOnlyBuffer()));
    Check.fault(null, () -> Bucket.create(limit(), memory.slice(64, size), 0));
    Check.thrown(NoSpace.class, () -> Bucket.create(limit(), memory.slice(0, size - 1), 0));
    Check.thrown(Corrupt.class, () -> Bucket.attach(memory));
    Check.thrown(Corrupt.class, () -> Breaker.attach(memory));
    Bucket.create(limit(), memory, 0);
    Check.thrown(Corrupt.class, () -> Counter.attach(memory));
    Bucket.attach(memory).acquire(1, 0);
  }

  void every_status_has_its_exception() {
    for (Status status : Status.values()) {
      if (status == Status.OK || status == Status.STALE) continue;
      RheoException made = status.exception(7);
      Check.equal(status, made.status());
      Check.equal(status.code() > 0, made instanceof Refused);
      Check.equal(status, Status.of(status.code()));
      Check.that(made.getMessage().startsWith(status.text()), made.getMessage());
    }
    Check.that(Status.ERR_VERSION.exception(0) instanceof VersionMismatch, "version");
    Check.equal(
        "an argument or a configuration is not valid: burst",
        new InvalidArgument("burst").getMessage());
    Check.equal(Native.statusName(-3), "ERR_VERSION");
  }

  void closed_means_closed() {
    Breaker breaker = Breaker.create(new BreakerConfig());
    Bucket bucket = Bucket.create(limit());
    Guard guard = Guard.builder().breaker(breaker).bucket(bucket).build();
    Counter counter = Counter.create(new CounterConfig());
    for (NativeObject one : List.of(breaker, bucket, guard, counter)) {
      Check.that(!one.isClosed(), "open");
      one.close();
      one.close();
      Check.that(one.isClosed(), "closed");
    }
    List<Check.Action> calls =
        List.of(
            bucket::tryAcquire,
            bucket::acquire,
            bucket::stats,
            () -> bucket.acquireUpto(1),
            breaker::tryAcquire,
            breaker::acquire,
            breaker::state,
            () -> breaker.record(1, Outcome.SUCCESS),
            () -> breaker.call(() -> 1),
            () -> breaker.callAsync(() -> null),
            guard::acquire,
            () -> guard.tryAcquire(1, new Verdict()),
            () -> guard.with(Classifier.THROWN_FAILED),
            () -> counter.add(0, 1));
    for (Check.Action call : calls) {
      String told = Check.thrown(IllegalStateException.class, call).getMessage();
      Check.that(told.endsWith(" is closed"), told);
    }
  }

  void versions_are_told() {
    Check.equal(Rheo.VERSION, Rheo.version());
    Check.that(Rheo.nowNs() <= Rheo.nowNs(), "monotonic");
  }
}
