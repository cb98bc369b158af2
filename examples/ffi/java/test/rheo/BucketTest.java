// SPDX-License-Identifier: BSD-2-Clause
package rheo;

/** A bucket beyond what the cases say. */
final class BucketTest {
  private static final long SECOND = 1_000_000_000;

  private final Bucket bucket =
      Bucket.create(new BucketConfig().tokensPerPeriod(10).burst(5).maxDebt(20), 0);

  /** So slow that nothing is earned while a test runs. */
  static Bucket hourly(long burst) {
    return Bucket.create(
        new BucketConfig().tokensPerPeriod(1).periodNs(3600 * SECOND).burst(burst));
  }

  void refusals_say_when_to_come_again() {
    bucket.acquire(5, 0);
    RateLimited refused = Check.thrown(RateLimited.class, () -> bucket.acquire(2, 0));
    Check.equal(200_000_000L, refused.retryAfterNs());
    Check.equal(Status.REJ_RATE, refused.status());
    Check.equal("not enough tokens now; retry after PT0.2S", refused.getMessage());
    Check.equal(0, refused.getStackTrace().length);
    NeverPasses never = Check.thrown(NeverPasses.class, () -> bucket.acquire(6, 0));
    Check.equal(Rheo.FOREVER, never.retryAfterNs());
  }

  void the_clock_is_read_where_no_time_is_given() {
    try (Bucket now = hourly(3)) {
      Check.that(now.tryAcquire() && now.tryAcquire(1), "two are there");
      now.acquire();
      Check.that(!now.tryAcquire(), "a fourth at once");
      long wait = Check.thrown(RateLimited.class, now::acquire).retryAfterNs();
      Check.that(wait > 3000 * SECOND && wait <= 3600 * SECOND, "wait " + wait);
      Check.that(now.waitNs(1) <= wait && now.waitNs(3) > 2 * wait, "waits");
      Check.equal(0L, now.acquireUpto(2));
      Check.equal(0L, now.available());
      Check.equal(-1L, now.tryReserve(1, 0));
      now.charge(1);
      now.refill();
      Check.that(now.nextRefillNs() <= 3600 * SECOND, "next refill");
      Check.equal(3L, now.quota().limit());
    }
  }

  void a_second_later_there_are_more() throws InterruptedException {
    try (Bucket now = Bucket.perSecond(100, 1)) {
      now.acquire();
      Thread.sleep(30);
      Check.that(now.tryAcquire(), "earned in 30 ms");
    }
  }

  void reservations_are_waits_or_refusals() {
    Check.equal(0L, bucket.reserve(5, SECOND, 0));
    Check.equal(400_000_000L, bucket.reserve(4, SECOND, 0));
    RateLimited refused = Check.thrown(RateLimited.class, () -> bucket.reserve(5, SECOND / 2, 0));
    Check.equal(900_000_000L, refused.retryAfterNs());
    Check.thrown(NeverPasses.class, () -> bucket.reserve(100, SECOND, 0));
    Bucket now = Bucket.create(new BucketConfig().tokensPerPeriod(10).burst(1).maxDebt(5));
    Check.equal(0L, now.tryReserve(1, SECOND));
    Check.that(now.tryReserve(1, SECOND) > 0, "borrowed");
    Check.that(now.reserve(1, SECOND) > 0, "borrowed");
    Check.equal(-1L, now.tryReserve(1, 0));
  }

  void a_batch_spends_in_Java_and_gives_the_rest_back() {
    Bucket now = hourly(10);
    try (Batch batch = now.batch(4)) {
      for (int i = 0; i < 6; i++) Check.that(batch.tryAcquire(), "token " + i);
      Check.equal(2L, now.available());
    }
    Check.equal(4L, now.available());
    Batch rest = now.batch(100);
    int taken = 0;
    while (rest.tryAcquire()) taken++;
    Check.equal(4, taken);
    now.close();
    rest.close();
  }

  void reconfigured_it_keeps_its_level() {
    bucket.acquire(3, 0);
    bucket.reconfigure(bucket.config().burst(50).tokensPerPeriod(100), Level.KEEP, 0);
    Check.equal(2L, bucket.available(0));
    Check.equal(50L, bucket.config().burst());
    Check.equal(50L, bucket.available(SECOND));
    bucket.reconfigure(bucket.config().burst(7), Level.RESET);
    Check.fault("burst", () -> bucket.reconfigure(bucket.config().burst(0), Level.KEEP));
    Check.equal(7L, bucket.config().burst());
  }

  void it_counts() {
    bucket.tryAcquire(5, 0);
    bucket.tryAcquire(1, 0);
    bucket.tryAcquire(6, 0);
    bucket.refund(1);
    bucket.charge(3, 0);
    BucketStats stats = bucket.stats();
    Check.equal(5L, stats.admitted());
    Check.equal(1L, stats.refusedRate());
    Check.equal(1L, stats.refusedNever());
    Check.equal(1L, stats.refunded());
    Check.equal(3L, stats.charged());
    Check.equal(-2L, stats.level());
    Check.equal(new BucketQuota(5, SECOND / 2, 0, 300_000_000, 700_000_000, 0), bucket.quota(0));
  }

  void a_counter_counts() {
    Counter counter = Counter.create(new CounterConfig().counts(2));
    counter.add(0, 5);
    counter.add(1, 2);
    counter.add(0, -1);
    Check.equal(4L, counter.read(0));
    Check.equal(2L, counter.read(1));
    Check.thrown(InvalidArgument.class, () -> counter.add(8, 1));
    Check.thrown(InvalidArgument.class, () -> counter.read(-1));
  }
}
