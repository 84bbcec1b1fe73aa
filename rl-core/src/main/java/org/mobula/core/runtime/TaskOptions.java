package org.mobula.core.runtime;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a task is to run. The default is the common case: one CPU, no retry, no deadline.
 *
 * @param name for people: in errors, events and traces
 * @param resources held while the task runs; its CPU is lent out while the task waits for another
 *     one's result
 * @param maxRetries attempts after the first if {@code retryOn} agrees; −1 without limit. The first
 *     comes after 10 ms, each further one after twice as long, up to 10 s. A cancelled or expired
 *     task is never retried
 * @param retryOn which errors are retried
 * @param deadline from submission to the result, retries included; null for none
 * @param placement a wish, where there are several machines
 */
@RecordBuilder
public record TaskOptions(
    String name,
    Resources resources,
    int maxRetries,
    RetryRule retryOn,
    @Nullable Duration deadline,
    Placement placement)
    implements TaskOptionsBuilder.With {

  private static final TaskOptions DEFAULT =
      new TaskOptions(
          "task", Resources.ONE_CPU, 0, RetryRule.onAnyException(), null, Placement.PACK);

  /** Checks the values. */
  public TaskOptions {
    if (name.isBlank()) {
      throw new IllegalArgumentException(
          "name is blank; it appears in errors and traces, so say what the task does");
    }
    if (maxRetries < -1) {
      throw new IllegalArgumentException(
          "maxRetries of task '%s' is %s but must be >= 0, or -1 for no limit"
              .formatted(name, maxRetries));
    }
    if (deadline != null && (deadline.isNegative() || deadline.isZero())) {
      throw new IllegalArgumentException(
          "deadline of task '%s' is %s but must be > 0 (it counts from submission)"
              .formatted(name, deadline));
    }
  }

  /** One CPU, no retry, no deadline, named "task". */
  public static TaskOptions defaults() {
    return DEFAULT;
  }

  /** The defaults with a name. */
  public static TaskOptions named(String name) {
    return DEFAULT.withName(name);
  }
}
