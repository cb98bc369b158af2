// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/**
 * An object of the C library: its memory, and the handle by which C knows it.
 *
 * <p>Memory is freed by the garbage collector, never by close, which only takes the handle away. So
 * no thread can lose memory that it is using: whoever calls has this object, and the methods below,
 * which take what the native returned, keep it reachable until then.
 */
abstract class NativeObject implements AutoCloseable {
  final ByteBuffer memory;
  private volatile long handle;

  NativeObject(ByteBuffer memory, long handle) {
    this.memory = memory;
    this.handle = handle;
  }

  /** The handle, of something that is not closed. */
  final long handle() {
    long open = handle;
    if (open == 0) throw new IllegalStateException(getClass().getSimpleName() + " is closed");
    return open;
  }

  /**
   * Ends its use: later calls throw IllegalStateException. Calls that run meanwhile end as usual.
   */
  @Override
  public final void close() {
    handle = 0;
  }

  /** Whether close was called. */
  public final boolean isClosed() {
    return handle == 0;
  }

  /** Whether a policy said yes. */
  final boolean admitted(int status) {
    Reference.reachabilityFence(this);
    if (status == 0) return true;
    Status.check(status);
    return false;
  }

  /** Whether a report had an effect: not so where it came too late or twice. */
  final boolean effective(int status) {
    return admitted(status);
  }

  final void done(int status) {
    Reference.reachabilityFence(this);
    Status.check(status);
  }

  final long value(long value) {
    Reference.reachabilityFence(this);
    return value;
  }

  final long duration(long unsignedNs) {
    Reference.reachabilityFence(this);
    return Struct.duration(unsignedNs);
  }

  /** A number of tokens. C's are unsigned; a negative one here is a mistake. */
  static long tokens(long n) {
    if (n <= 0) throw new InvalidArgument("n");
    return n;
  }
}
