// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.time.Duration;

/**
 * A policy said no. Refusals come in masses when there is trouble already, so they have no stack
 * trace, which costs more than everything else here.
 */
public abstract class Refused extends RheoException {
  private static final long serialVersionUID = 1;

  private final long retryAfterNs;

  Refused(Status status, long unsignedNs) {
    super(status);
    retryAfterNs = Struct.duration(unsignedNs);
  }

  /** How long to wait before asking again; {@link Rheo#FOREVER} where that is never or unknown. */
  public final long retryAfterNs() {
    return retryAfterNs;
  }

  /** The same as a Duration. */
  public final Duration retryAfter() {
    return Duration.ofNanos(retryAfterNs);
  }

  @Override
  public String getMessage() {
    return retryAfterNs == Rheo.FOREVER
        ? status().text()
        : status().text() + "; retry after " + retryAfter();
  }
}
