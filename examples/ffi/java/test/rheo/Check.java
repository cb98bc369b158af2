// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.util.Objects;

/** What tests say. */
final class Check {
  interface Action {
    void run() throws Throwable;
  }

  private Check() {}

  static void that(boolean holds, String what) {
    if (!holds) throw new AssertionError(what);
  }

  static void equal(Object expected, Object found) {
    if (!Objects.equals(expected, found)) {
      throw new AssertionError("expected " + expected + ", found " + found);
    }
  }

  static <T extends Throwable> T thrown(Class<T> type, Action action) {
    try {
      action.run();
    } catch (Throwable error) {
      if (type.isInstance(error)) return type.cast(error);
      throw new AssertionError("expected " + type.getSimpleName() + ", thrown " + error, error);
    }
    throw new AssertionError("expected " + type.getSimpleName() + ", nothing was thrown");
  }

  static void fault(String field, Action action) {
    equal(field, thrown(InvalidArgument.class, action).field());
  }
}
