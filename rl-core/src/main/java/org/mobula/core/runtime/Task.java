package org.mobula.core.runtime;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * A function to run somewhere. It may run on another machine and more than once (retries), so it
 * captures only serialisable values and does not rely on changing what it captured.
 */
@FunctionalInterface
public interface Task<T extends @Nullable Object> extends Serializable {
  /** Computes the value. Whatever it throws reaches the caller as the cause of a TaskException. */
  @Nullable T run(TaskContext context) throws Exception;
}
