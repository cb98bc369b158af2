// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.nio.ByteBuffer;

/**
 * A token bucket: so many tokens a period, at most {@code burst} saved up. All threads may use it
 * at once. Where a method is not told the time (nanoseconds of a monotonic clock, by default {@link
 * Rheo#nowNs}), C reads the clock.
 */
public final class Bucket extends NativeObject {
  private Bucket(ByteBuffer memory, long handle) {
    super(memory, handle);
  }

  /** So many tokens a second, and so many at once. */
  public static Bucket perSecond(long tokens, long burst) {
    return create(new BucketConfig().tokensPerPeriod(tokens).burst(burst));
  }

  /** A full bucket. */
  public static Bucket create(BucketConfig config) {
    return create(config, Rheo.nowNs());
  }

  /** A full bucket, whose time begins at nowNs. */
  public static Bucket create(BucketConfig config, long nowNs) {
    return create(config, Memory.allocate(sizeOf(config)), nowNs);
  }

  /** A full bucket in memory that others may attach to: a mapped file's, beginning at 128 bytes. */
  public static Bucket create(BucketConfig config, ByteBuffer memory, long nowNs) {
    check(config);
    ByteBuffer given = Memory.given(memory);
    long address = Library.address(given);
    return new Bucket(given, Native.bucketInit(address, given.capacity(), config.array, nowNs));
  }

  /** The bucket that somebody else made in this memory. */
  public static Bucket attach(ByteBuffer memory) {
    ByteBuffer given = Memory.given(memory);
    return new Bucket(given, Native.bucketAttach(Library.address(given), given.capacity()));
  }

  /** Bytes that a bucket of this configuration needs. */
  public static long sizeOf(BucketConfig config) {
    check(config);
    return Native.bucketSize(config.array);
  }

  private static void check(BucketConfig config) {
    String fault = Native.bucketConfigFault(config.array);
    if (fault != null) throw new InvalidArgument(fault);
  }

  /** Takes a token if there is one. */
  public boolean tryAcquire() {
    return admitted(Native.bucketTryAcquireAtNow(handle(), 1));
  }

  /** Takes n tokens if they are there; false also where n is more than there can ever be. */
  public boolean tryAcquire(long n) {
    return admitted(Native.bucketTryAcquireAtNow(handle(), tokens(n)));
  }

  /** Takes n tokens if they are there at nowNs. */
  public boolean tryAcquire(long n, long nowNs) {
    return admitted(Native.bucketTryAcquireAt(handle(), tokens(n), nowNs));
  }

  /**
   * Takes n tokens if they were there at the latest time that is known, without looking at the
   * clock, which is the dearest part of a call: for programs where a timer calls {@link #refill()}.
   */
  public boolean tryAcquirePublished(long n) {
    return admitted(Native.bucketTryAcquire(handle(), tokens(n)));
  }

  /** Takes a token, or throws {@link RateLimited}. */
  public void acquire() {
    acquire(1);
  }

  /** Takes n tokens, or throws {@link RateLimited} or {@link NeverPasses}. */
  public void acquire(long n) {
    refuse(Native.bucketTryAcquireAtNow(handle(), tokens(n)), n, false, 0);
  }

  /** Takes n tokens at nowNs, or throws {@link RateLimited} or {@link NeverPasses}. */
  public void acquire(long n, long nowNs) {
    refuse(Native.bucketTryAcquireAt(handle(), tokens(n), nowNs), n, true, nowNs);
  }

  private void refuse(int status, long n, boolean told, long nowNs) {
    if (admitted(status)) return;
    throw Status.of(status).exception(told ? waitNs(n, nowNs) : waitNs(n));
  }

  /** Takes as many tokens as there are, at most n: how many, 0 where there is none. */
  public long acquireUpto(long n) {
    return value(Native.bucketAcquireUptoNow(handle(), tokens(n)));
  }

  /** Takes as many tokens as there are at nowNs, at most n. */
  public long acquireUpto(long n, long nowNs) {
    return value(Native.bucketAcquireUpto(handle(), tokens(n), nowNs));
  }

  /** For one thread: takes so many tokens at a time and spends them without leaving Java. */
  public Batch batch(long tokens) {
    return new Batch(this, tokens(tokens));
  }

