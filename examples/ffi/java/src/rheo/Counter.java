// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.nio.ByteBuffer;

/**
 * Up to eight counts that processes share, each CPU adding in a cache line of its own. Within one
 * process java.util.concurrent's LongAdder is cheaper.
 */
public final class Counter extends NativeObject {
  private Counter(ByteBuffer memory, long handle) {
    super(memory, handle);
  }

  /** A counter, all counts 0. */
  public static Counter create(CounterConfig config) {
    return create(config, Memory.allocateSized(sizeOf(config)));
  }

  /** A counter in memory that others may attach to, beginning at 128 bytes. */
  public static Counter create(CounterConfig config, ByteBuffer memory) {
    ByteBuffer given = Memory.given(memory);
    long address = Library.address(given);
    return new Counter(given, Native.counterInitNow(address, given.capacity(), config.array));
  }

  /** The counter that somebody else made in this memory. */
  public static Counter attach(ByteBuffer memory) {
    ByteBuffer given = Memory.given(memory);
    return new Counter(given, Native.counterAttach(Library.address(given), given.capacity()));
  }

  /** Bytes that a counter of this configuration needs; 0 where that is not valid. */
  public static long sizeOf(CounterConfig config) {
    return Native.counterSize(config.array);
  }

  /** Adds n to one of the counts. */
  public void add(int index, long n) {
    done(Native.counterAdd(handle(), index, n));
  }

  /** The sum over all CPUs. */
  public long read(int index) {
    return value(Native.counterRead(handle(), index));
  }
}
