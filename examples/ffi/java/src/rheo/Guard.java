// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * One breaker (or none) and up to four buckets, asked as one: a request passes when all let it, and
 * a refusal has taken nothing. All threads may use it at once. It keeps its parts' memory; closing
 * a part takes nothing from it.
 */
public final class Guard extends Gate {
  private final List<NativeObject> parts;
  private final boolean shadow;

  private Guard(
      ByteBuffer memory,
      long handle,
      Classifier classifier,
      List<NativeObject> parts,
      boolean shadow) {
    super(memory, handle, classifier);
    this.parts = parts;
    this.shadow = shadow;
  }

  /** A guard is made of parts. */
  public static Builder builder() {
    return new Builder();
  }

  /** Puts a guard together. */
  public static final class Builder {
    private final GuardConfig config = new GuardConfig();
    private final List<NativeObject> parts = new ArrayList<>();
    private int buckets;

    private Builder() {}

    /** The breaker. */
    public Builder breaker(Breaker breaker) {
      config.breaker(breaker.handle());
      parts.add(breaker);
      return this;
    }

    /** A bucket; the one first that refuses most. */
    public Builder bucket(Bucket bucket) {
      if (buckets == Rheo.GUARD_BUCKETS) throw new InvalidArgument("bucket");
      config.bucket(buckets++, bucket.handle());
      parts.add(bucket);
      return this;
    }

    /** A dry run: decides and counts, but admits. */
    public Builder shadow() {
      config.flags(config.flags() | Rheo.GUARD_SHADOW);
      return this;
    }

    /** Verdicts that admit say nothing of limits and times, and are cheaper. */
    public Builder lean() {
      config.flags(config.flags() | Rheo.GUARD_LEAN);
      return this;
    }

    /** Lines for the guard's own counts, 1 to 64; 0: as many as CPUs. */
    public Builder lanes(int lanes) {
      config.lanes(lanes);
      return this;
    }

    /** The guard. */
    public Guard build() {
      return build(Rheo.nowNs());
    }

    /** The guard, made at nowNs. */
    public Guard build(long nowNs) {
      long size = Native.guardSize(config.array);
      ByteBuffer memory = Memory.allocateSized(size);
      long handle = Native.guardInit(Library.address(memory), size, config.array, nowNs);
      boolean shadow = (config.flags() & Rheo.GUARD_SHADOW) != 0;
      return new Guard(memory, handle, Classifier.THROWN_FAILED, List.copyOf(parts), shadow);
    }
  }

  /** The same guard for calls whose outcomes are judged in another way. */
  public Guard with(Classifier classifier) {
    return new Guard(memory, handle(), classifier, parts, shadow);
  }

  /** A permit for a request that costs one token, or throws a {@link Refused}. */
  @Override
  public Permit acquire() {
    return acquire(1);
  }

  /** A permit for a request of this cost, or throws a {@link Refused}. */
  public Permit acquire(long cost) {
    long handle = handle();
    long[] taken = shadow ? new long[1] : null;
    long permit = value(Library.guardAcquireNow(handle, tokens(cost), taken));
    return new Permit(this, handle, permit, taken == null ? cost : taken[0]);
  }

  /** The same at nowNs. */
  public Permit acquire(long cost, long nowNs) {
    long handle = handle();
    long[] taken = shadow ? new long[1] : null;
    long permit = value(Library.guardAcquire(handle, tokens(cost), nowNs, taken));
    return new Permit(this, handle, permit, taken == null ? cost : taken[0]);
  }

  /** Asks for a request of this cost; the verdict is written into one that is used again. */
  public boolean tryAcquire(long cost, Verdict verdict) {
    return judged(Native.guardTryAcquireNow(handle(), tokens(cost), verdict.address()), verdict);
  }

  /** The same at nowNs. */
  public boolean tryAcquire(long cost, Verdict verdict, long nowNs) {
    long address = verdict.address();
    return judged(Native.guardTryAcquire(handle(), tokens(cost), nowNs, address), verdict);
  }

  private boolean judged(int status, Verdict verdict) {
    Reference.reachabilityFence(verdict);
    return admitted(status);
  }

  /** Reports how the call ended that a verdict admitted: whether that had an effect. */
  public boolean record(Verdict verdict, Outcome outcome) {
    return effective(Native.guardRecordNow(handle(), verdict.permit(), outcome.ordinal()));
  }

  /** The same of a permit kept, at nowNs. */
  public boolean record(long permit, Outcome outcome, long nowNs) {
    return effective(Native.guardRecord(handle(), permit, outcome.ordinal(), nowNs));
  }

  /** Undoes an admission whose call was not made. */
  public boolean cancel(Verdict verdict) {
    return effective(Native.guardCancelNow(handle(), verdict.permit(), verdict.cost()));
  }

  /** The same of a permit kept and the verdict's cost, at nowNs. */
  public boolean cancel(long permit, long cost, long nowNs) {
    return effective(Native.guardCancel(handle(), permit, cost, nowNs));
  }

  /** The timer hook of every part: how long until it is next worth calling. */
  public long tick() {
    return duration(Native.guardTickNow(handle()));
  }

  /** The timer hook, at nowNs. */
  public long tick(long nowNs) {
    return duration(Native.guardTick(handle(), nowNs));
  }

  /** What the guard itself has counted; the parts' counts are theirs. */
  public GuardStats stats() {
    ByteBuffer room = Struct.room(GuardStats.SIZE, 1);
    done(Native.guardStats(handle(), room.array(), GuardStats.SIZE));
    return GuardStats.of(room, 0);
  }

  @Override
  int recordAs(long handle, long permit, int outcome) {
    return Native.guardRecordNow(handle, permit, outcome);
  }

  @Override
  int recordAs(long handle, long permit, int outcome, long nowNs) {
    return Native.guardRecord(handle, permit, outcome, nowNs);
  }

  @Override
  int cancelAs(long handle, long permit, long cost) {
    return Native.guardCancelNow(handle, permit, cost);
  }

  @Override
  int cancelAs(long handle, long permit, long cost, long nowNs) {
    return Native.guardCancel(handle, permit, cost, nowNs);
  }
}
