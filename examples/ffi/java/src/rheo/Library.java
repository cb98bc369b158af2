// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;

/** Loads the native library, and has the natives that are not as the C header says. */
final class Library {
  private static final String NAME = "rheo_jni";

  static {
    link();
  }

  private Library() {}

  /** Loads it, and checks that it is what these classes were made for. */
  static void load() {
    int running = Native.version();
    int major = running / 1_000_000;
    int least = Rheo.VERSION_MAJOR * 1_000_000 + Rheo.VERSION_MINOR * 1_000 + Rheo.VERSION_PATCH;
    if (major != Rheo.VERSION_MAJOR || running < least) {
      throw new UnsatisfiedLinkError(
          "rheo " + Native.versionString() + " is there, " + Rheo.VERSION + " is needed");
    }
  }

  /** The one in the jar if there is one for this machine, else one on java.library.path. */
  private static void link() {
    UnsatisfiedLinkError first = null;
    String resource = "/META-INF/native/" + platform() + "/" + System.mapLibraryName(NAME);
    try (InputStream packed = Library.class.getResourceAsStream(resource)) {
      if (packed != null) {
        linkCopyOf(packed);
        return;
      }
    } catch (IOException | UnsatisfiedLinkError e) {
      // A temporary folder that is full, or mounted noexec.
      first = new UnsatisfiedLinkError("rheo: " + resource + ": " + e.getMessage());
      first.initCause(e);
    }
    try {
      System.loadLibrary(NAME);
    } catch (UnsatisfiedLinkError e) {
      if (first != null) e.addSuppressed(first);
      throw e;
    }
  }

  /** A file of its own for each class loader, since a file can be loaded by one only. */
  private static void linkCopyOf(InputStream packed) throws IOException {
    Path file = Files.createTempFile(NAME, ".so");
    try {
      Files.copy(packed, file, StandardCopyOption.REPLACE_EXISTING);
      System.load(file.toString());
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private static String platform() {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String arch = System.getProperty("os.arch");
    return os + "-" + (arch.equals("amd64") ? "x86_64" : arch);
  }

  static native long address(ByteBuffer buffer);

  static native long breakerAcquire(long breaker, long nowNs);

  static native long breakerAcquireNow(long breaker);

  static native long guardAcquire(long guard, long cost, long nowNs, long[] taken);

  static native long guardAcquireNow(long guard, long cost, long[] taken);

  /** The wait, or its complement where it is refused; Long.MIN_VALUE: never. */
  static native long bucketReserve(long bucket, long n, long nowNs, long maxWaitNs);

  static native long bucketReserveNow(long bucket, long n, long maxWaitNs);
}
