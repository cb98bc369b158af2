// SPDX-License-Identifier: BSD-2-Clause
package rheo;

/** Thrown where an argument or a configuration is not valid. */
public final class InvalidArgument extends RheoException {
  private static final long serialVersionUID = 1;

  private final String field;

  InvalidArgument(String field) {
    super(Status.ERR_INVAL, field);
    this.field = field;
  }

  InvalidArgument(Status status) {
    super(status, null);
    field = null;
  }

  /** The field or argument to blame, by its name in C; null where C did not say. */
  public String field() {
    return field;
  }

  static int unlessNegative(String field, int value) {
    if (value < 0) throw new InvalidArgument(field);
    return value;
  }

  static long unlessNegative(String field, long value) {
    if (value < 0) throw new InvalidArgument(field);
    return value;
  }
}