  /**
   * Takes n tokens now or from the future, up to max_debt: how long to wait before acting. Throws
   * {@link RateLimited} where that is more than maxWaitNs, {@link NeverPasses}.
   */
  public long reserve(long n, long maxWaitNs) {
    return reserved(Library.bucketReserveNow(handle(), tokens(n), limit(maxWaitNs)));
  }

  /** The same at nowNs. */
  public long reserve(long n, long maxWaitNs, long nowNs) {
    return reserved(Library.bucketReserve(handle(), tokens(n), nowNs, limit(maxWaitNs)));
  }

  /** As reserve, but -1 where it is refused. */
  public long tryReserve(long n, long maxWaitNs) {
    return Math.max(-1, value(Library.bucketReserveNow(handle(), tokens(n), limit(maxWaitNs))));
  }

  private static long limit(long maxWaitNs) {
    return InvalidArgument.unlessNegative("max_wait_ns", maxWaitNs);
  }

  private long reserved(long wait) {
    if (value(wait) >= 0) return wait;
    throw (wait == Long.MIN_VALUE ? Status.REJ_NEVER : Status.REJ_RATE).exception(~wait);
  }

  /** Gives back n tokens that were not used, or reserved in vain. */
  public void refund(long n) {
    done(Native.bucketRefund(handle(), tokens(n)));
  }

  /** Takes n tokens for work that is done already, into debt if need be. */
  public void charge(long n) {
    done(Native.bucketChargeNow(handle(), tokens(n)));
  }

  /** The same at nowNs. */
  public void charge(long n, long nowNs) {
    done(Native.bucketCharge(handle(), tokens(n), nowNs));
  }

  /** The timer hook: makes known what has been earned by now. */
  public void refill() {
    done(Native.bucketRefillNow(handle()));
  }

  /** The timer hook, at nowNs. */
  public void refill(long nowNs) {
    done(Native.bucketRefill(handle(), nowNs));
  }

  /** How long until the hook is next worth calling. */
  public long nextRefillNs() {
    return duration(Native.bucketNextRefillNsNow(handle()));
  }

  /** How long after nowNs the hook is next worth calling. */
  public long nextRefillNs(long nowNs) {
    return duration(Native.bucketNextRefillNs(handle(), nowNs));
  }

  /** How long until n tokens are there if nobody else asks; {@link Rheo#FOREVER}: never. */
  public long waitNs(long n) {
    return duration(Native.bucketWaitNsNow(handle(), tokens(n)));
  }

  /** How long after nowNs until n tokens are there. */
  public long waitNs(long n, long nowNs) {
    return duration(Native.bucketWaitNs(handle(), tokens(n), nowNs));
  }

  /** Whole tokens that are there. */
  public long available() {
    return value(Native.bucketAvailableNow(handle()));
  }

  /** Whole tokens that are there at nowNs. */
  public long available(long nowNs) {
    return value(Native.bucketAvailable(handle(), nowNs));
  }

  /** Limit, remaining and reset, as an HTTP answer wants them. */
  public BucketQuota quota() {
    ByteBuffer room = Struct.room(BucketQuota.SIZE, 1);
    done(Native.bucketQuotaNow(handle(), room.array()));
    return BucketQuota.of(room, 0);
  }

  /** The same at nowNs. */
  public BucketQuota quota(long nowNs) {
    ByteBuffer room = Struct.room(BucketQuota.SIZE, 1);
    done(Native.bucketQuota(handle(), nowNs, room.array()));
    return BucketQuota.of(room, 0);
  }

  /** Another rate, burst or max_debt, while others acquire. */
  public void reconfigure(BucketConfig config, Level level) {
    check(config);
    done(Native.bucketReconfigureNow(handle(), config.array, level.ordinal()));
  }

  /** The same at nowNs. */
  public void reconfigure(BucketConfig config, Level level, long nowNs) {
    check(config);
    done(Native.bucketReconfigure(handle(), config.array, nowNs, level.ordinal()));
  }

  /** The configuration in force. */
  public BucketConfig config() {
    BucketConfig config = new BucketConfig();
    done(Native.bucketConfig(handle(), config.array, BucketConfig.SIZE));
    return config;
  }

  /** Counts since it was made, and the level. */
  public BucketStats stats() {
    ByteBuffer room = Struct.room(BucketStats.SIZE, 1);
    done(Native.bucketStats(handle(), room.array(), BucketStats.SIZE));
    return BucketStats.of(room, 0);
  }
}
