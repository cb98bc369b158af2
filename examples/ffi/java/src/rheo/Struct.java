// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A C struct: its bytes, as C has them. */
abstract class Struct {
  /** Null where the bytes are not on the heap. */
  final byte[] array;

  final ByteBuffer bytes;

  Struct(int size) {
    array = new byte[size];
    bytes = ByteBuffer.wrap(array).order(ByteOrder.nativeOrder());
  }

  Struct(ByteBuffer direct) {
    array = null;
    bytes = direct;
  }

  /** Room for count structs that C fills. */
  static ByteBuffer room(int size, int count) {
    return ByteBuffer.wrap(new byte[size * count]).order(ByteOrder.nativeOrder());
  }

  /** C's durations have 64 bits: what a long cannot hold is 292 years or more. */
  static long duration(long unsignedNs) {
    return unsignedNs < 0 ? Rheo.FOREVER : unsignedNs;
  }
}
