// SPDX-License-Identifier: BSD-2-Clause

import rheo.Breaker;
import rheo.BreakerConfig;
import rheo.BreakerOpen;
import rheo.Bucket;
import rheo.RateLimited;
import rheo.Rheo;

/** Acquires, is refused, and sees a breaker trip. */
public final class Smoke {
  private Smoke() {}

  public static void main(String[] args) {
    Bucket bucket = Bucket.perSecond(1, 2);
    if (!bucket.tryAcquire() || !bucket.tryAcquire()) throw new AssertionError("refused");
    try {
      bucket.acquire();
      throw new AssertionError("admitted");
    } catch (RateLimited refused) {
      if (refused.retryAfterNs() <= 0) throw new AssertionError("no wait");
    }
    Breaker breaker = Breaker.create(new BreakerConfig().minimumCalls(2));
    breaker.acquire().failure();
    breaker.acquire().failure();
    try {
      breaker.acquire();
      throw new AssertionError("admitted");
    } catch (BreakerOpen open) {
      System.out.println("rheo " + Rheo.version() + ": acquired, refused, tripped");
    }
  }
}
