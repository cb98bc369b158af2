// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Rounds over all benchmarks, a JVM each, and a row for each with its minimum and median. */
final class Rows {
  private static final int ROUNDS = 5;
  private static final TimeValue WARM_UP = TimeValue.milliseconds(75);
  private static final TimeValue MEASURE = TimeValue.milliseconds(75);

  /** A benchmark: its method, what kind it is, what it measures, and whose jar that is. */
  private record Row(String method, String kind, String name, String jar) {}

  private static final List<Row> ROWS =
      List.of(
          new Row("version", "bare", "rheo_version", null),
          new Row("nativePublished", "rheo", "native, published time", null),
          new Row("bucketPublished", "rheo", "Bucket.tryAcquirePublished", null),
          new Row("bucketClock", "rheo", "Bucket.tryAcquire, clock read", null),
          new Row("batch", "batch", "Batch.tryAcquire, 100", null),
          new Row("breakerPair", "rheo", "Breaker.tryAcquire and record, clock read", null),
          new Row("breakerTold", "rheo", "Breaker.tryAcquire and record, time given", null),
          new Row("breakerPermit", "rheo", "Breaker.acquire and Permit.success, clock read", null),
          new Row("guardPair", "rheo", "Guard.tryAcquire and record, lean, clock read", null),
          new Row("guava", "rival", "Guava RateLimiter", "guava"),
          new Row("bucket4jLockFree", "rival", "bucket4j, lock-free", "bucket4j_jdk17-core"),
          new Row("bucket4jLocked", "rival", "bucket4j, synchronized", "bucket4j_jdk17-core"),
          new Row("resilienceLimiter", "rival", "resilience4j limiter", "resilience4j-ratelimiter"),
          new Row(
              "resilienceBreaker", "rival", "resilience4j breaker", "resilience4j-circuitbreaker"));

  private Rows() {}

  private static String versionOf(String jar) {
    if (jar == null) return Rheo.version();
    Matcher found =
        Pattern.compile("/" + jar + "-([^/:]+)\\.jar")
            .matcher(System.getProperty("java.class.path"));
    return found.find() ? found.group(1) : "?";
  }

  private static RunResult run(Row row) throws RunnerException {
    return new Runner(
            new OptionsBuilder()
                .include("rheo\\.Bench\\." + row.method + "$")
                .forks(1)
                .warmupIterations(2)
                .warmupTime(WARM_UP)
                .measurementIterations(1)
                .measurementTime(MEASURE)
                .addProfiler(GCProfiler.class)
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .build())
        .runSingle();
  }

  private static long garbage(RunResult run) {
    for (Result<?> one : run.getSecondaryResults().values()) {
      if (one.getLabel().endsWith("gc.alloc.rate.norm")) return Math.round(one.getScore());
    }
    throw new AssertionError("no figure of garbage");
  }

  public static void main(String[] args) throws RunnerException {
    Map<Row, List<Double>> times = new LinkedHashMap<>();
    Map<Row, Long> bytes = new LinkedHashMap<>();
    for (int round = 0; round < ROUNDS; round++) {
      for (Row row : ROWS) {
        RunResult run = run(row);
        times.computeIfAbsent(row, r -> new ArrayList<>()).add(run.getPrimaryResult().getScore());
        bytes.merge(row, garbage(run), Math::min);
      }
    }
    for (Row row : ROWS) {
      List<Double> sorted = times.get(row);
      Collections.sort(sorted);
      System.out.printf(
          Locale.ROOT,
          "java\t%s\t%s\t%s\t%.2f\t%.2f%n",
          row.kind,
          row.name,
          versionOf(row.jar),
          sorted.get(0),
          sorted.get(ROUNDS / 2));
    }
    String leave = Arrays.toString(ROWS.stream().map(r -> r.name + " " + bytes.get(r)).toArray());
    System.out.println("garbage, bytes a call: " + leave);
    System.out.println("java: " + ROWS.size() + " rows, one thread, minimum and median of 5");
  }
}
