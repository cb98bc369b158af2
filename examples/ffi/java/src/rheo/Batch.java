// SPDX-License-Identifier: BSD-2-Clause
package rheo;

/**
 * Tokens taken from a bucket many at a time, for one thread. They count as admitted when they are
 * taken, so what is spent later may be as much above the limit as a batch is large.
 */
public final class Batch implements AutoCloseable {
  private final Bucket bucket;
  private final long size;
  private long left;

  Batch(Bucket bucket, long size) {
    this.bucket = bucket;
    this.size = size;
  }

  /** Takes a token if there is one. */
  public boolean tryAcquire() {
    if (left == 0) {
      left = bucket.acquireUpto(size);
      if (left == 0) return false;
    }
    left--;
    return true;
  }

  /** Gives back what was not spent. */
  @Override
  public void close() {
    if (left > 0 && !bucket.isClosed()) bucket.refund(left);
    left = 0;
  }
}
