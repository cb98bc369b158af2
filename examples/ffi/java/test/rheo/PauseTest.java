// SPDX-License-Identifier: BSD-2-Clause
package rheo;

/**
 * With a native library whose calls are long, while garbage is collected and malloc overwrites what
 * is freed: nobody but the call itself needs the object any more, and it has its memory all the
 * same. Only compiled code lets go of what it does not need, so the calls are many and short first.
 */
final class PauseTest {
  private static final int ROUNDS = 5;
  private static final long LONG_NS = 100_000_000;

  private static volatile boolean done;

  private PauseTest() {}

  private static boolean bucketDecides() {
    return Bucket.perSecond(1, 3).tryAcquire();
  }

  private static boolean breakerDecides() {
    return Breaker.create(new BreakerConfig()).acquire().failure();
  }

  private static boolean guardDecides() {
    Guard guard = Guard.builder().bucket(Bucket.perSecond(1, 3)).build();
    return guard.tryAcquire(1, new Verdict());
  }

  private static long round() {
    long before = System.nanoTime();
    Check.that(bucketDecides(), "a bucket");
    Check.that(breakerDecides(), "a breaker");
    Check.that(guardDecides(), "a guard");
    return System.nanoTime() - before;
  }

  public static void main(String[] args) throws Exception {
    int rounds = 0;
    for (int inARow = 0; inARow < 3; rounds++) inARow = round() < LONG_NS ? 0 : inARow + 1;
    Check.that(rounds > 3_000, "compiled after " + rounds);
    Thread collector =
        new Thread(
            () -> {
              while (!done) System.gc();
            });
    collector.start();
    try {
      for (int i = 0; i < ROUNDS; i++) round();
    } finally {
      done = true;
      collector.join();
    }
    System.out.println(3 * ROUNDS + " objects outlived by nobody but their calls");
  }
}
