// SPDX-License-Identifier: BSD-2-Clause

import rheo.Bucket;
import rheo.RateLimited;

/** A limiter in front of a function: 5 at once, 2 a second. */
public final class Example {
  private Example() {}

  private static String fetch(int i) {
    return "fetched " + i;
  }

  public static void main(String[] args) {
    Bucket limit = Bucket.perSecond(2, 5);
    for (int i = 0; i < 8; i++) {
      try {
        limit.acquire();
        System.out.println(fetch(i));
      } catch (RateLimited refused) {
        System.out.printf("429, retry after %d ms%n", refused.retryAfter().toMillis());
      }
    }
  }
}
