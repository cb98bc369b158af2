// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A circuit breaker: refuses calls for a while when too many of them failed. All threads may use it
 * at once. Where a method is not told the time (nanoseconds of a monotonic clock, by default {@link
 * Rheo#nowNs}), C reads the clock.
 */
public final class Breaker extends Gate {
  /** C keeps the last 16 transitions. */
  private static final int EVENTS = 16;

  private Breaker(ByteBuffer memory, long handle, Classifier classifier) {
    super(memory, handle, classifier);
  }

  /** A closed breaker. */
  public static Breaker create(BreakerConfig config) {
    return create(config, Rheo.nowNs());
  }

  /** A closed breaker, whose time begins at nowNs. */
  public static Breaker create(BreakerConfig config, long nowNs) {
    return create(config, Memory.allocate(sizeOf(config)), nowNs);
  }

  /** A closed breaker in memory that others may attach to, beginning at 128 bytes. */
  public static Breaker create(BreakerConfig config, ByteBuffer memory, long nowNs) {
    check(config);
    ByteBuffer given = Memory.given(memory);
    long address = Library.address(given);
    return new Breaker(
        given,
        Native.breakerInit(address, given.capacity(), config.array, nowNs),
        Classifier.THROWN_FAILED);
  }

  /** The breaker that somebody else made in this memory. */
  public static Breaker attach(ByteBuffer memory) {
    ByteBuffer given = Memory.given(memory);
    long address = Library.address(given);
    return new Breaker(
        given, Native.breakerAttach(address, given.capacity()), Classifier.THROWN_FAILED);
  }

  /** The same breaker for calls whose outcomes are judged in another way. */
  public Breaker with(Classifier classifier) {
    return new Breaker(memory, handle(), classifier);
  }

  /** Bytes that a breaker of this configuration needs. */
  public static long sizeOf(BreakerConfig config) {
    check(config);
    return Native.breakerSize(config.array);
  }

  private static void check(BreakerConfig config) {
    String fault = Native.breakerConfigFault(config.array);
    if (fault != null) throw new InvalidArgument(fault);
  }

  /** A permit, or throws {@link BreakerOpen}. */
  @Override
  public Permit acquire() {
    long handle = handle();
    return new Permit(this, handle, value(Library.breakerAcquireNow(handle)), 0);
  }

  /** The same at nowNs. */
  public Permit acquire(long nowNs) {
    long handle = handle();
    return new Permit(this, handle, value(Library.breakerAcquire(handle, nowNs)), 0);
  }

  /** A permit for record or cancel; {@link Rheo#PERMIT_NONE} where the call is refused. */
  public long tryAcquire() {
    return value(Native.breakerTryAcquireNow(handle()));
  }

  /** The same at nowNs. */
  public long tryAcquire(long nowNs) {
    return value(Native.breakerTryAcquire(handle(), nowNs));
  }

  /** Reports how the call ended: whether that had an effect. */
  public boolean record(long permit, Outcome outcome) {
    return effective(Native.breakerRecordNow(handle(), permit, outcome.ordinal()));
  }

  /** The same at nowNs. */
  public boolean record(long permit, Outcome outcome, long nowNs) {
    return effective(Native.breakerRecord(handle(), permit, outcome.ordinal(), nowNs));
  }

  /** Gives back the permit of a call that was not made. */
  public boolean cancel(long permit) {
    return effective(Native.breakerCancelNow(handle(), permit));
  }

  /** The same at nowNs. */
  public boolean cancel(long permit, long nowNs) {
    return effective(Native.breakerCancel(handle(), permit, nowNs));
  }

  /** How long until a call passes at the latest; {@link Rheo#FOREVER} where it is forced open. */
  public long retryAfterNs() {
    return duration(Native.breakerRetryAfterNsNow(handle()));
  }

  /** How long after nowNs. */
  public long retryAfterNs(long nowNs) {
    return duration(Native.breakerRetryAfterNs(handle(), nowNs));
  }

  /** The timer hook: does what time alone makes due; how long until it is next worth calling. */
  public long tick() {
    return duration(Native.breakerTickNow(handle()));
  }

  /** The timer hook, at nowNs. */
  public long tick(long nowNs) {
    return duration(Native.breakerTick(handle(), nowNs));
  }

  /** Forces it open or closed, switches it off, or leaves it to itself again. */
  public void force(Mode mode) {
    done(Native.breakerForceNow(handle(), mode.ordinal()));
  }

  /** The same at nowNs. */
  public void force(Mode mode, long nowNs) {
    done(Native.breakerForce(handle(), mode.ordinal(), nowNs));
  }

  /** Closed, with an empty window. */
  public void reset() {
    done(Native.breakerResetNow(handle()));
  }

  /** The same at nowNs. */
  public void reset(long nowNs) {
    done(Native.breakerReset(handle(), nowNs));
  }

  /** The state, as the last call left it. */
  public State state() {
    ByteBuffer room = Struct.room(Integer.BYTES, 1);
    done(Native.breakerState(handle(), room.array(), null));
    return State.of(room.getInt(0));
  }

  /** The mode. */
  public Mode mode() {
    ByteBuffer room = Struct.room(Integer.BYTES, 1);
    done(Native.breakerState(handle(), null, room.array()));
    return Mode.of(room.getInt(0));
  }

  /** Everything there is to see. */
  public BreakerSnapshot snapshot() {
    ByteBuffer room = Struct.room(BreakerSnapshot.SIZE, 1);
    done(Native.breakerSnapshotNow(handle(), room.array(), BreakerSnapshot.SIZE));
    return BreakerSnapshot.of(room, 0);
  }

  /** The same at nowNs. */
  public BreakerSnapshot snapshot(long nowNs) {
    ByteBuffer room = Struct.room(BreakerSnapshot.SIZE, 1);
    done(Native.breakerSnapshot(handle(), nowNs, room.array(), BreakerSnapshot.SIZE));
    return BreakerSnapshot.of(room, 0);
  }

  /** The transitions after generation since, oldest first; the last 16 are kept. */
  public List<BreakerEvent> events(long since) {
    ByteBuffer room = Struct.room(BreakerEvent.SIZE, EVENTS);
    int count = (int) value(Native.breakerEvents(handle(), since, room.array(), EVENTS));
    List<BreakerEvent> events = new ArrayList<>(count);
    for (int i = 0; i < count; i++) events.add(BreakerEvent.of(room, i * BreakerEvent.SIZE));
    return events;
  }

  /** Other thresholds and times; state and window stay. */
  public void reconfigure(BreakerConfig config) {
    check(config);
    done(Native.breakerReconfigureNow(handle(), config.array));
  }

  /** The same at nowNs. */
  public void reconfigure(BreakerConfig config, long nowNs) {
    check(config);
    done(Native.breakerReconfigure(handle(), config.array, nowNs));
  }

  /** The configuration in force. */
  public BreakerConfig config() {
    BreakerConfig config = new BreakerConfig();
    done(Native.breakerConfig(handle(), config.array, BreakerConfig.SIZE));
    return config;
  }

  @Override
  int recordAs(long handle, long permit, int outcome) {
    return Native.breakerRecordNow(handle, permit, outcome);
  }

  @Override
  int recordAs(long handle, long permit, int outcome, long nowNs) {
    return Native.breakerRecord(handle, permit, outcome, nowNs);
  }

  @Override
  int cancelAs(long handle, long permit, long cost) {
    return Native.breakerCancelNow(handle, permit);
  }

  @Override
  int cancelAs(long handle, long permit, long cost, long nowNs) {
    return Native.breakerCancel(handle, permit, nowNs);
  }
}
