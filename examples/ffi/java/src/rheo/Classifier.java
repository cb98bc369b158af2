// SPDX-License-Identifier: BSD-2-Clause
package rheo;

/** Says of a call's result, or of what it threw, how it counts. */
@FunctionalInterface
public interface Classifier {
  /** The default: what threw has failed. */
  Classifier THROWN_FAILED = (result, error) -> error == null ? Outcome.SUCCESS : Outcome.FAILURE;

  /** The outcome of a call; error is null where it returned. */
  Outcome of(Object result, Throwable error);
}
