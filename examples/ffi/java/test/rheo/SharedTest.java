// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;

/** Objects in a file that processes map. */
final class SharedTest {
  private static final int ROOM = 8192;

  private static ByteBuffer map(Path file) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return channel.map(FileChannel.MapMode.READ_WRITE, 0, 3 * ROOM);
    }
  }

  private static ByteBuffer part(ByteBuffer mapped, int index) {
    return mapped.slice(index * ROOM, ROOM);
  }

  /** The other process: takes three tokens, reports a failure, adds 5; time 0. */
  public static void main(String[] args) throws IOException {
    ByteBuffer mapped = map(Path.of(args[0]));
    Check.equal(3L, Bucket.attach(part(mapped, 0)).acquireUpto(3, 0));
    Breaker.attach(part(mapped, 1)).acquire(0).record(Outcome.FAILURE, 0);
    Counter.attach(part(mapped, 2)).add(0, 5);
  }

  void another_process_takes_part() throws Exception {
    Path file = Files.createTempFile("rheo", ".shared");
    try {
      ByteBuffer mapped = map(file);
      Bucket bucket =
          Bucket.create(new BucketConfig().tokensPerPeriod(1).burst(10), part(mapped, 0), 0);
      Breaker breaker = Breaker.create(BreakerTest.trips(1), part(mapped, 1), 0);
      Counter counter = Counter.create(new CounterConfig(), part(mapped, 2));
      Process other =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Djava.library.path=" + System.getProperty("java.library.path"),
                  "-cp",
                  System.getProperty("java.class.path"),
                  "rheo.SharedTest",
                  file.toString())
              .inheritIO()
              .start();
      Check.that(other.waitFor(60, TimeUnit.SECONDS), "still running");
      Check.equal(0, other.exitValue());
      Check.equal(7L, bucket.available(0));
      Check.equal(State.OPEN, breaker.state());
      Check.equal(5L, counter.read(0));
    } finally {
      Files.delete(file);
    }
  }

  void another_mapping_takes_part() throws Exception {
    Path file = Files.createTempFile("rheo", ".shared");
    try {
      BucketConfig config = new BucketConfig().tokensPerPeriod(1).burst(10);
      Bucket one = Bucket.create(config, part(map(file), 1), 0);
      Bucket two = Bucket.attach(part(map(file), 1));
      one.acquire(4, 0);
      Check.equal(6L, two.acquireUpto(10, 0));
      one.close();
      Check.that(!two.tryAcquire(1, 0), "empty");
    } finally {
      Files.delete(file);
    }
  }
}
