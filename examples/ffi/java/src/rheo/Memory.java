// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Memory that C may write. It is a direct buffer's, so the buffer's own cleaner frees it, when the
 * buffer cannot be reached any more and not before; and the JVM counts it.
 */
final class Memory {
  private static final int ALIGN = 128;

  private Memory() {}

  static ByteBuffer allocate(long size) {
    ByteBuffer whole = ByteBuffer.allocateDirect(Math.toIntExact(size) + ALIGN - 1);
    return whole.alignedSlice(ALIGN).order(ByteOrder.nativeOrder());
  }

  /** The part of a caller's buffer between its position and its limit. */
  static ByteBuffer given(ByteBuffer memory) {
    if (!memory.isDirect() || memory.isReadOnly()) throw new InvalidArgument("memory");
    return memory.slice();
  }

  /** For what C finds no room for, without saying which setting is to blame. */
  static ByteBuffer allocateSized(long size) {
    if (size == 0) throw Status.ERR_INVAL.exception(0);
    return allocate(size);
  }
}
