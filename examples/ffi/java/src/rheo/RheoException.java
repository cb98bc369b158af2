// SPDX-License-Identifier: BSD-2-Clause
package rheo;

/** A status that is not OK: a policy's refusal ({@link Refused}), or an error of the caller. */
public abstract class RheoException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final Status status;

  RheoException(Status status, String field) {
    super(field == null ? status.text() : status.text() + ": " + field);
    this.status = status;
  }

  /** Without a stack trace, and with a message that is made when it is asked for. */
  RheoException(Status status) {
    super(null, null, true, false);
    this.status = status;
  }

  /** Called from C. */
  private static void raise(int status, long retryAfterNs) {
    throw Status.of(status).exception(retryAfterNs);
  }

  /** What C answered. */
  public final Status status() {
    return status;
  }
}
