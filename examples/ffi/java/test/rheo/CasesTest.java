// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Replays cases.tsv through the public methods; where these cannot say something, through C's. */
final class CasesTest {
  private static final String C_FOREVER = "18446744073709551615";
  private static final int STALE = Status.STALE.code();

  private final long[] permits = new long[16];
  private final Verdict verdict = new Verdict();
  private final List<String> results = new ArrayList<>();
  private Bucket bucket;
  private Breaker breaker;
  private Guard guard;

  void every_call_answers_as_in_C() throws Exception {
    for (String line : Files.readAllLines(Tests.cases)) {
      if (line.startsWith("#")) continue;
      String[] parts = line.split("\t");
      long[] args = Arrays.stream(parts[1].split(" ")).mapToLong(Long::parseUnsignedLong).toArray();
      results.clear();
      int status;
      try {
        status = call(parts[0], args);
      } catch (RheoException refused) {
        status = refused.status().code();
        if (parts[0].equals("bucket.reserve")) tell(((Refused) refused).retryAfterNs());
      }
      String expected = parts[3].replace(C_FOREVER, Long.toString(Rheo.FOREVER));
      String found = results.isEmpty() ? "-" : String.join(" ", results);
      Check.equal(line + ": " + parts[2] + " " + expected, line + ": " + status + " " + found);
      Tests.casesReplayed++;
    }
  }

  private void tell(long... values) {
    for (long value : values) results.add(Long.toString(value));
  }

  private int call(String name, long[] a) {
    if (name.startsWith("bucket.")) return bucketCall(name, a);
    return name.startsWith("breaker.") ? breakerCall(name, a) : guardCall(name, a);
  }

  private int bucketCall(String name, long[] a) {
    switch (name) {
      case "bucket.init" ->
          bucket =
              Bucket.create(
                  new BucketConfig().tokensPerPeriod(a[0]).periodNs(a[1]).burst(a[2]).maxDebt(a[3]),
                  a[4]);
      case "bucket.try_acquire" -> {
        if (!bucket.tryAcquirePublished(a[0])) {
          return Native.bucketTryAcquire(bucket.handle(), a[0]);
        }
      }
      case "bucket.try_acquire_at" -> {
        if (!bucket.tryAcquire(a[0], a[1])) {
          bucket.acquire(a[0], a[1]);
          throw new AssertionError("refused, then admitted");
        }
      }
      case "bucket.acquire_upto" -> {
        long taken = bucket.acquireUpto(a[0], a[1]);
        tell(taken);
        return taken > 0 ? 0 : Status.REJ_RATE.code();
      }
      case "bucket.reserve" -> tell(bucket.reserve(a[0], a[2], a[1]));
      case "bucket.refund" -> bucket.refund(a[0]);
      case "bucket.charge" -> bucket.charge(a[0], a[1]);
      case "bucket.refill" -> bucket.refill(a[0]);
      case "bucket.next_refill_ns" -> tell(bucket.nextRefillNs(a[0]));
      case "bucket.wait_ns" -> tell(bucket.waitNs(a[0], a[1]));
      case "bucket.available" -> tell(bucket.available(a[0]));
      default -> throw new AssertionError(name);
    }
    return 0;
  }

  private int breakerCall(String name, long[] a) {
    switch (name) {
      case "breaker.init" ->
          breaker =
              Breaker.create(
                  new BreakerConfig()
                      .failureRateBp((int) a[0])
                      .minimumCalls((int) a[1])
                      .windowNs(a[2])
                      .openNs(a[3])
                      .halfOpenCalls((int) a[4])
                      .probeTimeoutNs(a[5]),
                  a[6]);
      case "breaker.try_acquire" -> {
        permits[(int) a[0]] = breaker.tryAcquire(a[1]);
        if (permits[(int) a[0]] == Rheo.PERMIT_NONE) {
          breaker.acquire(a[1]);
          throw new AssertionError("refused, then admitted");
        }
      }
      case "breaker.record" -> {
        long permit = permits[(int) a[0]];
        if (a[1] >= Outcome.values().length) {
          return Native.breakerRecord(breaker.handle(), permit, (int) a[1], a[2]);
        }
        return breaker.record(permit, Outcome.of((int) a[1]), a[2]) ? 0 : STALE;
      }
      case "breaker.cancel" -> {
        return breaker.cancel(permits[(int) a[0]], a[1]) ? 0 : STALE;
      }
      case "breaker.force" -> {
        if (a[0] >= Mode.values().length) {
          return Native.breakerForce(breaker.handle(), (int) a[0], a[1]);
        }
        breaker.force(Mode.of((int) a[0]), a[1]);
      }
      case "breaker.retry_after_ns" -> tell(breaker.retryAfterNs(a[0]));
      case "breaker.snapshot" -> {
        BreakerSnapshot s = breaker.snapshot(a[0]);
        tell(s.state().ordinal(), s.mode().ordinal(), s.generation());
        tell(s.windowCalls(), s.windowFailures());
        Check.equal(s.state(), breaker.state());
        Check.equal(s.mode(), breaker.mode());
      }
      default -> throw new AssertionError(name);
    }
    return 0;
  }

  private int guardCall(String name, long[] a) {
    switch (name) {
      case "guard.init" -> guard = Guard.builder().breaker(breaker).bucket(bucket).build(a[0]);
      case "guard.try_acquire" -> {
        boolean admitted = guard.tryAcquire(a[1], verdict, a[2]);
        Check.equal(admitted, verdict.status() == Status.OK);
        permits[(int) a[0]] = verdict.permit();
        tell(verdict.status().code(), verdict.refusedBy(), verdict.cost());
        tell(verdict.retryAfterNs(), verdict.limit(), verdict.remaining(), verdict.resetNs());
        return verdict.status().code();
      }
      case "guard.record" -> {
        return guard.record(permits[(int) a[0]], Outcome.of((int) a[1]), a[2]) ? 0 : STALE;
      }
      case "guard.cancel" -> {
        return guard.cancel(permits[(int) a[0]], a[1], a[2]) ? 0 : STALE;
      }
      default -> throw new AssertionError(name);
    }
    return 0;
  }
}
